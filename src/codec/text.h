/*
 * text — room for text in the caller's arena
 */
#ifndef GU_TEXT_H
#define GU_TEXT_H

#include "base/arena_impl.h"

/* `len` bytes with a zero byte behind them, for the caller to fill; NULL when memory is short. */
static inline char *gu_text_alloc(struct gust_arena *arena, size_t len)
{
    char *text = gu_arena_alloc(arena, len + 1);

    if (text != NULL)
        text[len] = '\0';
    return text;
}

/* Appends at `to`, and returns the end. There must be room. */
static inline char *gu_text_put(char *to, gust_str s)
{
    if (s.len > 0)
        memcpy(to, s.ptr, s.len);
    return to + s.len;
}

#endif
