/*
 * response — what a handler writes
 *
 * The head is put together at the end, from what was set: the default fields first, in Tornado's
 * order, then the handler's own, then the entity tag.
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

static void latch(gust_request *r, int err)
{
    if (r->err == 0)
        r->err = err;
}

static bool may_set_head(gust_request *r)
{
    if (gu_likely((r->flags & (GU_R_FLUSHED | GU_R_FINISHED)) == 0))
        return true;
    latch(r, -GUST_ELATE);
    return false;
}

/* --- the head --- */

void gust_set_status(gust_request *r, int status)
{
    gust_set_reason(r, status, NULL);
}

void gust_set_reason(gust_request *r, int status, const char *reason)
{
    if (!may_set_head(r))
        return;
    if (status < 100 || status > 599) {
        latch(r, -EINVAL);
        return;
    }
    r->status = status;
    r->reason = reason;
    if (reason != NULL && !gu_reason_ok(gust_str_from(reason)))
        r->reason = "Unknown";
}

int gust_get_status(const gust_request *r)
{
    return r->status;
}

/* The default fields are kept apart from the others: the type as a value, the rest as bits that say
 * that the handler's own, or none, is sent. */
static bool is_content_type(gust_str name)
{
    return name.len == 12 && (memcmp(name.ptr, "Content-Type", 12) == 0 ||
                              gu_bytes_ieq(name.ptr, "Content-Type", 12));
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

static void remove_fields(gust_request *r, gust_str name)
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
        latch(r, -ENOMEM);
        return;
    }
    *field = (struct gu_out_field){.name = name, .value = value};
    *r->last_field = field;
    r->last_field = &field->next;
}

static void put_field(gust_request *r, const char *name_text, const char *value_text, bool is_set)
{
    gust_str name = gust_str_from(name_text), value = gust_str_from(value_text);
    bool is_type;

    if (!may_set_head(r))
        return;
    is_type = is_content_type(name);
    if (!gu_field_value_ok(value) || (!is_type && !gu_field_name_ok(name))) {
        latch(r, -EINVAL);
        return;
    }
    value = gu_arena_copy(&r->x->arena, value.ptr, value.len);
    if (value.ptr != NULL && is_type) {
        r->content_type = value;
        return;
    }
    name = gu_arena_copy(&r->x->arena, name.ptr, name.len);
    if (name.ptr == NULL || value.ptr == NULL) {
        latch(r, -ENOMEM);
        return;
    }
    if (is_set)
        remove_fields(r, name);
    note_default(r, name);
    add_field(r, name, value);
}

void gust_set_header(gust_request *r, const char *name, const char *value)
{
    put_field(r, name, value, true);
}

void gust_add_header(gust_request *r, const char *name, const char *value)
{
    put_field(r, name, value, false);
}

void gust_clear_header(gust_request *r, const char *name)
{
    if (!may_set_head(r))
        return;
    if (is_content_type(gust_str_from(name)))
        r->content_type = (gust_str){NULL, 0};
    remove_fields(r, gust_str_from(name));
    note_default(r, gust_str_from(name));
}

/* --- the body --- */

static bool may_write(gust_request *r)
{
    if (gu_likely((r->flags & GU_R_FINISHED) == 0))
        return true;
    latch(r, -GUST_ELATE);
    return false;
}

void gust_write(gust_request *r, const void *data, size_t len)
{
    if (gu_likely(may_write(r)))
        gu_buf_put(&r->body, data, len);
}

void gust_puts(gust_request *r, const char *text)
{
    gust_write(r, text, strlen(text));
}

void gust_printf(gust_request *r, const char *format, ...)
{
    va_list args;

    if (!may_write(r))
        return;
    va_start(args, format);
    gu_buf_vprintf(&r->body, format, args);
    va_end(args);
}

void gust_text(gust_request *r, const char *format, ...)
{
    va_list args;

    if (!may_write(r))
        return;
    if (may_set_head(r))
        r->content_type = GU_STR("text/plain; charset=UTF-8");
    va_start(args, format);
    gu_buf_vprintf(&r->body, format, args);
    va_end(args);
}

/* --- the end --- */

static char *put(char *to, const char *bytes, size_t len)
{
    memcpy(to, bytes, len);
    return to + len;
}

#define PUT(to, literal) put(to, "" literal, sizeof(literal) - 1)

#define ETAG_LEN 34 /* 32 hexadecimal digits in quotes */

static void format_etag(char out[ETAG_LEN], gust_str body)
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(body.ptr, body.len));
    out[0] = out[ETAG_LEN - 1] = '"';
    gu_hex(out + 1, canonical.digest, sizeof canonical.digest);
}

static size_t fields_size(const gust_request *r)
{
    size_t size = r->app->server_line.len + r->content_type.len + 160;

    for (const struct gu_out_field *f = r->fields; f != NULL; f = f->next)
        size += f->name.len + f->value.len + 4;
    return size;
}

static char *put_fields(const gust_request *r, char *to)
{
    if (gu_likely((r->flags & GU_R_SERVER_SET) == 0))
        to = put(to, r->app->server_line.ptr, r->app->server_line.len);
    if (gu_likely(r->content_type.ptr != NULL)) {
        to = PUT(to, "Content-Type: ");
        to = put(to, r->content_type.ptr, r->content_type.len);
        to = PUT(to, "\r\n");
    }
    if (gu_likely((r->flags & GU_R_DATE_SET) == 0)) {
        to = PUT(to, "Date: ");
        to = put(to, gu_http_date(r->x->server->http), GU_DATE_LEN);
        to = PUT(to, "\r\n");
    }
    for (const struct gu_out_field *f = r->fields; f != NULL; f = f->next) {
        to = put(to, f->name.ptr, f->name.len);
        to = PUT(to, ": ");
        to = put(to, f->value.ptr, f->value.len);
        to = PUT(to, "\r\n");
    }
    return to;
}

static bool wants_etag(const gust_request *r)
{
    return r->status == 200 && (r->flags & GU_R_ETAG_SET) == 0 && !r->app->options.no_etag &&
           (r->x->method == GU_METHOD_GET || r->x->method == GU_METHOD_HEAD);
}

/* RFC 9110 15.4.5: without what describes a body. */
static void become_304(gust_request *r, gust_str *body)
{
    r->status = 304;
    r->reason = NULL;
    r->content_type = (gust_str){NULL, 0};
    remove_fields(r, GU_STR("Content-Encoding"));
    remove_fields(r, GU_STR("Content-Language"));
    *body = GU_STR("");
}

static void send_whole(gust_request *r, gust_str body)
{
    char stack[512], etag[ETAG_LEN], *fields = stack, *to;
    bool has_etag = wants_etag(r);
    size_t size = fields_size(r);

    if (gu_unlikely(size > sizeof stack)) {
        fields = gu_arena_alloc(&r->x->arena, size);
        if (fields == NULL) {
            r->x->flags |= GU_X_CUT;
            return;
        }
    }
    if (gu_likely(has_etag)) {
        format_etag(etag, body);
        if (gu_unlikely(r->x->first[GU_FIELD_IF_NONE_MATCH] != 0) &&
            gu_etag_matches(gu_exchange_known(r->x, GU_FIELD_IF_NONE_MATCH),
                            gu_str(etag, ETAG_LEN)))
            become_304(r, &body);
    }
    to = put_fields(r, fields);
    if (gu_likely(has_etag)) {
        to = PUT(to, "ETag: ");
        to = put(to, etag, ETAG_LEN);
        to = PUT(to, "\r\n");
    }
    gu_exchange_respond(r->x, r->status, r->reason, gu_str(fields, (size_t)(to - fields)), body);
}

void gu_response_end(gust_request *r)
{
    if ((r->flags & GU_R_FINISHED) == 0)
        gust_ignore(gust_finish(r));
}

int gust_finish(gust_request *r)
{
    int err = r->err != 0 ? r->err : gu_buf_error(&r->body);

    if ((r->flags & GU_R_FINISHED) != 0)
        return -GUST_ELATE;
    if (gu_unlikely(err < 0) && (r->flags & GU_R_ANSWERING_ERROR) == 0) {
        gu_response_error(r, &(gust_error){.code = err});
        return err;
    }
    r->flags |= GU_R_FINISHED;
    send_whole(r, gu_str(r->body.len == 0 ? "" : r->body.ptr, r->body.len));
    return 0;
}

/* --- JSON --- */

static int end_json(gust_request *r)
{
    if (may_set_head(r))
        r->content_type = GU_STR("application/json; charset=UTF-8");
    return gust_finish(r);
}

int gust_json(gust_request *r, const gust_kv *vars)
{
    gu_json_put_vars(&r->body, vars);
    return end_json(r);
}

int gust_json_value(gust_request *r, gust_value value)
{
    gu_json_put_value(&r->body, &value);
    return end_json(r);
}
