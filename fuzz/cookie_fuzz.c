/*
 * cookie — any field is read; what may be written is one line, and reads back as it was
 */
#include "codec/chars.h"
#include "codec/cookie.h"
#include "fuzz.h"

static void check_parse(struct gust_arena *a, gust_str text)
{
    struct gu_pairs cookies;
    int err = gu_cookie_parse(a, text, 64, &cookies);

    gu_assert(err == 0 || err == -GUST_ETOOBIG);
    for (size_t i = 0; err == 0 && i < cookies.len; i++) {
        const struct gu_pair *c = &cookies.items[i];

        gu_assert(c->name.ptr[c->name.len] == '\0' && c->value.ptr[c->value.len] == '\0');
        gu_assert(c->name.len + c->value.len > 0 || text.len > 1);
    }
}

/* The text is name, value and path, with a LF between them. */
static void check_format(struct gust_arena *a, gust_str text)
{
    struct gu_cookie cookie = {.http_only = true};
    struct gu_pairs back;
    gust_str field;

    gu_str_split(&text, '\n', &cookie.name);
    gu_str_split(&text, '\n', &cookie.value);
    gu_str_split(&text, '\n', &cookie.path);
    if (gu_cookie_format(a, &cookie, &field) != 0)
        return;
    gu_assert(gu_chars_are(field.ptr, field.len, GU_CHAR_TEXT));
    gu_assert(gu_cookie_parse(a, field, 4, &back) == 0);
    gu_assert(back.len == (cookie.path.len > 0 ? 3 : 2));
    gu_assert(gu_str_eq(back.items[0].name, cookie.name));
    gu_assert(gu_str_eq(back.items[0].value, cookie.value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct gust_arena a = fuzz_arena();

    check_parse(&a, gu_str(bytes, size));
    check_format(&a, gu_str(bytes, size));
    gu_arena_deinit(&a);
    free(bytes);
    return 0;
}
