/*
 * utf8 — whole and cut anywhere must agree with each other and with walking by sequences
 */
#include "base/str.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool in_pieces(gust_str text, size_t step)
{
    struct gu_utf8 state = {0, 0, 0};

    for (size_t at = 0; at < text.len; at += step)
        if (!gu_utf8_feed(&state, gu_str_sub(text, at, step)))
            return false;
    return gu_utf8_is_complete(&state);
}

static bool by_sequences(gust_str text)
{
    while (text.len > 0) {
        size_t n = gu_utf8_sequence(text);

        if (n == 0)
            return false;
        text = gu_str_sub(text, n, GU_NPOS);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gust_str text = gu_str((const char *)data, size);
    bool is_valid = gu_utf8_is_valid(text);

    gu_assert(by_sequences(text) == is_valid);
    for (size_t step = 1; step < 10; step++)
        gu_assert(in_pieces(text, step) == is_valid);
    return 0;
}
