/*
 * multipart — multipart/form-data (RFC 7578, RFC 2046 5.1)
 *
 * The parser is fed what has been received and says, event by event, what it was. It keeps no
 * bytes: data is lent out of the caller's buffer, and what has to be whole (the header of a part,
 * a delimiter) stays there until it is. Events do not depend on where the input is cut, but that
 * data may come in more pieces.
 *
 * One reading: delimiters are CRLF, two hyphens, the boundary, and CRLF or two more hyphens, with
 * nothing between; what only begins like one is data. Header lines end in CRLF, are not folded and
 * are UTF-8 without control characters. What stands before the first delimiter and behind the last
 * one is passed over.
 */
#ifndef GU_MULTIPART_H
#define GU_MULTIPART_H

#include "codec/disposition.h"

#define GU_MULTIPART_TYPE "multipart/form-data"
#define GU_MULTIPART_BOUNDARY ((size_t)70) /* RFC 2046 5.1.1 */
#define GU_MULTIPART_PARTS 100u            /* the defaults of its limits */
#define GU_MULTIPART_HEADER 10240u

struct gu_multipart_limits {
    uint32_t max_parts;
    uint32_t max_header; /* bytes of a part's header, without the empty line */
};

/* The buffer that a caller needs: for a header and its end, or for a delimiter. */
static inline size_t gu_multipart_room(const struct gu_multipart_limits *limits)
{
    return gu_max((size_t)limits->max_header + 4, GU_MULTIPART_BOUNDARY + 6);
}

struct gu_multipart {
    char delimiter[4 + GU_MULTIPART_BOUNDARY]; /* CRLF, two hyphens, the boundary */
    uint8_t delimiter_len;
    uint8_t state;
    uint32_t n_parts;
    uint32_t seen; /* leading bytes of the buffer known not to end a header */
};

enum gu_multipart_event {
    GU_MULTIPART_MORE,    /* the rest of the buffer, if any, must come again with more behind it */
    GU_MULTIPART_PART,    /* a part begins: part->disposition, part->content_type */
    GU_MULTIPART_DATA,    /* part->data is a piece of it, never empty */
    GU_MULTIPART_END,     /* it has ended */
    GU_MULTIPART_DONE,    /* so has the form; what follows is consumed */
    GU_MULTIPART_BAD,     /* 400; part->error says why */
    GU_MULTIPART_TOO_BIG, /* a limit is passed: 400; part->error names it */
    GU_MULTIPART_NO_MEMORY
};

struct gu_multipart_part {
    size_t consumed; /* bytes of the buffer that are dealt with, whatever the event */
    struct gu_disposition disposition;
    gust_str content_type; /* as it was sent; .ptr is NULL without one */
    gust_str data;
    const char *error;
};

/* Makes ready for a body of this Content-Type. Errors: -EINVAL when it is not GU_MULTIPART_TYPE, or
 * has no boundary, or not one, by RFC 2046. */
int gu_multipart_init(struct gu_multipart *m, gust_str content_type) GUST_CHECK;

/* The next event of the `len` bytes at `buf`. Call it until it answers MORE, DONE or an error, each
 * time with what was not consumed. What PART tells lies in the arena. */
enum gu_multipart_event gu_multipart_next(struct gu_multipart *m,
                                          const struct gu_multipart_limits *limits,
                                          struct gust_arena *arena, const char *buf, size_t len,
                                          struct gu_multipart_part *part);

#endif
