/*
 * accept — lists with weights: Accept, Accept-Encoding, Accept-Language (RFC 9110 12.4.2)
 */
#ifndef GU_ACCEPT_H
#define GU_ACCEPT_H

#include "base/gu.h"

struct gu_accept {
    gust_str value; /* "text/html", without parameters */
    unsigned q;     /* thousandths: 0 to 1000 */
};

/* Takes the next element off the front of a list. An element whose weight is malformed is passed
 * over. False after the last one. */
bool gu_accept_next(gust_str *rest, struct gu_accept *element);

/*
 * The index of the offered media type that an Accept field likes best, the earlier of two that it
 * likes the same; -1 if it accepts none of them. What is most specific decides on a type: its name
 * in full, its main type with a star, two stars. An empty field accepts everything.
 */
int gu_accept_best(gust_str accept, const char *const offers[], size_t n_offers);

#endif
