/*
 * form — media types and their parameters
 */
#include "codec/form.h"
#include "base/str.h"
#include "codec/quoted.h"

static gust_str trim(gust_str s)
{
    return gu_str_trim(s, " \t");
}

bool gu_content_type_is(gust_str content_type, const char *type)
{
    gust_str essence;

    return gu_str_split(&content_type, ';', &essence) &&
           gu_str_ieq(trim(essence), gust_str_from(type));
}

bool gu_param_next(gust_str *rest, gust_str *name, gust_str *value)
{
    size_t end = gu_quoted_find(*rest, ';');
    gust_str param;

    do {
        if (end == rest->len)
            return false;
        *rest = gu_str_sub(*rest, end + 1, GU_NPOS);
        end = gu_quoted_find(*rest, ';');
        param = trim(gu_str_sub(*rest, 0, end));
    } while (param.len == 0);
    *value = param;
    gu_str_split(value, '=', name);
    *name = trim(*name);
    if (value->ptr != NULL)
        *value = trim(*value);
    return true;
}

int gu_param_get(struct gust_arena *arena, gust_str field, const char *name, gust_str *value)
{
    gust_str want = gust_str_from(name), found, raw;

    while (gu_param_next(&field, &found, &raw))
        if (raw.ptr != NULL && gu_str_ieq(found, want)) {
            *value = gu_quoted_unquote(arena, raw);
            return value->ptr == NULL ? -ENOMEM : 1;
        }
    return 0;
}
