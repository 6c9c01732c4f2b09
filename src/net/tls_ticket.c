/*
 * tls — tickets: what a client shows to go on where an earlier connection was (RFC 5077, RFC 8446)
 *
 * A ticket is the connection's secret, encrypted by a key of ours, so the server keeps nothing. The
 * keys change every 12 hours, and each is good for as long again after that. They are derived from
 * a secret of the process and the time, so that workers which were forked after the secret was made
 * change keys together, without a word to each other.
 */
#include "base/random.h"
#include "net/tls_impl.h"
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <time.h>

#define PERIOD (12 * 3600)
#define NAME_LEN 16
#define IV_LEN 16 /* of AES-CBC */

struct key {
    unsigned char name[NAME_LEN];
    unsigned char mac[32], cipher[32];
};

static unsigned char secret[32];

static void make_secret(void)
{
    gu_random(secret, sizeof secret);
}

void gu_tls_share_tickets(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_secret);
}

/* 32 bytes that nobody can tell without the secret. */
static bool derive(char purpose, int64_t period, unsigned char to[32])
{
    unsigned char about[9] = {(unsigned char)purpose};
    unsigned len = 32;

    for (size_t i = 0; i < 8; i++)
        about[i + 1] = (unsigned char)((uint64_t)period >> (8 * i));
    return HMAC(EVP_sha256(), secret, sizeof secret, about, sizeof about, to, &len) != NULL;
}

static bool key_make(struct key *key, int64_t period)
{
    unsigned char name[32];

    if (!derive('n', period, name))
        return false;
    memcpy(key->name, name, sizeof key->name);
    return derive('m', period, key->mac) && derive('c', period, key->cipher);
}

/* The key of a period, which this thread may have made before. */
static const struct key *key_of(int64_t period)
{
    static _Thread_local struct {
        struct key key;
        int64_t period;
    } cache[2]; /* the present period, and the one before */
    size_t at = (size_t)period & 1;

    if (cache[at].period != period) {
        cache[at].period = 0;
        if (!key_make(&cache[at].key, period))
            return NULL;
        cache[at].period = period;
    }
    return &cache[at].key;
}

static int64_t period_now(void)
{
    return (int64_t)time(NULL) / PERIOD;
}

static bool use_key(const struct key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                    EVP_MAC_CTX *mac, int is_new)
{
    char sha256[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac,
                                          sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1 &&
           EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, is_new) == 1;
}

/* Returns what SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks for: 1 use it, 2 use it and make a new
 * ticket, 0 go on without, -1 fail. */
static int on_ticket(SSL *ssl, unsigned char name[NAME_LEN], unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_new)
{
    int64_t now = period_now();
    const struct key *key = key_of(now);

    if (key == NULL)
        return -1;
    if (is_new) {
        memcpy(name, key->name, NAME_LEN);
        gu_random(iv, IV_LEN);
        return use_key(key, iv, cipher, mac, 1) ? 1 : -1;
    }
    for (int64_t period = now; period >= now - 1; period--) {
        key = key_of(period);
        if (key == NULL || memcmp(name, key->name, NAME_LEN) != 0)
            continue;
        if (!use_key(key, iv, cipher, mac, 0))
            return -1;
        /* TLS 1.3: a ticket is for one connection, or its two could be told to be one client's. */
        return period == now && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
    }
    return 0;
}

int gu_tls_use_tickets(SSL_CTX *ctx)
{
    gu_tls_share_tickets();
    if (SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1)
        return -ENOMEM;
    return 0;
}
