/*
 * head — HTTP/1 request and response heads (RFC 9112)
 *
 * The parser reads the caller's buffer and writes offsets into it, so that a head is parsed where
 * it was received and copied once, whole, by whoever keeps it. It is restartable: a head that is
 * not whole yet leaves a resume point of a few bytes (the parsed lines themselves are not kept, a
 * waiting connection is small): each line is checked once when it is whole, so that a bad one is
 * answered at once at every cut, and the whole head is parsed once when it ends. The cost stays
 * linear.
 *
 * One reading of a message, the strict one: a bare CR or LF, NUL, obs-fold, a space before the
 * colon or around the request line's parts, an unknown or repeated framing field is GU_HEAD_BAD.
 * What is wrong is said in `error`, for the log.
 *
 * The buffer must be readable, though not filled, for GU_HEAD_PADDING bytes behind its end.
 */
#ifndef GU_HEAD_H
#define GU_HEAD_H

#include "base/gu.h"

#define GU_HEAD_PADDING 64u
#define GU_HEAD_MAX_FIELDS 128u

/* Fields that the server and the client themselves read. */
enum gu_field_id {
    GU_FIELD_OTHER,
    GU_FIELD_HOST,
    GU_FIELD_CONNECTION,
    GU_FIELD_CONTENT_LENGTH,
    GU_FIELD_CONTENT_TYPE,
    GU_FIELD_TRANSFER_ENCODING,
    GU_FIELD_EXPECT,
    GU_FIELD_UPGRADE,
    GU_FIELD_COOKIE,
    GU_FIELD_IF_NONE_MATCH,
    GU_FIELD_ACCEPT,
    GU_FIELD_ACCEPT_ENCODING,
    GU_FIELD_CONTENT_ENCODING,
    GU_FIELD_X_FORWARDED_FOR,
    GU_FIELD_X_FORWARDED_PROTO,
    GU_FIELD_X_REAL_IP,
    GU_FIELD_X_SCHEME,
    GU_N_FIELD_IDS
};

enum gu_method {
    GU_METHOD_OTHER,
    GU_METHOD_GET,
    GU_METHOD_HEAD,
    GU_METHOD_POST,
    GU_METHOD_PUT,
    GU_METHOD_PATCH,
    GU_METHOD_DELETE,
    GU_METHOD_OPTIONS,
    GU_METHOD_CONNECT,
    GU_METHOD_TRACE,
    GU_N_METHODS
};

/* One field line; offsets from the head's first byte. The byte behind the name (the colon) and the
 * byte behind the value may be overwritten with zeros by whoever owns a copy. */
struct gu_field {
    uint32_t name, value, value_len;
    uint16_t name_len;
    uint8_t id; /* enum gu_field_id */
    uint8_t reserved;
};

enum {
    GU_HEAD_KEEP_ALIVE = 1,      /* by version and Connection (C13) */
    GU_HEAD_CHUNKED = 2,         /* Transfer-Encoding: chunked */
    GU_HEAD_HAS_LENGTH = 4,      /* Content-Length was there */
    GU_HEAD_EXPECT_CONTINUE = 8, /* Expect: 100-continue, of 1.1 or later */
    GU_HEAD_UPGRADE = 16,        /* Connection lists upgrade */
    GU_HEAD_ABSOLUTE = 32, /* absolute-form: `path` is the target's path, Host is its authority */
    GU_HEAD_ASTERISK = 64  /* asterisk-form */
};

struct gu_head {
    /* the request line; offsets from the head's first byte */
    uint32_t method_len;            /* the method is what a head begins with */
    uint32_t target_at, target_len; /* as it was sent */
    uint32_t path_at,
        path_len; /* without the query; of absolute-form, what follows the authority, "" is "/" */
    uint32_t query_at, query_len; /* without the question mark; query_at 0: there is none */
    uint32_t host_at, host_len;   /* the Host field, or the authority of absolute-form */
    uint8_t method;               /* enum gu_method */
    uint8_t minor;                /* of HTTP/1.x: 0 or 1; higher ones are read as 1 */
    uint16_t flags;
    uint16_t n_fields;
    uint16_t status;                /* of a response */
    uint32_t reason_at, reason_len; /* of a response */
    uint64_t content_length;        /* 0 without GU_HEAD_HAS_LENGTH */
    uint32_t len;                   /* bytes of the whole head, with its empty line */
    uint8_t first[GU_N_FIELD_IDS];  /* index + 1 of the first field of each id; 0: none */
    struct gu_field fields[GU_HEAD_MAX_FIELDS];
};

enum gu_head_result {
    GU_HEAD_MORE, /* not whole yet */
    GU_HEAD_DONE,
    GU_HEAD_BAD,      /* 400 */
    GU_HEAD_TOO_MANY, /* more than max_fields: 431 */
    GU_HEAD_VERSION   /* not HTTP/1.x: 505 */
};

/* Where an unfinished head was left; all zero before a head's first byte is parsed. */
struct gu_head_resume {
    uint32_t at;       /* the first byte of the line in hand; the lines before it are good */
    uint32_t seen;     /* bytes of the buffer known not to end that line */
    uint16_t n_fields; /* field lines seen so far */
};

/*
 * Parses the request head at `buf`, of which `len` bytes are there. Leading empty lines (C13) are
 * not skipped here; see gu_head_skip(). On anything but GU_HEAD_DONE `head` holds nothing of use;
 * on GU_HEAD_MORE call again with the same resume point and a buffer that begins with the same
 * bytes.
 */
enum gu_head_result gu_head_parse_request(const char *buf, size_t len, unsigned max_fields,
                                          struct gu_head_resume *resume, struct gu_head *head,
                                          const char **error);

/* As above, for a response's status line. */
enum gu_head_result gu_head_parse_response(const char *buf, size_t len, unsigned max_fields,
                                           struct gu_head_resume *resume, struct gu_head *head,
                                           const char **error);

/* How many leading bytes are empty lines (CRLF) that a server ignores before a request line
 * (RFC 9112 2.2). */
size_t gu_head_skip(const char *buf, size_t len);

#endif
