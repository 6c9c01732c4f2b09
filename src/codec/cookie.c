/*
 * cookie — the Cookie and Set-Cookie fields
 *
 * A Cookie field is copied once, and its values are unquoted in the copy.
 */
#include "codec/cookie.h"
#include "base/buf.h"
#include "base/str.h"
#include "codec/chars.h"
#include "codec/date.h"
#include "codec/text.h"

/* --- Cookie --- */

/* Takes the next part that is not blank off the front. */
static bool next_cookie(gust_str *rest, gust_str *name, gust_str *value)
{
    gust_str part;

    while (gu_str_split(rest, ';', &part)) {
        *value = part;
        gu_str_split(value, '=', name);
        if (value->ptr == NULL) {
            *value = part;
            *name = GU_STR("");
        }
        *name = gu_str_trim(*name, " \t");
        *value = gu_str_trim(*value, " \t");
        if (name->len > 0 || value->len > 0)
            return true;
    }
    return false;
}

static bool is_octal(const char *text)
{
    return text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' && text[2] >= '0' &&
           text[2] <= '7';
}

/* Undoes the escapes of what stood between the quotes, in place; returns its new length. */
static size_t unescape(char *text, size_t len)
{
    size_t to = 0, at = 0;

    while (at < len) {
        if (text[at] != '\\' || at + 1 == len) {
            text[to++] = text[at++];
        } else if (len - at > 3 && is_octal(text + at + 1)) {
            text[to++] = (char)((text[at + 1] - '0') << 6 | (text[at + 2] - '0') << 3 |
                                (text[at + 3] - '0'));
            at += 4;
        } else {
            text[to++] = text[at + 1];
            at += 2;
        }
    }
    return to;
}

/* Ends a value of the copy with a zero byte, unquoted if it is quoted. The byte behind it was a
 * separator, a blank or the copy's last zero byte. */
static gust_str finish_value(char *text, size_t len)
{
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
        text++;
        len = unescape(text, len - 2);
    }
    text[len] = '\0';
    return gu_str(text, len);
}

static size_t count_cookies(gust_str field)
{
    gust_str name, value;
    size_t n = 0;

    while (next_cookie(&field, &name, &value))
        n++;
    return n;
}

int gu_cookie_parse(struct gust_arena *arena, gust_str field, size_t max_cookies,
                    struct gu_pairs *cookies)
{
    size_t n = count_cookies(field);
    struct gu_pair *items;
    gust_str rest, name, value;
    char *copy;

    if (n > max_cookies)
        return -GUST_ETOOBIG;
    if (n == 0) {
        *cookies = (struct gu_pairs){0};
        return 0;
    }
    items = gu_arena_alloc(arena, n * sizeof *items);
    copy = gu_text_alloc(arena, field.len);
    if (items == NULL || copy == NULL)
        return -ENOMEM;
    gu_text_put(copy, field);
    rest = gu_str(copy, field.len);
    for (size_t i = 0; next_cookie(&rest, &name, &value); i++) {
        if (name.len > 0)
            copy[name.ptr + name.len - copy] = '\0';
        else
            name = GU_STR("");
        items[i] = (struct gu_pair){name, finish_value(copy + (value.ptr - copy), value.len)};
    }
    *cookies = (struct gu_pairs){items, n};
    return 0;
}

/* --- Set-Cookie --- */

/* What stays as it is between quotes, beside GU_CHAR_COOKIE; the rest is escaped. */
static bool stays_in_quotes(char c)
{
    return gu_char_is(c, GU_CHAR_COOKIE) || (c != '\0' && strchr(" ()/<=>?@[]{}", c) != NULL);
}

static void put_quoted_byte(struct gu_buf *b, char c)
{
    unsigned u = (unsigned char)c;
    char octal[] = {'\\', (char)('0' + (u >> 6)), (char)('0' + (u >> 3 & 7)),
                    (char)('0' + (u & 7))};

    if (c == '"')
        gu_buf_puts(b, "\\\"");
    else if (c == '\\')
        gu_buf_puts(b, "\\\\");
    else
        gu_buf_put_str(b, stays_in_quotes(c) ? gu_str(&c, 1) : gu_str(octal, sizeof octal));
}

static void put_value(struct gu_buf *b, gust_str value)
{
    if (value.len > 0 && gu_chars_are(value.ptr, value.len, GU_CHAR_COOKIE)) {
        gu_buf_put_str(b, value);
        return;
    }
    gu_buf_putc(b, '"');
    for (size_t i = 0; i < value.len; i++)
        put_quoted_byte(b, value.ptr[i]);
    gu_buf_putc(b, '"');
}

static void put_attribute(struct gu_buf *b, gust_str prefix, gust_str value)
{
    if (value.len == 0)
        return;
    gu_buf_put_str(b, prefix);
    gu_buf_put_str(b, value);
}

static void put_expires(struct gu_buf *b, const struct gu_cookie *cookie)
{
    char date[GU_DATE_LEN + 1];

    if (!cookie->has_expires)
        return;
    gu_date_format(date, cookie->expires);
    put_attribute(b, GU_STR("; expires="), gu_str(date, GU_DATE_LEN));
}

static void put_max_age(struct gu_buf *b, int64_t seconds)
{
    if (seconds == 0)
        return;
    gu_buf_puts(b, seconds < 0 ? "; Max-Age=-" : "; Max-Age=");
    gu_buf_u64(b, seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds);
}

static void put_cookie(struct gu_buf *b, const struct gu_cookie *cookie)
{
    gu_buf_put_str(b, cookie->name);
    gu_buf_putc(b, '=');
    put_value(b, cookie->value);
    put_attribute(b, GU_STR("; Domain="), cookie->domain);
    put_expires(b, cookie);
    gu_buf_puts(b, cookie->http_only ? "; HttpOnly" : "");
    put_max_age(b, cookie->max_age);
    put_attribute(b, GU_STR("; Path="), cookie->path);
    put_attribute(b, GU_STR("; SameSite="), cookie->same_site);
    gu_buf_puts(b, cookie->secure ? "; Secure" : "");
}

/* Python refuses these names, because older readers took them for attributes. */
static bool is_reserved(gust_str name)
{
    static const gust_str reserved[] = {
        GU_STR_INIT("comment"),  GU_STR_INIT("domain"),  GU_STR_INIT("expires"),
        GU_STR_INIT("httponly"), GU_STR_INIT("max-age"), GU_STR_INIT("path"),
        GU_STR_INIT("samesite"), GU_STR_INIT("secure"),  GU_STR_INIT("version"),
    };

    for (size_t i = 0; i < gu_countof(reserved); i++)
        if (gu_str_ieq(name, reserved[i]))
            return true;
    return false;
}

static bool is_name_ok(gust_str name)
{
    return name.len > 0 && gu_chars_are(name.ptr, name.len, GU_CHAR_COOKIE) && !is_reserved(name);
}

static bool is_value_ok(gust_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] <= ' ')
            return false;
    return true;
}

static bool is_attribute_ok(gust_str value)
{
    return is_value_ok(value) && gu_chars_are(value.ptr, value.len, GU_CHAR_TEXT) &&
           gu_str_find(value, GU_STR(";"), 0) == GU_NPOS;
}

int gu_cookie_format(struct gust_arena *arena, const struct gu_cookie *cookie, gust_str *field)
{
    struct gu_buf b;

    if (!is_name_ok(cookie->name) || !is_value_ok(cookie->value) ||
        !is_attribute_ok(cookie->domain) || !is_attribute_ok(cookie->path) ||
        !is_attribute_ok(cookie->same_site))
        return -EINVAL;
    gu_buf_init(&b, arena, SIZE_MAX);
    put_cookie(&b, cookie);
    return gu_buf_finish(&b, field);
}
