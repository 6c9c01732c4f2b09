/*
 * web_table — tables of requests to an application, and of what their answers have
 */
#ifndef GUST_TEST_WEB_TABLE_H
#define GUST_TEST_WEB_TABLE_H

#include "web_client.h"

struct web_row {
    const char *name;
    const char *target;   /* NULL: "/" */
    const char *lines;    /* of the request's head, each with its CRLF; NULL: none */
    int status;           /* the answer's */
    const char *body;     /* all of the answer's; NULL: any */
    const char *part;     /* something in its body; NULL: nothing is looked for */
    const char *line;     /* a line of its head; the same */
    const char *lacks;    /* what is nowhere in the answer; the same */
    const char *method;   /* the request's; NULL: GET, or with content POST */
    const char *content;  /* the body of the request; NULL: none */
    gust_handler_fn *get; /* of "/", where each row has an application of its own */
};

/* Fails, and shows the answer, if it is not the row's. */
void web_check(const char *answer, const struct web_row *row);

/* Sends what a row asks for and checks the answer, which is lent as by web_talk(). */
const char *web_ask(struct web *web, const struct web_row *row);

/* All rows, in their order: of one application, or each of its own. */
void web_ask_each(struct web *web, const struct web_row *rows, size_t n);
void web_serve_each(const struct web_row *rows, size_t n);

#endif
