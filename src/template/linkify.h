/*
 * linkify — links in text
 *
 * Tornado's linkify(), whose pattern is matched by hand, in linear time.
 */
#ifndef GU_TEMPLATE_LINKIFY_H
#define GU_TEMPLATE_LINKIFY_H

#include "base/buf.h"
#include "base/str.h"

struct gu_linkify {
    bool shorten, require_protocol;
    gust_str extra_params; /* trimmed; empty: none */
    const gust_str *protocols;
    size_t n_protocols;
};

/* Puts a text that is escaped already, with what looks like a URL as a link. */
void gu_linkify_put(struct gu_buf *b, gust_str text, const struct gu_linkify *how);

#endif
