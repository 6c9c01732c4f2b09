/*
 * jar — any field may be set; what is sent has no control character and stays within its limits
 *
 * The text is lines: a request's host, its path, and the Set-Cookie fields that answer it; the
 * first letter of a field says whether the request was secure.
 */
#include "codec/jar.h"
#include "codec/jar_impl.h"
#include "fuzz.h"

#define NOW INT64_C(1700000000)

static const struct gu_jar_limits limits = {.n_site = 4, .n_total = 6, .size = 64, .field = 100};

static void check_match(struct gu_jar *jar, const struct gu_jar_request *to, int64_t now)
{
    struct gust_arena a = fuzz_arena();
    gust_str field;

    gu_assert(gu_jar_match(jar, &a, to, now, &field) == 0);
    gu_assert(field.len <= limits.field);
    for (size_t i = 0; i < field.len; i++)
        gu_assert((unsigned char)field.ptr[i] >= 0x20 || field.ptr[i] == '\t');
    gu_arena_deinit(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct gu_jar *jar = gu_jar_new(&limits);
    gust_str text = gu_str(bytes, size), field;
    struct gu_jar_request r = {0};
    int64_t seconds, now = NOW;

    gu_str_split(&text, '\n', &r.host);
    gu_str_split(&text, '\n', &r.path);
    for (; gu_str_split(&text, '\n', &field); now++) {
        int kept;

        r.is_secure = field.len > 0 && field.ptr[0] == 's';
        kept = gu_jar_set(jar, &r, gu_str_sub(field, 1, GU_NPOS), now);
        gu_assert(kept == 0 || kept == 1);
        gu_assert(gu_jar_count(jar) <= limits.n_total);
        if (gu_cookie_date_parse(field, &seconds))
            gu_assert(seconds <= INT64_C(253402300800));
        check_match(jar, &r, now);
    }
    r.is_secure = true;
    check_match(jar, &r, NOW + GU_JAR_MAX_AGE * 2);
    gu_jar_free(jar);
    free(bytes);
    return 0;
}
