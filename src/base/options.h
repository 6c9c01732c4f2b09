/*
 * options — for rooms that check more than a table can say
 */
#ifndef GU_OPTIONS_H
#define GU_OPTIONS_H

#include "base/gu.h"
#include <gust/options.h>

/* Latches a failure: the message so far and this is what gust_options_message() tells, and every
 * later call returns it. Returns it. */
int gu_options_fail(gust_options *o, int err, const char *format, ...) GUST_PRINTF(3, 4);

#endif
