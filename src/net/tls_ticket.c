/*
 * tls — tickets: what a client shows to go on where an earlier connection was (RFC 5077, RFC 8446)
 *
 * A ticket is the connection's secret, encrypted by a key of ours, so the server keeps nothing. The
 * keys change every 12 hours, and each is good for as long again after that.
 *
 * A period's keys are made of the period's secret, and so is the secret of the next, upon which
 * the old one is wiped. So workers that were forked after the first secret was made change keys
 * together, without a word to each other; and who comes to read the memory of a process learns to
 * open the tickets of this period and the one before, but none that are older. The periods are
 * counted by the clock that nobody sets, which processes of one machine have in common.
 */
#include "base/random.h"
#include "net/tls_impl.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <time.h>

#define PERIOD ((int64_t)12 * 3600) /* seconds */
#define AGAIN 60                    /* until what failed is tried once more */
#define SECRET_LEN 32
#define NAME_LEN 16
#define IV_LEN 16 /* of AES-CBC */

struct key {
    unsigned char name[SECRET_LEN]; /* of which NAME_LEN bytes are shown */
    unsigned char mac[SECRET_LEN], cipher[SECRET_LEN];
};

/* Loops of several threads use it, each handshake for a moment. */
static struct {
    pthread_mutex_t lock;
    bool is_begun;
    int64_t began, period; /* seconds; how many periods after that the secret is of */
    unsigned char secret[SECRET_LEN];
    size_t n_keys;
    struct key keys[2]; /* of the period, and of the one before */
} chain = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- the chain of secrets --- */

static int64_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

/* What nobody can tell without the secret, and which does not tell the secret. */
static bool derive(char purpose, unsigned char to[SECRET_LEN])
{
    const unsigned char about = (unsigned char)purpose;
    unsigned len = SECRET_LEN;

    return HMAC(EVP_sha256(), chain.secret, SECRET_LEN, &about, 1, to, &len) != NULL;
}

/* Puts the key of the period in front. */
static bool make_key(void)
{
    struct key key;
    bool is_made = derive('n', key.name) && derive('m', key.mac) && derive('c', key.cipher);

    if (is_made) {
        chain.keys[1] = chain.keys[0];
        chain.keys[0] = key;
        chain.n_keys = gu_min(chain.n_keys + 1, gu_countof(chain.keys));
    }
    OPENSSL_cleanse(&key, sizeof key);
    return is_made;
}

/* From one period to the next. When memory is short all is as it was, and tried again. */
static bool step(void)
{
    unsigned char old[SECRET_LEN], next[SECRET_LEN];
    bool has_next = derive('s', next);

    memcpy(old, chain.secret, sizeof old);
    if (has_next)
        memcpy(chain.secret, next, sizeof next);
    has_next = has_next && make_key();
    if (has_next)
        chain.period++;
    else
        memcpy(chain.secret, old, sizeof old);
    OPENSSL_cleanse(old, sizeof old);
    OPENSSL_cleanse(next, sizeof next);
    return has_next;
}

static void begin(void)
{
    if (chain.is_begun)
        return;
    gu_random(chain.secret, sizeof chain.secret);
    chain.began = seconds_now();
    chain.is_begun = true;
}

static int64_t period_now(void)
{
    return (seconds_now() - chain.began) / PERIOD;
}

static bool catch_up(void)
{
    int64_t period = period_now();
    bool is_good = chain.n_keys > 0 || make_key();

    while (is_good && chain.period < period)
        is_good = step();
    return is_good;
}

/* Copies the keys, the present one first; how many, 0 when memory is short. */
static size_t get_keys(struct key keys[2])
{
    size_t n;

    pthread_mutex_lock(&chain.lock);
    begin();
    n = catch_up() ? chain.n_keys : 0;
    memcpy(keys, chain.keys, n * sizeof keys[0]);
    pthread_mutex_unlock(&chain.lock);
    return n;
}

gu_time gu_tls_turn_tickets(void)
{
    int64_t due;
    bool is_good;

    pthread_mutex_lock(&chain.lock);
    begin();
    is_good = period_now() == chain.period || catch_up();
    due = is_good ? chain.began + (chain.period + 1) * PERIOD : seconds_now() + AGAIN;
    pthread_mutex_unlock(&chain.lock);
    return due * GU_SECOND;
}

/* --- a ticket --- */

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

struct ticket {
    unsigned char *name, *iv;
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
};

/* These return what SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks for: 1 use it, 2 use it and make a
 * new ticket, 0 go on without, -1 fail. */
static int seal(const struct ticket *t, const struct key *key)
{
    memcpy(t->name, key->name, NAME_LEN);
    gu_random(t->iv, IV_LEN);
    return use_key(key, t->iv, t->cipher, t->mac, 1) ? 1 : -1;
}

static int unseal(const struct ticket *t, const struct key *keys, size_t n_keys, bool is_1_3)
{
    for (size_t i = 0; i < n_keys; i++) {
        if (memcmp(t->name, keys[i].name, NAME_LEN) != 0)
            continue;
        if (!use_key(&keys[i], t->iv, t->cipher, t->mac, 0))
            return -1;
        /* TLS 1.3: a ticket is for one connection, or its two could be told to be one client's. */
        return i == 0 && !is_1_3 ? 1 : 2;
    }
    return 0;
}

static int on_ticket(SSL *ssl, unsigned char name[NAME_LEN], unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_new)
{
    const struct ticket ticket = {name, iv, cipher, mac};
    struct key keys[2];
    size_t n = get_keys(keys);
    int result;

    if (n == 0)
        result = -1;
    else if (is_new)
        result = seal(&ticket, &keys[0]);
    else
        result = unseal(&ticket, keys, n, SSL_version(ssl) == TLS1_3_VERSION);
    OPENSSL_cleanse(keys, sizeof keys);
    return result;
}

/* --- how long one may resume --- */

/* Tickets that come of tickets tell when the whole handshake before them was. OpenSSL looks at the
 * age of each alone, and who comes back often enough would never again be asked for a certificate.
 */
static int on_made(SSL *ssl, void *arg)
{
    SSL_SESSION *session = SSL_get_session(ssl);
    int64_t now = seconds_now();

    (void)arg;
    return SSL_session_reused(ssl) == 1 ||
           SSL_SESSION_set1_ticket_appdata(session, &now, sizeof now) == 1;
}

static SSL_TICKET_RETURN on_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                   size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
    const struct gust_tls_context *c = arg;
    int64_t checked;
    void *data;
    size_t len;

    (void)ssl;
    (void)name;
    (void)name_len;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 || len != sizeof checked)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    memcpy(&checked, data, sizeof checked);
    if ((seconds_now() - checked) * GU_SECOND > c->session_span)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int gu_tls_use_tickets(SSL_CTX *ctx, struct gust_tls_context *context)
{
    (void)gu_tls_turn_tickets(); /* so that whoever is forked has the same */
    if (SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1 ||
        SSL_CTX_set_session_ticket_cb(ctx, on_made, on_opened, context) != 1)
        return -ENOMEM;
    return 0;
}
