/*
 * codec_cost — eight times the input costs about eight times the steps
 *
 * Steps are counted, not timed: basic blocks of the codecs, which are compiled for it here, and
 * bytes that the C library searches. What is quadratic would cost up to 64 times as much.
 */
#include "codec/accept.h"
#include "codec/chunked.h"
#include "codec/cookie.h"
#include "codec/escape.h"
#include "codec/etag.h"
#include "codec/fields.h"
#include "codec/form.h"
#include "codec/quoted.h"
#include "codec/url.h"
#include "codec/xff.h"
#include "codec_test.h"
#include <stdlib.h>

#define N 1000

struct input {
    gust_str text;
    size_t n;
};

typedef void call(struct gust_arena *arena, const struct input *in);

/* --- counting --- */

static uint64_t n_steps;

/* Called by every basic block of the sources that this program is built with. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    n_steps++;
}

/* The C library's searches are not built so; the linker leads them here. */
void *__wrap_memchr(const void *s, int c, size_t n);
void *__real_memchr(const void *s, int c, size_t n);
void *__wrap_memmem(const void *s, size_t n, const void *needle, size_t needle_len);
void *__real_memmem(const void *s, size_t n, const void *needle, size_t needle_len);

void *__wrap_memchr(const void *s, int c, size_t n)
{
    const char *at = __real_memchr(s, c, n);

    n_steps += at == NULL ? n : (size_t)(at - (const char *)s);
    return __real_memchr(s, c, n);
}

void *__wrap_memmem(const void *s, size_t n, const void *needle, size_t needle_len)
{
    const char *at = __real_memmem(s, n, needle, needle_len);

    n_steps += at == NULL ? n : (size_t)(at - (const char *)s);
    return __real_memmem(s, n, needle, needle_len);
}

static uint64_t count_steps(call *fn, const struct input *in)
{
    struct gust_arena arena = arena_new();

    n_steps = 0;
    fn(&arena, in);
    gu_arena_deinit(&arena);
    return n_steps;
}

/* --- what is counted --- */

static void parse_cookies(struct gust_arena *arena, const struct input *in)
{
    struct gu_pairs cookies;

    gu_assert(gu_cookie_parse(arena, in->text, SIZE_MAX, &cookies) == 0);
}

static void walk_params(struct gust_arena *arena, const struct input *in)
{
    gust_str rest = in->text, name, value;

    (void)arena;
    while (gu_param_next(&rest, &name, &value))
        gu_assert(name.len > 0);
}

static void add_fields(struct gust_arena *arena, const struct input *in)
{
    struct gu_fields f;

    gu_fields_init(&f, arena, SIZE_MAX);
    for (size_t i = 0; i < in->n; i++)
        gu_fields_add(&f, GU_STR("X-Name"), GU_STR("value"));
    gu_assert(gu_fields_join(&f, arena, GU_STR("x-name")).len == 6 * in->n - 1);
}

static void concat_url(struct gust_arena *arena, const struct input *in)
{
    gu_assert(gu_url_concat(arena, in->text, &(struct gu_pairs){NULL, 0}).ptr != NULL);
}

/* A trailer line that comes byte by byte, each time with all that came before. */
static void drip_trailer(struct gust_arena *arena, const struct input *in)
{
    static const struct gu_chunked_limits limits = {.max_bytes = 1 << 20, .max_fields = 9};
    struct gu_chunked c = {0};
    struct gu_chunked_part part;

    (void)arena;
    gu_assert(gu_chunked_next(&c, &limits, "0\r\n", 3, &part) == GU_CHUNKED_MORE);
    for (size_t len = 1; len <= in->text.len; len++)
        gu_assert(gu_chunked_next(&c, &limits, in->text.ptr, len, &part) == GU_CHUNKED_MORE);
}

static void choose(struct gust_arena *arena, const struct input *in)
{
    static const char *const offers[] = {"text/html"};

    (void)arena;
    gu_assert(gu_accept_best(in->text, offers, 1) == -1);
}

static void search_tokens(struct gust_arena *arena, const struct input *in)
{
    (void)arena;
    gu_assert(!gu_token_list_has(in->text, "close"));
}

static void match_tags(struct gust_arena *arena, const struct input *in)
{
    (void)arena;
    gu_assert(!gu_etag_matches(in->text, GU_STR("\"a\"")));
}

static void find_client(struct gust_arena *arena, const struct input *in)
{
    static const gust_str trusted[] = {GU_STR_INIT("1.1.1.1")};
    struct gu_xff x = {.forwarded_for = in->text};

    (void)arena;
    gu_assert(gu_xff_remote_ip(&x, trusted, 1, GU_STR("::")).len > 0);
}

static void escape(struct gust_arena *arena, const struct input *in)
{
    gu_assert(gu_xhtml_escape_copy(arena, in->text).ptr != NULL);
}

static void quote(struct gust_arena *arena, const struct input *in)
{
    gust_str quoted = gu_quoted_quote(arena, in->text);

    gu_assert(gu_quoted_unquote(arena, quoted).len == in->text.len);
}

/* --- the table --- */

/* The input is `head`, n times `unit`, `tail`. */
static const struct {
    const char *name;
    call *fn;
    const char *head, *unit, *tail;
} cases[] = {
    {"CVE-2024-52804: a cookie of \\134", parse_cookies, "a=\"b=", "\\134", "\""},
    {"CVE-2024-52804: a cookie of \\\\", parse_cookies, "a=\"b=", "\\\\", "\""},
    {"many cookies", parse_cookies, "", "a=b; ", ""},
    {"CVE-2025-67726: semicolons in quotes", walk_params, "form-data; x=\"", ";", "\""},
    {"CVE-2025-67726: in quotes that stay open", walk_params, "form-data; x=\"", ";", ""},
    {"CVE-2025-67726: escaped quotes", walk_params, "form-data; x=\"", "\\\";", "\""},
    {"many parameters", walk_params, "form-data", "; x=\";\"", ""},
    {"empty parameters", walk_params, "form-data", ";", ""},
    {"CVE-2025-67725: a field added again", add_fields, "", "", ""},
    {"a query", concat_url, "/p?", "a=%41&", ""},
    {"empty fields of a query", concat_url, "/p?", "&", ""},
    {"a trailer that comes byte by byte", drip_trailer, "A:", "b", ""},
    {"weights", choose, "", "a/b;q=0.5,", ""},
    {"tokens", search_tokens, "", "a,", ""},
    {"empty elements", search_tokens, "", ",", ""},
    {"quotes in a list", search_tokens, "", "\",\"", ""},
    {"tags", match_tags, "", "W/\"b\",", ""},
    {"tags that stay open", match_tags, "", "W/", "\""},
    {"trusted proxies", find_client, "", "1.1.1.1,", "1.1.1.1"},
    {"markup", escape, "", "<", ""},
    {"quotes to quote", quote, "", "\"", ""},
};

static struct input input_new(size_t row, size_t n)
{
    size_t head = strlen(cases[row].head), unit = strlen(cases[row].unit);
    size_t tail = strlen(cases[row].tail), len = head + n * unit + tail;
    char *text = malloc(len + 1);

    assert_non_null(text);
    memcpy(text, cases[row].head, head);
    for (size_t i = 0; i < n; i++)
        memcpy(text + head + i * unit, cases[row].unit, unit);
    memcpy(text + head + n * unit, cases[row].tail, tail);
    return (struct input){gu_str(text, len), n};
}

static uint64_t cost(size_t row, size_t n)
{
    struct input in = input_new(row, n);
    uint64_t steps = count_steps(cases[row].fn, &in);

    free((char *)(uintptr_t)in.text.ptr);
    return steps;
}

TEST(costs_grow_with_the_input_and_no_faster)
{
    for (size_t i = 0; i < gu_countof(cases); i++) {
        uint64_t one, eight;

        TEST_CASE(cases[i].name);
        one = cost(i, N);
        eight = cost(i, 8 * N);
        assert_true(one >= N);
        print_message("%10lu %10lu  %s\n", (unsigned long)one, (unsigned long)eight, cases[i].name);
        assert_true(eight < 10 * one);
    }
}

/* What the bound is worth: a search that begins anew at every byte is quadratic and passes it. */
static void search_anew(struct gust_arena *arena, const struct input *in)
{
    (void)arena;
    for (size_t i = 0; i < in->text.len; i++)
        gu_assert(gu_str_find(in->text, GU_STR("!"), i) == GU_NPOS);
}

TEST(a_quadratic_cost_would_be_seen)
{
    struct input in = input_new(0, 8 * N), part = in;
    uint64_t one, eight;

    part.text.len /= 8;
    one = count_steps(search_anew, &part);
    eight = count_steps(search_anew, &in);
    assert_true(eight > 60 * one);
    free((char *)(uintptr_t)in.text.ptr);
}
