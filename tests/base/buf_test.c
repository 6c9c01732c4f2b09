/*
 * buf — what a builder holds, and how it fails once
 */
#include "base/alloc.h"
#include "base/arena_impl.h"
#include "base/buf.h"
#include "base/loopstack.h"
#include "base/str.h"
#include "test.h"
#include <wchar.h>

static void put_everything(struct gu_buf *b)
{
    gu_buf_put(b, "ab", 2);
    gu_buf_puts(b, "cd");
    gu_buf_putc(b, '-');
    gu_buf_put_str(b, GU_STR("ef"));
    gu_buf_u64(b, 120);
    gu_buf_hex(b, 0xbeef);
    gu_buf_printf(b, " %s %d %0200d", "x", 7, 5);
    gu_buf_put(b, NULL, 0);
}

#define EVERYTHING_LEN (14 + 5 + 200)

TEST(every_memory_gives_the_same_text)
{
    char fixed[EVERYTHING_LEN + 1];
    gust_arena arena;
    struct gu_buf on_heap = GU_BUF_NULL, in_arena, in_block;
    gust_str a, b, c;

    gu_arena_init(&arena, NULL, NULL, 0, SIZE_MAX);
    gu_buf_init(&in_arena, &arena, EVERYTHING_LEN);
    gu_buf_init_fixed(&in_block, fixed, sizeof fixed);
    put_everything(&on_heap);
    put_everything(&in_arena);
    put_everything(&in_block);
    assert_int_equal(gu_buf_finish(&on_heap, &a), 0);
    assert_int_equal(gu_buf_finish(&in_arena, &b), 0);
    assert_int_equal(gu_buf_finish(&in_block, &c), 0);
    assert_memory_equal(a.ptr, "abcd-ef120beef x 7 000", 22);
    assert_int_equal(a.len, EVERYTHING_LEN);
    assert_int_equal(strlen(a.ptr), a.len);
    assert_true(gu_str_eq(a, b) && gu_str_eq(a, c));
    assert_ptr_equal(c.ptr, fixed);
    gu_buf_deinit(&on_heap);
    gu_buf_deinit(&in_arena);
    gu_buf_deinit(&in_block);
    gu_arena_deinit(&arena);
}

TEST(nothing_put_is_an_empty_text)
{
    struct gu_buf b = GU_BUF_NULL;
    gust_str s;

    assert_int_equal(gu_buf_finish(&b, &s), 0);
    assert_string_equal(s.ptr, "");
    assert_int_equal(s.len, 0);
    gu_buf_deinit(&b);
    gu_buf_deinit(&b);
}

TEST(the_maximum_is_exact_and_latches)
{
    static const struct {
        const char *name;
        size_t put;
        int err;
    } cases[] = {
        {"one below", 99, 0},
        {"the limit", 100, 0},
        {"one above", 101, -GUST_ETOOBIG},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_buf b;
        gust_str s = {NULL, 7};

        TEST_CASE(cases[i].name);
        gu_buf_init(&b, NULL, 100);
        for (size_t n = 0; n < cases[i].put; n++)
            gu_buf_putc(&b, 'x');
        assert_int_equal(gu_buf_finish(&b, &s), cases[i].err);
        assert_int_equal(s.len, cases[i].err == 0 ? cases[i].put : 7);
        gu_buf_deinit(&b);
    }
}

TEST(numbers_fit_to_the_last_byte)
{
    char fixed[5];
    struct gu_buf b;

    gu_buf_init_fixed(&b, fixed, sizeof fixed);
    gu_buf_u64(&b, 99);
    gu_buf_hex(&b, 0xff);
    assert_int_equal(gu_buf_error(&b), 0);
    gu_buf_u64(&b, 0);
    assert_int_equal(gu_buf_error(&b), -GUST_ETOOBIG);
    assert_memory_equal(fixed, "99ff", 4);
}

TEST(keys_of_parts_that_differ_differ)
{
    static const char *const parts[][2] = {
        {"ab", "c"},   {"a", "bc"},    {"abc", ""},    {"", "abc"},    {"abc", NULL},
        {NULL, "abc"}, {"a|1:b", "c"}, {"a", "b|1:c"}, {"1:a", "1:b"},
    };
    char keys[gu_countof(parts)][32];

    for (size_t i = 0; i < gu_countof(parts); i++) {
        struct gu_buf b;
        gust_str key;

        gu_buf_init_fixed(&b, keys[i], sizeof keys[i]);
        gu_buf_put_part(&b, parts[i][0]);
        gu_buf_put_part(&b, parts[i][1]);
        gu_buf_put_number(&b, 7);
        assert_int_equal(gu_buf_finish(&b, &key), 0);
        for (size_t before = 0; before < i; before++)
            assert_string_not_equal(keys[before], keys[i]);
    }
    assert_string_equal(keys[0], "2:ab|1:c|7|");
    assert_string_equal(keys[4], "3:abc||7|");
}

TEST(after_a_failure_nothing_more_is_put)
{
    char fixed[8];
    struct gu_buf b;
    gust_str s;

    gu_buf_init_fixed(&b, fixed, sizeof fixed);
    gu_buf_puts(&b, "abc");
    gu_buf_puts(&b, "defgh");
    assert_int_equal(gu_buf_error(&b), -GUST_ETOOBIG);
    put_everything(&b);
    gu_buf_fail(&b, -EINVAL); /* the first error stays */
    assert_int_equal(b.len, 3);
    assert_int_equal(gu_buf_finish(&b, &s), -GUST_ETOOBIG);
    gu_buf_clear(&b);
    gu_buf_puts(&b, "defghij");
    assert_int_equal(gu_buf_finish(&b, &s), 0);
    assert_string_equal(s.ptr, "defghij");
}

TEST(an_error_from_outside_latches_too)
{
    struct gu_buf b = GU_BUF_NULL;

    gu_buf_puts(&b, "abc");
    gu_buf_fail(&b, -GUST_ESYNTAX);
    gu_buf_putc(&b, 'd');
    assert_int_equal(gu_buf_error(&b), -GUST_ESYNTAX);
    assert_int_equal(b.len, 3);
    gu_buf_clear(&b);
    for (int i = 0; i < 100; i++)
        gu_buf_putc(&b, 'e');
    assert_int_equal(b.len, 100);
    gu_buf_deinit(&b);
}

static int build(gust_arena *arena)
{
    struct gu_buf b;
    gust_str s;
    int err;

    gu_buf_init(&b, arena, GU_NPOS);
    for (int i = 0; i < 10; i++)
        put_everything(&b);
    err = gu_buf_finish(&b, &s);
    gu_buf_deinit(&b);
    return err;
}

TEST(each_allocation_that_fails_is_one_error)
{
    uint64_t before = gu_alloc_count(), n;

    assert_int_equal(build(NULL), 0);
    n = gu_alloc_count() - before;
    assert_true(n > 2);
    for (uint64_t i = 1; i <= n; i++) {
        gu_alloc_fail_at(i);
        assert_int_equal(build(NULL), -ENOMEM);
        assert_true(gu_alloc_has_failed());
    }
    gu_alloc_fail_at(0);
}

TEST(an_arenas_limit_is_short_memory)
{
    gust_arena arena;

    gu_arena_init(&arena, NULL, NULL, 0, GU_CHUNK_SIZE);
    assert_int_equal(build(&arena), -ENOMEM);
    gu_arena_deinit(&arena);
}

TEST(in_an_arena_the_newest_buffer_grows_in_place)
{
    char first[1024];
    gust_arena arena;
    struct gu_buf b;
    const char *at;

    gu_arena_init(&arena, NULL, first, sizeof first, SIZE_MAX);
    gu_buf_init(&b, &arena, GU_NPOS);
    gu_buf_puts(&b, "x");
    at = b.ptr;
    for (int i = 0; i < 500; i++)
        gu_buf_putc(&b, 'y');
    assert_ptr_equal(b.ptr, at);
    assert_int_equal(arena.used, 0);
    gu_arena_deinit(&arena);
}

static int n_leaves;

static int count_leaf(gu_leaf_fn *fn, void *arg)
{
    n_leaves++;
    return fn(arg);
}

TEST(printf_runs_on_the_loops_stack)
{
    struct gu_buf b = GU_BUF_NULL;

    gu_loop_stack_hook = count_leaf;
    gu_buf_printf(&b, "%d", 1);
    assert_int_equal(n_leaves, 1);
    gu_buf_printf(&b, "%0300d", 1); /* once to measure, once to write */
    assert_int_equal(n_leaves, 3);
    gu_loop_stack_hook = NULL;
    assert_int_equal(b.len, 301);
    gu_buf_deinit(&b);
}

TEST(a_bad_format_is_an_error_and_not_text)
{
    struct gu_buf b = GU_BUF_NULL;

    gu_buf_printf(&b, "%lc", (wint_t)0xd800); /* no such character */
    assert_int_equal(gu_buf_error(&b), -EINVAL);
    gu_buf_deinit(&b);
}
