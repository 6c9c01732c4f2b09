/*
 * decode — content codings undone: gzip, deflate, br and zstd (RFC 9110 8.4.1, RFC 9659)
 *
 * A decoder takes a body as it comes, cut anywhere, and writes into the caller's buffer, so a body
 * of any length needs no more than the coding's window:
 *
 *     gu_decoder_feed(d, piece);
 *     while ((n = gu_decoder_read(d, out, sizeof out)) > 0)
 *         use(out, n);
 *     …
 *     err = n < 0 ? n : gu_decoder_finish(d);       behind the last piece
 *
 * What a decoder holds is bounded, whatever the peer sends: 40 KiB of gzip and deflate, 17 MiB of
 * br (its largest window is 16 MiB), 9 MiB of zstd (8 MiB, the most that RFC 9659 lets a server
 * use).
 *
 * One reading: what does not decode to its end, sums and all, is an error, and so are bytes behind
 * the end. Several members of gzip and several frames of zstd in a row are one body. A body without
 * a byte decodes to nothing, since servers send such with any Content-Encoding.
 * The libraries run on the loop's stack, and allocate by gu_alloc() where they let one choose.
 */
#ifndef GU_DECODE_H
#define GU_DECODE_H

#include "base/gu.h"

enum gu_coding {
    GU_CODING_IDENTITY,
    GU_CODING_GZIP,
    GU_CODING_DEFLATE, /* zlib's format, or bare deflate data, which servers send as well */
    GU_CODING_BR,
    GU_CODING_ZSTD,
    GU_CODING_OTHER /* one that we do not know, or more than one */
};

/* For Accept-Encoding: what a decoder can be made for. */
#define GU_CODINGS "gzip, deflate, br, zstd"

/* The coding that a Content-Encoding field names, in any case; x-gzip is gzip, and an empty field
 * is identity, which does not count beside another. */
enum gu_coding gu_coding_parse(gust_str field);

struct gu_decoder;

/* Makes a decoder whose output may have `max_size` bytes. Errors: -ENOMEM, -EINVAL for what is none
 * of the four codings. */
int gu_decoder_new(enum gu_coding coding, uint64_t max_size,
                   struct gu_decoder **decoder) GUST_CHECK;

/* NULL is allowed. */
void gu_decoder_free(struct gu_decoder *d);

/* Gives the next piece, which is read where it lies and must stay there until gu_decoder_read()
 * answers 0. What is left of the piece before is forgotten. */
void gu_decoder_feed(struct gu_decoder *d, gust_str piece);

/*
 * Decodes to `out`, which has room for `room` > 0 bytes; how many there are now, 0 when the piece
 * is used up. After an error it stays the answer. Errors: -GUST_EPROTO for what does not decode and
 * for bytes behind the end, -GUST_ETOOBIG above max_size, -ENOMEM.
 */
int gu_decoder_read(struct gu_decoder *d, char *out, size_t room) GUST_CHECK;

/* Whether the body may end here. Errors: -GUST_EPROTO if it is cut, and what gu_decoder_read()
 * answered. */
int gu_decoder_finish(struct gu_decoder *d) GUST_CHECK;

/* What was wrong, for people: "the gzip body is cut". NULL without an error. */
const char *gu_decoder_error(const struct gu_decoder *d);

#endif
