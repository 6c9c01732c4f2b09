/*
 * accept — lists with weights
 */
#include "codec/accept.h"
#include "base/str.h"
#include "codec/form.h"
#include "codec/quoted.h"

/* --- weights --- */

/* qvalue = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ] */
static bool parse_weight(gust_str s, unsigned *q)
{
    unsigned value = 0, digit_worth = 1000;

    if (s.len == 0 || s.len > 5 || (s.len > 1 && s.ptr[1] != '.'))
        return false;
    for (size_t i = 0; i < s.len; i += i == 0 ? 2 : 1) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        value += (unsigned)(s.ptr[i] - '0') * digit_worth;
        digit_worth /= 10;
    }
    *q = value;
    return value <= 1000;
}

static bool read_weight(gust_str element, unsigned *q)
{
    gust_str name, value;

    *q = 1000;
    while (gu_param_next(&element, &name, &value))
        if (gu_str_ieq(name, GU_STR("q")))
            return parse_weight(value, q);
    return true;
}

bool gu_accept_next(gust_str *rest, struct gu_accept *element)
{
    gust_str whole;

    while (gu_list_next(rest, &whole))
        if (read_weight(whole, &element->q)) {
            element->value = gu_str_trim(gu_str_sub(whole, 0, gu_quoted_find(whole, ';')), " \t");
            return true;
        }
    return false;
}

/* --- choosing --- */

/* How exactly a range names a type: 0 not at all, 3 in full. */
static unsigned specificity(gust_str range, gust_str type)
{
    gust_str main_type = gu_str_sub(type, 0, gu_str_find(type, GU_STR("/"), 0));

    if (gu_str_ieq(range, type))
        return 3;
    if (range.len == main_type.len + 2 &&
        gu_str_eq(gu_str_sub(range, main_type.len, 2), GU_STR("/*")) &&
        gu_str_ieq(gu_str_sub(range, 0, main_type.len), main_type))
        return 2;
    return gu_str_eq(range, GU_STR("*/*")) ? 1 : 0;
}

/* The weight of a type, decided by the most specific element. */
static unsigned weigh(gust_str accept, gust_str type)
{
    unsigned best = 0, q = 0;
    struct gu_accept element;

    while (gu_accept_next(&accept, &element)) {
        unsigned match = specificity(element.value, type);

        if (match > best) {
            best = match;
            q = element.q;
        }
    }
    return q;
}

int gu_accept_best(gust_str accept, const char *const offers[], size_t n_offers)
{
    unsigned best_q = 0;
    int best = -1;

    if (accept.len == 0)
        return n_offers > 0 ? 0 : -1;
    for (size_t i = 0; i < n_offers; i++) {
        unsigned q = weigh(accept, gust_str_from(offers[i]));

        if (q > best_q) {
            best_q = q;
            best = (int)i;
        }
    }
    return best;
}
