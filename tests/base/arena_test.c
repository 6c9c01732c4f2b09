/*
 * arena — what it gives back, and what it refuses
 */
#include "base/alloc.h"
#include "base/arena_impl.h"
#include "base/gu.h"
#include "test.h"

TEST(an_allocation_is_aligned_and_apart_from_the_next)
{
    _Alignas(16) char first[64];
    gust_arena a;

    gu_arena_init(&a, NULL, first, sizeof first, SIZE_MAX);
    for (size_t size = 0; size < 3000; size += 7) {
        char *p = gu_arena_alloc(&a, size), *q = gu_arena_alloc(&a, 1);

        assert_non_null(p);
        assert_int_equal((uintptr_t)q % 16, 0);
        memset(p, 1, size);
        *q = 2;
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 1);
    }
    gu_arena_deinit(&a);
}

TEST(a_rollback_returns_to_the_mark_whatever_came_since)
{
    struct gu_chunk_pool pool = {.max_free = 8};
    gust_arena a, other;
    struct gu_arena_mark mark;
    char *before, *after;

    gu_arena_init(&a, &pool, NULL, 0, SIZE_MAX);
    gu_arena_init(&other, NULL, NULL, 0, SIZE_MAX);
    assert_non_null(gu_arena_alloc(&a, 100));
    mark = gu_arena_mark(&a);
    before = gu_arena_alloc(&a, 10);
    assert_non_null(gu_arena_alloc(&a, 50000)); /* a chunk of its own */
    for (int i = 0; i < 100; i++)
        assert_non_null(gu_arena_alloc(&a, 500)); /* many chunks */
    assert_non_null(gu_arena_alloc(&other, 10));
    gu_arena_adopt_chunks(&a, gu_arena_take_chunks(&other));
    gu_arena_rollback(&a, &mark);
    after = gu_arena_alloc(&a, 10);
    assert_ptr_equal(before, after);
    assert_int_equal(a.used, mark.used);
    assert_int_equal(pool.n_free, 8);
    gu_arena_deinit(&a);
    gu_chunk_pool_trim(&pool, 0);
}

TEST(the_limit_counts_chunks_and_is_exact)
{
    gust_arena a;

    gu_arena_init(&a, NULL, NULL, 0, (size_t)3 * GU_CHUNK_SIZE);
    for (int i = 0; i < 3 * 7; i++) /* 7 of 512 and the header fill a chunk */
        assert_non_null(gu_arena_alloc(&a, 512));
    assert_int_equal(a.used, 3 * GU_CHUNK_SIZE);
    assert_null(gu_arena_alloc(&a, 512));
    assert_null(gu_arena_alloc(&a, SIZE_MAX));
    assert_null(gu_arena_alloc(&a, SIZE_MAX - 20));
    gu_arena_deinit(&a);
}

TEST(short_memory_is_an_answer)
{
    gust_arena a;

    gu_arena_init(&a, NULL, NULL, 0, SIZE_MAX);
    gu_alloc_fail_at(1);
    assert_null(gu_arena_alloc(&a, 1));
    assert_true(gu_alloc_has_failed());
    assert_non_null(gu_arena_alloc(&a, 1));
    gu_arena_deinit(&a);
}

TEST(a_pool_makes_the_second_round_free_of_allocations)
{
    struct gu_chunk_pool pool = {.max_free = 16};
    uint64_t asked = 0;

    for (int round = 0; round < 3; round++) {
        gust_arena a;

        gu_arena_init(&a, &pool, NULL, 0, SIZE_MAX);
        for (int i = 0; i < 50; i++)
            assert_non_null(gu_arena_alloc(&a, 900));
        gu_arena_deinit(&a);
        if (round == 0)
            asked = gu_alloc_count();
    }
    assert_int_equal(gu_alloc_count(), asked);
    gu_chunk_pool_trim(&pool, 0);
    assert_int_equal(pool.n_free, 0);
}

TEST(the_newest_allocation_grows_in_place_while_there_is_room)
{
    char first[256];
    gust_arena a;
    char *p, *q;

    gu_arena_init(&a, NULL, first, sizeof first, SIZE_MAX);
    p = gu_arena_alloc(&a, 16);
    assert_true(gu_arena_extend(&a, p, 16, 200));
    q = gu_arena_alloc(&a, 16);
    assert_ptr_equal(q, p + 208);
    assert_false(gu_arena_extend(&a, p, 200, 208 + 1)); /* not the newest any more */
    assert_false(gu_arena_extend(&a, q, 16, 100));      /* no room */
    gu_arena_deinit(&a);
}

TEST(a_copy_ends_in_a_zero_byte)
{
    gust_arena *a = gust_arena_new();
    gust_str copy = gu_arena_copy(a, "abc\0def", 7);

    assert_int_equal(copy.len, 7);
    assert_memory_equal(copy.ptr, "abc\0def", 8);
    assert_string_equal(gust_arena_strdup(a, "text"), "text");
    gust_arena_free(a);
    gust_arena_free(NULL);
}
