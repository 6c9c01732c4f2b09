/*
 * sealed — texts that a client keeps and cannot read
 *
 *     format 1 │ secret's version │ salt │ nonce │ AES-256-GCM of the text and its tag, in
 * base64url 1          4                16     12
 *
 * The key is derived from the secret and the salt, so that keys of signatures and of sealing have
 * nothing in common, and none seals so much that its nonces could meet. What stands in front, and
 * the name that a text is sealed for, are authenticated.
 */
#ifndef GU_SEALED_H
#define GU_SEALED_H

#include "base/arena_impl.h"
#include <gust/signed.h>

#define GU_SEALED_RANDOM ((size_t)28) /* bytes that nobody can foretell, for each text */

/* The length of what is made of so many bytes. */
size_t gu_sealed_len(size_t len);

/* Seals with the first of the secrets. Errors: -EINVAL without one, -ENOMEM. */
int gu_sealed_make(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str text, const unsigned char random[GU_SEALED_RANDOM],
                   gust_str *sealed) GUST_CHECK;

/* Opens. Errors: -EBADMSG for what none of the secrets sealed for that name, -ENOMEM. */
int gu_sealed_read(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str sealed, gust_str *text) GUST_CHECK;

#endif
