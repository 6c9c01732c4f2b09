/*
 * lookup — asking the system for the addresses of a name, once for all who wait for it
 */
#ifndef GU_LOOKUP_H
#define GU_LOOKUP_H

#include "base/map.h"
#include "net/address.h"
#include <gust/resolver.h>

#define GU_NAME_MAX ((size_t)253) /* RFC 1035 2.3.4, as text */

struct gu_answer {
    int n;
    struct gu_address list[GUST_RESOLVE_MAX];
};

/* What is under way, by its key. All zero at first. */
struct gu_lookups {
    struct gu_map flying;
};

/* Asks for a key: the family in a byte, then the name in lower case. Who asks for one that is under
 * way waits for the same answer; whoever leaves lets it go on for the others. Waits. 1 for the
 * first of those who waited to the end, 0 for the others. */
int gu_lookup(struct gu_lookups *lookups, gust_str key, struct gu_answer *answer) GUST_CHECK;

/* Nobody waits any more; what the system still answers is dropped. */
void gu_lookups_deinit(struct gu_lookups *lookups);

#endif
