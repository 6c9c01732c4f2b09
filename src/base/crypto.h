/*
 * crypto — what is needed of OpenSSL's libcrypto outside of TLS
 *
 * Each call runs on the loop's stack, and none allocates for its caller. A failure is short memory,
 * or a library without the algorithm.
 */
#ifndef GU_CRYPTO_H
#define GU_CRYPTO_H

#include "base/gu.h"

#define GU_SHA1_LEN 20
#define GU_SHA256_LEN 32
#define GU_SEAL_KEY 32   /* AES-256 */
#define GU_SEAL_NONCE 12 /* of GCM; never twice with one key */
#define GU_SEAL_TAG 16   /* what sealing adds */

/* HMAC (RFC 2104). 0 or -ENOMEM. */
int gu_hmac_sha256(gust_str key, gust_str text, unsigned char mac[GU_SHA256_LEN]) GUST_CHECK;
int gu_hmac_sha1(gust_str key, gust_str text, unsigned char mac[GU_SHA1_LEN]) GUST_CHECK;

/* Whether two texts are equal, in a time that tells no more than their lengths. */
bool gu_secret_equal(gust_str a, gust_str b);

/* AES-256-GCM: encrypts `plain` to `to`, which has room for its length and GU_SEAL_TAG. `about` is
 * not in the result, but must be the same when it is opened. 0 or -ENOMEM. */
int gu_seal(const unsigned char key[GU_SEAL_KEY], const unsigned char nonce[GU_SEAL_NONCE],
            gust_str about, gust_str plain, char *to) GUST_CHECK;

/* Undoes that to `to`, which has room for sealed.len less GU_SEAL_TAG. Errors: -EBADMSG for what
 * was not sealed so, on which nothing of it is told; -ENOMEM. */
int gu_unseal(const unsigned char key[GU_SEAL_KEY], const unsigned char nonce[GU_SEAL_NONCE],
              gust_str about, gust_str sealed, char *to) GUST_CHECK;

#endif
