/*
 * form, quoted — parameters lie in their field, in order; what is quoted unquotes to what it was
 */
#include "codec/form.h"
#include "codec/quoted.h"
#include "fuzz.h"

static void check_params(gust_str field)
{
    gust_str rest = field, name, value;
    const char *end = field.ptr;

    while (gu_param_next(&rest, &name, &value)) {
        gu_assert(name.ptr >= end && name.ptr + name.len <= field.ptr + field.len);
        end = name.ptr + name.len;
        if (value.ptr == NULL)
            continue;
        gu_assert(value.ptr >= end && value.ptr + value.len <= field.ptr + field.len);
        end = value.ptr + value.len;
    }
}

static void check_list(gust_str list)
{
    gust_str rest = list, element;
    size_t total = 0;

    while (gu_list_next(&rest, &element)) {
        gu_assert(element.len > 0);
        total += element.len;
    }
    gu_assert(total <= list.len);
    gu_token_list_has(list, "close");
}

static void check_quotes(struct gust_arena *a, gust_str text)
{
    gust_str quoted = gu_quoted_quote(a, text);

    if (quoted.ptr != NULL) {
        gu_assert(gu_str_eq(gu_quoted_unquote(a, quoted), text));
        gu_assert(gu_quoted_find(quoted, ';') == quoted.len);
    }
    gu_assert(gu_quoted_unquote(a, text).len <= text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    gust_str text = gu_str(bytes, size), value;
    struct gust_arena a = fuzz_arena();

    check_params(text);
    check_list(text);
    check_quotes(&a, text);
    gu_assert(gu_param_get(&a, text, "name", &value) >= 0);
    gu_content_type_is(text, GU_FORM_TYPE);
    gu_arena_deinit(&a);
    free(bytes);
    return 0;
}
