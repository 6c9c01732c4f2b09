/*
 * fetched — what a handler does with other servers' answers
 */
#include "base/str.h"
#include "web/web_impl.h"
#include <gust/client.h>
#include <gust/json.h>

struct json_t *gust_response_json(const gust_response *response)
{
    return response->error < 0 ? NULL : gust_json_decode(response->body, NULL);
}

/* Whether one of the names in a Connection field is this one. */
static bool is_listed(gust_str list, gust_str name)
{
    gust_str item;

    while (gu_str_split(&list, ',', &item))
        if (gu_str_ieq(gu_str_trim(item, " \t"), name))
            return true;
    return false;
}

/* What concerns one connection, or how the body came over it (RFC 9110 7.6.1). */
static bool is_of_hop(const gust_response *response, gust_str name)
{
    static const gust_str names[] = {
        GU_STR_INIT("connection"),
        GU_STR_INIT("content-length"),
        GU_STR_INIT("date"),
        GU_STR_INIT("keep-alive"),
        GU_STR_INIT("proxy-authenticate"),
        GU_STR_INIT("proxy-connection"),
        GU_STR_INIT("te"),
        GU_STR_INIT("trailer"),
        GU_STR_INIT("transfer-encoding"),
        GU_STR_INIT("upgrade"),
    };

    for (size_t i = 0; i < gu_countof(names); i++)
        if (gu_str_ieq(name, names[i]))
            return true;
    for (size_t i = 0; i < response->n_fields; i++)
        if (gu_str_ieq(gust_str_from(response->fields[i].name), GU_STR("connection")) &&
            is_listed(gust_str_from(response->fields[i].value), name))
            return true;
    return false;
}

/* The first of a name replaces what the answer had, further ones are added. */
void gust_copy_headers(gust_request *r, const gust_response *response)
{
    for (size_t i = 0; i < response->n_fields; i++) {
        const gust_field *field = &response->fields[i];
        bool is_first = true;

        if (is_of_hop(response, gust_str_from(field->name)))
            continue;
        for (size_t j = 0; j < i && is_first; j++)
            is_first =
                !gu_str_ieq(gust_str_from(response->fields[j].name), gust_str_from(field->name));
        if (is_first)
            gust_set_header(r, field->name, field->value);
        else
            gust_add_header(r, field->name, field->value);
    }
}
