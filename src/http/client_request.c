/*
 * client — what is sent
 */
#include "base/str.h"
#include "codec/base64.h"
#include "codec/chars.h"
#include "codec/decode.h"
#include "codec/text.h"
#include "http/client_impl.h"

/* --- what may be sent --- */

static const struct {
    const char *name;
    bool has_body, takes_body;
    bool is_repeatable; /* RFC 9110 9.2.2 */
} methods[] = {
    {"GET", false, false, true},     {"HEAD", false, false, true}, {"POST", true, true, false},
    {"PUT", true, true, true},       {"PATCH", true, true, false}, {"DELETE", false, false, true},
    {"OPTIONS", false, false, true},
};

static int find_method(const char *name)
{
    for (size_t i = 0; i < gu_countof(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool gu_fetch_is_repeatable(const struct gu_fetch *f)
{
    int i = find_method(f->method);

    return i >= 0 && methods[i].is_repeatable && f->o.body_producer == NULL;
}

static int check_method(struct gu_fetch *f)
{
    gust_str name = gust_str_from(f->method);
    bool has_body = f->o.body.len > 0 || f->o.body_producer != NULL;
    int i = find_method(f->method);

    if (name.len == 0 || !gu_chars_are(name.ptr, name.len, GU_CHAR_TOKEN))
        return gu_fetch_fail(f, -EINVAL, "%s", "the method is no token");
    if (i < 0 && (!f->o.allow_nonstandard_methods || strcmp(f->method, "CONNECT") == 0))
        return gu_fetch_fail(f, -EINVAL, "the method %.32s (allow_nonstandard_methods)", f->method);
    f->has_body = has_body || (i >= 0 && methods[i].has_body);
    if (has_body && i >= 0 && !methods[i].takes_body && !f->o.allow_nonstandard_methods)
        return gu_fetch_fail(f, -EINVAL, "a body with %s (allow_nonstandard_methods)", f->method);
    return 0;
}

/* What the client itself has to say about the message, or the connection. */
static bool is_framing(gust_str name)
{
    static const gust_str ours[] = {
        GU_STR_INIT("connection"),
        GU_STR_INIT("content-length"),
        GU_STR_INIT("expect"),
        GU_STR_INIT("keep-alive"),
        GU_STR_INIT("trailer"),
        GU_STR_INIT("proxy-connection"),
        GU_STR_INIT("transfer-encoding"),
    };

    for (size_t i = 0; i < gu_countof(ours); i++)
        if (gu_str_ieq(name, ours[i]))
            return true;
    return false;
}

/* A field that concerns the connection, so that we have to say what else does. */
static int check_hop(struct gu_fetch *f, gust_str name, gust_str value)
{
    f->was_upgrade |= gu_str_ieq(name, GU_STR("upgrade"));
    if (!gu_str_ieq(name, GU_STR("te")))
        return 0;
    f->has_te = true;
    return gu_str_ieq(value, GU_STR("trailers"))
               ? 0
               : gu_fetch_fail(f, -EINVAL, "%s", "the field TE says more than \"trailers\"");
}

static int check_fields(struct gu_fetch *f)
{
    for (const gust_field *field = f->o.headers; field != NULL && field->name != NULL; field++) {
        gust_str name = gust_str_from(field->name), value = gust_str_from(field->value);

        if (!gu_field_name_ok(name) || !gu_field_value_ok(value))
            return gu_fetch_fail(f, -EINVAL, "the field %.64s may not be sent", field->name);
        if (is_framing(name))
            return gu_fetch_fail(f, -EINVAL, "the field %.64s is not the caller's", field->name);
        if (check_hop(f, name, value) < 0)
            return -EINVAL;
    }
    return 0;
}

static bool is_no_value(const char *text)
{
    return text != NULL && !gu_field_value_ok(gust_str_from(text));
}

int gu_fetch_check(struct gu_fetch *f)
{
    const gust_fetch_options *o = &f->o;
    int err = check_method(f);

    if (err == 0)
        err = check_fields(f);
    if (err < 0)
        return err;
    if (is_no_value(o->user_agent))
        return gu_fetch_fail(f, -EINVAL, "%s", "user_agent");
    if (o->tls != NULL && (o->no_verify || o->ca_file != NULL || o->client_cert != NULL))
        return gu_fetch_fail(f, -EINVAL, "%s", "no_verify, ca_file or client_cert beside tls");
    if (o->body_length < 0)
        return gu_fetch_fail(f, -EINVAL, "%s", "body_length");
    if (o->body_producer != NULL && o->body.len > 0)
        return gu_fetch_fail(f, -EINVAL, "%s", "body beside body_producer");
    return 0;
}

/* --- the head --- */

bool gu_fetch_has_field(const struct gu_fetch *f, const char *name)
{
    for (const gust_field *field = f->o.headers; field != NULL && field->name != NULL; field++)
        if (gu_str_ieq(gust_str_from(field->name), gust_str_from(name)))
            return true;
    return false;
}

static void put_field(struct gu_buf *b, const char *name, gust_str value)
{
    gu_buf_puts(b, name);
    gu_buf_puts(b, ": ");
    gu_buf_put_str(b, value);
    gu_buf_puts(b, "\r\n");
}

/* "Basic" and user:password (RFC 7617). */
static void put_basic(struct gu_buf *b, const char *name, gust_str user, gust_str password)
{
    size_t len = user.len + 1 + password.len;
    char *text = gu_text_alloc(b->arena, len), *to;

    gu_buf_puts(b, name);
    gu_buf_puts(b, ": Basic ");
    to = text == NULL ? NULL : gu_buf_reserve(b, gu_base64_len(len));
    if (to == NULL) {
        gu_buf_fail(b, -ENOMEM);
        return;
    }
    gu_text_put(gu_text_put(gu_text_put(text, user), GU_STR(":")), password);
    gu_buf_add(b, (size_t)(gu_base64_encode(to, gu_str(text, len)) - to));
    gu_buf_puts(b, "\r\n");
}

static void put_auth(struct gu_buf *b, const struct gu_fetch *f)
{
    const gust_fetch_options *o = &f->o;

    if (o->auth_username != NULL && !f->is_stranger)
        put_basic(b, "Authorization", gust_str_from(o->auth_username),
                  gust_str_from(o->auth_password));
    else if (f->target.user.ptr != NULL &&
             (f->is_stranger || !gu_fetch_has_field(f, "authorization")))
        put_basic(b, "Authorization", f->target.user, f->target.password);
}

static void put_proxy_auth(struct gu_buf *b, const struct gu_fetch *f)
{
    if (f->o.proxy_username != NULL)
        put_basic(b, "Proxy-Authorization", gust_str_from(f->o.proxy_username),
                  gust_str_from(f->o.proxy_password));
}

/* Fields that a redirect leaves behind, or that are said by options. */
static bool is_left_out(const struct gu_fetch *f, gust_str name)
{
    static const gust_str secrets[] = {GU_STR_INIT("authorization"), GU_STR_INIT("cookie"),
                                       GU_STR_INIT("cookie2"), GU_STR_INIT("proxy-authorization")};

    for (size_t i = 0; i < gu_countof(secrets) && f->is_stranger; i++)
        if (gu_str_ieq(name, secrets[i]))
            return true;
    if (gu_str_ieq(name, GU_STR("host")))
        return true; /* it went first */
    if (gu_str_ieq(name, GU_STR("authorization")))
        return f->o.auth_username != NULL;
    if (gu_str_ieq(name, GU_STR("user-agent")))
        return f->o.user_agent != NULL;
    return f->was_rewritten && name.len >= 8 && gu_bytes_ieq(name.ptr, "content-", 8);
}

static void put_given(struct gu_buf *b, const struct gu_fetch *f)
{
    for (const gust_field *field = f->o.headers; field != NULL && field->name != NULL; field++)
        if (!is_left_out(f, gust_str_from(field->name)))
            put_field(b, field->name, gust_str_from(field->value));
}

static void put_host(struct gu_buf *b, const struct gu_fetch *f)
{
    gust_str host = f->target.authority;

    for (const gust_field *field = f->o.headers; field != NULL && field->name != NULL; field++)
        if (!f->has_moved && gu_str_ieq(gust_str_from(field->name), GU_STR("host")))
            host = gust_str_from(field->value);
    put_field(b, "Host", host);
}

static void put_length(struct gu_buf *b, const struct gu_fetch *f)
{
    bool is_produced = f->o.body_producer != NULL;

    if (!f->has_body)
        return;
    if (strcmp(f->method, "POST") == 0 && !gu_fetch_has_field(f, "content-type"))
        gu_buf_puts(b, "Content-Type: application/x-www-form-urlencoded\r\n");
    if (is_produced && f->o.body_length == 0) {
        gu_buf_puts(b, "Transfer-Encoding: chunked\r\n");
        return;
    }
    gu_buf_puts(b, "Content-Length: ");
    gu_buf_u64(b, is_produced ? (uint64_t)f->o.body_length : f->o.body.len);
    gu_buf_puts(b, "\r\n");
}

/* A request has one Cookie field: the caller's, or the jar's. */
static void put_cookies(struct gu_buf *b, struct gu_fetch *f)
{
    gust_str field = {0};
    int err;

    if (f->o.jar == NULL || (gu_fetch_has_field(f, "cookie") && !f->is_stranger))
        return;
    err = gu_fetch_find_cookies(f, &field);
    if (err < 0)
        gu_buf_fail(b, err);
    else if (field.len > 0)
        put_field(b, "Cookie", field);
}

static void put_own(struct gu_buf *b, struct gu_fetch *f)
{
    char date[GU_DATE_LEN + 1];

    if (f->o.user_agent != NULL)
        put_field(b, "User-Agent", gust_str_from(f->o.user_agent));
    else if (!gu_fetch_has_field(f, "user-agent"))
        gu_buf_puts(b, "User-Agent: Gust/" GUST_VERSION "\r\n");
    if (!f->o.no_decompress && !gu_fetch_has_field(f, "accept-encoding") &&
        !gu_fetch_has_field(f, "range")) /* a part of what is coded cannot be decoded */
        gu_buf_puts(b, "Accept-Encoding: " GU_CODINGS "\r\n");
    put_auth(b, f);
    put_cookies(b, f);
    if (f->o.if_modified_since != 0) {
        gu_date_format(date, f->o.if_modified_since);
        put_field(b, "If-Modified-Since", gu_str(date, GU_DATE_LEN));
    }
    if (f->was_upgrade || f->has_te)
        gu_buf_puts(b, !f->has_te        ? "Connection: upgrade\r\n"
                       : !f->was_upgrade ? "Connection: TE\r\n"
                                         : "Connection: upgrade, TE\r\n");
    if (f->has_body && f->o.expect_continue)
        gu_buf_puts(b, "Expect: 100-continue\r\n");
}

gust_str gu_fetch_format(struct gu_fetch *f, struct gust_arena *arena)
{
    bool is_absolute = f->o.proxy_host != NULL && f->o.unix_socket == NULL && !f->target.is_tls;
    gust_str head = {0};
    struct gu_buf b;

    gu_buf_init(&b, arena, SIZE_MAX);
    gu_buf_puts(&b, f->method);
    gu_buf_putc(&b, ' ');
    gu_buf_put_str(&b, is_absolute ? f->target.url : f->target.path);
    gu_buf_puts(&b, " HTTP/1.1\r\n");
    put_host(&b, f);
    put_own(&b, f);
    if (is_absolute)
        put_proxy_auth(&b, f);
    put_given(&b, f);
    put_length(&b, f);
    gu_buf_puts(&b, "\r\n");
    return gu_buf_finish(&b, &head) < 0 ? (gust_str){0} : head;
}

gust_str gu_fetch_format_connect(struct gu_fetch *f, struct gust_arena *arena)
{
    bool is_v6 = strchr(f->target.host, ':') != NULL;
    gust_str head = {0};
    struct gu_buf b;

    gu_buf_init(&b, arena, SIZE_MAX);
    for (int i = 0; i < 2; i++) { /* the target, and the Host */
        gu_buf_puts(&b, i == 0 ? "CONNECT " : " HTTP/1.1\r\nHost: ");
        gu_buf_printf(&b, is_v6 ? "[%s]:%u" : "%s:%u", f->target.host, f->target.port);
    }
    gu_buf_puts(&b, "\r\n");
    put_proxy_auth(&b, f);
    gu_buf_puts(&b, "\r\n");
    return gu_buf_finish(&b, &head) < 0 ? (gust_str){0} : head;
}
