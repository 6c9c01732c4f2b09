/*
 * delivered — what a peer has taken, where the system does not tell
 */
#include "net/net_impl.h"

uint64_t gu_stream_delivered(const struct gu_stream *s)
{
    return s->out->n_sent;
}
