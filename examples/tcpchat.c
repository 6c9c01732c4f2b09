/*
 * tcpchat — a chat over plain lines
 *
 * Who connects says a name first; each line from then on goes to all the others. A line is kept
 * once, in the room, and every member has a place up to which it has heard: who takes lines slowly
 * holds nobody up and costs no more memory, but misses those that the room does not keep any more.
 *
 *     ./dev run tcpchat                                       then, in two other terminals:
 *     nc localhost 9999
 *     ./dev run tcpchat --tls-cert=cert.pem --tls-key=key.pem
 *     openssl s_client -quiet -connect localhost:9999
 */
#include <gust.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_KEPT 1024  /* lines of the room */
#define LONGEST 1000 /* bytes of a line */
#define LONGEST_NAME 20

struct line {
    int64_t by; /* the number of the member who said it, 0 for the room itself */
    char text[LONGEST_NAME + 2 + LONGEST + 2];
};

struct room {
    struct line lines[N_KEPT]; /* line n is at n % N_KEPT */
    int64_t n_said, n_joined, n_connections;
    gust_cond said, disconnected;
    struct member *first;
};

struct member {
    struct room *room;
    gust_stream *stream;
    char name[LONGEST_NAME + 1];
    int64_t number, n_heard;
    struct member *next;
};

/* --- options --- */

static const char *port = "9999";
static int64_t max_members = 1000;
static double patience = 30, pace = 0.05;
static gust_tls_options tls;

static const gust_option options_table[] = {
    {.name = "port", .to = &port, .help = "or an address to listen on"},
    {.name = "max-members",
     .type = GUST_OPTION_INT,
     .to = &max_members,
     .min = 1,
     .max = 100000,
     .help = "who comes then waits until one leaves"},
    {.name = "patience",
     .type = GUST_OPTION_DURATION,
     .to = &patience,
     .help = "with a member who takes nothing, or says no name"},
    {.name = "pace",
     .type = GUST_OPTION_DURATION,
     .to = &pace,
     .help = "from one line of a member to its next"},
    {.name = "tls-cert", .to = &tls.cert.cert_file, .help = "a file; speaks TLS"},
    {.name = "tls-key", .to = &tls.cert.key_file, .help = "a file"},
    {0},
};

/* --- the room --- */

static void say(struct room *room, int64_t by, const char *name, const char *then, const char *text)
{
    struct line *line = &room->lines[room->n_said++ % N_KEPT];

    line->by = by;
    snprintf(line->text, sizeof line->text, "%s%s%s\n", name, then, text);
    gust_cond_notify_all(&room->said);
}

static void join(struct member *m)
{
    m->number = ++m->room->n_joined;
    say(m->room, m->number, "* ", m->name, " is here");
    m->n_heard = m->room->n_said;
    m->next = m->room->first;
    m->room->first = m;
}

static void leave(void *arg)
{
    struct member *m = arg, **at = &m->room->first;

    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    say(m->room, 0, "* ", m->name, " left");
}

/* --- a member's two tasks --- */

static int hear_next(struct member *m)
{
    const struct room *room = m->room;
    int64_t n_missed = room->n_said - N_KEPT - m->n_heard;
    const struct line *line;

    if (n_missed > 0) {
        m->n_heard += n_missed;
        return gust_stream_printf(m->stream, "* you missed %" PRId64 " lines\n", n_missed);
    }
    line = &room->lines[m->n_heard++ % N_KEPT];
    return line->by == m->number ? 0 : gust_stream_write(m->stream, line->text, strlen(line->text));
}

/* Sends what was said until now. It is flushed, so that what waits for a slow member waits in the
 * room. */
static int catch_up(struct member *m)
{
    int64_t until = m->room->n_said;
    int err = 0;

    GUST_DEADLINE(patience);
    while (err == 0 && m->n_heard < until)
        err = hear_next(m);
    return err == 0 ? gust_stream_flush(m->stream) : err;
}

static int hear(void *arg)
{
    struct member *m = arg;
    int err = 0;

    while (err == 0)
        err = m->n_heard < m->room->n_said ? catch_up(m) : gust_cond_wait(&m->room->said);
    return err;
}

/* A copy of a line without its end, and without what terminals obey. */
static char *clean(gust_str line)
{
    char *text = gust_strndup(line.ptr, line.len);

    text[strcspn(text, "\r\n")] = '\0';
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return text;
}

/* Its pace holds up who talks too much: what it sends stays unread. */
static int talk(void *arg)
{
    struct member *m = arg;
    gust_str line;
    int err;

    while ((err = gust_read_until(m->stream, "\n", LONGEST, &line)) == 0) {
        GUST_SCOPE();
        const char *text = clean(line);

        if (strcmp(text, "/quit") == 0)
            return -GUST_ECLOSED;
        if (*text != '\0')
            say(m->room, m->number, m->name, ": ", text);
        err = gust_sleep(pace);
        if (err < 0)
            return err;
    }
    return err;
}

/* --- a connection --- */

static bool take_name(struct member *m, const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(name);

    if (len == 0 || len > LONGEST_NAME || strspn(name, allowed) != len)
        return false;
    for (const struct member *other = m->room->first; other != NULL; other = other->next)
        if (strcmp(other->name, name) == 0)
            return false;
    memcpy(m->name, name, len + 1);
    return true;
}

static int ask_name(struct member *m)
{
    gust_str line;
    int err;

    GUST_DEADLINE(patience);
    err = gust_stream_printf(m->stream, "Who are you?\n");
    while (err == 0 && (err = gust_read_until(m->stream, "\n", LONGEST, &line)) == 0) {
        if (take_name(m, clean(line)))
            return 0;
        err = gust_stream_printf(m->stream, "%d letters or digits that nobody has, please\n",
                                 LONGEST_NAME);
    }
    return err;
}

static int tell_who_is_here(const struct member *m)
{
    int err = gust_stream_printf(m->stream, "* here:");

    for (const struct member *other = m->room->first; other != NULL && err == 0;
         other = other->next)
        err = gust_stream_printf(m->stream, " %s", other->name);
    return err == 0 ? gust_stream_printf(m->stream, "\n") : err;
}

/* The first of the two tasks that ends, by an error, ends the other. */
static int chat(struct member *m)
{
    GUST_SCOPE();
    gust_group *both = gust_group_new(0);
    int err;

    join(m);
    gust_defer(leave, m);
    err = tell_who_is_here(m);
    if (err < 0)
        return err;
    gust_group_go(both, hear, m);
    gust_group_go(both, talk, m);
    return gust_group_wait(both);
}

static void disconnect(void *arg)
{
    struct room *room = arg;

    room->n_connections--;
    gust_cond_notify_all(&room->disconnected);
}

static int serve(gust_stream *s, void *arg)
{
    struct room *room = arg;
    struct member m = {.room = room, .stream = s};
    int err;

    room->n_connections++;
    gust_defer(disconnect, room);
    err = ask_name(&m);
    if (err == 0)
        err = chat(&m);
    if (err == -GUST_ETOOBIG) {
        GUST_DEADLINE(patience);
        err = gust_stream_printf(s, "* no line is longer than %d bytes\n", LONGEST);
    }
    return err == -ETIMEDOUT ? 0 : err; /* its fault, and nothing for the log */
}

/* --- the program --- */

static void stop(int signo, void *asked)
{
    (void)signo;
    gust_event_set(asked);
}

static int wait_for_signal(void)
{
    static gust_event asked;
    gust_loop *loop = gust_loop_current();
    int err = gust_loop_add_signal(loop, SIGINT, stop, &asked);

    if (err == 0)
        err = gust_loop_add_signal(loop, SIGTERM, stop, &asked);
    return err == 0 ? gust_event_wait(&asked) : err;
}

static int run(void *arg)
{
    struct room *room = arg;
    gust_tcpserver_options options = {
        .max_connections = max_members,
        .stream.tls = tls.cert.cert_file != NULL || tls.cert.key_file != NULL ? &tls : NULL,
        .name = "tcpchat",
    };
    gust_tcpserver *server = gust_tcpserver_new(serve, room, &options);
    int err = server == NULL ? -EINVAL : gust_tcpserver_listen(server, port);

    if (err == 0) {
        gust_log_info("tcpchat listens on port %d", gust_tcpserver_port(server));
        err = wait_for_signal();
    }
    gust_tcpserver_free(server); /* cancels those that serve its connections */
    while (err == 0 && room->n_connections > 0)
        err = gust_cond_wait(&room->disconnected);
    return err;
}

int main(int argc, char **argv)
{
    static struct room room;
    gust_options *options = gust_options_new(options_table, NULL);
    int err;

    if (options == NULL)
        return EXIT_FAILURE;
    gust_ignore(gust_options_parse_or_exit(options, NULL, argc, argv));
    err = gust_run(run, &room);
    if (err < 0)
        fprintf(stderr, "tcpchat: %s\n", gust_strerror(err));
    gust_options_free(options);
    return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
