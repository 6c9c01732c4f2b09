/*
 * utf8 — validation
 *
 * One state machine serves the whole and the incremental check. A lead byte says how many bytes
 * follow and between which bounds the first of them lies; that is all of table 3-7. Text is mostly
 * ASCII, which is skipped eight bytes at a time.
 */
#include "base/utf8.h"
#include "base/str.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static const char *skip_ascii(const char *at, const char *end)
{
    uint64_t word;

    for (; end - at >= 8; at += 8) {
        memcpy(&word, at, 8);
        if ((word & HIGH_BITS) != 0)
            break;
    }
    while (at < end && (signed char)*at >= 0)
        at++;
    return at;
}

/* What a byte above 0x7f begins; false if no sequence begins with it. */
static bool lead(struct gu_utf8 *state, unsigned char byte)
{
    if (byte < 0xc2 || byte > 0xf4)
        return false; /* a continuation, an overlong form of ASCII, or beyond U+13FFFF */
    state->need = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    state->lo = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80; /* overlong below */
    state->hi = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf; /* surrogates, too large above */
    return true;
}

static bool follow(struct gu_utf8 *state, unsigned char byte)
{
    if (byte < state->lo || byte > state->hi)
        return false;
    state->need--;
    state->lo = 0x80;
    state->hi = 0xbf;
    return true;
}

bool gu_utf8_feed(struct gu_utf8 *state, gust_str piece)
{
    const char *at = piece.ptr, *end = piece.ptr + piece.len;

    while (at < end) {
        if (state->need > 0) {
            if (!follow(state, (unsigned char)*at++))
                return false;
            continue;
        }
        at = skip_ascii(at, end);
        if (at < end && !lead(state, (unsigned char)*at++))
            return false;
    }
    return true;
}

bool gu_utf8_is_valid(gust_str s)
{
    struct gu_utf8 state = {0, 0, 0};

    return gu_utf8_feed(&state, s) && gu_utf8_is_complete(&state);
}

size_t gu_utf8_sequence(gust_str s)
{
    struct gu_utf8 state = {0, 0, 0};
    size_t n = 1;

    if (s.len == 0)
        return 0;
    if ((signed char)s.ptr[0] >= 0)
        return 1;
    if (!lead(&state, (unsigned char)s.ptr[0]))
        return 0;
    while (state.need > 0)
        if (n == s.len || !follow(&state, (unsigned char)s.ptr[n++]))
            return 0;
    return n;
}
