/*
 * gust/error.h — an error with its circumstances
 *
 * Most calls return a code alone (gust/base.h). This is for those that have more to say: what a
 * write_error hook is given, and where a text does not parse.
 */
#ifndef GUST_ERROR_H
#define GUST_ERROR_H

#include <gust/base.h>

/** What went wrong; what does not apply is 0 or NULL. */
typedef struct gust_error {
    int status;          /**< the HTTP status that answers it */
    int code;            /**< negative errno or -GUST_E… */
    const char *message; /**< for people; lives as long as the task, or for ever */
    int line, column;    /**< of the text that does not parse, from 1 */
} gust_error;

#endif
