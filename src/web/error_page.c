/*
 * error_page — what a client is shown of an error
 *
 * Tornado's page with the message under it, or a problem (RFC 9457), as the request's Accept likes
 * better.
 */
#include "base/json.h"
#include "base/str.h"
#include "codec/accept.h"
#include "codec/escape.h"
#include "codec/status.h"
#include "web/web_impl.h"

static bool wants_json(const gust_request *r)
{
    static const char *const offers[] = {"text/html", "application/problem+json",
                                         "application/json"};

    if (r->app->options.errors != GUST_ERRORS_AUTO)
        return r->app->options.errors == GUST_ERRORS_JSON;
    return gu_accept_best(gu_exchange_known(r->x, GU_FIELD_ACCEPT), offers, gu_countof(offers)) > 0;
}

/* Fields are told of only where they are the reason. */
static const struct gu_problem *problems_of(const gust_request *r, int status)
{
    return status == 422 && r->problems != NULL ? r->problems->first : NULL;
}

/* --- HTML --- */

static void put_title(struct gu_buf *b, int status)
{
    gu_buf_u64(b, (uint64_t)status);
    gu_buf_puts(b, ": ");
    gu_xhtml_put(b, gust_str_from(gu_status_reason(status)));
}

static void put_list(struct gu_buf *b, const struct gu_problem *problem)
{
    if (problem == NULL)
        return;
    gu_buf_puts(b, "<ul>");
    for (; problem != NULL; problem = problem->next) {
        gu_buf_puts(b, "<li>");
        gu_xhtml_put(b, problem->field);
        gu_buf_puts(b, ": ");
        gu_xhtml_put(b, problem->message);
        gu_buf_puts(b, "</li>");
    }
    gu_buf_puts(b, "</ul>");
}

static void html_page(gust_request *r, int status, const char *message)
{
    struct gu_buf *b = &r->body;

    gu_buf_puts(b, "<html><title>");
    put_title(b, status);
    gu_buf_puts(b, "</title><body>");
    put_title(b, status);
    if (message != NULL && message[0] != '\0') {
        gu_buf_puts(b, "<p>");
        gu_xhtml_put(b, gust_str_from(message));
        gu_buf_puts(b, "</p>");
    }
    put_list(b, problems_of(r, status));
    gu_buf_puts(b, "</body></html>");
}

/* --- JSON --- */

static void put_member(gust_request *r, const char *name, gust_str text)
{
    gust_str clean = gu_clean_text(&r->x->arena, text);

    gu_buf_puts(&r->body, name);
    if (clean.ptr == NULL)
        gu_buf_fail(&r->body, -ENOMEM);
    else
        gu_json_put_string(&r->body, clean);
}

static void put_errors(gust_request *r, const struct gu_problem *problem)
{
    const char *separator = ",\"errors\":[";

    if (problem == NULL)
        return;
    for (; problem != NULL; problem = problem->next) {
        gu_buf_puts(&r->body, separator);
        put_member(r, "{\"field\":", problem->field);
        put_member(r, ",\"message\":", problem->message);
        gu_buf_putc(&r->body, '}');
        separator = ",";
    }
    gu_buf_putc(&r->body, ']');
}

static void json_page(gust_request *r, int status, const char *message)
{
    gu_response_set_type(r, GU_STR("application/problem+json"));
    put_member(r, "{\"type\":\"about:blank\",\"title\":", gust_str_from(gu_status_reason(status)));
    gu_buf_puts(&r->body, ",\"status\":");
    gu_buf_u64(&r->body, (uint64_t)status);
    if (message != NULL && message[0] != '\0')
        put_member(r, ",\"detail\":", gust_str_from(message));
    put_errors(r, problems_of(r, status));
    gu_buf_putc(&r->body, '}');
}

void gu_error_page(gust_request *r, int status, const char *message)
{
    if (wants_json(r))
        json_page(r, status, message);
    else
        html_page(r, status, message);
}
