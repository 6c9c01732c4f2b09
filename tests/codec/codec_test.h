/*
 * codec_test — what the tests of the codecs share: bytes before a guard page, an arena on the stack
 */
#ifndef CODEC_TEST_H
#define CODEC_TEST_H

#include "base/arena_impl.h"
#include "base/str.h"
#include "test.h"
#include <sys/mman.h>
#include <unistd.h>

/* Memory whose last byte is the last that may be touched. */
struct guard {
    char *base;
    size_t size; /* of the readable part */
};

static inline struct guard guard_new(size_t least)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct guard g = {.size = (least + page - 1) / page * page};
    void *base =
        mmap(NULL, g.size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(base != MAP_FAILED);
    assert_return_code(mprotect((char *)base + g.size, page, PROT_NONE), 0);
    g.base = base;
    return g;
}

/* The bytes, moved to the end. */
static inline gust_str guard_put(const struct guard *g, const void *bytes, size_t len)
{
    char *to = g->base + g->size - len;

    assert_true(len <= g->size);
    memmove(to, bytes, len);
    return gu_str(to, len);
}

static inline void guard_free(const struct guard *g)
{
    assert_return_code(munmap(g->base, g->size + (size_t)sysconf(_SC_PAGESIZE)), 0);
}

/* An arena without memory: each allocation fails. */
static inline struct gust_arena arena_empty(void)
{
    struct gust_arena a;

    gu_arena_init(&a, NULL, NULL, 0, 0);
    return a;
}

static inline struct gust_arena arena_new(void)
{
    struct gust_arena a;

    gu_arena_init(&a, NULL, NULL, 0, SIZE_MAX);
    return a;
}

#define assert_str(got, want)                                                                 \
    do {                                                                                      \
        gust_str got_ = (got), want_ = (want);                                                \
        if (!gu_str_eq(got_, want_))                                                          \
            fail_msg("\"%.*s\" instead of \"%.*s\"", (int)got_.len, got_.ptr, (int)want_.len, \
                     want_.ptr);                                                              \
    } while (0)

#endif
