/*
 * jar — reading Set-Cookie
 *
 * Attributes are a table. What is wrong with one costs that attribute, never the cookie, and the
 * last of a name counts (RFC 6265 5.2).
 */
#include "base/str.h"
#include "codec/chars.h"
#include "codec/date.h"
#include "codec/jar.h"
#include "codec/jar_impl.h"
#include <stdio.h>

/* --- dates --- */

struct when {
    int hour, minute, second, day, month, year; /* -1: not found yet; month from 0 */
};

static bool is_delimiter(char c)
{
    unsigned char u = (unsigned char)c;

    return u == 0x09 || (u >= 0x20 && u <= 0x2f) || (u >= 0x3b && u <= 0x40) ||
           (u >= 0x5b && u <= 0x60) || (u >= 0x7b && u <= 0x7e);
}

/* Takes up to `max` digits off the front, at least `min`, and no digit may follow; -1 otherwise. */
static int take_digits(gust_str *s, size_t min, size_t max)
{
    size_t n = 0;
    int value = 0;

    for (; n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9'; n++) {
        if (n == max)
            return -1;
        value = value * 10 + (s->ptr[n] - '0');
    }
    if (n < min)
        return -1;
    *s = gu_str_sub(*s, n, GU_NPOS);
    return value;
}

static bool read_time(gust_str token, struct when *w)
{
    int *const parts[] = {&w->hour, &w->minute, &w->second};
    int read[3];

    for (int i = 0; i < 3; i++) {
        read[i] = take_digits(&token, 1, 2);
        if (read[i] < 0 || (i < 2 && (token.len == 0 || token.ptr[0] != ':')))
            return false;
        if (i < 2)
            token = gu_str_sub(token, 1, GU_NPOS);
    }
    for (int i = 0; i < 3; i++)
        *parts[i] = read[i];
    return true;
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static bool read_month(gust_str token, struct when *w)
{
    for (int i = 0; i < 12 && token.len >= 3; i++)
        if (gu_bytes_ieq(token.ptr, months + 3 * i, 3)) {
            w->month = i;
            return true;
        }
    return false;
}

/* A token is the first of these that it can be and that is not found yet. */
static void read_token(gust_str token, struct when *w)
{
    gust_str rest = token;

    if (w->hour < 0 && read_time(token, w))
        return;
    if (w->day < 0 && (w->day = take_digits(&rest, 1, 2)) >= 0)
        return;
    if (w->month < 0 && read_month(token, w))
        return;
    rest = token;
    if (w->year < 0)
        w->year = take_digits(&rest, 2, 4);
}

bool gu_cookie_date_parse(gust_str text, int64_t *seconds)
{
    struct when w = {-1, -1, -1, -1, -1, -1};
    char plain[64];
    size_t at = 0;

    while (at < text.len) {
        size_t from = at;

        while (at < text.len && !is_delimiter(text.ptr[at]))
            at++;
        if (at > from)
            read_token(gu_str(text.ptr + from, at - from), &w);
        at++;
    }
    if (w.hour < 0 || w.day < 0 || w.month < 0 || w.year < 0)
        return false;
    if (w.year < 100)
        w.year += w.year >= 70 ? 1900 : 2000;
    if (w.year < 1601 || w.second > 59)
        return false;
    /* The calendar is date.c's: it is told in the form that HTTP writes. */
    snprintf(plain, sizeof plain, "Mon, %02d %.3s %04d %02d:%02d:%02d GMT", w.day,
             months + 3 * w.month, w.year, w.hour, w.minute, w.second);
    return gu_date_parse(gust_str_from(plain), 0, seconds) == 0;
}

/* --- attributes --- */

/* What a cookie's fields may come to while they are read. Max-Age goes before Expires. */
struct reading {
    struct gu_set_cookie *cookie;
    int64_t now, max_age_end;
    bool has_max_age;
};

static void read_expires(struct reading *r, gust_str value)
{
    if (gu_cookie_date_parse(value, &r->cookie->expires))
        r->cookie->has_expires = true;
}

static void read_max_age(struct reading *r, gust_str value)
{
    bool is_negative = value.len > 0 && value.ptr[0] == '-';
    gust_str digits = gu_str_sub(value, is_negative, GU_NPOS);
    uint64_t age;

    if (digits.len == 0)
        return;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return;
    if (!gu_str_to_u64(digits, &age) || age > (uint64_t)GU_JAR_MAX_AGE)
        age = (uint64_t)GU_JAR_MAX_AGE;
    r->has_max_age = true;
    r->max_age_end = is_negative || age == 0 ? INT64_MIN : r->now + (int64_t)age;
}

static void read_domain(struct reading *r, gust_str value)
{
    r->cookie->domain = gu_str_sub(value, value.len > 0 && value.ptr[0] == '.', GU_NPOS);
}

static void read_path(struct reading *r, gust_str value)
{
    r->cookie->path = value.len > 0 && value.ptr[0] == '/' ? value : GU_STR("");
}

static void read_secure(struct reading *r, gu_unused gust_str value)
{
    r->cookie->is_secure = true;
}

static void read_http_only(struct reading *r, gu_unused gust_str value)
{
    r->cookie->is_http_only = true;
}

static const struct {
    gust_str name;
    void (*read)(struct reading *r, gust_str value);
} attributes[] = {
    {GU_STR_INIT("expires"), read_expires}, {GU_STR_INIT("max-age"), read_max_age},
    {GU_STR_INIT("domain"), read_domain},   {GU_STR_INIT("path"), read_path},
    {GU_STR_INIT("secure"), read_secure},   {GU_STR_INIT("httponly"), read_http_only},
};

/* --- the field --- */

/* Splits "name=value"; without "=" it is all a name. */
static void split_pair(gust_str part, gust_str *name, gust_str *value)
{
    gust_str rest = part;

    gu_str_split(&rest, '=', name);
    *name = gu_str_trim(*name, " \t");
    *value = rest.ptr == NULL ? GU_STR("") : gu_str_trim(rest, " \t");
}

static void read_attribute(struct reading *r, gust_str part)
{
    gust_str name, value;

    split_pair(part, &name, &value);
    if (value.len > GU_JAR_MAX_ATTRIBUTE)
        return;
    for (size_t i = 0; i < gu_countof(attributes); i++)
        if (gu_str_ieq(name, attributes[i].name))
            attributes[i].read(r, value);
}

/* Only TAB of the control characters may stand in a field. */
static bool has_control(gust_str field)
{
    for (size_t i = 0; i < field.len; i++) {
        unsigned char u = (unsigned char)field.ptr[i];

        if ((u < 0x20 && u != '\t') || u == 0x7f)
            return true;
    }
    return false;
}

bool gu_set_cookie_parse(gust_str field, int64_t now, struct gu_set_cookie *cookie)
{
    struct reading r = {.cookie = cookie, .now = now};
    gust_str part;

    *cookie = (struct gu_set_cookie){0};
    if (has_control(field) || !gu_str_split(&field, ';', &part))
        return false;
    split_pair(part, &cookie->name, &cookie->value);
    if (gu_str_find(part, GU_STR("="), 0) == GU_NPOS) { /* a value without a name */
        cookie->value = cookie->name;
        cookie->name = GU_STR("");
    }
    while (gu_str_split(&field, ';', &part))
        read_attribute(&r, part);
    if (r.has_max_age) {
        cookie->has_expires = true;
        cookie->expires = r.max_age_end;
    }
    return cookie->name.len + cookie->value.len > 0;
}
