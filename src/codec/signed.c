/*
 * signed — making and reading signed values
 *
 * Nothing of a text is believed before its signature was compared, but for where its fields are and
 * which secret it says it is signed by.
 */
#include "codec/signed.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/str.h"
#include "codec/base64.h"
#include "codec/text.h"

#define DAY 86400
#define V1_AHEAD (31 * DAY) /* how far ahead of us a clock of format 1 may be */
#define SHA1_HEX ((size_t)2 * GU_SHA1_LEN)
#define SHA256_HEX ((size_t)2 * GU_SHA256_LEN)

/* --- secrets --- */

/* A secret that stands alone without a version signs whatever version a value tells. */
static bool is_plain(const gust_secret *secrets)
{
    return secrets[0].version == 0 && secrets[0].text != NULL && secrets[1].text == NULL;
}

gust_str gu_secret_find(const gust_secret *secrets, uint64_t version)
{
    if (is_plain(secrets))
        return gust_str_from(secrets[0].text);
    for (; secrets->text != NULL; secrets++)
        if (secrets->version >= 0 && (uint64_t)secrets->version == version)
            return gust_str_from(secrets->text);
    return (gust_str){NULL, 0};
}

/* --- signatures --- */

static int sign_v2(gust_str secret, gust_str text, char hex[SHA256_HEX])
{
    unsigned char mac[GU_SHA256_LEN];
    int err = gu_hmac_sha256(secret, text, mac);

    if (err == 0)
        gu_hex(hex, mac, sizeof mac);
    return err;
}

/* Over name, value and time, with nothing between them. */
static int sign_v1(struct gust_arena *arena, gust_str secret, gust_str name, gust_str value,
                   gust_str time, char hex[SHA1_HEX])
{
    char *text = gu_text_alloc(arena, name.len + value.len + time.len);
    unsigned char mac[GU_SHA1_LEN];
    char *end;
    int err;

    if (text == NULL)
        return -ENOMEM;
    end = gu_text_put(gu_text_put(gu_text_put(text, name), value), time);
    err = gu_hmac_sha1(secret, gu_str(text, (size_t)(end - text)), mac);
    if (err == 0)
        gu_hex(hex, mac, sizeof mac);
    return err;
}

/* --- making --- */

static void put_field(struct gu_buf *b, gust_str field)
{
    gu_buf_u64(b, field.len);
    gu_buf_putc(b, ':');
    gu_buf_put_str(b, field);
    gu_buf_putc(b, '|');
}

static void put_number_field(struct gu_buf *b, uint64_t value)
{
    char digits[GU_U64_DIGITS];

    put_field(b, gu_str(digits, gu_fmt_u64(digits, value)));
}

static int make_v2(struct gust_arena *arena, const gust_secret *secret, gust_str name,
                   gust_str encoded, uint64_t now, gust_str *text)
{
    char hex[SHA256_HEX];
    struct gu_buf b;
    int err;

    gu_buf_init(&b, arena, SIZE_MAX - 1);
    gu_buf_puts(&b, "2|");
    put_number_field(&b, (uint64_t)secret->version);
    put_number_field(&b, now);
    put_field(&b, name);
    put_field(&b, encoded);
    if (gu_buf_error(&b) < 0)
        return gu_buf_error(&b);
    err = sign_v2(gust_str_from(secret->text), gu_str(b.ptr, b.len), hex);
    if (err < 0)
        return err;
    gu_buf_put(&b, hex, sizeof hex);
    return gu_buf_finish(&b, text);
}

static int make_v1(struct gust_arena *arena, gust_str secret, gust_str name, gust_str encoded,
                   uint64_t now, gust_str *text)
{
    char digits[GU_U64_DIGITS], hex[SHA1_HEX];
    gust_str time = gu_str(digits, gu_fmt_u64(digits, now));
    struct gu_buf b;
    int err = sign_v1(arena, secret, name, encoded, time, hex);

    if (err < 0)
        return err;
    gu_buf_init(&b, arena, SIZE_MAX - 1);
    gu_buf_put_str(&b, encoded);
    gu_buf_putc(&b, '|');
    gu_buf_put_str(&b, time);
    gu_buf_putc(&b, '|');
    gu_buf_put(&b, hex, sizeof hex);
    return gu_buf_finish(&b, text);
}

int gu_signed_make(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str value, int version, int64_t now, gust_str *text)
{
    uint64_t time = now < 0 ? 0 : (uint64_t)now;
    gust_str encoded;
    char *to;

    if (secrets == NULL || secrets->text == NULL || secrets->version < 0 ||
        (version != 2 && (version != 1 || !is_plain(secrets))))
        return -EINVAL;
    to = gu_text_alloc(arena, gu_base64_len(value.len));
    if (to == NULL)
        return -ENOMEM;
    encoded = gu_str(to, (size_t)(gu_base64_encode(to, value) - to));
    if (version == 1)
        return make_v1(arena, gust_str_from(secrets->text), name, encoded, time, text);
    return make_v2(arena, secrets, name, encoded, time, text);
}

/* --- reading --- */

static int check_age(uint64_t made, const struct gu_signed_rules *rules)
{
    return rules->max_age >= 0 && (double)made < (double)rules->now - rules->max_age ? -ESTALE : 0;
}

static int decode(struct gust_arena *arena, gust_str encoded, gust_str *value)
{
    char *text = gu_text_alloc(arena, gu_base64_room(encoded.len)), *end;

    if (text == NULL)
        return -ENOMEM;
    end = gu_base64_decode(text, encoded);
    if (end == NULL)
        return -EBADMSG;
    *end = '\0';
    *value = gu_str(text, (size_t)(end - text));
    return 0;
}

/* Takes "4:text|" off the front. */
static bool take_field(gust_str *rest, gust_str *field)
{
    gust_str digits;
    uint64_t n;

    if (!gu_str_split(rest, ':', &digits) || rest->ptr == NULL || !gu_str_to_u64(digits, &n) ||
        n >= rest->len || rest->ptr[n] != '|')
        return false;
    *field = gu_str(rest->ptr, (size_t)n);
    *rest = gu_str(rest->ptr + n + 1, rest->len - (size_t)n - 1);
    return true;
}

struct v2 {
    uint64_t key_version, made;
    gust_str name, value, signature;
};

static bool split_v2(gust_str text, struct v2 *v)
{
    gust_str version, made;

    v->signature = gu_str_sub(text, 2, GU_NPOS);
    return take_field(&v->signature, &version) && take_field(&v->signature, &made) &&
           take_field(&v->signature, &v->name) && take_field(&v->signature, &v->value) &&
           gu_str_to_u64(version, &v->key_version) && gu_str_to_u64(made, &v->made);
}

static int read_v2(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str text, const struct gu_signed_rules *rules, gust_str *value)
{
    char hex[SHA256_HEX];
    gust_str secret;
    struct v2 v;
    int err;

    if (!split_v2(text, &v))
        return -EBADMSG;
    secret = gu_secret_find(secrets, v.key_version);
    if (secret.ptr == NULL)
        return -EBADMSG;
    err = sign_v2(secret, gu_str(text.ptr, text.len - v.signature.len), hex);
    if (err < 0)
        return err;
    if (!gu_secret_equal(v.signature, gu_str(hex, sizeof hex)) || !gu_str_eq(v.name, name))
        return -EBADMSG;
    err = check_age(v.made, rules);
    return err < 0 ? err : decode(arena, v.value, value);
}

/* Digits can be moved from the value's end to the time's front without changing what was signed:
 * they would make a time far ahead, or one that begins with 0. */
static int check_v1_time(gust_str digits, const struct gu_signed_rules *rules)
{
    uint64_t made;
    int err;

    if (!gu_str_to_u64(digits, &made))
        return -EBADMSG;
    err = check_age(made, rules);
    if (err < 0)
        return err;
    if (digits.ptr[0] == '0' || (double)made > (double)rules->now + V1_AHEAD)
        return -EBADMSG;
    return 0;
}

static int read_v1(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str text, const struct gu_signed_rules *rules, gust_str *value)
{
    gust_str encoded, time, signature = text;
    char hex[SHA1_HEX];
    int err;

    if (!is_plain(secrets) || !gu_str_split(&signature, '|', &encoded) ||
        !gu_str_split(&signature, '|', &time) || signature.ptr == NULL)
        return -EBADMSG;
    err = sign_v1(arena, gust_str_from(secrets->text), name, encoded, time, hex);
    if (err < 0)
        return err;
    if (!gu_secret_equal(signature, gu_str(hex, sizeof hex)))
        return -EBADMSG;
    err = check_v1_time(time, rules);
    return err < 0 ? err : decode(arena, encoded, value);
}

/* Format 1 has no version in front, but a value whose base64 may be digits alone; their number is
 * then a multiple of four, so up to 999 it is a version. */
static uint64_t version_of(gust_str text)
{
    gust_str rest = text, digits;
    uint64_t version;

    if (!gu_str_split(&rest, '|', &digits) || rest.ptr == NULL || digits.len == 0 ||
        digits.ptr[0] == '0' || !gu_str_to_u64(digits, &version) || version > 999)
        return 1;
    return version;
}

int gu_signed_read(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str text, const struct gu_signed_rules *rules, gust_str *value)
{
    uint64_t version = version_of(text);

    if (secrets == NULL || secrets->text == NULL || text.len == 0 ||
        version < (uint64_t)rules->min_version)
        return -EBADMSG;
    if (version == 1)
        return read_v1(arena, secrets, name, text, rules, value);
    if (version == 2)
        return read_v2(arena, secrets, name, text, rules, value);
    return -EBADMSG;
}

int gu_signed_key_version(gust_str text)
{
    struct v2 v;

    if (version_of(text) != 2 || !split_v2(text, &v) || v.key_version > INT32_MAX)
        return -EBADMSG;
    return (int)v.key_version;
}
