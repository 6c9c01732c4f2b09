/*
 * sealed — sealing and opening
 */
#include "codec/sealed.h"
#include "base/crypto.h"
#include "base/str.h"
#include "codec/base64.h"
#include "codec/signed.h"
#include "codec/text.h"

#define FORMAT 1
#define SALT ((size_t)16)
#define PREFIX ((size_t)5) /* format and version */
#define HEAD (PREFIX + SALT + GU_SEAL_NONCE)

static const char label[] = "gust sealed 1";

/* The parts of a message that is not encoded. */
struct parts {
    char *prefix, *salt, *nonce, *body;
};

static struct parts parts_of(char *message)
{
    return (struct parts){message, message + PREFIX, message + PREFIX + SALT, message + HEAD};
}

size_t gu_sealed_len(size_t len)
{
    return gu_base64url_len(HEAD + len + GU_SEAL_TAG);
}

static int derive(gust_str secret, const char *salt, unsigned char key[GU_SHA256_LEN])
{
    char text[sizeof label - 1 + SALT];

    memcpy(text, label, sizeof label - 1);
    memcpy(text + sizeof label - 1, salt, SALT);
    return gu_hmac_sha256(secret, gu_str(text, sizeof text), key);
}

/* What is authenticated beside the text. .ptr is NULL when memory is short. */
static gust_str about(struct gust_arena *arena, const char *prefix, gust_str name)
{
    char *text = gu_text_alloc(arena, PREFIX + name.len);

    if (text == NULL)
        return (gust_str){NULL, 0};
    gu_text_put(gu_text_put(text, gu_str(prefix, PREFIX)), name);
    return gu_str(text, PREFIX + name.len);
}

static void put_version(char *prefix, int version)
{
    prefix[0] = FORMAT;
    for (size_t i = 0; i < 4; i++)
        prefix[1 + i] = (char)((uint32_t)version >> (24 - 8 * i));
}

static uint32_t version_of(const char *prefix)
{
    uint32_t version = 0;

    for (size_t i = 0; i < 4; i++)
        version = version << 8 | (unsigned char)prefix[1 + i];
    return version;
}

/* Both directions, once the parts are in place. */
static int run(struct gust_arena *arena, gust_str secret, gust_str name, const struct parts *p,
               gust_str in, char *to, bool is_opening)
{
    gust_str beside = about(arena, p->prefix, name);
    unsigned char key[GU_SHA256_LEN];
    int err = beside.ptr == NULL ? -ENOMEM : derive(secret, p->salt, key);

    if (err < 0)
        return err;
    return is_opening ? gu_unseal(key, (const void *)p->nonce, beside, in, to)
                      : gu_seal(key, (const void *)p->nonce, beside, in, to);
}

int gu_sealed_make(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str text, const unsigned char random[GU_SEALED_RANDOM], gust_str *sealed)
{
    size_t len = HEAD + text.len + GU_SEAL_TAG;
    char *message, *encoded;
    struct parts p;
    int err;

    if (secrets == NULL || secrets->text == NULL || secrets->version < 0)
        return -EINVAL;
    message = gu_text_alloc(arena, len);
    encoded = gu_text_alloc(arena, gu_base64url_len(len));
    if (message == NULL || encoded == NULL)
        return -ENOMEM;
    p = parts_of(message);
    put_version(p.prefix, secrets->version);
    memcpy(p.salt, random, SALT + GU_SEAL_NONCE);
    err = run(arena, gust_str_from(secrets->text), name, &p, text, p.body, false);
    if (err < 0)
        return err;
    gu_base64url_encode(encoded, gu_str(message, len));
    *sealed = gu_str(encoded, gu_base64url_len(len));
    return 0;
}

int gu_sealed_read(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str sealed, gust_str *text)
{
    char *message = gu_text_alloc(arena, gu_base64_room(sealed.len)), *end;
    gust_str secret;
    struct parts p;
    size_t len;
    int err;

    if (message == NULL)
        return -ENOMEM;
    end = gu_base64url_decode(message, sealed);
    if (end == NULL || (size_t)(end - message) < HEAD + GU_SEAL_TAG || message[0] != FORMAT)
        return -EBADMSG;
    p = parts_of(message);
    secret = gu_secret_find(secrets, version_of(p.prefix));
    if (secret.ptr == NULL)
        return -EBADMSG;
    len = (size_t)(end - p.body);
    err = run(arena, secret, name, &p, gu_str(p.body, len), p.body, true);
    if (err < 0)
        return err;
    len -= GU_SEAL_TAG;
    p.body[len] = '\0';
    *text = gu_str(p.body, len);
    return 0;
}
