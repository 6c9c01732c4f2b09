/*
 * linkify — links in text
 *
 * A URL begins at the edge of a word, with "name:/" or "www."; goes on over all that is no space,
 * no bracket and no entity but &amp; and &quot;, with brackets in pairs; and ends before the
 * punctuation that stands behind it.
 */
#include "template/linkify.h"
#include "template/text.h"

#define MAX_LEN 30 /* characters of a link that is shortened */

/* --- characters --- */

static bool is_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_';
    if (c == 0xaa || c == 0xb5 || c == 0xba || (c >= 0xc0 && c != 0xd7 && c != 0xf7 && c < 0x2000))
        return true;
    return (c >= 0x3005 && c < 0xd800 && c != 0x30fb) || (c >= 0xf900 && c < 0xfe00);
}

/* What may be the last character of a URL. */
static bool may_end(uint32_t c)
{
    return c >= 0x80 ? !gu_text_is_space(c)
                     : c > ' ' && strchr("!\"#$%&'()*+,.:;<=>?@[]^`{|}~", (int)c) == NULL;
}

static size_t entity_at(gust_str s, size_t at)
{
    static const gust_str known[] = {GU_STR_INIT("&amp;"), GU_STR_INIT("&quot;")};

    for (size_t i = 0; i < gu_countof(known); i++)
        if (s.len - at >= known[i].len && memcmp(s.ptr + at, known[i].ptr, known[i].len) == 0)
            return known[i].len;
    return 0;
}

/* --- the pattern --- */

/* From `at` over all that may stand in a URL; *last is behind the last character that may end one,
 * GU_NPOS without it. */
static size_t run_end(gust_str s, size_t at, size_t *last)
{
    uint32_t c;

    *last = GU_NPOS;
    while (at < s.len) {
        size_t n = gu_text_decode(s.ptr + at, s.ptr + s.len, &c);

        if (c == '&') {
            n = entity_at(s, at);
            if (n == 0)
                break;
        } else if (gu_text_is_space(c) || c == '(' || c == ')') {
            break;
        }
        at += n;
        if (c != '&' && may_end(c))
            *last = at;
    }
    return at;
}

/* Where what follows the beginning of a URL ends; GU_NPOS if nothing does. */
static size_t rest_end(gust_str s, size_t at)
{
    size_t end = GU_NPOS, last;

    for (;;) {
        size_t stop = run_end(s, at, &last);

        if (last == GU_NPOS) {
            if (at >= s.len || s.ptr[at] != '(')
                return end;
            stop = run_end(s, at + 1, &last);
            if (stop >= s.len || s.ptr[stop] != ')')
                return end;
            last = stop + 1;
        }
        at = end = last;
    }
}

/* A URL in the text. */
struct link {
    size_t from, end;
    size_t protocol_len; /* 0: it begins with "www." */
    size_t n_slashes;
};

/* "name:/": what stands before is the run of word characters and "-" that ends at `colon`. */
static bool find_protocol(gust_str s, size_t from, size_t colon, struct link *link)
{
    size_t slashes = 0;

    while (slashes < 3 && colon + 1 + slashes < s.len && s.ptr[colon + 1 + slashes] == '/')
        slashes++;
    for (; slashes > 0; slashes--) {
        size_t end = rest_end(s, colon + 1 + slashes);

        if (end != GU_NPOS) {
            *link = (struct link){from, end, colon - from, slashes};
            return true;
        }
    }
    return false;
}

static bool find_www(gust_str s, size_t from, struct link *link)
{
    size_t end;

    if (s.len - from < 4 || memcmp(s.ptr + from, "www.", 4) != 0)
        return false;
    end = rest_end(s, from + 4);
    *link = (struct link){from, end, 0, 0};
    return end != GU_NPOS;
}

/* The first URL at or after `at`. */
static bool find_link(gust_str s, size_t at, struct link *link)
{
    bool was_word = false;
    size_t run_to = 0; /* the end of the word characters and "-" around here */
    bool is_protocol = false;
    uint32_t c;

    if (at > 0) {
        size_t before = at - 1;

        while (before > 0 && ((unsigned char)s.ptr[before] & 0xc0) == 0x80)
            before--;
        gu_text_decode(s.ptr + before, s.ptr + s.len, &c);
        was_word = is_word(c);
    }
    while (at < s.len) {
        size_t n = gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
        bool now_word = is_word(c);

        if ((now_word || c == '-') && at >= run_to) {
            for (run_to = at; run_to < s.len;) {
                size_t len = gu_text_decode(s.ptr + run_to, s.ptr + s.len, &c);

                if (!is_word(c) && c != '-')
                    break;
                run_to += len;
            }
            is_protocol = s.len - run_to >= 2 && memcmp(s.ptr + run_to, ":/", 2) == 0;
        }
        if (now_word != was_word && at < run_to) {
            if (is_protocol && find_protocol(s, at, run_to, link))
                return true;
            is_protocol = false; /* the next edge of this run has the same end */
            if (find_www(s, at, link))
                return true;
        }
        was_word = now_word;
        at += n;
    }
    return false;
}

/* --- the link --- */

static bool is_permitted(const struct gu_linkify *how, gust_str protocol)
{
    for (size_t i = 0; i < how->n_protocols; i++)
        if (gu_str_eq(how->protocols[i], protocol))
            return true;
    return false;
}

static size_t find_last_of(gust_str s, char c)
{
    for (size_t i = s.len; i-- > 0;)
        if (s.ptr[i] == c)
            return i;
    return GU_NPOS;
}

/* How much of "a/bcd.e?f" is kept: the host, and the first of the path. */
static size_t kept_of_path(gust_str rest)
{
    size_t slash = gu_str_find(rest, GU_STR("/"), 0), n;
    gust_str part;

    if (slash == GU_NPOS)
        return rest.len;
    part = gu_str_sub(rest, slash + 1, rest.len);
    n = gu_str_find(part, GU_STR("/"), 0);
    part.len = n == GU_NPOS ? part.len : n;
    part.len = gu_text_offset(part, 8);
    for (size_t i = 0; i < part.len; i++)
        if (part.ptr[i] == '?' || part.ptr[i] == '.')
            part.len = i;
    return slash + 1 + part.len;
}

/* The beginning of a long URL, behind which "..." will stand; all of it if that gains nothing. */
static gust_str shortened(gust_str url, const struct link *link)
{
    size_t skipped = link->protocol_len == 0 ? 0 : link->protocol_len + 1 + link->n_slashes, amp;
    gust_str rest = gu_str_sub(url, skipped, url.len), cut = url;

    cut.len = skipped + kept_of_path(rest);
    if (gu_text_len(cut) > MAX_LEN + MAX_LEN / 2)
        cut.len = gu_text_offset(cut, MAX_LEN);
    if (cut.len == url.len)
        return url;
    amp = find_last_of(cut, '&');
    if (amp != GU_NPOS && gu_text_len(gu_str(cut.ptr, amp)) > MAX_LEN - 5)
        cut.len = amp;
    return gu_text_len(cut) + 3 >= gu_text_len(url) ? url : cut;
}

static void put_link(struct gu_buf *b, gust_str text, const struct link *link,
                     const struct gu_linkify *how)
{
    gust_str url = gu_str(text.ptr + link->from, link->end - link->from), shown = url;
    const char *before = link->protocol_len == 0 ? "http://" : "";

    if (how->shorten && gu_text_len(url) > MAX_LEN)
        shown = shortened(url, link);
    gu_buf_puts(b, "<a href=\"");
    gu_buf_puts(b, before);
    gu_buf_put_str(b, url);
    gu_buf_putc(b, '"');
    if (how->extra_params.len > 0) {
        gu_buf_putc(b, ' ');
        gu_buf_put_str(b, how->extra_params);
    }
    if (shown.len < url.len) {
        gu_buf_puts(b, " title=\"");
        gu_buf_puts(b, before);
        gu_buf_put_str(b, url);
        gu_buf_putc(b, '"');
    }
    gu_buf_putc(b, '>');
    gu_buf_put_str(b, shown);
    gu_buf_puts(b, shown.len < url.len ? "...</a>" : "</a>");
}

void gu_linkify_put(struct gu_buf *b, gust_str text, const struct gu_linkify *how)
{
    size_t at = 0;
    struct link link;

    while (gu_buf_error(b) == 0 && find_link(text, at, &link)) {
        gust_str protocol = gu_str(text.ptr + link.from, link.protocol_len);

        gu_buf_put(b, text.ptr + at, link.from - at);
        if (link.protocol_len == 0 ? how->require_protocol : !is_permitted(how, protocol))
            gu_buf_put(b, text.ptr + link.from, link.end - link.from);
        else
            put_link(b, text, &link, how);
        at = link.end;
    }
    gu_buf_put(b, text.ptr + at, text.len - at);
}
