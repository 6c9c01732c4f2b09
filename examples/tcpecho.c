/*
 * tcpecho — a server and a client of lines
 *
 *     tcpecho --port 8888                          serves: what a line says, it says back
 *     tcpecho --connect localhost:8888 hello …      sends each word as a line, prints the answers
 */
#include <gust.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 65536

/* --- server: one task a connection --- */

static int echo(gust_stream *s, void *arg)
{
    gust_str line;
    int err;

    (void)arg;
    while ((err = gust_read_until(s, "\n", LONGEST, &line)) == 0) {
        err = gust_stream_write(s, line.ptr, line.len);
        if (err < 0)
            return err;
    }
    if (err == -GUST_ETOOBIG)
        return gust_stream_printf(s, "no line is longer than %d bytes\n", LONGEST);
    return err;
}

static int serve(const char *address)
{
    gust_loop *loop = gust_loop_current();
    gust_tcpserver *server = gust_tcpserver_new(echo, NULL, NULL);
    int err = server == NULL ? -ENOMEM : gust_tcpserver_listen(server, address);

    if (err == 0) {
        printf("tcpecho: listening on port %d\n", gust_tcpserver_port(server));
        fflush(stdout);
        err = gust_loop_start(loop);
    }
    gust_tcpserver_free(server);
    gust_loop_close(loop);
    return err;
}

/* --- client --- */

struct call {
    const char *address;
    char **words;
};

static int talk(void *arg)
{
    const struct call *call = arg;
    const char *why = NULL;
    gust_stream *s;
    gust_str line;
    int err;

    GUST_DEADLINE(10);
    err = gust_connect(call->address, 0, &(gust_connect_options){.why = &why}, &s);
    if (why != NULL)
        fprintf(stderr, "tcpecho: %s\n", why);
    for (char **word = call->words; err == 0 && *word != NULL; word++) {
        err = gust_stream_printf(s, "%s\n", *word);
        if (err == 0)
            err = gust_read_until(s, "\n", LONGEST, &line);
        if (err == 0)
            fwrite(line.ptr, 1, line.len, stdout);
    }
    return err;
}

/* --- the command line --- */

/* The value of --name VALUE or --name=VALUE at *at, which moves to its last word; NULL if it is not
 * there. */
static const char *option(char **argv, int *at, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(argv[*at], name, len) != 0)
        return NULL;
    if (argv[*at][len] == '=')
        return argv[*at] + len + 1;
    return argv[*at][len] == '\0' && argv[*at + 1] != NULL ? argv[++*at] : NULL;
}

int main(int argc, char **argv)
{
    const char *port = NULL;
    struct call call = {0};
    int err, at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *value;

        if ((value = option(argv, &at, "--port")) != NULL)
            port = value;
        else if ((value = option(argv, &at, "--connect")) != NULL)
            call.address = value;
        else
            break;
    }
    call.words = argv + at;
    if ((port == NULL) == (call.address == NULL) || (port != NULL && at < argc)) {
        fprintf(stderr, "usage: tcpecho --port N | tcpecho --connect ADDRESS MESSAGE...\n");
        return EXIT_FAILURE;
    }
    err = port != NULL ? serve(port) : gust_run(talk, &call);
    if (err < 0)
        fprintf(stderr, "tcpecho: %s\n", gust_strerror(err));
    return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
