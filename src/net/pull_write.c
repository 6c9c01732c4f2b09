/*
 * pull — writing
 *
 * Bytes go to the loop's output buffer, and leave when the task next waits. A large piece is sent
 * from where it lies, a part at a time, so that no more of it than the bound is ever copied.
 */
#include "base/alloc.h"
#include "base/fmt.h"
#include "base/loopstack.h"
#include "net/pull_impl.h"
#include <stdarg.h>

#define UNSENT_MAX ((size_t)256 * 1024) /* more than that, and the writer waits */
#define UNSENT_LOW ((size_t)64 * 1024)  /* until no more than this is left */

/* gu_stream_wait_sent() with the stream's memory kept. */
static int wait_sent(struct gust_stream *s, size_t most)
{
    int err;

    gu_pull_ref(s);
    err = gu_stream_wait_sent(&s->push, most);
    gu_pull_unref(s);
    return err;
}

static bool is_broken(const struct gust_stream *s)
{
    return (s->push.flags & (GU_STREAM_BROKEN | GU_STREAM_CLOSED)) != 0;
}

/* What was put may wait here, before the next part. */
static int make_room(struct gust_stream *s)
{
    if (gu_unlikely(gu_stream_is_blocked(&s->push)) && gu_stream_unsent(&s->push) > UNSENT_MAX)
        return wait_sent(s, UNSENT_LOW);
    return is_broken(s) ? -GUST_ECLOSED : 0;
}

int gust_stream_write(gust_stream *stream, const void *bytes, size_t len)
{
    const char *at = bytes;
    int err = 0;

    gu_pull_check(stream, "gust_stream_write");
    if (gu_task_current() == NULL)
        gu_misuse("gust_stream_write was called outside a task: run it in gust_run() or gust_go()");
    do {
        size_t n = gu_min(len, UNSENT_MAX);

        if (is_broken(stream))
            return -GUST_ECLOSED;
        gu_stream_put(&stream->push, at, n);
        at += n;
        len -= n;
        err = make_room(stream);
    } while (err == 0 && len > 0);
    return err;
}

#define PRINT_ROOM ((size_t)1024)

/* A text that was found to be `len` bytes long. */
GUST_PRINTF(3, 0)
static int print_long(gust_stream *stream, size_t len, const char *format, va_list args)
{
    char *text = gu_alloc(len + 1);
    int err;

    if (text == NULL)
        return -ENOMEM;
    gu_vsnprintf(text, len + 1, format, args);
    err = gust_stream_write(stream, text, len);
    gu_free(text);
    return err;
}

int gust_stream_printf(gust_stream *stream, const char *format, ...)
{
    va_list args;
    char *to;
    int n, err;

    gu_pull_check(stream, "gust_stream_printf");
    to = gu_stream_reserve(&stream->push, PRINT_ROOM);
    va_start(args, format);
    n = gu_vsnprintf(to, PRINT_ROOM, format, args);
    va_end(args);
    if (n < 0)
        return -EINVAL;
    if ((size_t)n < PRINT_ROOM) {
        gu_stream_commit(&stream->push, (size_t)n);
        return gust_stream_write(stream, "", 0);
    }
    va_start(args, format);
    err = print_long(stream, (size_t)n, format, args);
    va_end(args);
    return err;
}

int gust_stream_flush(gust_stream *stream)
{
    gu_pull_check(stream, "gust_stream_flush");
    return wait_sent(stream, 0);
}

int gust_stream_shutdown(gust_stream *stream)
{
    int err = gust_stream_flush(stream);

    return err < 0 ? err : gu_stream_shutdown(&stream->push);
}

int gust_copy(gust_stream *to, gust_stream *from)
{
    gust_str some;
    int n;

    while ((n = gust_read_some(from, &some)) > 0) {
        n = gust_stream_write(to, some.ptr, some.len);
        if (n < 0)
            return n;
    }
    return n;
}

/* --- without a task --- */

void gust_stream_send(gust_stream *stream, const void *bytes, size_t len)
{
    gu_pull_check(stream, "gust_stream_send");
    gu_stream_put(&stream->push, bytes, len);
}

size_t gust_stream_unsent(const gust_stream *stream)
{
    return gu_stream_unsent(&stream->push);
}
