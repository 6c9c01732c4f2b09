/*
 * pull — life of a public stream, and reading
 *
 * Every read is the same loop: ask a matcher whether the buffered bytes complete the read; if not,
 * wait for more and ask again. A new kind of read is a new matcher, never a second loop, so limits
 * and closing are decided in one place.
 *
 * While nobody reads, the push face is paused, and the kernel's buffer slows the peer down. A
 * reader is resumed inside the dispatch that received its bytes, so what it writes in answer leaves
 * in one send at the end of that. A stream that waits with nothing unread owns no buffer.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "net/pull_impl.h"
#include "net/stream_impl.h"

#define MAX_BUFFER ((int64_t)16 << 20)
#define FIRST_BUFFER ((size_t)512)

/* --- the buffer --- */

/* Forgets what the last read lent. */
static void end_loan(struct gust_stream *s)
{
    if (s->lent == 0)
        return;
    s->buf[s->at] = s->covered;
    s->lent = 0;
    if (s->at == s->len)
        s->at = s->len = 0;
}

static void lend(struct gust_stream *s, size_t n, gust_str *lent)
{
    *lent = n == 0 ? (gust_str){"", 0} : (gust_str){s->buf + s->at, n};
    if (n == 0)
        return;
    s->at += n;
    s->lent = n;
    s->covered = s->buf[s->at];
    s->buf[s->at] = '\0';
}

static void buffer_drop(struct gust_stream *s)
{
    gu_free(s->buf);
    s->buf = NULL;
    s->at = s->len = s->size = s->lent = 0;
}

/* Room for n more bytes and the zero byte; nothing is lent now. */
static bool buffer_grow(struct gust_stream *s, size_t n)
{
    size_t have = s->len - s->at, size = gu_max(s->size, FIRST_BUFFER);
    char *buf;

    if (s->buf != NULL && s->size - s->len > n)
        return true;
    if (s->buf != NULL && s->size - have > n && s->at >= have) {
        memmove(s->buf, s->buf + s->at, have); /* at most as much as was read since the last time */
        s->at = 0;
        s->len = have;
        return true;
    }
    while (size - have <= n)
        size *= 2;
    buf = gu_alloc(size);
    if (buf == NULL)
        return false;
    if (have > 0)
        memcpy(buf, s->buf + s->at, have);
    gu_free(s->buf);
    s->buf = buf;
    s->size = size;
    s->at = 0;
    s->len = have;
    return true;
}

/* --- life --- */

struct gust_stream *gu_pull_new(struct gu_net *net, const gust_stream_options *options)
{
    struct gust_stream *s = gu_alloc0(sizeof *s);

    if (s == NULL)
        return NULL;
    s->push.net = net;
    s->push.io.fd = -1;
    s->push.flags = GU_STREAM_CLOSED;
    s->max = gu_option_size(options == NULL ? 0 : options->max_buffer_size, (size_t)MAX_BUFFER);
    s->n_refs = 1;
    gu_list_init(&s->closing);
    return s;
}

static void pull_free(void *memory)
{
    struct gust_stream *s = memory;

    gu_free(s->buf);
    gu_free(s);
}

void gu_pull_ref(struct gust_stream *s)
{
    s->n_refs++;
}

void gu_pull_unref(struct gust_stream *s)
{
    gu_assert(s->n_refs > 0);
    if (--s->n_refs == 0)
        gu_loop_free_later(s->push.net->loop, s, pull_free);
}

int gu_pull_open(struct gust_stream *s, int fd, bool is_socket)
{
    int err = gu_stream_open(&s->push, s->push.net, &gu_pull_ops, fd, is_socket);

    if (err < 0) {
        s->push.flags = GU_STREAM_CLOSED;
        return err;
    }
    gu_pull_ref(s);
    s->push.flags |= GU_STREAM_DUPLEX;
    gu_stream_pause(&s->push);
    return 0;
}

static gu_cold void used_after_close(const char *call)
{
    gu_misuse("%s: the stream was closed by gust_stream_close()", call);
}

void gu_pull_check(const struct gust_stream *s, const char *call)
{
    if (gu_unlikely(s->is_closed))
        used_after_close(call);
}

static void sent_too_slowly(struct gu_timer *timer)
{
    gu_stream_close(&gu_container_of(timer, struct gust_stream, last)->push);
}

/* Who waits for input, and not for anything else any more; NULL: nobody. */
static struct gu_wait *take_reader(struct gust_stream *s)
{
    struct gu_wait *reader = s->reader;

    s->reader = NULL;
    if (reader == NULL || !gu_task_is_waiting(reader->task))
        return NULL; /* room for what it sends has woken it */
    reader->abandon(reader);
    return reader;
}

static void close_pull(struct gust_stream *s)
{
    struct gust_loop *loop = s->push.net->loop;
    struct gu_wait *reader = take_reader(s);

    s->is_closed = true;
    if (s->protocol != NULL && s->protocol->closed != NULL)
        s->protocol->closed(s, s->data);
    if (reader != NULL)
        gu_task_wake(reader->task, -GUST_ECLOSED);
    gu_stream_close_sent(&s->push);
    if (gu_stream_is_closed(&s->push))
        return;
    gu_list_append(&s->push.net->closing, &s->closing);
    s->last.run = sent_too_slowly;
    if (gu_timer_set(loop, &s->last, loop->now + 30 * GU_SECOND) < 0)
        gu_stream_close(&s->push);
}

void gu_pull_drop_closing(struct gu_net *net)
{
    GU_LIST_FOREACH_SAFE (link, &net->closing)
        gu_stream_close(&gu_container_of(link, struct gust_stream, closing)->push);
}

void gust_stream_close(gust_stream *stream)
{
    if (stream == NULL || stream->is_closed)
        return;
    close_pull(stream);
    gu_pull_unref(stream);
}

/* --- what the push face tells --- */

static void wake_reader(struct gust_stream *s, int result)
{
    struct gu_wait *reader = take_reader(s);

    if (reader != NULL)
        gu_task_resume(reader->task, result);
}

/* Input is over: reads that the buffer does not complete say `err`. */
static void end_input(struct gust_stream *s, int err)
{
    if (s->input_error == 0)
        s->input_error = err;
    wake_reader(s, 0);
}

static size_t received_by_protocol(struct gust_stream *s, char *bytes, size_t len)
{
    size_t used = s->is_closed ? len : s->protocol->received(s, bytes, len, s->data);

    if (used > len)
        gu_misuse("gust_stream_protocol.received returned %zu of %zu bytes", used, len);
    if (len - used == GU_NET_IN && !s->is_closed)
        gu_stream_fail(&s->push, -GUST_ETOOBIG);
    return used;
}

static size_t received(struct gu_stream *push, char *bytes, size_t len)
{
    struct gust_stream *s = gu_container_of(push, struct gust_stream, push);

    if (s->protocol != NULL)
        return received_by_protocol(s, bytes, len);
    if (s->reader == NULL) {
        gu_stream_pause(push);
        return 0;
    }
    if (!buffer_grow(s, len)) {
        gu_stream_pause(push); /* they wait there for the next read */
        wake_reader(s, -ENOMEM);
        return 0;
    }
    memcpy(s->buf + s->len, bytes, len);
    s->len += len;
    wake_reader(s, 0);
    if (s->reader == NULL && s->protocol == NULL) /* the reader may have set one */
        gu_stream_pause(push);
    return len;
}

static void protocol_ended(struct gust_stream *s, int err)
{
    if (s->is_closed)
        return;
    if (s->protocol->ended != NULL)
        s->protocol->ended(s, err, s->data);
    else
        gust_stream_close(s);
}

static void ended(struct gu_stream *push, int err)
{
    struct gust_stream *s = gu_container_of(push, struct gust_stream, push);

    if (err < 0 && s->error == 0)
        s->error = err;
    if (s->protocol != NULL)
        protocol_ended(s, err);
    else if (err == 0 || (push->flags & GU_STREAM_ENDED) != 0)
        end_input(s, -GUST_ECLOSED);
}

static void drained(struct gu_stream *push)
{
    struct gust_stream *s = gu_container_of(push, struct gust_stream, push);

    if (s->protocol != NULL && s->protocol->drained != NULL && !s->is_closed)
        s->protocol->drained(s, s->data);
}

static void closed(struct gu_stream *push)
{
    struct gust_stream *s = gu_container_of(push, struct gust_stream, push);

    gu_list_remove(&s->closing);
    gu_timer_clear(push->net->loop, &s->last);
    gu_pull_unref(s);
}

const struct gu_stream_ops gu_pull_ops = {received, ended, drained, closed, NULL, NULL};

void gust_stream_set_protocol(gust_stream *stream, const gust_stream_protocol *protocol, void *data)
{
    gu_pull_check(stream, "gust_stream_set_protocol");
    if (stream->is_reading || stream->len > 0)
        gu_misuse("gust_stream_set_protocol: call it before the first read");
    stream->protocol = protocol;
    stream->data = data;
    stream->push.flags &= (uint16_t)~GU_STREAM_DUPLEX;
    gu_stream_resume(&stream->push);
}

bool gu_pull_set_aside(struct gust_stream *s, const gust_stream_protocol *protocol, void *data)
{
    const unsigned over = GU_STREAM_ENDED | GU_STREAM_BROKEN | GU_STREAM_CLOSED;

    end_loan(s);
    if (s->len > s->at || s->push.pending != NULL || s->input_error != 0 || s->error != 0 ||
        gu_stream_is_blocked(&s->push) || (s->push.flags & over) != 0)
        return false;
    buffer_drop(s);
    gust_stream_set_protocol(s, protocol, data);
    return true;
}

void gu_pull_take_up(struct gust_stream *s)
{
    s->protocol = NULL;
    s->data = NULL;
    s->push.flags |= GU_STREAM_DUPLEX;
    gu_stream_pause(&s->push);
}

/* --- the reading loop --- */

struct read_wait {
    struct gu_room_wait room; /* it may wait for that, too */
    struct gust_stream *stream;
};

static void abandon(struct gu_wait *wait)
{
    gu_container_of(wait, struct read_wait, room.base)->stream->reader = NULL;
}

static int wait_for_more(struct gust_stream *s)
{
    struct read_wait wait = {{{.abandon = abandon}, 0}, s};
    int err;

    if (s->at == s->len && s->buf != NULL)
        buffer_drop(s);
    s->reader = &wait.room.base;
    if ((s->push.flags & GU_STREAM_PAUSED) != 0)
        gu_stream_resume(&s->push);
    err = gu_task_wait(&wait.room.base, GU_FOREVER);
    return s->is_closed ? -GUST_ECLOSED : err;
}

/* --- reading in order to be read --- */

static bool is_unsent_beyond(const struct gust_stream *s, size_t most)
{
    return s->push.out != NULL && s->push.out->len > most;
}

static void abandon_either(struct gu_wait *wait)
{
    gu_wait_unlink(wait);
    abandon(wait);
}

/* One wait that both the reader's event and the queue's room end. */
static int wait_for_either(struct gust_stream *s, size_t most)
{
    struct read_wait wait = {{{.abandon = abandon_either}, most}, s};
    bool has_come;
    int err;

    gu_list_init(&wait.room.base.link);
    if (s->push.out != NULL)
        gu_list_append(&s->push.out->waits, &wait.room.base.link);
    s->reader = &wait.room.base;
    if ((s->push.flags & GU_STREAM_PAUSED) != 0)
        gu_stream_resume(&s->push);
    err = gu_task_wait(&wait.room.base, GU_FOREVER);
    has_come = s->reader == NULL;
    s->reader = NULL;
    return s->is_closed ? -GUST_ECLOSED : err < 0 ? err : has_come;
}

int gu_pull_wait_sent(struct gust_stream *s, size_t most)
{
    int err = 0;

    gu_pull_check(s, "gust_fetch_write");
    gu_stream_flush(&s->push);
    end_loan(s);
    if (s->input_error != 0)
        return 1;
    if (is_unsent_beyond(s, most) || s->push.pending != NULL) {
        gu_pull_ref(s);
        err = wait_for_either(s, most);
        gu_pull_unref(s);
    }
    if (err != 0)
        return err;
    return (s->push.flags & (GU_STREAM_BROKEN | GU_STREAM_CLOSED)) != 0 ? -GUST_ECLOSED : 0;
}

static int too_big(struct gust_stream *s, const char *call, size_t max)
{
    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "%s: %zu bytes do not complete the read", call, max);
    s->input_error = -GUST_ETOOBIG;
    return -GUST_ETOOBIG;
}

static int read_loop(struct gust_stream *s, const struct gu_matcher *m, size_t max, gust_str *lent,
                     const char *call)
{
    size_t seen = 0;

    for (;;) {
        gust_str have = s->buf == NULL ? GU_STR("") : gu_str(s->buf + s->at, s->len - s->at);
        size_t n = GU_NPOS;
        int err = have.len == 0 && m->count > 0 ? 0 : m->find(m, have, seen, &n);

        if (err < 0)
            return err;
        if (n != GU_NPOS && n <= max) {
            lend(s, n, lent);
            return 0;
        }
        if (n != GU_NPOS || have.len > max || (have.len == max && !m->takes_end))
            return too_big(s, call, max);
        if (s->input_error == -GUST_ECLOSED && m->takes_end && s->error == 0) {
            lend(s, have.len, lent);
            return 0;
        }
        if (s->input_error < 0)
            return s->input_error;
        if (m->never_waits)
            return -EAGAIN;
        seen = have.len;
        err = wait_for_more(s);
        if (err < 0)
            return err;
    }
}

int gu_pull_read(struct gust_stream *s, const struct gu_matcher *m, size_t max, gust_str *lent,
                 const char *call)
{
    int err;

    gu_pull_check(s, call);
    if (s->protocol != NULL)
        gu_misuse("%s: the stream has a protocol, which gets what comes", call);
    if (s->is_reading)
        gu_misuse("%s: already reading: another task waits in a read of this stream", call);
    s->is_reading = true;
    gu_pull_ref(s);
    end_loan(s);
    err = read_loop(s, m, max == 0 ? s->max : gu_min(max, s->max), lent, call);
    s->is_reading = false;
    gu_pull_unref(s);
    return err;
}

/* --- matchers --- */

static int find_delim(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    size_t from = seen < m->delim.len ? 0 : seen - m->delim.len + 1;
    size_t at = gu_str_find(have, m->delim, from);

    *found = at == GU_NPOS ? GU_NPOS : at + m->delim.len;
    return 0;
}

static int find_count(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    (void)seen;
    *found = have.len >= m->count ? m->count : GU_NPOS;
    return 0;
}

static int find_some(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    (void)seen;
    *found = gu_min(have.len, m->count);
    return 0;
}

static int find_end(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    (void)m;
    (void)have;
    (void)seen;
    *found = GU_NPOS;
    return 0;
}

int gust_read_until(gust_stream *stream, const char *delim, size_t max, gust_str *lent)
{
    struct gu_matcher m = {.find = find_delim, .delim = gust_str_from(delim), .count = 1};

    if (m.delim.len == 0)
        return -EINVAL;
    return gu_pull_read(stream, &m, max, lent, "gust_read_until");
}

int gust_read_bytes(gust_stream *stream, size_t n, gust_str *lent)
{
    struct gu_matcher m = {.find = find_count, .count = n};

    if (n > stream->max)
        return -GUST_ETOOBIG;
    return gu_pull_read(stream, &m, 0, lent, "gust_read_bytes");
}

int gust_read_some(gust_stream *stream, gust_str *lent)
{
    struct gu_matcher m = {
        .find = find_some,
        .count = gu_min(stream->max, GU_NET_IN),
        .takes_end = true,
    };
    gust_str got;
    int err = gu_pull_read(stream, &m, 0, &got, "gust_read_some");

    if (err < 0)
        return err;
    *lent = got;
    return (int)got.len;
}

int gust_read_until_close(gust_stream *stream, size_t max, gust_str *lent)
{
    struct gu_matcher m = {.find = find_end, .takes_end = true};

    return gu_pull_read(stream, &m, max, lent, "gust_read_until_close");
}

int gust_read_into(gust_stream *stream, void *to, size_t len)
{
    gust_str got;
    int err = gust_read_bytes(stream, len, &got);

    if (err < 0)
        return err;
    memcpy(to, got.ptr, got.len);
    end_loan(stream);
    return 0;
}
