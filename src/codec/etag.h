/*
 * etag — entity tags and If-None-Match (RFC 9110 8.8.3, 13.1.2)
 */
#ifndef GU_ETAG_H
#define GU_ETAG_H

#include "base/gu.h"

/*
 * Whether an If-None-Match field matches the entity tag of a response, which has its quotes and may
 * be weak: compared weakly, W/"a" and "a" are the same. "*" matches any tag if it is the field's
 * first (C3). What is no tag is passed over. An empty tag matches nothing.
 */
bool gu_etag_matches(gust_str if_none_match, gust_str etag);

#endif
