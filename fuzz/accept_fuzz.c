/*
 * accept, etag — weights are in bounds, an answer is one of the offers
 */
#include "codec/accept.h"
#include "codec/etag.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const offers[] = {"text/html", "application/json", "text/plain"};
    char *bytes = fuzz_copy(data, size);
    gust_str rest = gu_str(bytes, size);
    struct gu_accept element;
    int best = gu_accept_best(rest, offers, gu_countof(offers));

    gu_assert(best >= -1 && best < (int)gu_countof(offers));
    while (gu_accept_next(&rest, &element))
        gu_assert(element.q <= 1000);
    if (gu_etag_matches(gu_str(bytes, size), GU_STR("\"a\"")))
        gu_assert(gu_etag_matches(gu_str(bytes, size), GU_STR("W/\"a\"")));
    free(bytes);
    return 0;
}
