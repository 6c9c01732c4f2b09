/*
 * decode_impl — what a decoder is to the codings' files
 */
#ifndef GU_DECODE_IMPL_H
#define GU_DECODE_IMPL_H

#include "codec/decode.h"

/* What one step came to. Whether it wrote or took anything is seen by the pointers. */
enum gu_decode_step {
    GU_DECODE_ON,  /* more input or more room is needed */
    GU_DECODE_END, /* a whole body; what follows it was not taken */
    GU_DECODE_BAD,
    GU_DECODE_NO_MEMORY
};

struct gu_decode_ops {
    bool repeats; /* what follows an end may be another one */
    bool (*open)(struct gu_decoder *d);
    enum gu_decode_step (*step)(struct gu_decoder *d);
    bool (*again)(struct gu_decoder *d); /* makes ready for what follows an end; NULL: it is */
    void (*close)(struct gu_decoder *d);
};

struct gu_decoder {
    const struct gu_decode_ops *ops;
    void *state;  /* the coding's */
    gust_str in;  /* what is left of the piece */
    char *out;    /* of the read in hand */
    size_t room;  /* behind `out` */
    uint64_t max; /* bytes that may still come */
    const char *error;
    int err;
    bool began;   /* there was a byte */
    bool ended;   /* at an end; false again when something follows it */
    bool is_full; /* the last read filled its room, so there may be more without more input */
};

extern const struct gu_decode_ops gu_decode_gzip;
extern const struct gu_decode_ops gu_decode_deflate;
extern const struct gu_decode_ops gu_decode_br;
extern const struct gu_decode_ops gu_decode_zstd;

/* Counts what a library took and wrote. */
static inline void gu_decode_took(struct gu_decoder *d, size_t taken, size_t written)
{
    d->in.ptr += taken;
    d->in.len -= taken;
    d->out += written;
    d->room -= written;
}

#endif
