/*
 * buf — a growing builder of bytes that latches
 *
 * Its memory is an arena's, the heap's, or a fixed block of the caller's. After the first failure
 * every put does nothing, so that a builder's code has no error paths: the error is seen once, by
 * gu_buf_finish() or gu_buf_error(). -ENOMEM is short memory or the arena's limit; -GUST_ETOOBIG
 * the buffer's own maximum.
 *
 * While it is good there is room for one byte more than `len`: finishing, which puts a zero byte
 * there, cannot fail. A failed buffer has cap == len, which leads every put to the slow path.
 */
#ifndef GU_BUF_H
#define GU_BUF_H

#include "base/fmt.h"
#include "base/gu.h"
#include <gust/arena.h>
#include <stdarg.h>

struct gu_buf {
    char *ptr;
    size_t len, cap;
    size_t max; /* of `len` */
    struct gust_arena *arena;
    int err;
    bool is_fixed;
};

/* On the heap, without a limit; gu_buf_deinit() is harmless on it. */
#define GU_BUF_NULL                              \
    (struct gu_buf)                              \
    {                                            \
        NULL, 0, 0, SIZE_MAX - 1, NULL, 0, false \
    }

/* An empty buffer over an arena, or over the heap when `arena` is NULL. Allocates nothing yet. */
static inline void gu_buf_init(struct gu_buf *b, struct gust_arena *arena, size_t max)
{
    *b = (struct gu_buf){.arena = arena, .max = gu_min(max, SIZE_MAX - 1)};
}

/* Memory of the caller's to begin with, for an empty buffer that has none yet: it is copied from as
 * soon as it is too small, and must live until then. */
static inline void gu_buf_lend(struct gu_buf *b, char *memory, size_t size)
{
    b->ptr = memory;
    b->cap = size;
}

/* A buffer that never grows: it holds up to size - 1 bytes of the caller's memory. */
void gu_buf_init_fixed(struct gu_buf *b, char *memory, size_t size);

/* Gives heap memory back; what an arena or the caller lent stays theirs. */
void gu_buf_deinit(struct gu_buf *b);

/* Empties the buffer and forgets its error; the memory is kept. */
void gu_buf_clear(struct gu_buf *b);

/* Makes room for n more bytes and one; false after a failure. */
bool gu_buf_grow(struct gu_buf *b, size_t n);

/* Room for `n` bytes to be written by the caller, who then tells gu_buf_add() how many; NULL after
 * a failure. */
static inline char *gu_buf_reserve(struct gu_buf *b, size_t n)
{
    if (gu_unlikely(n >= b->cap - b->len) && !gu_buf_grow(b, n))
        return NULL;
    return b->ptr + b->len;
}

/* Counts bytes in that were written into the reserved room. */
static inline void gu_buf_add(struct gu_buf *b, size_t n)
{
    b->len += n;
}

static inline void gu_buf_put(struct gu_buf *b, const void *bytes, size_t n)
{
    char *to = gu_buf_reserve(b, n);

    if (to == NULL || n == 0)
        return;
    memcpy(to, bytes, n);
    b->len += n;
}

static inline void gu_buf_putc(struct gu_buf *b, char c)
{
    char *to = gu_buf_reserve(b, 1);

    if (to == NULL)
        return;
    *to = c;
    b->len++;
}

/* Inline, so that the length of a literal is known when it is compiled. */
static inline void gu_buf_puts(struct gu_buf *b, const char *text)
{
    gu_buf_put(b, text, strlen(text));
}

static inline void gu_buf_put_str(struct gu_buf *b, gust_str s)
{
    gu_buf_put(b, s.ptr, s.len);
}

/* In decimal, and in hexadecimal without leading zeros. */
static inline void gu_buf_u64(struct gu_buf *b, uint64_t value)
{
    char *to = gu_buf_reserve(b, gu_u64_width(value));

    if (to != NULL)
        b->len += gu_fmt_u64(to, value);
}

static inline void gu_buf_hex(struct gu_buf *b, uint64_t value)
{
    char *to = gu_buf_reserve(b, gu_hex_width(value));

    if (to != NULL)
        b->len += gu_fmt_hex(to, value);
}

/* A part of a key, NULL or not, behind its length: no two keys of parts that differ look alike. */
void gu_buf_put_part(struct gu_buf *b, const char *text);
void gu_buf_put_number(struct gu_buf *b, uint64_t number);

/* As by printf(); a bad format latches -EINVAL. */
void gu_buf_printf(struct gu_buf *b, const char *format, ...) GUST_PRINTF(2, 3);
void gu_buf_vprintf(struct gu_buf *b, const char *format, va_list args) GUST_PRINTF(2, 0);

/* Latches an error from outside, if there is none yet. */
void gu_buf_fail(struct gu_buf *b, int err);

static inline int gu_buf_error(const struct gu_buf *b)
{
    return b->err;
}

/* What was put, and a zero byte behind it; lent until the next put. On failure returns the error
 * and leaves *result alone. */
int gu_buf_finish(struct gu_buf *b, gust_str *result);

#endif
