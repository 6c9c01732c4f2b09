/*
 * fields — a collection of header fields, of responses, trailers and users
 *
 * Names are compared without case and kept as they were given; a name may repeat, and order is
 * kept. Adding costs the same however often a name repeats (CVE-2025-67725). Nothing enters that
 * could end a line: what is not a field by RFC 9110 5.1 and 5.5 is refused.
 *
 * The collection latches: after the first error it changes no more, and `err` says which it was.
 */
#ifndef GU_FIELDS_H
#define GU_FIELDS_H

#include "base/arena_impl.h"
#include <string.h>

struct gu_fields_item {
    struct gu_fields_item *next;
    gust_str name, value; /* with a zero byte behind them */
};

struct gu_fields {
    struct gust_arena *arena;
    struct gu_fields_item *first, *last;
    size_t n, max;
    int err; /* 0, -EINVAL: not a field, -GUST_ETOOBIG: more than max, -ENOMEM */
};

/* Whether a name is a token, and a value free of control characters but HTAB. */
bool gu_field_name_ok(gust_str name);
bool gu_field_value_ok(gust_str value);

/* The longest value that gu_field_value_put() takes; one byte more is the room that it needs. */
#define GU_FIELD_SHORT 32

/* A value of 8 to GU_FIELD_SHORT bytes, as nearly all are: copies it, puts a zero byte behind it,
 * and says whether it passes gu_field_value_ok(), in one look at each byte. False too for a value
 * with an HTAB, and for one of another length: these are left to the other way. */
static inline bool gu_field_value_put(char *to, gust_str value)
{
    typedef uint8_t bytes __attribute__((vector_size(16)));
    typedef uint64_t words __attribute__((vector_size(16)));
    bytes first, last;
    words odd;

    if (gu_unlikely(value.len - 8 > GU_FIELD_SHORT - 8))
        return false;
    if (value.len < 16) {
        memcpy(&odd, value.ptr, 8);
        memcpy((char *)&odd + 8, value.ptr + value.len - 8, 8);
        first = last = (bytes)odd;
        memcpy(to, &odd, 8);
        memcpy(to + value.len - 8, (char *)&odd + 8, 8);
    } else {
        memcpy(&first, value.ptr, 16);
        memcpy(&last, value.ptr + value.len - 16, 16);
        memcpy(to, &first, 16);
        memcpy(to + value.len - 16, &last, 16);
    }
    to[value.len] = '\0';
    odd = (words)((first < 0x20) | (first == 0x7f) | (last < 0x20) | (last == 0x7f));
    return gu_likely((odd[0] | odd[1]) == 0);
}

/* A collection of at most `max` fields that copies what it is given into the arena. */
static inline void gu_fields_init(struct gu_fields *f, struct gust_arena *arena, size_t max)
{
    *f = (struct gu_fields){.arena = arena, .max = max};
}

/* Adds a field at the end, whether or not the name is there. */
void gu_fields_add(struct gu_fields *f, gust_str name, gust_str value);

/* Replaces all fields of that name by one, at the end. */
void gu_fields_set(struct gu_fields *f, gust_str name, gust_str value);

/* Takes all fields of that name out. */
void gu_fields_remove(struct gu_fields *f, gust_str name);

/* The first field of that name, and the next one of the same name; NULL if there is none. */
const struct gu_fields_item *gu_fields_find(const struct gu_fields *f, gust_str name);
const struct gu_fields_item *gu_fields_find_next(const struct gu_fields_item *item);

/* All values of a name with "," between them, as Tornado's headers[name]; empty if there is none.
 * .ptr is NULL when memory is short. */
gust_str gu_fields_join(const struct gu_fields *f, struct gust_arena *arena, gust_str name);

/* Writes the lines, "Name: value" and CRLF, and returns the end; gu_fields_len() says how much
 * room. */
size_t gu_fields_len(const struct gu_fields *f);
char *gu_fields_format(char *to, const struct gu_fields *f);

#endif
