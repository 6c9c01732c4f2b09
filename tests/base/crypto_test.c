/*
 * crypto — HMAC by its RFCs' vectors, AES-GCM by those of its authors
 */
#include "base/crypto.h"
#include "base/fmt.h"
#include "base/str.h"
#include "test.h"

static void assert_hex(const void *bytes, size_t len, const char *hex)
{
    char text[512];

    text[gu_hex(text, bytes, len)] = '\0';
    assert_string_equal(text, hex);
}

/* RFC 4231 4.3 and RFC 2202 3: the same key and text. */
TEST(hmac_is_that_of_the_rfcs)
{
    static const struct {
        const char *name, *key, *text, *sha256, *sha1;
    } cases[] = {
        {"a key and a text", "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {"neither", "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
         "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str key = gust_str_from(cases[i].key), text = gust_str_from(cases[i].text);
        unsigned char mac[GU_SHA256_LEN];

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_hmac_sha256(key, text, mac), 0);
        assert_hex(mac, GU_SHA256_LEN, cases[i].sha256);
        assert_int_equal(gu_hmac_sha1(key, text, mac), 0);
        assert_hex(mac, GU_SHA1_LEN, cases[i].sha1);
    }
}

TEST(a_missing_key_is_an_empty_one_and_not_the_one_before)
{
    unsigned char mac[GU_SHA256_LEN];

    assert_int_equal(gu_hmac_sha256(GU_STR("before"), GU_STR("x"), mac), 0);
    assert_int_equal(gu_hmac_sha256((gust_str){0}, (gust_str){0}, mac), 0);
    assert_hex(mac, sizeof mac, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(secrets_are_equal_in_length_and_in_every_byte)
{
    assert_true(gu_secret_equal(GU_STR(""), GU_STR("")));
    assert_true(gu_secret_equal(GU_STR("abc"), GU_STR("abc")));
    assert_false(gu_secret_equal(GU_STR("abc"), GU_STR("abd")));
    assert_false(gu_secret_equal(GU_STR("abc"), GU_STR("ab")));
    assert_false(gu_secret_equal(GU_STR("xbc"), GU_STR("abc")));
}

/* McGrew and Viega's test cases 13 and 14: a key and a nonce of zeros. */
TEST(sealing_is_aes_256_gcm)
{
    static const unsigned char key[GU_SEAL_KEY], nonce[GU_SEAL_NONCE];
    static const char zeros[16];
    char to[64], back[64];

    assert_int_equal(gu_seal(key, nonce, GU_STR(""), GU_STR(""), to), 0);
    assert_hex(to, 16, "530f8afbc74536b9a963b4f1c4cb738b");
    assert_int_equal(gu_seal(key, nonce, GU_STR(""), gu_str(zeros, 16), to), 0);
    assert_hex(to, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    assert_int_equal(gu_unseal(key, nonce, GU_STR(""), gu_str(to, 32), back), 0);
    assert_memory_equal(back, zeros, 16);
}

TEST(what_was_changed_does_not_open_and_tells_nothing)
{
    static const unsigned char key[GU_SEAL_KEY] = {1}, other[GU_SEAL_KEY] = {2};
    static const unsigned char nonce[GU_SEAL_NONCE] = {3};
    static const char untold[5];
    gust_str about = GU_STR("session"), plain = GU_STR("a=b&c");
    size_t len = plain.len + GU_SEAL_TAG;
    char sealed[64], back[64];

    assert_int_equal(gu_seal(key, nonce, about, plain, sealed), 0);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(gu_unseal(key, nonce, about, gu_str(sealed, len), back), -EBADMSG);
        assert_memory_equal(back, untold, sizeof untold);
        sealed[i] ^= 1;
    }
    assert_int_equal(gu_unseal(other, nonce, about, gu_str(sealed, len), back), -EBADMSG);
    assert_int_equal(gu_unseal(key, nonce, GU_STR("x"), gu_str(sealed, len), back), -EBADMSG);
    assert_int_equal(gu_unseal(key, nonce, about, gu_str(sealed, len - 1), back), -EBADMSG);
    assert_int_equal(gu_unseal(key, nonce, about, gu_str(sealed, GU_SEAL_TAG - 1), back), -EBADMSG);
    assert_int_equal(gu_unseal(key, nonce, about, gu_str(sealed, len), back), 0);
    assert_memory_equal(back, plain.ptr, plain.len);
}
