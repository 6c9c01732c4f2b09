/*
 * gust/base.h — what every other header uses: strings, error codes, attributes
 *
 * Everything here may be used from any thread and never waits.
 */
#ifndef GUST_BASE_H
#define GUST_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GUST_API __attribute__((visibility("default")))
#define GUST_CHECK __attribute__((warn_unused_result))
#define GUST_PRINTF(nth_, first_) __attribute__((__format__(__printf__, nth_, first_)))
#define GUST_NORETURN __attribute__((noreturn))

/** Marks a prototype whose call may suspend the current task, never the loop. It changes nothing
 * for the compiler; it is there to be read and to be searched for. */
#define GUST_WAITS

/** Where an option is a limit, a size or a duration: no limit. */
#define GUST_NEVER (-1)

/** Says that the result of a call marked GUST_CHECK is not needed here. */
#define gust_ignore(call) ((void)!(call))

#define GUST_CAT2_(a, b) a##b
#define GUST_CAT_(a, b) GUST_CAT2_(a, b)

/** Bytes with a length. What the library makes has a zero byte at ptr[len], so that text can be
 * handed to a C function as it is; bytes from the network may hold zero bytes before it. */
typedef struct gust_str {
    const char *ptr;
    size_t len;
} gust_str;

/**
 * Errors that errno has no name for. Functions return them negated, as they do an errno:
 * -GUST_ECLOSED beside -ETIMEDOUT. They start at 10001, so that none meets an errno.
 */
enum gust_errno {
    GUST_ECLOSED = 10001, /**< the peer, or we, closed the stream */
    GUST_ETOOBIG,         /**< a limit was passed; the log names the option that raises it */
    GUST_EPROTO,          /**< the peer broke the protocol */
    GUST_ESYNTAX,         /**< text that does not parse */
    GUST_ELATE,           /**< the response's head has left already */
    GUST_EANSWERED,       /**< what gust_fail() returns: the request is answered */
    GUST_ESLOW,           /**< the peer sent or read slower than the least rate */
    GUST_EFULL,           /**< a bounded queue or a budget is full */
    GUST_ESTALE,          /**< the object that was waited for went away */
    GUST_EEXIT,           /**< a program ended by a signal, or with another code than 0 */
    GUST_ENOHOST,         /**< a name that nobody knows, or that has no address of that kind */
    GUST_ECERT,           /**< the peer's certificate is not accepted */
    GUST_EMAX_            /**< not an error: one past the last */
};

/** A short text for an error code: a GUST_E… value or an errno, negated or not. Never NULL. */
GUST_API const char *gust_strerror(int err);

/** The library's version, "MAJOR.MINOR.PATCH". */
GUST_API const char *gust_version(void);

/** A gust_str of a C string; NULL gives an empty one. Inline, so that the length of a literal is
 * known when it is compiled. */
GUST_API inline gust_str gust_str_from(const char *text)
{
    gust_str s = {"", 0};

    if (text != NULL) {
        s.ptr = text;
        s.len = strlen(text);
    }
    return s;
}

/** Whether a string is equal to a C string, byte by byte. */
GUST_API bool gust_str_equal(gust_str a, const char *b);

#ifdef __cplusplus
}
#endif

#endif
