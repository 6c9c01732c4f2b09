/*
 * fields — whatever is done to a collection, it formats as one good line a field
 */
#include "codec/fields.h"
#include "fuzz.h"

/* Each line of the input is an operation: + adds, = sets, - removes; then name, colon, value. */
static void apply(struct gu_fields *f, gust_str line)
{
    gust_str value = gu_str_sub(line, 1, GU_NPOS), name;

    gu_str_split(&value, ':', &name);
    if (line.ptr[0] == '+')
        gu_fields_add(f, name, value);
    else if (line.ptr[0] == '=')
        gu_fields_set(f, name, value);
    else
        gu_fields_remove(f, name);
}

static void check(struct gu_fields *f)
{
    size_t len = gu_fields_len(f), n_lines = 0;
    char *text = gu_arena_alloc(f->arena, len + 1);

    gu_assert(text != NULL && gu_fields_format(text, f) == text + len);
    for (size_t i = 0; i < len; i++)
        n_lines += text[i] == '\n';
    gu_assert(n_lines == f->n && f->n <= f->max);
    for (const struct gu_fields_item *i = f->first; i != NULL; i = i->next) {
        gu_assert(gu_fields_find(f, i->name) != NULL);
        gu_assert(gu_fields_join(f, f->arena, i->name).len >= i->value.len);
        gu_assert(i->next != NULL || f->last == i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    gust_str rest = gu_str(bytes, size), line;
    struct gust_arena a = fuzz_arena();
    struct gu_fields f;

    gu_fields_init(&f, &a, 32);
    while (gu_str_split(&rest, '\n', &line))
        if (line.len > 0)
            apply(&f, line);
    check(&f);
    gu_arena_deinit(&a);
    free(bytes);
    return 0;
}
