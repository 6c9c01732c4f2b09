/*
 * word — eight bytes of a text, looked at at once
 *
 * Most text holds nothing that is special, and what says so of eight bytes costs no more than of
 * one. The answers are never wrongly zero; a byte that borrows from the one behind it may make them
 * wrongly not, so who has a table asks it then.
 */
#ifndef GU_WORD_H
#define GU_WORD_H

#include <stdint.h>
#include <string.h>

#define GU_WORD_ONES UINT64_C(0x0101010101010101)
#define GU_WORD_TOPS UINT64_C(0x8080808080808080) /* of each byte: beyond ASCII */

static inline uint64_t gu_word_at(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* Whether one is below a byte of ASCII. */
static inline uint64_t gu_word_below(uint64_t word, unsigned char byte)
{
    return (word - byte * GU_WORD_ONES) & ~word & GU_WORD_TOPS;
}

/* Whether one is this byte. */
static inline uint64_t gu_word_has(uint64_t word, unsigned char byte)
{
    uint64_t zero = word ^ byte * GU_WORD_ONES;

    return (zero - GU_WORD_ONES) & ~zero & GU_WORD_TOPS;
}

#endif
