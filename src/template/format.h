/*
 * format — a value in a field: what % and .format() share
 */
#ifndef GU_TEMPLATE_FORMAT_H
#define GU_TEMPLATE_FORMAT_H

#include "template/value.h"

#define GU_MAX_PRECISION 400 /* digits of a float, or of an int */

struct gu_spec {
    gust_str fill; /* one character */
    char align;    /* < > ^ or =, which pads between the sign and the digits */
    char sign;     /* '+', ' ', or 0 */
    bool is_alt;   /* # */
    char group;    /* ',' '_' or 0 */
    int64_t width;
    int64_t precision; /* -1: none */
    char type;
};

/* Puts a text in its field, cut to the precision. */
void gu_spec_put_text(struct gu_buf *b, const struct gu_spec *spec, gust_str text);

/* Puts a number: d, b, o, x, X of an int; e, E, f, F, g, G of a float,
 * and as str() has it without a type. */
bool gu_spec_put_int(struct gu_render *r, struct gu_buf *b, const struct gu_spec *spec, int64_t i);
bool gu_spec_put_real(struct gu_render *r, struct gu_buf *b, const struct gu_spec *spec, double d,
                      const char *suffix);

/* Digits at *at, as a number that is at most INT32_MAX; -1 without any. */
int64_t gu_spec_number(gust_str s, size_t *at);

#endif
