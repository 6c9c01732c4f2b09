/*
 * web_table — see web_table.h
 */
#include "web_table.h"
#include <stdio.h>
#include <string.h>

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* What is wrong with an answer; NULL: nothing. */
static const char *fault_of(const char *answer, const struct web_row *row)
{
    if (web_status(answer) != row->status)
        return "another status";
    if (row->body != NULL && strcmp(web_body_of(answer), row->body) != 0)
        return "another body";
    if (row->part != NULL && strstr(web_body_of(answer), row->part) == NULL)
        return "it is not in the body";
    if (row->line != NULL && !web_has_line(answer, row->line))
        return "the line is not in the head";
    if (row->lacks != NULL && strstr(answer, row->lacks) != NULL)
        return "what it must lack is there";
    return NULL;
}

void web_check(const char *answer, const struct web_row *row)
{
    const char *fault = fault_of(answer, row);

    if (fault != NULL)
        fail_msg("%s: %s: %.600s", row->name, fault, answer);
}

const char *web_ask(struct web *web, const struct web_row *row)
{
    const char *content = or_else(row->content, ""),
               *method = or_else(row->method, row->content == NULL ? "GET" : "POST");
    char request[8192], length[64] = "";
    int n;

    TEST_CASE(row->name);
    if (row->content != NULL)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(content));
    n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n%s", method,
                 or_else(row->target, "/"), or_else(row->lines, ""), length, content);
    assert_true(n > 0 && (size_t)n < sizeof request);
    web_check(web_talk(web, request), row);
    return web->bytes;
}

void web_ask_each(struct web *web, const struct web_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        web_ask(web, &rows[i]);
}

void web_serve_each(const struct web_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct web *web = web_serve(rows[i].get);

        web_ask(web, &rows[i]);
        web_close(web);
    }
}
