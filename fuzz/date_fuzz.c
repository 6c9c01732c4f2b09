/*
 * date — a date that is read is written as the same moment
 */
#include "codec/date.h"
#include "fuzz.h"

#define NOW INT64_C(1763637300)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    int64_t seconds, again;
    char text[GU_DATE_LEN + 1];

    if (gu_date_parse(gu_str(bytes, size), NOW, &seconds) == 0) {
        gu_assert(seconds <= GU_DATE_MAX + 1);
        gu_date_format(text, seconds);
        gu_assert(gu_date_parse(gu_str(text, GU_DATE_LEN), NOW, &again) == 0);
        gu_assert(again == (seconds < 0 ? 0 : seconds > GU_DATE_MAX ? GU_DATE_MAX : seconds));
    }
    free(bytes);
    return 0;
}
