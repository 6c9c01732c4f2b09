/*
 * xff — the address is the peer's or a valid one, the scheme one of two
 */
#include "codec/xff.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gust_str trusted[] = {GU_STR_INIT("10.0.0.1"), GU_STR_INIT("::1")};
    char *bytes = fuzz_copy(data, size);
    gust_str text = gu_str(bytes, size);
    struct gu_xff list = {.forwarded_for = text, .forwarded_proto = text};
    struct gu_xff one = {.real_ip = text, .scheme = text};
    gust_str ip = gu_xff_remote_ip(&list, trusted, gu_countof(trusted), GU_STR("127.0.0.1"));
    gust_str protocol = gu_xff_protocol(&list, GU_STR("http"));

    gu_assert(gu_ip_is_valid(ip));
    gu_assert(gu_ip_is_valid(gu_xff_remote_ip(&one, trusted, 2, GU_STR("127.0.0.1"))));
    gu_assert(gu_str_eq(protocol, GU_STR("http")) || gu_str_eq(protocol, GU_STR("https")));
    free(bytes);
    return 0;
}
