/*
 * crypto — HMAC, AES-GCM, comparing secrets
 */
#include "base/crypto.h"
#include "base/loopstack.h"
#include "base/str.h"
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* --- HMAC --- */

struct hmac_call {
    const EVP_MD *md;
    gust_str key, text;
    unsigned char *mac;
};

static int hmac_leaf(void *arg)
{
    const struct hmac_call *c = arg;
    const unsigned char *text = (const void *)c->text.ptr;
    unsigned len;

    return HMAC(c->md, c->key.ptr, (int)c->key.len, text, c->text.len, c->mac, &len) == NULL
               ? -ENOMEM
               : 0;
}

static int hmac(const EVP_MD *md, gust_str key, gust_str text, unsigned char *mac)
{
    /* A NULL key would mean the one before. */
    struct hmac_call c = {md, key.len == 0 ? GU_STR("") : key, text, mac};

    gu_assert(key.len <= INT_MAX);
    return gu_on_loop_stack(hmac_leaf, &c);
}

int gu_hmac_sha256(gust_str key, gust_str text, unsigned char mac[GU_SHA256_LEN])
{
    return hmac(EVP_sha256(), key, text, mac);
}

int gu_hmac_sha1(gust_str key, gust_str text, unsigned char mac[GU_SHA1_LEN])
{
    return hmac(EVP_sha1(), key, text, mac);
}

bool gu_secret_equal(gust_str a, gust_str b)
{
    return a.len == b.len && CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* --- AES-256-GCM --- */

struct seal_call {
    const unsigned char *key, *nonce;
    gust_str about, in; /* with the tag when it is opened */
    unsigned char *to;
    bool is_opening;
};

static const unsigned char *bytes_of(gust_str s)
{
    return (const void *)s.ptr;
}

/* What both directions begin with: the key, the nonce, and what is only authenticated. */
static bool begin(EVP_CIPHER_CTX *ctx, const struct seal_call *c)
{
    int len;

    return EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, c->key, c->nonce, !c->is_opening) == 1 &&
           (c->about.len == 0 ||
            EVP_CipherUpdate(ctx, NULL, &len, bytes_of(c->about), (int)c->about.len) == 1);
}

static bool seal(EVP_CIPHER_CTX *ctx, const struct seal_call *c)
{
    unsigned char *end = c->to + c->in.len;
    int len;

    return begin(ctx, c) &&
           (c->in.len == 0 ||
            EVP_CipherUpdate(ctx, c->to, &len, bytes_of(c->in), (int)c->in.len) == 1) &&
           EVP_CipherFinal_ex(ctx, end, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, GU_SEAL_TAG, end) == 1;
}

static int unseal(EVP_CIPHER_CTX *ctx, const struct seal_call *c)
{
    size_t n = c->in.len - GU_SEAL_TAG;
    char tag[GU_SEAL_TAG];
    int len;

    memcpy(tag, c->in.ptr + n, sizeof tag);
    if (!begin(ctx, c) ||
        (n > 0 && EVP_CipherUpdate(ctx, c->to, &len, bytes_of(c->in), (int)n) != 1) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, GU_SEAL_TAG, tag) != 1)
        return -ENOMEM;
    if (EVP_CipherFinal_ex(ctx, c->to + n, &len) == 1)
        return 0;
    OPENSSL_cleanse(c->to, n);
    return -EBADMSG;
}

static int seal_leaf(void *arg)
{
    const struct seal_call *c = arg;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int err = -ENOMEM;

    if (ctx == NULL)
        return -ENOMEM;
    if (c->is_opening)
        err = unseal(ctx, c);
    else if (seal(ctx, c))
        err = 0;
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

int gu_seal(const unsigned char key[GU_SEAL_KEY], const unsigned char nonce[GU_SEAL_NONCE],
            gust_str about, gust_str plain, char *to)
{
    struct seal_call c = {key, nonce, about, plain, (void *)to, false};

    gu_assert(plain.len <= INT_MAX && about.len <= INT_MAX);
    return gu_on_loop_stack(seal_leaf, &c);
}

int gu_unseal(const unsigned char key[GU_SEAL_KEY], const unsigned char nonce[GU_SEAL_NONCE],
              gust_str about, gust_str sealed, char *to)
{
    struct seal_call c = {key, nonce, about, sealed, (void *)to, true};

    gu_assert(about.len <= INT_MAX);
    if (sealed.len < GU_SEAL_TAG || sealed.len > INT_MAX)
        return -EBADMSG;
    return gu_on_loop_stack(seal_leaf, &c);
}
