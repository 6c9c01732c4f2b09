/*
 * buf — growing, and the one place where it fails
 */
#include "base/buf.h"
#include "base/alloc.h"
#include "base/arena_impl.h"

#define LEAST_CAP 64u

void gu_buf_init_fixed(struct gu_buf *b, char *memory, size_t size)
{
    gu_assert(size > 0);
    *b = (struct gu_buf){memory, 0, size, size - 1, NULL, 0, true};
}

void gu_buf_deinit(struct gu_buf *b)
{
    if (b->arena == NULL && !b->is_fixed)
        gu_free(b->ptr);
    *b = GU_BUF_NULL;
}

void gu_buf_clear(struct gu_buf *b)
{
    /* A failed buffer's cap is lost but for fixed ones, whose size the maximum tells; the others
     * grow anew out of `len` bytes that they are known to have. */
    if (b->is_fixed)
        b->cap = b->max + 1;
    b->len = 0;
    b->err = 0;
}

void gu_buf_fail(struct gu_buf *b, int err)
{
    if (b->err != 0)
        return;
    b->err = err;
    b->cap = b->len;
}

static bool move_to(struct gu_buf *b, size_t cap)
{
    char *ptr;

    if (b->arena == NULL) {
        ptr = gu_realloc(b->ptr, cap);
    } else {
        if (b->cap > 0 && gu_arena_extend(b->arena, b->ptr, b->cap, cap)) {
            b->cap = cap;
            return true;
        }
        ptr = gu_arena_alloc(b->arena, cap);
        if (ptr != NULL && b->len > 0)
            memcpy(ptr, b->ptr, b->len);
    }
    if (ptr == NULL)
        return false;
    b->ptr = ptr;
    b->cap = cap;
    return true;
}

/* Doubling, so that n bytes cost O(n); bounded by the maximum, and never below what is asked. */
static size_t next_cap(const struct gu_buf *b, size_t need)
{
    size_t doubled = b->cap > SIZE_MAX / 2 ? SIZE_MAX : b->cap * 2;
    size_t cap = gu_max(gu_max(doubled, LEAST_CAP), need + 1);

    return gu_min(cap, b->max + 1);
}

bool gu_buf_grow(struct gu_buf *b, size_t n)
{
    if (b->err != 0)
        return false;
    if (n > b->max - b->len) {
        gu_buf_fail(b, -GUST_ETOOBIG);
        return false;
    }
    if (!move_to(b, next_cap(b, b->len + n))) {
        gu_buf_fail(b, -ENOMEM);
        return false;
    }
    return true;
}

int gu_buf_finish(struct gu_buf *b, gust_str *result)
{
    if (gu_buf_reserve(b, 0) == NULL)
        return b->err;
    b->ptr[b->len] = '\0';
    *result = (gust_str){b->ptr, b->len};
    return 0;
}

/* --- keys --- */

void gu_buf_put_part(struct gu_buf *b, const char *text)
{
    if (text != NULL) {
        gu_buf_u64(b, strlen(text));
        gu_buf_putc(b, ':');
        gu_buf_puts(b, text);
    }
    gu_buf_putc(b, '|');
}

void gu_buf_put_number(struct gu_buf *b, uint64_t number)
{
    gu_buf_u64(b, number);
    gu_buf_putc(b, '|');
}

/* --- printf --- */

#define PRINTF_ROOM 96u

/* How many bytes the text has, which may be more than there was room for; negative on error. */
GUST_PRINTF(3, 0)
static int print_into(struct gu_buf *b, size_t room, const char *format, va_list args)
{
    char *to = gu_buf_reserve(b, room);
    int n;

    if (to == NULL)
        return -1;
    n = gu_vsnprintf(to, b->cap - b->len, format, args);
    if (n < 0)
        gu_buf_fail(b, -EINVAL);
    return n;
}

void gu_buf_vprintf(struct gu_buf *b, const char *format, va_list args)
{
    int n = print_into(b, gu_min(PRINTF_ROOM, b->max - b->len), format, args);
    if (n >= 0 && (size_t)n >= b->cap - b->len)
        n = print_into(b, (size_t)n, format, args);
    if (n >= 0)
        b->len += (size_t)n;
}

void gu_buf_printf(struct gu_buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gu_buf_vprintf(b, format, args);
    va_end(args);
}
