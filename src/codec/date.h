/*
 * date — HTTP dates (RFC 9110 5.6.7)
 *
 * Seconds since 1970 in UTC, by arithmetic alone: no locale, no time zone, no C library.
 */
#ifndef GU_DATE_H
#define GU_DATE_H

#include "base/gu.h"

#define GU_DATE_LEN 29u
#define GU_DATE_MAX INT64_C(253402300799) /* the last second of the year 9999 */

/* Writes "Sun, 27 Jan 2013 18:43:20 GMT" and a zero byte; seconds outside of 1970 to 9999 are
 * brought to the nearer end. */
void gu_date_format(char out[GU_DATE_LEN + 1], int64_t seconds);

/*
 * Reads the three forms: IMF-fixdate as above, RFC 850's "Sunday, 27-Jan-13 18:43:20 GMT", and
 * asctime's "Sun Jan 27 18:43:20 2013". A year of two digits that lies more than 50 years after
 * `now` is of the century before. The name of the day is checked to be one, not to be the right
 * one. Errors: -GUST_ESYNTAX.
 */
int gu_date_parse(gust_str text, int64_t now, int64_t *seconds) GUST_CHECK;

#endif
