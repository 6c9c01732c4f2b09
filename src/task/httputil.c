/*
 * httputil — the codecs' functions that make text, for users
 *
 * The codecs allocate in an arena that they are given. Here it is that of the innermost scope,
 * which is why these few wrappers live on the tasks' floor.
 */
#include <gust/httputil.h>

#include "base/buf.h"
#include "base/str.h"
#include "codec/date.h"
#include "codec/escape.h"
#include "codec/percent.h"
#include "codec/url.h"
#include "task/task_impl.h"

/* What was made; raises if nothing was, because memory was short. */
static gust_str made(gust_str text)
{
    if (gu_unlikely(text.ptr == NULL))
        gu_no_memory();
    return text;
}

static enum gu_percent percent(bool plus)
{
    return plus ? GU_PERCENT_FORM : GU_PERCENT_PATH;
}

const char *gust_xhtml_escape(const char *text)
{
    return made(gu_xhtml_escape_copy(gu_arena_here(), gust_str_from(text))).ptr;
}

const char *gust_url_escape(const char *text, bool plus)
{
    return made(gu_percent_escape(gu_arena_here(), gust_str_from(text), percent(plus))).ptr;
}

gust_str gust_url_unescape(const char *text, bool plus)
{
    return made(gu_percent_unescape(gu_arena_here(), gust_str_from(text), percent(plus)));
}

const char *gust_url_concat(const char *url, const gust_url_arg args[])
{
    gust_arena *arena = gu_arena_here();
    struct gu_pairs pairs = {0};

    if (args == NULL)
        return made(gu_url_concat(arena, gust_str_from(url), NULL)).ptr;
    while (args[pairs.len].name != NULL)
        pairs.len++;
    pairs.items = gust_alloc((pairs.len + 1) * sizeof *pairs.items);
    for (size_t i = 0; i < pairs.len; i++)
        pairs.items[i] =
            (struct gu_pair){gust_str_from(args[i].name), gust_str_from(args[i].value)};
    return made(gu_url_concat(arena, gust_str_from(url), &pairs)).ptr;
}

const char *gust_format_timestamp(double seconds)
{
    char text[GU_DATE_LEN + 1];
    int64_t whole = 0; /* of NaN too, which is not above 0 */

    if (seconds > 0)
        whole = seconds < (double)GU_DATE_MAX ? (int64_t)seconds : GU_DATE_MAX;
    gu_date_format(text, whole);
    return made(gu_arena_copy(gu_arena_here(), text, GU_DATE_LEN)).ptr;
}
