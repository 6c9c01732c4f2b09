/*
 * lex — the words of an expression
 *
 * Python's tokens, less what no template needs: bytes, complex numbers, formatted strings. Those
 * are named when they are met.
 */
#include "template/lex.h"
#include "template/text.h"
#include <stdlib.h>

static void bad(struct gu_lexer *lex, const char *problem)
{
    lex->kind = GU_T_BAD;
    lex->problem = problem;
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (signed char)c < 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct gu_lexer *lex, size_t n)
{
    return (size_t)(lex->end - lex->at) > n ? lex->at[n] : '\0';
}

/* --- names --- */

static const struct {
    const char *text;
    int kind;
} words[] = {
    {"False", GU_T_FALSE},  {"None", GU_T_NONE},     {"True", GU_T_TRUE},     {"and", GU_T_AND},
    {"as", GU_T_WORD},      {"assert", GU_T_WORD},   {"async", GU_T_WORD},    {"await", GU_T_WORD},
    {"break", GU_T_WORD},   {"class", GU_T_WORD},    {"continue", GU_T_WORD}, {"def", GU_T_WORD},
    {"del", GU_T_WORD},     {"elif", GU_T_WORD},     {"else", GU_T_ELSE},     {"except", GU_T_WORD},
    {"finally", GU_T_WORD}, {"for", GU_T_FOR},       {"from", GU_T_WORD},     {"global", GU_T_WORD},
    {"if", GU_T_IF},        {"import", GU_T_WORD},   {"in", GU_T_IN},         {"is", GU_T_IS},
    {"lambda", GU_T_WORD},  {"nonlocal", GU_T_WORD}, {"not", GU_T_NOT},       {"or", GU_T_OR},
    {"pass", GU_T_WORD},    {"raise", GU_T_WORD},    {"return", GU_T_WORD},   {"try", GU_T_WORD},
    {"while", GU_T_WORD},   {"with", GU_T_WORD},     {"yield", GU_T_WORD},
};

static void lex_name(struct gu_lexer *lex)
{
    const char *from = lex->at;

    while (lex->at < lex->end && (is_name_start(*lex->at) || is_digit(*lex->at)))
        lex->at++;
    lex->text = gu_str(from, (size_t)(lex->at - from));
    lex->kind = GU_T_NAME;
    for (size_t i = 0; i < gu_countof(words); i++)
        if (gust_str_equal(lex->text, words[i].text))
            lex->kind = words[i].kind;
}

/* --- numbers --- */

static int digit_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = gu_lower(c);
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Digits of a base, underscores between them; false if there are none, or too many. */
static bool read_int(struct gu_lexer *lex, int base, int64_t *value)
{
    bool was_digit = false;

    for (*value = 0; lex->at < lex->end; lex->at++) {
        if (*lex->at == '_' && was_digit) {
            was_digit = false;
            continue;
        }
        if (digit_value(*lex->at) >= base)
            break;
        was_digit = true;
        if (__builtin_mul_overflow(*value, base, value) ||
            __builtin_add_overflow(*value, digit_value(*lex->at), value)) {
            lex->problem = "an integer beyond 64 bits";
            return false;
        }
    }
    lex->problem = "a number that is not well formed";
    return was_digit;
}

static void skip_digits(struct gu_lexer *lex)
{
    while (is_digit(peek(lex, 0)) || (peek(lex, 0) == '_' && is_digit(peek(lex, 1))))
        lex->at++;
}

/* From the text, which has no zero byte behind it and may have underscores in it. */
static void read_real(struct gu_lexer *lex, const char *from)
{
    char text[64];
    size_t n = 0;

    for (; from < lex->at; from++) {
        if (*from == '_')
            continue;
        if (n == sizeof text - 1) {
            bad(lex, "a number of too many digits");
            return;
        }
        text[n++] = *from;
    }
    text[n] = '\0';
    lex->value = gust_value_double(strtod(text, NULL));
}

static int base_of(const struct gu_lexer *lex)
{
    if (peek(lex, 0) != '0')
        return 10;
    switch (gu_lower(peek(lex, 1))) {
    case 'x':
        return 16;
    case 'o':
        return 8;
    case 'b':
        return 2;
    default:
        return 10;
    }
}

static void lex_number(struct gu_lexer *lex)
{
    const char *from = lex->at;
    int base = base_of(lex);
    bool is_real = false;
    int64_t i = 0;

    lex->kind = GU_T_NUMBER;
    if (base != 10) {
        lex->at += 2;
    } else {
        skip_digits(lex);
        if (peek(lex, 0) == '.') {
            is_real = true;
            lex->at++;
            skip_digits(lex);
        }
        if (gu_lower(peek(lex, 0)) == 'e' &&
            (is_digit(peek(lex, 1)) ||
             (strchr("+-", peek(lex, 1)) != NULL && is_digit(peek(lex, 2))))) {
            is_real = true;
            lex->at += 2;
            skip_digits(lex);
        }
    }
    if (is_real) {
        read_real(lex, from);
    } else {
        if (base == 10)
            lex->at = from;
        if (!read_int(lex, base, &i) || (base == 10 && *from == '0' && i != 0)) {
            bad(lex, lex->problem);
            return;
        }
        lex->value = gust_value_int(i);
    }
    if (lex->kind == GU_T_NUMBER && is_name_start(peek(lex, 0)))
        bad(lex, gu_lower(peek(lex, 0)) == 'j' ? "complex numbers are not supported"
                                               : "a number that is not well formed");
}

/* --- strings --- */

static const char *const simple_escapes = "n\nt\t\\\\'\'\"\"r\ra\ab\bf\fv\v";

static bool put_code(struct gu_lexer *lex, struct gu_buf *b, int n_digits)
{
    uint32_t c = 0;

    for (int i = 0; i < n_digits; i++) {
        int digit = lex->at < lex->end ? digit_value(*lex->at) : 99;

        if (digit >= 16)
            return false;
        c = c << 4 | (uint32_t)digit;
        lex->at++;
    }
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    gu_text_encode(b, c);
    return true;
}

static void put_octal(struct gu_lexer *lex, struct gu_buf *b, char first)
{
    uint32_t c = (uint32_t)(first - '0');

    for (int i = 0; i < 2 && peek(lex, 0) >= '0' && peek(lex, 0) <= '7'; i++)
        c = c << 3 | (uint32_t)(*lex->at++ - '0');
    gu_text_encode(b, c);
}

/* Behind a backslash; false if what follows is no escape. */
static bool put_escape(struct gu_lexer *lex, struct gu_buf *b)
{
    char c = *lex->at++;

    if (c == '\n')
        return true;
    if (c == 'x' || c == 'u' || c == 'U')
        return put_code(lex, b, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    if (c >= '0' && c <= '7') {
        put_octal(lex, b, c);
        return true;
    }
    if (c == 'N')
        return false;
    for (const char *at = simple_escapes; *at != '\0'; at += 2)
        if (*at == c) {
            gu_buf_putc(b, at[1]);
            return true;
        }
    gu_buf_putc(b, '\\');
    gu_buf_putc(b, c);
    return true;
}

static bool at_end_quote(const struct gu_lexer *lex, char quote, bool is_long)
{
    if (peek(lex, 0) != quote)
        return false;
    return !is_long || (peek(lex, 1) == quote && peek(lex, 2) == quote);
}

/* From the opening quote on. */
static void lex_string(struct gu_lexer *lex, bool is_raw)
{
    char quote = *lex->at;
    bool is_long = peek(lex, 1) == quote && peek(lex, 2) == quote;
    struct gu_buf b;
    gust_str text;

    gu_buf_init(&b, lex->arena, SIZE_MAX - 1);
    lex->at += is_long ? 3 : 1;
    while (lex->at < lex->end && !at_end_quote(lex, quote, is_long)) {
        char c = *lex->at++;

        if (c == '\n' && !is_long) {
            bad(lex, "a string does not end on its line");
            return;
        }
        if (c == '\\' && lex->at < lex->end) {
            if (is_raw) {
                gu_buf_putc(&b, c);
                gu_buf_putc(&b, *lex->at++);
            } else if (!put_escape(lex, &b)) {
                bad(lex, "an escape in a string that is not supported");
                return;
            }
            continue;
        }
        gu_buf_putc(&b, c);
    }
    if (lex->at == lex->end) {
        bad(lex, "a string does not end");
        return;
    }
    lex->at += is_long ? 3 : 1;
    if (gu_buf_finish(&b, &text) < 0) {
        bad(lex, NULL);
        return;
    }
    lex->kind = GU_T_STRING;
    lex->value = gust_value_str(text);
}

/* A string with letters in front of it: true if it is one. */
static bool lex_prefixed(struct gu_lexer *lex)
{
    size_t n = 0;
    bool is_raw = false;

    while (n < 2 && strchr("rRuUbBfF", peek(lex, n)) != NULL && peek(lex, n) != '\0')
        n++;
    if (peek(lex, n) != '"' && peek(lex, n) != '\'')
        return false;
    for (size_t i = 0; i < n; i++) {
        char letter = gu_lower(lex->at[i]);

        if (letter == 'b' || letter == 'f') {
            bad(lex, letter == 'b' ? "bytes are not supported"
                                   : "formatted strings (f\"\") are not supported: use %");
            lex->at = lex->end;
            return true;
        }
        is_raw = is_raw || letter == 'r';
    }
    lex->at += n;
    lex_string(lex, is_raw);
    return true;
}

/* --- operators --- */

static const struct {
    char text[3];
    int kind;
} pairs[] = {
    {"**", GU_T_POW}, {"//", GU_T_FLOORDIV}, {"<<", GU_T_SHL}, {">>", GU_T_SHR},
    {"==", GU_T_EQ},  {"!=", GU_T_NE},       {"<=", GU_T_LE},  {">=", GU_T_GE},
};

static void lex_operator(struct gu_lexer *lex)
{
    char c = *lex->at;

    lex->kind = (unsigned char)c;
    for (size_t i = 0; i < gu_countof(pairs); i++)
        if (c == pairs[i].text[0] && peek(lex, 1) == pairs[i].text[1]) {
            lex->kind = pairs[i].kind;
            lex->at++;
            break;
        }
    lex->at++;
    if (strchr("([{", c) != NULL)
        lex->n_open++;
    if (strchr(")]}", c) != NULL && lex->n_open > 0)
        lex->n_open--;
    if (peek(lex, 0) == '=' &&
        (strchr("+-*/%&|^@", c) != NULL || lex->kind == GU_T_SHL || lex->kind == GU_T_SHR)) {
        lex->update = lex->kind;
        lex->kind = GU_T_UPDATE;
        lex->at++;
    }
    if (c == ':' && peek(lex, 0) == '=')
        bad(lex, "assignment in an expression (:=) is not supported");
    else if (strchr("#$?!`\\", c) != NULL && lex->kind == (unsigned char)c)
        bad(lex, c == '#' ? "a comment in an expression is not supported"
                          : "a character that no expression has");
}

/* --- all --- */

static bool skip_space(struct gu_lexer *lex)
{
    for (; lex->at < lex->end; lex->at++) {
        char c = *lex->at;

        if (c == '\n' && lex->n_open == 0)
            return false;
        if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\n')
            return true;
    }
    return true;
}

void gu_lex_next(struct gu_lexer *lex)
{
    if (lex->kind == GU_T_BAD)
        return;
    if (!skip_space(lex)) {
        bad(lex, "a line ends outside of brackets");
        return;
    }
    lex->text = gu_str(lex->at, (size_t)(lex->end - lex->at));
    if (lex->at == lex->end)
        lex->kind = GU_T_END;
    else if (*lex->at == '"' || *lex->at == '\'')
        lex_string(lex, false);
    else if (is_digit(*lex->at) || (*lex->at == '.' && is_digit(peek(lex, 1))))
        lex_number(lex);
    else if (!is_name_start(*lex->at))
        lex_operator(lex);
    else if (!lex_prefixed(lex))
        lex_name(lex);
    if (lex->kind != GU_T_NAME && lex->kind != GU_T_WORD)
        lex->text.len = (size_t)(lex->at - lex->text.ptr);
}

void gu_lex_init(struct gu_lexer *lex, struct gust_arena *arena, gust_str text)
{
    *lex = (struct gu_lexer){.at = text.ptr, .end = text.ptr + text.len, .arena = arena};
    gu_lex_next(lex);
}
