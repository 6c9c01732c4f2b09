/*
 * fields — a collection of header fields
 *
 * A list with a tail: a response has a dozen fields, and a scan over them that compares lengths
 * first is all a look-up costs.
 */
#include "codec/fields.h"
#include "base/str.h"
#include "base/word.h"
#include "codec/chars.h"
#include "codec/text.h"

bool gu_field_name_ok(gust_str name)
{
    return name.len > 0 && gu_chars_are(name.ptr, name.len, GU_CHAR_TOKEN);
}

/* Not zero if one of eight bytes may not stand in a value: below 0x20 (HTAB is among them, and left
 * to the table) or DEL. */
static uint64_t controls_in(uint64_t word)
{
    return gu_word_below(word, 0x20) | gu_word_has(word, 0x7f);
}

/* By words, the last of which overlaps the one before it; what words cannot settle, the table
 * does. */
bool gu_field_value_ok(gust_str value)
{
    uint64_t odd = 0;

    if (gu_likely(value.len >= 8)) {
        for (size_t i = 0; value.len - i > 8; i += 8)
            odd |= controls_in(gu_word_at(value.ptr + i));
        if (gu_likely((odd | controls_in(gu_word_at(value.ptr + value.len - 8))) == 0))
            return true;
    }
    return gu_chars_are(value.ptr, value.len, GU_CHAR_TEXT);
}

/* --- changing --- */

static int add(struct gu_fields *f, gust_str name, gust_str value)
{
    struct gu_fields_item *item;

    if (!gu_field_name_ok(name) || !gu_field_value_ok(value))
        return -EINVAL;
    if (f->n == f->max)
        return -GUST_ETOOBIG;
    item = gu_arena_alloc(f->arena, sizeof *item);
    if (item == NULL)
        return -ENOMEM;
    *item = (struct gu_fields_item){
        .name = gu_arena_copy(f->arena, name.ptr, name.len),
        .value = gu_arena_copy(f->arena, value.ptr, value.len),
    };
    if (item->name.ptr == NULL || item->value.ptr == NULL)
        return -ENOMEM;
    *(f->last == NULL ? &f->first : &f->last->next) = item;
    f->last = item;
    f->n++;
    return 0;
}

void gu_fields_add(struct gu_fields *f, gust_str name, gust_str value)
{
    if (f->err == 0)
        f->err = add(f, name, value);
}

void gu_fields_remove(struct gu_fields *f, gust_str name)
{
    struct gu_fields_item **link = &f->first;

    if (f->err != 0)
        return;
    f->last = NULL;
    while (*link != NULL) {
        if (gu_str_ieq((*link)->name, name)) {
            *link = (*link)->next;
            f->n--;
        } else {
            f->last = *link;
            link = &f->last->next;
        }
    }
}

void gu_fields_set(struct gu_fields *f, gust_str name, gust_str value)
{
    gu_fields_remove(f, name);
    gu_fields_add(f, name, value);
}

/* --- reading --- */

static const struct gu_fields_item *find_from(const struct gu_fields_item *item, gust_str name)
{
    while (item != NULL && !gu_str_ieq(item->name, name))
        item = item->next;
    return item;
}

const struct gu_fields_item *gu_fields_find(const struct gu_fields *f, gust_str name)
{
    return find_from(f->first, name);
}

const struct gu_fields_item *gu_fields_find_next(const struct gu_fields_item *item)
{
    return find_from(item->next, item->name);
}

gust_str gu_fields_join(const struct gu_fields *f, struct gust_arena *arena, gust_str name)
{
    const struct gu_fields_item *first = gu_fields_find(f, name), *item;
    size_t len = 0;
    char *text, *to;

    for (item = first; item != NULL; item = gu_fields_find_next(item))
        len += item->value.len + (item != first);
    text = to = gu_text_alloc(arena, len);
    if (text == NULL)
        return (gust_str){0};
    for (item = first; item != NULL; item = gu_fields_find_next(item)) {
        if (item != first)
            *to++ = ',';
        to = gu_text_put(to, item->value);
    }
    return gu_str(text, len);
}

/* --- formatting --- */

size_t gu_fields_len(const struct gu_fields *f)
{
    size_t len = 0;

    for (const struct gu_fields_item *item = f->first; item != NULL; item = item->next)
        len += item->name.len + item->value.len + 4;
    return len;
}

char *gu_fields_format(char *to, const struct gu_fields *f)
{
    for (const struct gu_fields_item *item = f->first; item != NULL; item = item->next) {
        to = gu_text_put(to, item->name);
        to = gu_text_put(to, GU_STR(": "));
        to = gu_text_put(to, item->value);
        to = gu_text_put(to, GU_STR("\r\n"));
    }
    return to;
}
