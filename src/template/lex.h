/*
 * lex — the words of an expression
 */
#ifndef GU_TEMPLATE_LEX_H
#define GU_TEMPLATE_LEX_H

#include "template/value.h"

/* A token is one of these, or the character of an operator of one character. */
enum gu_token_kind {
    GU_T_END = 256,
    GU_T_BAD, /* what is wrong: gu_lexer.problem */
    GU_T_NAME,
    GU_T_NUMBER,
    GU_T_STRING,
    /* operators */
    GU_T_POW,
    GU_T_FLOORDIV,
    GU_T_SHL,
    GU_T_SHR,
    GU_T_EQ,
    GU_T_NE,
    GU_T_LE,
    GU_T_GE,
    GU_T_UPDATE, /* += and its like; .update is the operator's token */
    /* words */
    GU_T_AND,
    GU_T_ELSE,
    GU_T_FALSE,
    GU_T_FOR,
    GU_T_IF,
    GU_T_IN,
    GU_T_IS,
    GU_T_NONE,
    GU_T_NOT,
    GU_T_OR,
    GU_T_TRUE,
    GU_T_WORD, /* one that Python keeps for what is not supported here */
};

struct gu_lexer {
    const char *at, *end;
    unsigned n_open; /* brackets: inside of them lines may end */
    struct gust_arena *arena;
    /* the current token */
    int kind, update;
    gust_str text;
    gust_value value;
    const char *problem; /* of GU_T_BAD; NULL: memory is short */
};

/* Stands on the first token. Values and names live in the arena, or in the text. */
void gu_lex_init(struct gu_lexer *lex, struct gust_arena *arena, gust_str text);

/* Goes on to the next token. */
void gu_lex_next(struct gu_lexer *lex);

#endif
