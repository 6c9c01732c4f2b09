/*
 * chunked — the chunked transfer coding (RFC 9112 7.1)
 *
 * The decoder is fed what has been received and says, event by event, what it was. It keeps no
 * bytes: data is lent out of the caller's buffer, and only the line of a trailer field has to be
 * whole. The events do not depend on where the input is cut, but that data may come in more pieces.
 *
 * One reading, the strict one: hexadecimal digits alone, CRLF alone, at most GU_CHUNKED_MAX_EXT
 * bytes of extensions a line and GU_CHUNKED_MAX_EXTS a body, all ignored.
 *
 * Trailer fields are handed out apart from the header fields and never merged into them. A field
 * that frames, routes, authenticates or describes the content is dropped, as RFC 9110 6.5.1 allows:
 * nobody who reads it so late may act on it. It still counts against the limits.
 */
#ifndef GU_CHUNKED_H
#define GU_CHUNKED_H

#include "base/gu.h"

#define GU_CHUNKED_MAX_EXT 256u
#define GU_CHUNKED_MAX_EXTS 16384u
#define GU_CHUNKED_MAX_DIGITS 16u
#define GU_CHUNKED_SIZE_LEN 18u /* 16 digits, CR, LF */

/* All zero before the first byte of a body. */
struct gu_chunked {
    uint64_t left;          /* of the chunk in hand; while its size is read, the size so far */
    uint32_t ext_total;     /* bytes of extensions in the body */
    uint32_t trailer_bytes; /* of whole trailer lines */
    uint32_t seen;          /* leading bytes of the buffer known not to end a trailer line */
    uint16_t ext;           /* bytes of extensions in the line */
    uint16_t n_trailers;
    uint8_t n_digits;
    uint8_t state;
};

_Static_assert(sizeof(struct gu_chunked) <= 32, "a waiting connection is small");

enum gu_chunked_event {
    GU_CHUNKED_MORE,    /* the rest of the buffer, if any, must come again with more behind it */
    GU_CHUNKED_DATA,    /* part->data is a piece of the body, never empty */
    GU_CHUNKED_TRAILER, /* part->name and part->data are a trailer field */
    GU_CHUNKED_DONE,    /* the body has ended; what follows was not looked at */
    GU_CHUNKED_BAD,     /* 400; part->error says why */
    GU_CHUNKED_TOO_BIG  /* the trailer section passes its limits: 431 */
};

struct gu_chunked_part {
    size_t consumed; /* bytes of the buffer that are dealt with, whatever the event */
    gust_str name;
    gust_str data; /* or the value of a trailer field, without the blanks around it */
    const char *error;
};

/* The limits of the trailer section, and what the caller has room for. */
struct gu_chunked_limits {
    uint32_t max_bytes; /* with the empty line at its end, so at least 2 */
    uint16_t max_fields;
    size_t max_data; /* in one piece of the body; 0: whatever is there */
};

/* The next event of the `len` bytes at `buf`. Call it until it answers MORE, DONE or an error, each
 * time with what was not consumed. */
enum gu_chunked_event gu_chunked_next(struct gu_chunked *c, const struct gu_chunked_limits *limits,
                                      const char *buf, size_t len, struct gu_chunked_part *part);

/* Writes the line before a chunk of `size` bytes to `out` and returns its length. The chunk's bytes
 * and a CRLF follow it; GU_CHUNKED_LAST ends a body without trailer fields. */
size_t gu_chunked_format_size(char out[GU_CHUNKED_SIZE_LEN], uint64_t size);

#define GU_CHUNKED_LAST "0\r\n\r\n"

#endif
