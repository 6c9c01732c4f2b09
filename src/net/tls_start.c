/*
 * tls — beginning to speak TLS in a task, on a public stream
 */
#include "base/log.h"
#include "net/memory.h"
#include "net/pull_impl.h"
#include "net/tls_impl.h"

struct open_wait {
    struct gu_wait base;
    struct gu_stream *stream; /* NULL once it was told */
    const char **why;         /* NULL: nobody asks */
    int result;
};

static void abandon(struct gu_wait *base)
{
    struct open_wait *wait = gu_container_of(base, struct open_wait, base);

    if (wait->stream != NULL)
        gu_tls_forget_opened(wait->stream);
}

static void opened(struct gu_stream *s, int err, void *arg)
{
    struct open_wait *wait = arg;

    if (err == -GUST_ECERT && wait->why != NULL)
        *wait->why = X509_verify_cert_error_string(SSL_get_verify_result(gu_tls_of(s)->ssl));
    wait->stream = NULL;
    wait->result = err;
    if (wait->base.task != NULL)
        gu_task_wake(wait->base.task, err);
}

static int wait_opened(struct gust_stream *s, struct open_wait *wait)
{
    int err;

    if (wait->stream == NULL)
        return wait->result;
    s->is_opening = true;
    gu_pull_ref(s);
    err = gu_task_wait(&wait->base, GU_FOREVER);
    s->is_opening = false;
    if (err < 0)
        gu_stream_close(&s->push); /* half of a handshake is of no use to anybody */
    gu_pull_unref(s);
    return err;
}

static int begin(struct gust_stream *s, struct gust_tls_context *context,
                 const struct gu_tls_peer *peer)
{
    struct open_wait wait = {{.abandon = abandon}, &s->push, peer == NULL ? NULL : peer->why, 0};
    int err = gu_tls_begin_with(&s->push, context, peer, opened, &wait);

    return err < 0 ? err : wait_opened(s, &wait);
}

static int not_idle(const char *why)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "gust_start_tls: %s", why);
    return -EINVAL;
}

/* What came before in plain text must not be taken for what comes behind the handshake. */
static int check_idle(const struct gust_stream *s)
{
    if (gu_stream_is_tls(&s->push))
        return not_idle("the stream speaks TLS already");
    if (s->is_reading)
        return not_idle("another task reads the stream");
    if (s->protocol != NULL)
        return not_idle("the stream has a protocol; call it before gust_stream_set_protocol()");
    if (s->at < s->len || s->push.pending != NULL)
        return not_idle("bytes that came in plain text are unread");
    if ((s->push.flags & GU_STREAM_IS_SOCKET) == 0 && !gu_is_memory(s->push.io.fd))
        return -ENOTSOCK;
    return s->input_error;
}

int gu_tls_check_name(const gust_tls_options *options, const char *name)
{
    if (options->context != NULL)
        options = &options->context->options;
    if (name != NULL || options->no_name_check || options->verify == GUST_TLS_VERIFY_NONE)
        return 0;
    gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "TLS: a client has to say whom it wants (server_name)");
    return -EINVAL;
}

/* The stream's own task, while nobody else uses it. */
static int start_tls(gust_stream *s, const gust_tls_options *o, const struct gu_tls_peer *peer)
{
    struct gust_tls_context *context;
    int err = peer == NULL ? 0 : gu_tls_check_name(o, peer->name);

    if (err == 0)
        err = gust_stream_flush(s);
    if (err == 0)
        err = peer == NULL ? gu_tls_context_of(o, true, NULL, &context)
                           : gu_tls_client_context(s->push.net, o, NULL, &context);
    if (err < 0)
        return err;
    err = begin(s, context, peer);
    gust_tls_context_free(context);
    return err;
}

int gu_pull_start_tls(struct gust_stream *s, const gust_tls_options *options,
                      const struct gu_tls_peer *peer)
{
    int err;

    gu_pull_check(s, "gust_start_tls");
    gu_task_check_wait();
    err = check_idle(s);
    return err < 0 ? err : start_tls(s, options, peer);
}

int gust_start_tls(gust_stream *stream, const gust_tls_options *options)
{
    static const gust_tls_options defaults;
    struct gu_tls_peer peer = {NULL, NULL, 0, NULL};

    if (options == NULL)
        options = &defaults;
    peer.name = options->server_name;
    return gu_pull_start_tls(stream, options, options->server_side ? NULL : &peer);
}

/* --- asking --- */

bool gust_stream_is_tls(const gust_stream *stream)
{
    return gu_stream_is_tls(&stream->push);
}

const gust_certificate *gust_stream_certificate(const gust_stream *stream)
{
    if (gu_stream_is_closed(&stream->push))
        return NULL;
    return gu_tls_certificate(&stream->push, gu_arena_here());
}
