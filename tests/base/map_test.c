/*
 * map — against a plain array, and its hash against the paper
 */
#include "base/alloc.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/random.h"
#include "base/str.h"
#include "test.h"
#include <stdio.h>

TEST(siphash_gives_the_references_vectors)
{
    /* Key 00 01 … 0f, text 00 01 …: the paper's appendix A has length 15, the reference
     * implementation the others; 1-3 as OpenSSL computes it. */
    static const struct {
        size_t len;
        uint64_t of_24, of_13;
    } cases[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0xabac0158050fc4dc)},
        {1, UINT64_C(0x74f839c593dc67fd), UINT64_C(0xc9f49bf37d57ca93)},
        {2, UINT64_C(0x0d6c8009d9a94f5a), UINT64_C(0x82cb9b024dc7d44d)},
        {3, UINT64_C(0x85676696d7fb7e2d), UINT64_C(0x8bf80ab8e7ddf7fb)},
        {4, UINT64_C(0xcf2794e0277187b7), UINT64_C(0xcf75576088d38328)},
        {5, UINT64_C(0x18765564cd99a68d), UINT64_C(0xdef9d52f49533b67)},
        {6, UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xc50d2b50c59f22a7)},
        {7, UINT64_C(0xab0200f58b01d137), UINT64_C(0xd3927d989bb11140)},
        {8, UINT64_C(0x93f5f5799a932462), UINT64_C(0x369095118d299a8e)},
        {15, UINT64_C(0xa129ca6149be45e5), UINT64_C(0xd320d86d2a519956)},
        {16, UINT64_C(0x3f2acc7f57c29bdb), UINT64_C(0xcc4fdd1a7d908b66)},
        {63, UINT64_C(0x958a324ceb064572), UINT64_C(0x9d199062b7bbb3a8)},
    };
    unsigned char key[16], text[64];

    for (unsigned char i = 0; i < sizeof text; i++)
        text[i] = i;
    memcpy(key, text, sizeof key);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        assert_true(gu_siphash24(key, text, cases[i].len) == cases[i].of_24);
        assert_true(gu_siphash13(key, text, cases[i].len) == cases[i].of_13);
    }
}

TEST(the_process_hash_is_stable_and_keyed)
{
    static const unsigned char zeros[16];

    assert_true(gu_hash(GU_STR("a")) == gu_hash(GU_STR("a")));
    assert_true(gu_hash(GU_STR("a")) != gu_hash(GU_STR("b")));
    assert_true(gu_hash(GU_STR("a")) != gu_siphash13(zeros, "a", 1));
}

#define N_KEYS 200

static char keys[N_KEYS][8];

static gust_str key_of(size_t i)
{
    snprintf(keys[i], sizeof keys[i], "k%zu", i);
    return gust_str_from(keys[i]);
}

/* Every key of the model is found, no other is, and walking meets each once. */
static void check(const struct gu_map *m, void *const model[N_KEYS])
{
    size_t n_model = 0, n_walked = 0;

    for (size_t i = 0; i < N_KEYS; i++) {
        n_model += model[i] != NULL;
        assert_ptr_equal(gu_map_find(m, key_of(i)), model[i]);
    }
    GU_MAP_FOREACH (entry, m)
        n_walked++;
    assert_int_equal(m->n, n_model);
    assert_int_equal(n_walked, n_model);
}

TEST(puts_and_removes_in_any_order_are_as_in_an_array)
{
    struct gu_map m = GU_MAP_NULL;
    void *model[N_KEYS] = {NULL};

    for (size_t round = 0; round < 4000; round++) {
        size_t i = gu_random_u64() % N_KEYS;
        /* growing and shrinking phases, so that both ends are seen */
        bool put = gu_random_u64() % 100 < (round / 500 % 2 == 0 ? 70 : 30);

        if (put) {
            model[i] = &keys[gu_random_u64() % N_KEYS];
            assert_int_equal(gu_map_put(&m, key_of(i), model[i]), 0);
        } else {
            assert_ptr_equal(gu_map_remove(&m, key_of(i)), model[i]);
            model[i] = NULL;
        }
        if (round % 50 == 0)
            check(&m, model);
    }
    check(&m, model);
    gu_map_deinit(&m);
}

TEST(keys_are_bytes_with_a_length)
{
    struct gu_map m = GU_MAP_NULL;

    assert_int_equal(gu_map_put(&m, GU_STR(""), keys[0]), 0);
    assert_int_equal(gu_map_put(&m, gu_str("a\0b", 3), keys[1]), 0);
    assert_int_equal(gu_map_put(&m, gu_str("a\0c", 3), keys[2]), 0);
    assert_ptr_equal(gu_map_find(&m, GU_STR("")), keys[0]);
    assert_ptr_equal(gu_map_find(&m, gu_str("a\0b", 3)), keys[1]);
    assert_null(gu_map_find(&m, GU_STR("a")));
    gu_map_deinit(&m);
}

TEST(a_null_value_is_told_from_no_entry)
{
    struct gu_map m = GU_MAP_NULL;

    assert_null(gu_map_slot(&m, GU_STR("a")));
    assert_null(gu_map_remove(&m, GU_STR("a")));
    assert_null(gu_map_next(&m, NULL));
    assert_int_equal(gu_map_put(&m, GU_STR("a"), NULL), 0);
    assert_null(gu_map_find(&m, GU_STR("a")));
    assert_non_null(gu_map_slot(&m, GU_STR("a")));
    assert_null(gu_map_slot(&m, GU_STR("b")));
    gu_map_deinit(&m);
}

TEST(a_failed_put_changes_nothing_and_may_be_tried_again)
{
    struct gu_map m = GU_MAP_NULL;
    int n_failed = 0;

    for (size_t i = 0; i < 100; i++) {
        gu_alloc_fail_at(1);
        if (gu_map_put(&m, key_of(i), keys[i]) == -ENOMEM) {
            assert_true(gu_alloc_has_failed());
            assert_int_equal(m.n, i);
            assert_null(gu_map_find(&m, key_of(i)));
            assert_int_equal(gu_map_put(&m, key_of(i), keys[i]), 0);
            n_failed++;
        }
        gu_alloc_fail_at(0);
        for (size_t k = 0; k <= i; k++)
            assert_ptr_equal(gu_map_find(&m, key_of(k)), keys[k]);
    }
    assert_int_equal(n_failed, 6); /* 8, 16, 32, 64, 128, 256 slots */
    gu_map_deinit(&m);
}
