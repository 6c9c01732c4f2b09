/*
 * head_impl — what the files of the head parser share
 *
 * head.c             the calls of head.h; picks the version
 * head_body.h        the parser itself, compiled once per instruction set
 * head_blocks.h      its scanners, over the vectors of an instruction set
 * head_scan_X.c      one instruction set, with the parser over it
 * head_versions_A.c  which versions an architecture has, the fastest first
 * head_rules.c       what is not hot: the meaning of fields, forms of targets, checks of a whole
 * head
 *
 * The dispatch is once per head, not once per scan: an indirect call for each name and value costs
 * more than the scanning.
 */
#ifndef GU_HEAD_IMPL_H
#define GU_HEAD_IMPL_H

#include "base/str.h"
#include "codec/head.h"
#include <endian.h>

/* A head on its way: the call, and what its lines gather for the checks of the whole. */
struct gu_head_work {
    const char *buf, *end;
    struct gu_head *head;
    struct gu_head_resume *resume;
    unsigned max_fields;
    bool is_response;

    const char *error;       /* what is wrong with the line in hand, or with the head */
    enum gu_head_result bad; /* what `error` is answered with */
    uint32_t repeated;       /* a bit for each field id that was there more than once */
    bool is_plain; /* a path, HTTP/1.1, no field twice, none but the Host that means something here
                    */
    bool has_close, has_keep_alive;
    bool lengths_differ;
};

/* The parser compiled for one instruction set. */
struct gu_head_version {
    const char *name;
    bool (*is_supported)(void); /* by the processor that runs this; NULL: by all */
    enum gu_head_result (*parse_request)(struct gu_head_work *w);
    enum gu_head_result (*parse_response)(struct gu_head_work *w);
};

extern const struct gu_head_version gu_head_plain;

/* The fastest first, the plain one last, then NULL. */
extern const struct gu_head_version *const gu_head_versions[];

/* Which bytes may stand where. */
enum {
    GU_BYTE_TOKEN = 1,   /* tchar (RFC 9110 5.6.2) */
    GU_BYTE_VALUE = 2,   /* field-vchar, SP, HTAB: a field's value, a reason */
    GU_BYTE_TARGET = 4,  /* VCHAR without "#": a target never has a fragment */
    GU_BYTE_REGNAME = 8, /* of a host's name without its "%" and "," (RFC 3986 3.2.2) */
    GU_BYTE_HEX = 16,
    GU_BYTE_DIGIT = 32
};

extern const uint8_t gu_byte_class[256];

static inline bool gu_byte_is(char c, unsigned classes)
{
    return (gu_byte_class[(unsigned char)c] & classes) != 0;
}

/* Classes again, for shuffles: by a byte's low four bits, with which high four bits they make one
 * of the class, as a set (bit 2 is 0x20, bit 7 is 0x70); and the sets of one. A path is a target up
 * to its "?". */
#define GU_TCHAR_ROWS -24, -4, -8, -4, -4, -4, -4, -4, -8, -8, -12, 84, -48, 84, -12, 112
#define GU_REGNAME_ROWS -88, -4, -8, -8, -4, -8, -4, -4, -4, -4, -12, 92, 80, 92, -44, 112
#define GU_TARGET_ROWS -8, -4, -4, -8, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, 124
#define GU_PATH_ROWS -8, -4, -4, -8, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, 116
#define GU_BIT_OF_HIGH 1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0

/* The names of `enum gu_field_id`, where gu_field_hash() puts them. */
struct gu_field_name {
    _Alignas(32) char lower[24];
    uint8_t len, id;
};

extern const struct gu_field_name gu_field_names[32];

/* Perfect for the names of the table, whatever their case: 0x20, times 2 or 20, is lost. */
static inline unsigned gu_field_hash(const char *name, size_t len)
{
    unsigned first = (unsigned char)name[0], last = (unsigned char)name[len - 1];

    return ((unsigned)len + 2 * first + 20 * last) & 31;
}

static inline uint64_t gu_load64(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t gu_differ64(const char *word, const char *lower)
{
    return (gu_load64(word) | UINT64_C(0x2020202020202020)) ^ gu_load64(lower);
}

/* Whether the `len` (4 to 24) bytes at `word` are those of `lower`, but for the case of letters. OR
 * with 0x20 makes capitals small; what else it would make equal are control characters, which no
 * name and no value has. Each load that is not the first overlaps the one before it. */
static inline bool gu_head_word_is(const char *word, size_t len, const char *lower)
{
    uint64_t differ;
    uint32_t first[2], last[2];

    if (len < 8) {
        memcpy(&first[0], word, 4);
        memcpy(&first[1], lower, 4);
        memcpy(&last[0], word + len - 4, 4);
        memcpy(&last[1], lower + len - 4, 4);
        return (((first[0] | 0x20202020u) ^ first[1]) | ((last[0] | 0x20202020u) ^ last[1])) == 0;
    }
    differ = gu_differ64(word, lower) | gu_differ64(word + len - 8, lower + len - 8);
    return gu_unlikely(len > 16) ? (differ | gu_differ64(word + 8, lower + 8)) == 0 : differ == 0;
}

/* Says what is wrong with the line in hand; NULL, so that it can be returned for the next line. */
static inline const char *gu_head_bad(struct gu_head_work *w, const char *error)
{
    w->error = error;
    w->bad = GU_HEAD_BAD;
    return NULL;
}

static inline const char *gu_head_too_many(struct gu_head_work *w)
{
    w->error = "more fields than the limit";
    w->bad = GU_HEAD_TOO_MANY;
    return NULL;
}

static inline void gu_head_repeats(struct gu_head_work *w, unsigned id)
{
    w->repeated |= 1u << id;
    w->is_plain = false;
}

/* Drops what lines gathered that are going to be parsed again. */
static inline void gu_head_forget(struct gu_head_work *w)
{
    w->repeated = 0;
    w->is_plain = true;
    w->has_close = w->has_keep_alive = w->lengths_differ = false;
}

enum gu_method gu_head_method(const char *name, size_t len);

/* Any version but "HTTP/1.1" and CRLF: reads "HTTP/d.d" and what has to follow it, CRLF in a
 * request and a space in a response. The byte behind these, or NULL. */
const char *gu_head_take_version(struct gu_head_work *w, const char *at);

/* Any target but a path: asterisk-form, absolute-form, authority-form. What is wrong, or NULL. */
const char *gu_head_take_target(struct gu_head_work *w);

/* Fields with an id up to this one mean something to the parser. */
#define GU_FIELD_LAST_UNDERSTOOD GU_FIELD_EXPECT

/* Takes such a field. What is wrong, or NULL. The Host, which every request has, has a short way in
 * front of it (take_host() of head_body.h). */
gu_noinline const char *gu_head_take_host(gust_str value);
const char *gu_head_take_field(struct gu_head_work *w, unsigned id, gust_str value);

/* Digits up to 65535, or none (RFC 3986 3.2.3). Eight bytes at `p` can be read. */
static inline bool gu_head_is_port(const char *p, size_t len)
{
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    uint64_t text, digits;

    if (gu_unlikely(len > 5))
        return false;
    text = be64toh(gu_load64(p));
    digits = (text ^ zeros) & ~(UINT64_MAX >> 8 * len);
    if (((digits | (digits + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0)) != 0)
        return false;
    return len < 5 ||
           text >> 24 <= UINT64_C(0x3635353335); /* "65535": the order of texts is theirs */
}

/* What is wrong with the name, or with the value, of the field line at `line`; `at` is its first
 * byte that cannot be there. */
const char *gu_head_name_error(const char *line, const char *at);
const char *gu_head_value_error(const char *at);

/* The judgement of a line that did not pass: GU_HEAD_MORE as long as it has no end. */
enum gu_head_result gu_head_stop(struct gu_head_work *w, const char *line, unsigned n_fields);

/* What concerns several lines, once all have passed. */
enum gu_head_result gu_head_finish(struct gu_head_work *w);

/* A head in one version, for the tests that compare them; head.h's calls are these over the best.
 */
enum gu_head_result gu_head_parse_with(const struct gu_head_version *version, bool is_response,
                                       gust_str buf, unsigned max_fields,
                                       struct gu_head_resume *resume, struct gu_head *head,
                                       const char **error);

#endif
