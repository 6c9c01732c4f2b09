/*
 * access — the line that each request leaves in the log
 *
 * Tornado's: "200 GET / (127.0.0.1) 0.60ms"; where lines are JSON, its parts are members too. A
 * level that is off costs one load.
 */
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "web/web_impl.h"

#define URI_MAX ((size_t)2048) /* what is longer is cut: a log line has a bound */
#define ROOM 80                /* for the rest of the message; the members are thrice as long */

/* --- text from clients --- */

static gust_str replace_bad(struct gust_arena *arena, gust_str text)
{
    struct gu_buf clean;
    gust_str result = {NULL, 0};

    gu_buf_init(&clean, arena, SIZE_MAX - 1);
    while (text.len > 0) {
        size_t n = gu_utf8_sequence(text);

        if (n == 0)
            gu_buf_puts(&clean, "\xef\xbf\xbd");
        else
            gu_buf_put(&clean, text.ptr, n);
        text = gu_str_sub(text, gu_max(n, 1), GU_NPOS);
    }
    gust_ignore(gu_buf_finish(&clean, &result));
    return result;
}

gust_str gu_clean_text(struct gust_arena *arena, gust_str text)
{
    return gu_utf8_is_valid(text) ? text : replace_bad(arena, text);
}

/* --- the line --- */

static void put_ms(struct gu_buf *b, gu_time elapsed)
{
    char digits[2];
    uint64_t hundredths = (uint64_t)(elapsed < 0 ? 0 : elapsed + 5000) / 10000;

    gu_buf_u64(b, hundredths / 100);
    gu_buf_putc(b, '.');
    gu_buf_put(b, digits, gu_fmt_pair(digits, (unsigned)(hundredths % 100)));
}

static void put_message(struct gu_buf *b, const gust_request *r, gust_str uri, gu_time elapsed)
{
    gu_buf_u64(b, (uint64_t)r->status);
    gu_buf_putc(b, ' ');
    gu_buf_put_str(b, r->x->method_name);
    gu_buf_putc(b, ' ');
    gu_buf_put_str(b, uri);
    gu_buf_puts(b, " (");
    gu_buf_puts(b, gust_remote_ip(r));
    gu_buf_puts(b, ") ");
    put_ms(b, elapsed);
    gu_buf_puts(b, "ms");
}

static void put_string(struct gu_buf *b, const gust_request *r, gust_str name, gust_str text)
{
    gust_str clean = gu_clean_text(&r->x->arena, text);

    gu_buf_put_str(b, name);
    if (clean.ptr == NULL)
        gu_buf_fail(b, -ENOMEM);
    else
        gu_json_put_utf8(b, clean);
}

static void put_members(struct gu_buf *b, const gust_request *r, gust_str uri, gu_time elapsed)
{
    gust_str agent = gu_exchange_field(r->x, GU_STR("User-Agent"));

    gu_buf_puts(b, "\"status\":");
    gu_buf_u64(b, (uint64_t)r->status);
    put_string(b, r, GU_STR(",\"method\":"), r->x->method_name);
    put_string(b, r, GU_STR(",\"uri\":"), uri);
    put_string(b, r, GU_STR(",\"remote_ip\":"), gust_str_from(gust_remote_ip(r)));
    gu_buf_puts(b, ",\"duration_ms\":");
    put_ms(b, elapsed);
    gu_buf_puts(b, ",\"bytes\":");
    gu_buf_u64(b, r->x->n_sent);
    if (agent.ptr != NULL)
        put_string(b, r, GU_STR(",\"user_agent\":"), gu_str_sub(agent, 0, URI_MAX));
}

static gu_noinline void write_line(gust_request *r, gust_log_level level)
{
    struct gust_loop *loop = r->x->server->http->loop;
    gust_str uri = gu_str_sub(r->x->target, 0, URI_MAX);
    gust_str message = {"", 0}, members = {"", 0};
    struct gu_buf text, more;
    gu_time elapsed;

    gu_loop_refresh_now(loop);
    elapsed = loop->now - r->x->started;
    gu_buf_init(&text, &r->x->arena, SIZE_MAX - 1);
    (void)gu_buf_reserve(&text, ROOM + uri.len); /* so that it need not grow */
    put_message(&text, r, uri, elapsed);
    gust_ignore(gu_buf_finish(&text, &message));
    if (gu_log_is_json()) {
        gu_buf_init(&more, &r->x->arena, SIZE_MAX - 1);
        (void)gu_buf_reserve(&more, 3 * ROOM + uri.len);
        put_members(&more, r, uri, elapsed);
        gust_ignore(gu_buf_finish(&more, &members));
    }
    if (message.len > 0)
        gu_log_write_members(level, GU_LOG_ACCESS, message, members);
    else /* the request has used up its memory */
        gu_log(level, GU_LOG_ACCESS, "%d %s (%s)", r->status, r->x->method_name.ptr,
               gust_remote_ip(r));
}

void gu_access_log(gust_request *r)
{
    gust_log_level level = gu_access_level(r->status);

    if (gu_unlikely(gu_log_is_on(GU_LOG_ACCESS, level)))
        write_line(r, level);
}
