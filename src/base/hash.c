/*
 * hash — SipHash
 *
 * Tables use one compression and three finalisation rounds, as Rust's and Python's do: what a
 * server needs is that collisions cannot be chosen without the key, not a MAC.
 */
#include "base/hash.h"
#include "base/random.h"
#include <pthread.h>

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline uint64_t load_le64(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void sip_absorb(struct sip *s, uint64_t word, int n_rounds)
{
    s->v3 ^= word;
    for (int i = 0; i < n_rounds; i++)
        sip_round(s);
    s->v0 ^= word;
}

/* The last word: what is left of the text, and its length in the top byte. */
static inline uint64_t last_word(const unsigned char *at, size_t len)
{
    uint64_t word = (uint64_t)len << 56;

    for (size_t i = 0; i < (len & 7); i++)
        word |= (uint64_t)at[i] << (8 * i);
    return word;
}

static inline uint64_t siphash(const unsigned char key[16], const unsigned char *at, size_t len,
                               int n_compress, int n_finish)
{
    uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);
    struct sip s = {UINT64_C(0x736f6d6570736575) ^ k0, UINT64_C(0x646f72616e646f6d) ^ k1,
                    UINT64_C(0x6c7967656e657261) ^ k0, UINT64_C(0x7465646279746573) ^ k1};

    for (size_t left = len; left >= 8; left -= 8, at += 8)
        sip_absorb(&s, load_le64(at), n_compress);
    sip_absorb(&s, last_word(at, len), n_compress);
    s.v2 ^= 0xff;
    for (int i = 0; i < n_finish; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t gu_siphash24(const unsigned char key[16], const void *bytes, size_t len)
{
    return siphash(key, bytes, len, 2, 4);
}

uint64_t gu_siphash13(const unsigned char key[16], const void *bytes, size_t len)
{
    return siphash(key, bytes, len, 1, 3);
}

static unsigned char process_key[16];

static void draw_process_key(void)
{
    gu_random(process_key, sizeof process_key);
}

uint64_t gu_hash(gust_str s)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, draw_process_key);
    return gu_siphash13(process_key, s.ptr, s.len);
}
