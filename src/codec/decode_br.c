/*
 * decode_br — br (RFC 7932) by libbrotlidec
 *
 * Windows above 16 MiB are an extension that the library refuses unless it is asked.
 */
#include "base/alloc.h"
#include "codec/decode_impl.h"
#include <brotli/decode.h>

static void *allocate(gu_unused void *opaque, size_t size)
{
    return gu_alloc(size);
}

static void release(gu_unused void *opaque, void *memory)
{
    gu_free(memory);
}

static bool open_br(struct gu_decoder *d)
{
    d->state = BrotliDecoderCreateInstance(allocate, release, NULL);
    return d->state != NULL;
}

/* The library's errors of allocation have a range of their own. */
static bool is_out_of_memory(const BrotliDecoderState *s)
{
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(s);

    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

static enum gu_decode_step step(struct gu_decoder *d)
{
    BrotliDecoderState *s = d->state;
    const uint8_t *in = (const uint8_t *)d->in.ptr;
    uint8_t *out = (uint8_t *)d->out;
    size_t in_len = d->in.len, room = d->room;
    BrotliDecoderResult answer = BrotliDecoderDecompressStream(s, &in_len, &in, &room, &out, NULL);

    gu_decode_took(d, d->in.len - in_len, d->room - room);
    switch (answer) {
    case BROTLI_DECODER_RESULT_SUCCESS:
        return GU_DECODE_END;
    case BROTLI_DECODER_RESULT_ERROR:
        return is_out_of_memory(s) ? GU_DECODE_NO_MEMORY : GU_DECODE_BAD;
    default:
        return GU_DECODE_ON;
    }
}

static void close_br(struct gu_decoder *d)
{
    BrotliDecoderDestroyInstance(d->state);
}

const struct gu_decode_ops gu_decode_br = {
    .open = open_br,
    .step = step,
    .close = close_br,
};
