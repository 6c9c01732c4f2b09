/*
 * query, percent — what is parsed, written and parsed again is the same
 */
#include "codec/percent.h"
#include "codec/query.h"
#include "fuzz.h"

static void check_escape(struct gust_arena *a, gust_str text, enum gu_percent how)
{
    gust_str escaped = gu_percent_escape(a, text, how);

    gu_assert(gu_str_eq(gu_percent_unescape(a, escaped, how), text));
    gu_assert(gu_percent_unescape(a, text, how).len <= text.len);
}

static void check_pairs(struct gust_arena *a, gust_str text)
{
    struct gu_pairs pairs, again;
    struct gu_buf b;
    gust_str written;
    int err = gu_query_parse(a, text, 64, &pairs);

    gu_assert(err == 0 || err == -GUST_ETOOBIG);
    if (err != 0)
        return;
    gu_buf_init(&b, a, SIZE_MAX);
    gu_query_put(&b, &pairs, '\0');
    gu_assert(gu_buf_finish(&b, &written) == 0);
    gu_assert(gu_query_parse(a, written, 64, &again) == 0 && again.len == pairs.len);
    for (size_t i = 0; i < pairs.len; i++) {
        gu_assert(gu_str_eq(pairs.items[i].name, again.items[i].name));
        gu_assert(gu_str_eq(pairs.items[i].value, again.items[i].value));
        gu_assert(gu_pairs_find_last(&pairs, pairs.items[i].name) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct gust_arena a = fuzz_arena();

    check_escape(&a, gu_str(bytes, size), GU_PERCENT_FORM);
    check_escape(&a, gu_str(bytes, size), GU_PERCENT_PATH);
    check_pairs(&a, gu_str(bytes, size));
    gu_arena_deinit(&a);
    free(bytes);
    return 0;
}
