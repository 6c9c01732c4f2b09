/*
 * cost — what eight times as much costs, in steps
 *
 * Text that a peer chose is read in a time that grows with its length, and not with the square of
 * it. The codecs are compiled here once more, so that each branch counts itself, and so does each
 * byte that memchr() passes over: the machine's load does not matter. Where a linear reader takes
 * eight times as many steps, one that looks back takes 64 times as many.
 */
#include "codec/cookie.h"
#include "codec/fields.h"
#include "codec/form.h"
#include "codec/multipart.h"
#include "codec/query.h"
#include "codec_test.h"
#include <inttypes.h>
#include <stdlib.h>

#define N 1000
#define TIMES 8
#define AT_MOST 12 /* times as many: what begins and what doubles is rounded up */

/* --- what is read --- */

struct text {
    size_t n; /* repetitions */
    gust_str bytes;
};

static void walk_parameters(const struct text *t)
{
    gust_str rest = t->bytes, name, value;

    while (gu_param_next(&rest, &name, &value))
        continue;
}

static void find_parameter(const struct text *t)
{
    struct gust_arena a = arena_new();
    gust_str value;

    gust_ignore(gu_param_get(&a, t->bytes, "y", &value));
    gu_arena_deinit(&a);
}

static void read_cookies(const struct text *t)
{
    struct gust_arena a = arena_new();
    struct gu_pairs cookies;

    gust_ignore(gu_cookie_parse(&a, t->bytes, SIZE_MAX / 64, &cookies));
    gu_arena_deinit(&a);
}

static void read_query(const struct text *t)
{
    struct gust_arena a = arena_new();
    struct gu_pairs pairs;

    gust_ignore(gu_query_parse(&a, t->bytes, SIZE_MAX / 64, &pairs));
    gu_arena_deinit(&a);
}

static void add_fields(const struct text *t)
{
    struct gust_arena a = arena_new();
    struct gu_fields fields;

    gu_fields_init(&fields, &a, SIZE_MAX);
    for (size_t i = 0; i < t->n; i++)
        gu_fields_add(&fields, GU_STR("X-Same"), GU_STR("value"));
    gust_ignore(gu_fields_join(&fields, &a, GU_STR("x-same")).len);
    gu_arena_deinit(&a);
}

/* As a body of which a little comes at a time. */
static void read_form(const struct text *t)
{
    const struct gu_multipart_limits limits = {UINT32_MAX, UINT32_MAX - 4};
    struct gust_arena a = arena_new();
    struct gu_multipart m;
    struct gu_multipart_part part;
    size_t at = 0, end = 0;

    gust_ignore(gu_multipart_init(&m, GU_STR("multipart/form-data; boundary=b")));
    while (end < t->bytes.len) {
        end = gu_min(end + 100, t->bytes.len);
        do {
            gust_ignore(gu_multipart_next(&m, &limits, &a, t->bytes.ptr + at, end - at, &part));
            at += part.consumed;
        } while (part.consumed > 0);
    }
    gu_arena_deinit(&a);
}

static void read_disposition(const struct text *t)
{
    struct gust_arena a = arena_new();
    struct gu_disposition d;
    const char *why;

    gust_ignore(gu_disposition_parse(&a, t->bytes, &d, &why));
    gu_arena_deinit(&a);
}

/* --- counting --- */

static uint64_t n_steps;

/* What the compiler calls at each branch of the codecs. */
void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
    n_steps++;
}

void *__real_memchr(const void *bytes, int c, size_t len);
void *__wrap_memchr(const void *bytes, int c, size_t len);

void *__wrap_memchr(const void *bytes, int c, size_t len)
{
    const char *found = __real_memchr(bytes, c, len);

    n_steps += found == NULL ? len : (size_t)(found - (const char *)bytes);
    return (void *)(uintptr_t)found;
}

/* Of `before`, n times `again`, and `after`. */
static uint64_t count_of(void (*fn)(const struct text *), const char *const parts[3], size_t n)
{
    size_t lens[] = {strlen(parts[0]), strlen(parts[1]), strlen(parts[2])};
    char *bytes = malloc(lens[0] + n * lens[1] + lens[2] + 1), *to = bytes;
    struct text t = {n, {bytes, lens[0] + n * lens[1] + lens[2]}};

    assert_non_null(bytes);
    to = (char *)memcpy(to, parts[0], lens[0]) + lens[0];
    for (size_t i = 0; i < n; i++)
        to = (char *)memcpy(to, parts[1], lens[1]) + lens[1];
    memcpy(to, parts[2], lens[2] + 1);
    n_steps = 0;
    fn(&t);
    free(bytes);
    return n_steps;
}

TEST(eight_times_as_much_costs_about_eight_times_as_much)
{
    static const struct {
        const char *name;
        void (*fn)(const struct text *);
        const char *parts[3]; /* the middle one is repeated */
    } cases[] = {
        {"CVE-2025-67726: quoted semicolons", walk_parameters, {"a; x=\"", ";", "\"; y=z"}},
        {"CVE-2025-67726: a quote that stays open", walk_parameters, {"a; x=\"", ";", ""}},
        {"CVE-2025-67726: many open quotes", walk_parameters, {"a", "; x=\"", ""}},
        {"CVE-2025-67726: a parameter behind many", find_parameter, {"a", "; x=\";\"", "; y=z"}},
        {"CVE-2025-67726: escapes", find_parameter, {"a; y=\"", "\\\\\\\"", "\""}},
        {"CVE-2025-67725: fields of one name", add_fields, {"", "", ""}},
        {"CVE-2024-52804: escaped backslashes", read_cookies, {"a=\"", "\\134", "\""}},
        {"CVE-2024-52804: half an escape", read_cookies, {"a=\"", "\\13", "\""}},
        {"cookies without a name", read_cookies, {"", "a;", ""}},
        {"pairs of a query", read_query, {"", "a=b&", ""}},
        {"pairs without a value", read_query, {"", "%41&", ""}},
        {"GHSA-qjxf-f2mg-c6mc: parts of a form",
         read_form,
         {"", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", ""}},
        {"data that begins like a delimiter",
         read_form,
         {"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n", "\r\n--bb", ""}},
        {"data of line's ends",
         read_form,
         {"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n", "\r\n\r\n--", ""}},
        {"what stands before a form", read_form, {"", "\r\n--", ""}},
        {"fields of a part's header", read_form, {"--b\r\n", "A: b\r\n", "\r\n"}},
        {"escapes in a filename", read_disposition, {"form-data; name=\"", "\\\"%22", "\""}},
        {"open quotes in one", read_disposition, {"form-data; x", "; y=\"", ""}},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        uint64_t few, many;

        TEST_CASE(cases[i].name);
        few = count_of(cases[i].fn, cases[i].parts, N);
        many = count_of(cases[i].fn, cases[i].parts, (size_t)TIMES * N);
        if (few < N || many > few * AT_MOST)
            fail_msg("%s: %" PRIu64 " steps, then %" PRIu64, cases[i].name, few, many);
    }
}
