/*
 * xsrf — reading and making tokens
 */
#include "codec/xsrf.h"
#include "base/buf.h"
#include "base/str.h"
#include "codec/chars.h"
#include "codec/text.h"

/* --- reading --- */

/* Copies what a text in hexadecimal says; 1 if it is one, 0 if not, -ENOMEM. */
static int from_hex(struct gust_arena *arena, gust_str text, gust_str *bytes)
{
    char *to;

    if (text.len % 2 != 0 || !gu_chars_are(text.ptr, text.len, GU_CHAR_HEX))
        return 0;
    to = gu_text_alloc(arena, text.len / 2);
    if (to == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < text.len / 2; i++)
        to[i] = (char)(gu_hex_value(text.ptr[2 * i]) << 4 | gu_hex_value(text.ptr[2 * i + 1]));
    *bytes = gu_str(to, text.len / 2);
    return 1;
}

static void unmask(gust_str bytes, gust_str mask)
{
    char *at = (char *)(uintptr_t)bytes.ptr;

    for (size_t i = 0; i < bytes.len; i++)
        at[i] = (char)(at[i] ^ mask.ptr[i % GU_XSRF_MASK]);
}

/* What stands behind "2|". */
static int read_masked(struct gust_arena *arena, gust_str rest, struct gu_xsrf *xsrf)
{
    gust_str mask_hex, token_hex, mask, token;
    uint64_t made;
    int err;

    if (!gu_str_split(&rest, '|', &mask_hex) || !gu_str_split(&rest, '|', &token_hex) ||
        rest.ptr == NULL || !gu_str_to_u64(rest, &made))
        return -EBADMSG;
    err = from_hex(arena, mask_hex, &mask);
    if (err > 0)
        err = from_hex(arena, token_hex, &token);
    if (err <= 0)
        return err < 0 ? err : -EBADMSG;
    if (mask.len != GU_XSRF_MASK || token.len == 0)
        return -EBADMSG;
    unmask(token, mask);
    *xsrf = (struct gu_xsrf){token, made};
    return 0;
}

/* Whether a number stands in front, which is the format's; *rest is then what follows it. */
static bool has_version(gust_str *rest, gust_str *version)
{
    gust_str text = *rest;

    if (!gu_str_split(rest, '|', version) || rest->ptr == NULL || version->len == 0 ||
        version->ptr[0] == '0' || strspn(version->ptr, "0123456789") < version->len) {
        *rest = text;
        return false;
    }
    return true;
}

int gu_xsrf_read(struct gust_arena *arena, gust_str text, struct gu_xsrf *xsrf)
{
    gust_str rest = text, version, token = text;
    int err;

    if (has_version(&rest, &version))
        return gust_str_equal(version, "2") ? read_masked(arena, rest, xsrf) : -EBADMSG;
    err = from_hex(arena, text, &token);
    if (err < 0)
        return err;
    if (token.len == 0)
        return -EBADMSG;
    *xsrf = (struct gu_xsrf){token, 0};
    return 0;
}

/* --- making --- */

static void put_hex(struct gu_buf *b, gust_str bytes)
{
    char *to = gu_buf_reserve(b, 2 * bytes.len);

    if (to != NULL)
        gu_buf_add(b, gu_hex(to, bytes.ptr, bytes.len));
}

gust_str gu_xsrf_mask(struct gust_arena *arena, const struct gu_xsrf *xsrf,
                      const unsigned char mask[GU_XSRF_MASK])
{
    gust_str mask_str = gu_str((const char *)mask, GU_XSRF_MASK), text = {NULL, 0};
    gust_str masked = gu_arena_copy(arena, xsrf->token.ptr, xsrf->token.len);
    struct gu_buf b;

    if (masked.ptr == NULL)
        return text;
    unmask(masked, mask_str);
    gu_buf_init(&b, arena, SIZE_MAX - 1);
    gu_buf_puts(&b, "2|");
    put_hex(&b, mask_str);
    gu_buf_putc(&b, '|');
    put_hex(&b, masked);
    gu_buf_putc(&b, '|');
    gu_buf_u64(&b, xsrf->made);
    gust_ignore(gu_buf_finish(&b, &text));
    return text;
}

gust_str gu_xsrf_plain(struct gust_arena *arena, const struct gu_xsrf *xsrf)
{
    gust_str text = {NULL, 0};
    struct gu_buf b;

    gu_buf_init(&b, arena, SIZE_MAX - 1);
    put_hex(&b, xsrf->token);
    gust_ignore(gu_buf_finish(&b, &text));
    return text;
}
