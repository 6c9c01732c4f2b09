/*
 * decode_zlib — gzip (RFC 1952) and deflate (RFC 1950, RFC 1951) by zlib
 *
 * "deflate" is zlib's format, but some servers send bare deflate data. The first byte tells: the
 * low half of zlib's is 8, where bare data would have a stored block with its padding set.
 */
#define ZLIB_CONST
#include "base/alloc.h"
#include "codec/decode_impl.h"
#include <limits.h>
#include <zlib.h>

#define GZIP (MAX_WBITS + 16)
#define RAW (-MAX_WBITS)

struct zlib {
    z_stream z;
    bool is_chosen; /* of deflate: between the two formats */
};

static void *allocate(gu_unused void *opaque, unsigned n, unsigned size)
{
    return size != 0 && n > SIZE_MAX / size ? NULL : gu_alloc((size_t)n * size);
}

static void release(gu_unused void *opaque, void *memory)
{
    gu_free(memory);
}

static bool open_as(struct gu_decoder *d, int window_bits, bool is_chosen)
{
    struct zlib *s = gu_alloc0(sizeof *s);

    if (s == NULL)
        return false;
    s->z.zalloc = allocate;
    s->z.zfree = release;
    s->is_chosen = is_chosen;
    if (inflateInit2(&s->z, window_bits) != Z_OK) {
        gu_free(s);
        return false;
    }
    d->state = s;
    return true;
}

static bool open_gzip(struct gu_decoder *d)
{
    return open_as(d, GZIP, true);
}

static bool open_deflate(struct gu_decoder *d)
{
    return open_as(d, MAX_WBITS, false);
}

static enum gu_decode_step step(struct gu_decoder *d)
{
    struct zlib *s = d->state;
    unsigned in = (unsigned)gu_min(d->in.len, UINT_MAX), room = (unsigned)d->room;
    int answer;

    if (!s->is_chosen) {
        s->is_chosen = true;
        if ((d->in.ptr[0] & 15) != Z_DEFLATED && inflateReset2(&s->z, RAW) != Z_OK)
            return GU_DECODE_NO_MEMORY;
    }
    s->z.next_in = (const Bytef *)d->in.ptr;
    s->z.avail_in = in;
    s->z.next_out = (Bytef *)d->out;
    s->z.avail_out = room;
    answer = inflate(&s->z, Z_NO_FLUSH);
    gu_decode_took(d, in - s->z.avail_in, room - s->z.avail_out);
    switch (answer) {
    case Z_OK:
    case Z_BUF_ERROR: /* neither took nor wrote: no error */
        return GU_DECODE_ON;
    case Z_STREAM_END:
        return GU_DECODE_END;
    case Z_MEM_ERROR:
        return GU_DECODE_NO_MEMORY;
    default: /* Z_NEED_DICT too: nobody agreed on a dictionary */
        return GU_DECODE_BAD;
    }
}

static bool again(struct gu_decoder *d)
{
    struct zlib *s = d->state;

    return inflateReset(&s->z) == Z_OK;
}

static void close_zlib(struct gu_decoder *d)
{
    struct zlib *s = d->state;

    inflateEnd(&s->z);
    gu_free(s);
}

const struct gu_decode_ops gu_decode_gzip = {
    .repeats = true,
    .open = open_gzip,
    .step = step,
    .again = again,
    .close = close_zlib,
};

const struct gu_decode_ops gu_decode_deflate = {
    .open = open_deflate,
    .step = step,
    .close = close_zlib,
};
