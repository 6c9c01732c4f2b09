/*
 * arguments — of the query, and of a body that is a form
 *
 * Both are read whole before the handler sees them, so that what is not UTF-8 is answered by 400
 * wherever it stands, and a look-up cannot fail. A request without either pays nothing.
 */
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/form.h"
#include "codec/query.h"
#include "web/number.h"
#include "web/web_impl.h"
#include <inttypes.h>

/* --- reading --- */

bool gu_text_is_sound(gust_str text)
{
    return memchr(text.ptr, '\0', text.len) == NULL && gu_utf8_is_valid(text);
}

gust_str gu_argument_clean(gust_str value)
{
    char *at = (char *)(uintptr_t)value.ptr;

    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)at[i] < 0x20 && (at[i] < '\t' || at[i] > '\r'))
            at[i] = ' ';
    value = gu_str_trim(value, " \t\n\v\f\r");
    if (value.len == 0)
        return GU_STR("");
    at = (char *)(uintptr_t)value.ptr;
    at[value.len] = '\0';
    return value;
}

/* 0 or the status to answer by. */
static int read_pairs(gust_request *r, gust_str text, struct gu_pairs *pairs)
{
    size_t most = gu_option_size(r->app->options.max_arguments, GU_QUERY_MAX_FIELDS);
    struct gu_pairs all;
    int err = gu_query_parse(&r->x->arena, text, most, &all);

    if (err == -GUST_ETOOBIG)
        GU_LOG_ONCE_PER(60, r->x->started, GUST_LOG_WARNING, GU_LOG_GENERAL,
                        "400 %s %s: more than %zu arguments (max_arguments)", r->x->method_name.ptr,
                        r->x->path.ptr, most);
    if (err < 0)
        return err == -ENOMEM ? 503 : 400;
    for (size_t i = 0; i < all.len; i++) {
        if (!gu_text_is_sound(all.items[i].name) || !gu_text_is_sound(all.items[i].value))
            return 400;
        all.items[i].value = gu_argument_clean(all.items[i].value);
    }
    *pairs = all;
    return 0;
}

int gu_arguments_read_query(gust_request *r)
{
    struct gu_input *input = gu_request_input(r);

    return input == NULL ? 503 : read_pairs(r, r->x->query, &input->query);
}

int gu_arguments_read_form(gust_request *r)
{
    struct gu_input *input;

    if (!gu_content_type_is(gu_exchange_known(r->x, GU_FIELD_CONTENT_TYPE), GU_FORM_TYPE))
        return 0;
    if (r->x->first[GU_FIELD_CONTENT_ENCODING] != 0 && !gu_body_is_decoded(r))
        return 400; /* it is not the form that it says it is (C20) */
    input = gu_request_input(r);
    return input == NULL ? 503 : read_pairs(r, r->request_body, &input->form);
}

/* --- looking up --- */

static const char *find_in(const struct gu_pairs *pairs, const char *name)
{
    const gust_str *value = gu_pairs_find_last(pairs, gust_str_from(name));

    return value == NULL ? NULL : value->ptr;
}

const char *gust_get_query_argument(const gust_request *r, const char *name, const char *fallback)
{
    const char *value = r->input == NULL ? NULL : find_in(&r->input->query, name);

    return value != NULL ? value : fallback;
}

const char *gust_get_body_argument(const gust_request *r, const char *name, const char *fallback)
{
    const char *value = r->input == NULL ? NULL : find_in(&r->input->form, name);

    return value != NULL ? value : fallback;
}

const char *gust_get_argument(const gust_request *r, const char *name, const char *fallback)
{
    return gust_get_body_argument(r, name, gust_get_query_argument(r, name, fallback));
}

const char *gust_find_argument(const gust_request *r, const char *name)
{
    return gust_get_argument(r, name, NULL);
}

const char *gust_need_argument(gust_request *r, const char *name)
{
    const char *value;

    gu_request_check_raise(r, "gust_need_argument");
    value = gust_find_argument(r, name);
    if (value == NULL)
        gu_task_raise(400, "the argument \"%s\" is missing", name);
    return value;
}

/* The i-th value of a name; *i becomes less by those that were passed over. */
static const char *nth_in(const struct gu_pairs *pairs, const char *name, size_t *i)
{
    for (size_t k = 0; k < pairs->len; k++)
        if (gust_str_equal(pairs->items[k].name, name) && (*i)-- == 0)
            return pairs->items[k].value.ptr;
    return NULL;
}

const char *gust_get_arguments(const gust_request *r, const char *name, size_t i)
{
    const char *value = r->input == NULL ? NULL : nth_in(&r->input->query, name, &i);

    return value != NULL || r->input == NULL ? value : nth_in(&r->input->form, name, &i);
}

/* --- numbers --- */

int gust_find_int(const gust_request *r, const char *name, int64_t min, int64_t max, int64_t *value)
{
    const char *text = gust_find_argument(r, name);
    int64_t n;
    int err;

    if (text == NULL)
        return 1;
    err = gu_number_parse(gust_str_from(text), &n);
    if (err < 0)
        return err;
    if (n < min || n > max)
        return -ERANGE;
    *value = n;
    return 0;
}

int64_t gust_get_int(gust_request *r, const char *name, int64_t fallback, int64_t min, int64_t max)
{
    int64_t value = fallback;
    int err;

    gu_request_check_raise(r, "gust_get_int");
    err = gust_find_int(r, name, min, max, &value);
    if (err == -EINVAL)
        gu_task_raise(400, "the argument \"%s\" is not a number", name);
    if (err == -ERANGE)
        gu_task_raise(400, "the argument \"%s\" is not between %" PRId64 " and %" PRId64, name, min,
                      max);
    return value;
}
