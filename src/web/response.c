/*
 * response — what a handler writes
 *
 * The head is put together at the end, from what was set, in Tornado's order: the default fields,
 * the handler's own, the entity tag, the length, and cookies behind them all.
 */
#define XXH_INLINE_ALL
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "codec/etag.h"
#include "codec/fields.h"
#include "codec/status.h"
#include "web/web_impl.h"
#include <xxhash.h>

/* --- latching --- */

/* What comes after the end is an error of whoever comes too late, not of the response. */
static void latch_late(gust_request *r, int err)
{
    if ((r->flags & GU_R_ENDED) == 0)
        gu_response_latch(r, err);
}

bool gu_response_may_set_head(gust_request *r)
{
    if (gu_likely((r->flags & (GU_R_FLUSHED | GU_R_ENDED)) == 0))
        return true;
    latch_late(r, -GUST_ELATE);
    return false;
}

bool gu_response_may_write(gust_request *r)
{
    if (gu_likely((r->flags & (GU_R_ENDED | GU_R_GONE)) == 0))
        return true;
    latch_late(r, -GUST_ECLOSED);
    return false;
}

/* --- the head --- */

void gust_set_status(gust_request *r, int status)
{
    gust_set_reason(r, status, NULL);
}

/* CVE-2025-67724: a reason that could end the line, or begin a tag where a page repeats it. */
static const char *keep_reason(gust_request *r, gust_str reason)
{
    if (!gu_reason_ok(reason))
        return "Unknown";
    reason = gu_arena_copy(&r->x->arena, reason.ptr, reason.len);
    if (reason.ptr == NULL)
        gu_response_latch(r, -ENOMEM);
    return reason.ptr;
}

void gust_set_reason(gust_request *r, int status, const char *reason)
{
    if (!gu_response_may_set_head(r))
        return;
    if (status < 200 || status > 599) {
        gu_response_latch(r, -EINVAL);
        return;
    }
    r->status = status;
    r->reason = reason == NULL ? NULL : keep_reason(r, gust_str_from(reason));
}

int gust_get_status(const gust_request *r)
{
    return r->status;
}

/* The default fields are kept apart from the others: the type as a value, the rest as bits that say
 * that the handler's own, or none, is sent. */
static bool is_content_type(gust_str name)
{
    return name.len == 12 && gu_bytes_ieq(name.ptr, "Content-Type", 12);
}

static void note_default(gust_request *r, gust_str name)
{
    if (gu_str_ieq(name, GU_STR("Server")))
        r->flags |= GU_R_SERVER_SET;
    else if (gu_str_ieq(name, GU_STR("Date")))
        r->flags |= GU_R_DATE_SET;
    else if (gu_str_ieq(name, GU_STR("ETag")))
        r->flags |= GU_R_ETAG_SET;
}

void gu_response_remove_field(gust_request *r, gust_str name)
{
    struct gu_out_field **link = &r->fields;

    while (*link != NULL)
        if (gu_str_ieq((*link)->name, name))
            *link = (*link)->next;
        else
            link = &(*link)->next;
    r->last_field = link;
}

static void add_field(gust_request *r, gust_str name, gust_str value)
{
    struct gu_out_field *field = gu_arena_alloc(&r->x->arena, sizeof *field);

    if (field == NULL) {
        gu_response_latch(r, -ENOMEM);
        return;
    }
    *field = (struct gu_out_field){.name = name, .value = value};
    *r->last_field = field;
    r->last_field = &field->next;
}

void gu_response_put_field(gust_request *r, gust_str name, gust_str value)
{
    gu_response_remove_field(r, name);
    add_field(r, name, value);
}

/* Connection, Content-Length, Transfer-Encoding: by their lengths, which is enough to let all
 * others pass. */
static bool may_be_framing(gust_str name)
{
    return name.len == 10 || name.len == 14 || name.len == 17;
}

static void put_field(gust_request *r, gust_str name, gust_str value, bool is_set)
{
    if (!gu_field_value_ok(value) || !gu_field_name_ok(name)) {
        gu_response_latch(r, -EINVAL);
        return;
    }
    if (may_be_framing(name) && gu_response_set_framing(r, name, value))
        return;
    name = gu_arena_copy(&r->x->arena, name.ptr, name.len);
    value = gu_arena_copy(&r->x->arena, value.ptr, value.len);
    if (name.ptr == NULL || value.ptr == NULL) {
        gu_response_latch(r, -ENOMEM);
        return;
    }
    if (is_set)
        gu_response_remove_field(r, name);
    note_default(r, name);
    add_field(r, name, value);
}

static gu_noinline void put_long_type(gust_request *r, gust_str value)
{
    if (gu_unlikely(!gu_field_value_ok(value))) {
        gu_response_latch(r, -EINVAL);
        return;
    }
    r->content_type = gu_arena_copy(&r->x->arena, value.ptr, value.len);
    if (gu_unlikely(r->content_type.ptr == NULL))
        gu_response_latch(r, -ENOMEM);
}

/* Nearly every handler sets it, and there is one of it. */
static gu_inline void put_type(gust_request *r, gust_str value)
{
    struct gust_arena *a = &r->x->arena;
    char *copy = a->cur;

    if (gu_likely(gu_arena_has(a, GU_FIELD_SHORT + 1)) &&
        gu_likely(gu_field_value_put(copy, value)))
        r->content_type = gu_str(gu_arena_bump(a, value.len + 1), value.len);
    else
        put_long_type(r, value);
}

static gu_noinline void set_field(gust_request *r, gust_str name, gust_str value, bool is_set)
{
    if (!gu_response_may_set_head(r))
        return;
    if (is_content_type(name))
        put_type(r, value);
    else
        put_field(r, name, value, is_set);
}

void gust_set_header_str(gust_request *r, gust_str name, gust_str value)
{
    if (gu_likely((r->flags & (GU_R_FLUSHED | GU_R_ENDED)) == 0 && name.len == 12) &&
        gu_likely(memcmp(name.ptr, "Content-Type", 12) == 0))
        put_type(r, value);
    else
        set_field(r, name, value, true);
}

void gust_add_header_str(gust_request *r, gust_str name, gust_str value)
{
    set_field(r, name, value, false);
}

extern inline void gust_set_header(gust_request *r, const char *name, const char *value);
extern inline void gust_add_header(gust_request *r, const char *name, const char *value);
extern inline void gust_puts(gust_request *r, const char *text);

void gust_clear_header(gust_request *r, const char *name)
{
    if (!gu_response_may_set_head(r))
        return;
    if (is_content_type(gust_str_from(name)))
        r->content_type = (gust_str){NULL, 0};
    gu_response_clear_framing(r, gust_str_from(name));
    gu_response_remove_field(r, gust_str_from(name));
    note_default(r, gust_str_from(name));
}

/* --- the body --- */

void gust_write(gust_request *r, const void *data, size_t len)
{
    if (gu_likely(gu_response_may_write(r)))
        gu_buf_put(&r->body, data, len);
}

void gust_printf(gust_request *r, const char *format, ...)
{
    va_list args;

    if (!gu_response_may_write(r))
        return;
    va_start(args, format);
    gu_buf_vprintf(&r->body, format, args);
    va_end(args);
}

void gu_response_set_type(gust_request *r, gust_str type)
{
    if ((r->flags & (GU_R_FLUSHED | GU_R_FINISHED)) == 0)
        r->content_type = type;
}

void gust_text(gust_request *r, const char *format, ...)
{
    va_list args;

    if (!gu_response_may_write(r))
        return;
    gu_response_set_type(r, GU_STR("text/plain; charset=UTF-8"));
    va_start(args, format);
    gu_buf_vprintf(&r->body, format, args);
    va_end(args);
}

void gu_response_clear(gust_request *r)
{
    r->flags &= ~(unsigned)(GU_R_SERVER_SET | GU_R_DATE_SET | GU_R_ETAG_SET | GU_R_LENGTH_SET);
    r->flags |= r->app->first_flags;
    r->status = 200;
    r->reason = NULL;
    r->content_type = GU_STR("text/html; charset=UTF-8");
    r->fields = NULL;
    r->last_field = &r->fields;
    gu_buf_clear(&r->body);
}

void gu_response_defaults(gust_request *r)
{
    void (*hook)(gust_request *) = r->handler == NULL ? NULL : r->handler->fns.set_default_headers;

    if (hook == NULL)
        hook = r->app->options.set_default_headers;
    if (gu_unlikely(hook != NULL))
        hook(r);
}

void gust_clear(gust_request *r)
{
    int err = gu_buf_error(&r->body);

    if (!gu_response_may_set_head(r))
        return;
    if (err < 0)
        gu_response_latch(r, err);
    gu_response_clear(r);
    gu_response_defaults(r);
}

/* --- the end --- */

#define SERVER_LINE "Server: Gust/" GUST_VERSION "\r\n"
#define ETAG_LEN 34 /* 32 hexadecimal digits in quotes */

/* Not inlined: what long inputs ask for would weigh on every response. */
static gu_noinline XXH128_hash_t hash_of_long(gust_str body)
{
    return XXH3_128bits(body.ptr, body.len);
}

static char *put_etag(char *to, gust_str body)
{
    XXH128_hash_t hash = body.len <= 16 ? XXH3_128bits(body.ptr, body.len) : hash_of_long(body);

    to[0] = to[ETAG_LEN - 1] = '"';
    gu_hex_u128(to + 1, hash.high64, hash.low64);
    return to + ETAG_LEN;
}

static size_t fields_size(const gust_request *r)
{
    size_t size = sizeof SERVER_LINE + r->content_type.len + 160;

    for (const struct gu_out_field *f = r->fields; f != NULL; f = f->next)
        size += f->name.len + f->value.len + 4;
    return size;
}

/* `set` says which of the default fields are not ours to send. */
static gu_inline char *put_fields(const gust_request *r, char *to, unsigned set)
{
    if ((set & GU_R_SERVER_SET) == 0)
        to = GU_PUT(to, SERVER_LINE);
    if (gu_likely(r->content_type.ptr != NULL)) {
        to = GU_PUT(to, "Content-Type: ");
        to = gu_put(to, r->content_type.ptr, r->content_type.len);
        to = GU_PUT(to, "\r\n");
    }
    if ((set & GU_R_DATE_SET) == 0)
        to = gu_put(to, gu_http_date(r->x->server->http), GU_HTTP_DATE_LEN);
    for (const struct gu_out_field *f = r->fields; f != NULL; f = f->next) {
        to = gu_put(to, f->name.ptr, f->name.len);
        to = GU_PUT(to, ": ");
        to = gu_put(to, f->value.ptr, f->value.len);
        to = GU_PUT(to, "\r\n");
    }
    return to;
}

static bool wants_etag(const gust_request *r)
{
    return r->status == 200 && (r->flags & (GU_R_ETAG_SET | GU_R_NO_ETAG)) == 0 &&
           (r->x->method == GU_METHOD_GET || r->x->method == GU_METHOD_HEAD);
}

void gu_response_no_body(gust_request *r)
{
    r->content_type = (gust_str){NULL, 0};
    gu_response_remove_field(r, GU_STR("Content-Encoding"));
    gu_response_remove_field(r, GU_STR("Content-Language"));
}

static void become_304(gust_request *r, gust_str *body)
{
    r->status = 304;
    r->reason = NULL;
    gu_response_no_body(r);
    *body = GU_STR("");
}

static gu_noinline bool matches_request(const gust_request *r, gust_str body)
{
    char etag[ETAG_LEN];

    put_etag(etag, body);
    return gu_etag_matches(gu_exchange_known(r->x, GU_FIELD_IF_NONE_MATCH),
                           gu_str(etag, sizeof etag));
}

static char *put_etag_field(char *to, gust_str body)
{
    to = put_etag(GU_PUT(to, "ETag: "), body);
    return GU_PUT(to, "\r\n");
}

gu_noinline void gu_response_send_any(gust_request *r, gust_str cookies, gust_str body)
{
    const gust_str whole = body;
    bool has_etag = wants_etag(r);
    char *to;

    if (gu_unlikely(has_etag && r->x->first[GU_FIELD_IF_NONE_MATCH] != 0) &&
        matches_request(r, body))
        become_304(r, &body);
    to = gu_exchange_open(r->x, r->status, r->reason, fields_size(r) + cookies.len);
    if (gu_unlikely(to == NULL))
        return;
    to = put_fields(r, to, r->flags);
    if (gu_likely(has_etag))
        to = put_etag_field(to, whole);
    gu_exchange_close(r->x, to, cookies, body);
}

/* A 200 of ours with all the default fields, for a client that has no copy of it. */
static bool is_plain(const gust_request *r)
{
    return r->status == 200 && r->reason == NULL && (r->flags & GU_R_NOT_PLAIN) == 0 &&
           r->x->first[GU_FIELD_IF_NONE_MATCH] == 0 && gu_exchange_is_plain(r->x);
}

gu_flat void gu_response_send(gust_request *r, gust_str body)
{
    char *to;

    if (gu_unlikely(!is_plain(r))) {
        gu_response_send_any(r, GU_STR(""), body);
        return;
    }
    to = gu_exchange_open_plain(r->x, fields_size(r));
    if (gu_unlikely(to == NULL))
        return;
    to = put_etag_field(put_fields(r, to, 0), body);
    gu_exchange_close_plain(r->x, to, body);
}

bool gu_response_lines(gust_request *r, gust_str *lines)
{
    char *start = gu_arena_alloc(&r->x->arena, fields_size(r));

    if (start == NULL)
        return false;
    *lines = gu_str(start, (size_t)(put_fields(r, start, r->flags) - start));
    return true;
}

/* What was latched is our fault, whatever the same code would mean of a request. */
static int fail_latched(gust_request *r, int err)
{
    gu_response_error(r, &(gust_error){.status = err == -ENOMEM ? 503 : 500, .code = err});
    return err;
}

/* Whatever does not simply end. */
static gu_noinline int finish_special(gust_request *r)
{
    int err = r->err != 0 ? r->err : gu_buf_error(&r->body);

    if ((r->flags & GU_R_ENDED) != 0)
        return -GUST_ELATE;
    return err < 0 ? fail_latched(r, err) : gu_response_end_special(r);
}

int gust_finish(gust_request *r)
{
    if (gu_unlikely((r->flags & (GU_R_ENDED | GU_R_SPECIAL)) != 0) ||
        gu_unlikely((r->err | gu_buf_error(&r->body)) != 0) ||
        (gu_unlikely(r->status != 200) && (r->status == 204 || r->status == 304)))
        return finish_special(r);
    r->flags |= GU_R_FINISHED;
    gu_response_send(r, gu_str(r->body.ptr, r->body.len));
    return 0;
}

/* --- JSON --- */

int gust_json(gust_request *r, const gust_kv *vars)
{
    if (gu_likely(gu_response_may_write(r))) {
        gu_response_set_type(r, GU_STR("application/json; charset=UTF-8"));
        gu_json_put_vars(&r->body, vars);
    }
    return gust_finish(r);
}

int gust_json_value(gust_request *r, gust_value value)
{
    if (gu_likely(gu_response_may_write(r))) {
        gu_response_set_type(r, GU_STR("application/json; charset=UTF-8"));
        gu_json_put_value(&r->body, &value);
    }
    return gust_finish(r);
}
