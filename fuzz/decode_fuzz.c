/*
 * decode — a body decoded whole and in pieces gives the same answer, and never more than its limit
 */
#include "codec/decode.h"
#include "fuzz.h"

#define MAX_SIZE 50000u

struct answer {
    int err;
    size_t len;
    uint64_t sum; /* FNV-1a, so that order counts */
};

static int take(struct gu_decoder *d, size_t room, struct answer *a)
{
    char out[700];
    int n;

    while ((n = gu_decoder_read(d, out, room)) > 0) {
        gu_assert((size_t)n <= room);
        for (int i = 0; i < n; i++)
            a->sum = (a->sum ^ (unsigned char)out[i]) * 1099511628211u;
        a->len += (size_t)n;
    }
    return n;
}

static struct answer decode_in_steps(enum gu_coding coding, const uint8_t *data, size_t size,
                                     size_t step, size_t room)
{
    struct answer a = {0};
    struct gu_decoder *d;

    gu_assert(gu_decoder_new(coding, MAX_SIZE, &d) == 0);
    for (size_t at = 0; at < size && a.err == 0; at += step) {
        size_t len = gu_min(step, size - at);
        char *piece = fuzz_copy(data + at, len);

        gu_decoder_feed(d, gu_str(piece, len));
        a.err = take(d, room, &a);
        free(piece);
    }
    if (a.err == 0)
        a.err = gu_decoder_finish(d);
    gu_assert((a.err != 0) == (gu_decoder_error(d) != NULL));
    gu_assert(a.len <= MAX_SIZE);
    gu_decoder_free(d);
    return a;
}

/* The first byte chooses the coding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum gu_coding coding = GU_CODING_GZIP;
    struct answer whole, pieces;

    if (size == 0)
        return 0;
    coding += data[0] % 4u;
    whole = decode_in_steps(coding, data + 1, size - 1, size, 700);
    pieces = decode_in_steps(coding, data + 1, size - 1, 3, 11);
    gu_assert((whole.err == 0) == (pieces.err == 0));
    if (whole.err == 0)
        gu_assert(whole.len == pieces.len && whole.sum == pieces.sum);
    return 0;
}
