/*
 * utf8 — validation
 *
 * What Unicode calls well formed (table 3-7), and nothing else: no overlong forms, no surrogates,
 * nothing above U+10FFFF.
 */
#ifndef GU_UTF8_H
#define GU_UTF8_H

#include "base/gu.h"

/* Whether the bytes are well-formed UTF-8, to their end. */
bool gu_utf8_is_valid(gust_str s);

/* How many bytes the well-formed sequence at the front of `s` has; 0 if there is none there. */
size_t gu_utf8_sequence(gust_str s);

/* --- in parts --- */

/* A validator that is fed in pieces, cut anywhere; all zero at the start. `lo` and `hi` bound the
 * next byte while `need` more bytes of a sequence are awaited. */
struct gu_utf8 {
    unsigned char need, lo, hi;
};

/* Takes the next piece; false as soon as what was fed cannot be the beginning of valid UTF-8. After
 * that the state is of no use. */
bool gu_utf8_feed(struct gu_utf8 *state, gust_str piece);

/* Whether the text may end here: not inside a sequence. */
static inline bool gu_utf8_is_complete(const struct gu_utf8 *state)
{
    return state->need == 0;
}

#endif
