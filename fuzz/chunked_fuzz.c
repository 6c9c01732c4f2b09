/*
 * chunked — a body read whole and in pieces gives the same answers
 */
#include "codec/chunked.h"
#include "fuzz.h"

static const struct gu_chunked_limits limits = {.max_bytes = 512, .max_fields = 8};

/* A sum over all that was handed out: FNV-1a, so that order counts. */
struct answer {
    enum gu_chunked_event event;
    size_t consumed;
    uint64_t body, trailers;
};

static uint64_t mix(uint64_t hash, gust_str s)
{
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * 1099511628211u;
    return hash;
}

/* Reads on until the decoder wants more or is done; false when it is done. */
static bool feed(struct gu_chunked *c, const char *bytes, size_t end, struct answer *a)
{
    size_t len = end - a->consumed;
    char *have = fuzz_copy((const uint8_t *)bytes + a->consumed, len);
    struct gu_chunked_part part;
    size_t at = 0;

    do {
        a->event = gu_chunked_next(c, &limits, have + at, len - at, &part);
        gu_assert(part.consumed <= len - at);
        at += part.consumed;
        if (a->event == GU_CHUNKED_DATA)
            a->body = mix(a->body, part.data);
        if (a->event == GU_CHUNKED_TRAILER)
            a->trailers = mix(mix(a->trailers, part.name), part.data);
    } while (a->event == GU_CHUNKED_DATA || a->event == GU_CHUNKED_TRAILER);
    a->consumed += at;
    free(have);
    return a->event == GU_CHUNKED_MORE;
}

static struct answer read_in_steps(const char *bytes, size_t size, size_t step)
{
    struct gu_chunked c = {0};
    struct answer a = {0};
    size_t end = gu_min(step, size);

    while (feed(&c, bytes, end, &a) && end < size)
        end = gu_min(end + step, size);
    return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct answer whole = read_in_steps(bytes, size, size + 1);

    for (size_t step = 1; step <= 5; step += 2) {
        struct answer pieces = read_in_steps(bytes, size, step);

        gu_assert(pieces.event == whole.event && pieces.consumed == whole.consumed);
        gu_assert(pieces.body == whole.body && pieces.trailers == whole.trailers);
    }
    free(bytes);
    return 0;
}
