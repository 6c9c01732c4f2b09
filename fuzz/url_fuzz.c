/*
 * url, escape — the parts of a URL make the URL; extending by nothing twice changes nothing more
 */
#include "codec/escape.h"
#include "codec/url.h"
#include "fuzz.h"

static size_t part_len(gust_str part, size_t separators)
{
    return part.ptr == NULL ? 0 : part.len + separators;
}

static void check_split(gust_str text)
{
    struct gu_authority authority;
    struct gu_url url;

    gu_url_split(text, &url);
    gu_assert(part_len(url.scheme, 1) + part_len(url.authority, 2) + url.path.len +
                  part_len(url.query, 1) + part_len(url.fragment, 1) ==
              text.len);
    if (gu_authority_split(text, &authority) == 0) {
        gu_assert(authority.port >= -1 && authority.port <= 65535);
        gu_assert(authority.host.len > 0);
    }
}

static void check_concat(struct gust_arena *a, gust_str text)
{
    struct gu_pair pair = {text, text};
    gust_str once = gu_url_concat(a, text, &(struct gu_pairs){NULL, 0});

    gu_assert(once.ptr != NULL);
    gu_assert(gu_str_eq(gu_url_concat(a, once, &(struct gu_pairs){NULL, 0}), once));
    gu_assert(gu_url_concat(a, text, &(struct gu_pairs){&pair, 1}).len > text.len / 3);
}

static void check_escape(struct gust_arena *a, gust_str text)
{
    gust_str escaped = gu_xhtml_escape_copy(a, text);

    for (size_t i = 0; i < escaped.len; i++)
        gu_assert(escaped.ptr[i] == '\0' || strchr("<>\"'", escaped.ptr[i]) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct gust_arena a = fuzz_arena();

    check_split(gu_str(bytes, size));
    check_concat(&a, gu_str(bytes, size));
    check_escape(&a, gu_str(bytes, size));
    gu_arena_deinit(&a);
    free(bytes);
    return 0;
}
