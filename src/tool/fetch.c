/*
 * gust fetch — ask, and print the answer as it comes
 *
 * One piece of the body is held at a time, whatever its length. The URLs of one command share a
 * client, so those of one server share its connection. The program does nothing else, so it may
 * wait for its output.
 */
#include "tool.h"
#include <getopt.h>
#include <gust/client.h>
#include <gust/log.h>
#include <gust/task.h>
#include <gust/tls.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HEADERS 100

static const char usage[] =
    "usage: gust fetch [OPTIONS] URL...\n"
    "\n"
    "Prints the bodies of what the URLs answer. Exits 1, and says why, if one has no whole\n"
    "answer; a status such as 404 is an answer.\n"
    "\n"
    "  -X, --request METHOD   GET, or POST with -d\n"
    "  -d, --data BODY        the request's body; @FILE is what is in the file\n"
    "  -H, --header 'N: V'    a field of the request; several times, if need be\n"
    "  -u, --user NAME:PASS   Basic authentication\n"
    "  -A, --user-agent NAME  instead of Gust/VERSION\n"
    "  -i, --include          the status line and the fields first\n"
    "  -w, --write-out FORMAT behind each body: \\n, \\t, %% and %{...} of status, reason, url,\n"
    "                         size, content_type, redirects, reused, time, time_queue,\n"
    "                         time_namelookup, time_connect, time_tls, time_pretransfer,\n"
    "                         time_starttransfer\n"
    "  -m, --max-time SECONDS for each URL; no limit, if it is not given\n"
    "      --connect-timeout SECONDS  20\n"
    "      --max-redirs N     5; 0 follows none\n"
    "      --raw              bodies as they were coded; no coding is asked for\n"
    "  -x, --proxy HOST:PORT  through an HTTP proxy\n"
    "      --unix-socket PATH connect there\n"
    "  -k, --insecure         take any certificate\n"
    "      --cacert FILE      whose word is trusted about servers, in PEM\n";

/* --- what is asked for --- */

struct plan {
    gust_fetch_options options;
    gust_field headers[MAX_HEADERS + 1];
    size_t n_headers;
    char **urls; /* NULL-ended */
    const char *format;
    char *body; /* of a file, on the heap */
    bool includes_head;
};

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "gust fetch: %s: %s\n", what, about);
    return -EINVAL;
}

/* Reads a file of any length into plan->body. */
static int read_file(struct plan *plan, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t len = 0, size = 4096;
    char *text = NULL, *grown;

    if (file == NULL)
        return complain(path, gust_strerror(errno));
    while ((grown = realloc(text, size)) != NULL) {
        text = grown;
        len += fread(text + len, 1, size - len, file);
        if (len < size)
            break;
        size *= 2;
    }
    plan->body = text;
    plan->options.body = (gust_str){text, len};
    if (ferror(file) != 0 || grown == NULL)
        return complain(path, "cannot be read");
    return file == stdin ? 0 : fclose(file);
}

static int set_body(struct plan *plan, char *text)
{
    if (plan->options.method == NULL)
        plan->options.method = "POST";
    if (text[0] == '@')
        return read_file(plan, text + 1);
    plan->options.body = gust_str_from(text);
    return 0;
}

/* Splits the argument in place. */
static int add_header(struct plan *plan, char *text)
{
    char *colon = strchr(text, ':');

    if (colon == NULL || colon == text)
        return complain(text, "a header is NAME: VALUE");
    if (plan->n_headers == MAX_HEADERS)
        return complain(text, "too many headers");
    *colon++ = '\0';
    plan->headers[plan->n_headers++] = (gust_field){text, colon + strspn(colon, " ")};
    plan->options.headers = plan->headers;
    return 0;
}

static int set_user(struct plan *plan, char *text)
{
    char *colon = strchr(text, ':');

    if (colon != NULL)
        *colon++ = '\0';
    plan->options.auth_username = text;
    plan->options.auth_password = colon != NULL ? colon : "";
    return 0;
}

static int set_seconds(double *to, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (*end != '\0' || end == text || !(seconds > 0))
        return complain(text, "not a number of seconds");
    *to = seconds;
    return 0;
}

static int set_redirects(struct plan *plan, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (*end != '\0' || end == text || n < 0 || n > 1000)
        return complain(text, "not a number of redirects");
    plan->options.max_redirects = (int)n;
    plan->options.no_redirects = n == 0;
    return 0;
}

static int set_proxy(struct plan *plan, char *text)
{
    char *host = strstr(text, "://") != NULL ? strstr(text, "://") + 3 : text;
    char *colon = strrchr(host, ':'), *end = NULL;
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);

    if (colon != NULL && (*end != '\0' || port == 0 || port > 65535))
        return complain(text, "a proxy is HOST:PORT");
    if (colon != NULL)
        *colon = '\0';
    plan->options.proxy_host = host;
    plan->options.proxy_port = (unsigned)port;
    return 0;
}

enum { CONNECT_TIMEOUT = 256, MAX_REDIRS, RAW, UNIX_SOCKET, CACERT };

static const struct option long_options[] = {
    {"request", required_argument, NULL, 'X'},
    {"data", required_argument, NULL, 'd'},
    {"header", required_argument, NULL, 'H'},
    {"user", required_argument, NULL, 'u'},
    {"user-agent", required_argument, NULL, 'A'},
    {"include", no_argument, NULL, 'i'},
    {"write-out", required_argument, NULL, 'w'},
    {"max-time", required_argument, NULL, 'm'},
    {"connect-timeout", required_argument, NULL, CONNECT_TIMEOUT},
    {"max-redirs", required_argument, NULL, MAX_REDIRS},
    {"raw", no_argument, NULL, RAW},
    {"proxy", required_argument, NULL, 'x'},
    {"unix-socket", required_argument, NULL, UNIX_SOCKET},
    {"insecure", no_argument, NULL, 'k'},
    {"cacert", required_argument, NULL, CACERT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* What one option says. Positive: help was asked for. */
static int take_option(struct plan *plan, int option, char *value)
{
    switch (option) {
    case 'X':
        plan->options.method = value;
        return 0;
    case 'd':
        return set_body(plan, value);
    case 'H':
        return add_header(plan, value);
    case 'u':
        return set_user(plan, value);
    case 'A':
        plan->options.user_agent = value;
        return 0;
    case 'i':
        plan->includes_head = true;
        return 0;
    case 'w':
        plan->format = value;
        return 0;
    case 'm':
        return set_seconds(&plan->options.request_timeout, value);
    case CONNECT_TIMEOUT:
        return set_seconds(&plan->options.connect_timeout, value);
    case MAX_REDIRS:
        return set_redirects(plan, value);
    case RAW:
        plan->options.no_decompress = true;
        return 0;
    case 'x':
        return set_proxy(plan, value);
    case UNIX_SOCKET:
        plan->options.unix_socket = value;
        return 0;
    case 'k':
        plan->options.no_verify = true;
        return 0;
    case CACERT:
        plan->options.ca_file = value;
        return 0;
    case 'h':
        return 1;
    default: /* getopt has said what is wrong */
        return -EINVAL;
    }
}

static int read_plan(struct plan *plan, int argc, char **argv)
{
    int option, err;

    plan->options.request_timeout = GUST_NEVER;
    plan->options.max_body_size = GUST_NEVER;
    plan->options.allow_nonstandard_methods = true;
    while ((option = getopt_long(argc, argv, "X:d:H:u:A:iw:m:x:kh", long_options, NULL)) != -1) {
        err = take_option(plan, option, optarg);
        if (err != 0)
            return err;
    }
    plan->urls = argv + optind;
    return argc == optind ? complain("no URL", "`gust fetch --help` tells more") : 0;
}

/* --- -w --- */

struct outcome {
    const gust_response *response;
    uint64_t size; /* of the body */
};

static void put_time(double seconds)
{
    printf("%.6f", seconds);
}

static void put_text(const char *text)
{
    fputs(text != NULL ? text : "", stdout);
}

#define VARIABLE(name_, statement_)                  \
    static void put_##name_(const struct outcome *o) \
    {                                                \
        statement_;                                  \
    }

VARIABLE(status, printf("%03d", o->response->status))
VARIABLE(reason, put_text(o->response->reason))
VARIABLE(url, put_text(o->response->url))
VARIABLE(size, printf("%" PRIu64, o->size))
VARIABLE(type, put_text(gust_response_header(o->response, "Content-Type")))
VARIABLE(redirects, printf("%d", o->response->n_redirects))
VARIABLE(reused, put_text(o->response->is_reused ? "1" : "0"))
VARIABLE(total, put_time(o->response->times.total))
VARIABLE(queue, put_time(o->response->times.queue))
VARIABLE(namelookup, put_time(o->response->times.namelookup))
VARIABLE(connect, put_time(o->response->times.connect))
VARIABLE(tls, put_time(o->response->times.tls))
VARIABLE(pretransfer, put_time(o->response->times.pretransfer))
VARIABLE(starttransfer, put_time(o->response->times.starttransfer))

static const struct {
    const char *name;
    void (*put)(const struct outcome *o);
} variables[] = {
    {"status", put_status},
    {"reason", put_reason},
    {"url", put_url},
    {"size", put_size},
    {"content_type", put_type},
    {"redirects", put_redirects},
    {"reused", put_reused},
    {"time", put_total},
    {"time_queue", put_queue},
    {"time_namelookup", put_namelookup},
    {"time_connect", put_connect},
    {"time_tls", put_tls},
    {"time_pretransfer", put_pretransfer},
    {"time_starttransfer", put_starttransfer},
};

/* Prints the variable whose name begins at `name`, behind "%{"; returns where the text goes on.
 * What is no variable is printed as it stands. */
static const char *put_variable(const struct outcome *o, const char *name)
{
    size_t len = strcspn(name, "}");

    for (size_t i = 0; name[len] == '}' && i < sizeof variables / sizeof variables[0]; i++)
        if (strlen(variables[i].name) == len && memcmp(variables[i].name, name, len) == 0) {
            variables[i].put(o);
            return name + len + 1;
        }
    fputs("%{", stdout);
    return name;
}

static char unescaped(char c)
{
    return (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
}

static void put_format(const struct outcome *o, const char *at)
{
    while (*at != '\0') {
        if (at[0] == '%' && at[1] == '{') {
            at = put_variable(o, at + 2);
        } else if (at[0] == '\\' && at[1] != '\0') {
            putchar(unescaped(at[1]));
            at += 2;
        } else {
            at += at[0] == '%' && at[1] == '%';
            putchar(*at++);
        }
    }
}

/* --- fetching --- */

static void put_head(const gust_response *response)
{
    printf("HTTP/1.1 %d %s\n", response->status, response->reason);
    for (size_t i = 0; i < response->n_fields; i++)
        printf("%s: %s\n", response->fields[i].name, response->fields[i].value);
    putchar('\n');
}

/* Prints the body as it comes. */
static int put_body(const gust_response *response, uint64_t *size)
{
    gust_str piece;
    int n;

    while ((n = gust_response_read(response, &piece)) > 0) {
        *size += piece.len;
        if (fwrite(piece.ptr, 1, piece.len, stdout) != piece.len)
            return -EPIPE;
    }
    return n;
}

static int fetch_one(const struct plan *plan, const char *url)
{
    GUST_SCOPE();
    struct outcome o = {.response = gust_fetch_open(url, &plan->options)};
    int err = o.response->error;

    if (err == 0 && plan->includes_head)
        put_head(o.response);
    if (err == 0)
        err = put_body(o.response, &o.size);
    if (plan->format != NULL)
        put_format(&o, plan->format);
    if (fflush(stdout) != 0 || err == -EPIPE)
        return complain("standard output", "cannot be written");
    if (err != 0)
        fprintf(stderr, "gust fetch: %s: %s\n", url, gust_response_reason(o.response));
    return err;
}

static int fetch_all(void *arg)
{
    const struct plan *plan = arg;
    int first = 0;

    for (char **url = plan->urls; *url != NULL; url++) {
        int err = fetch_one(plan, *url);

        if (first == 0)
            first = err;
    }
    return first;
}

int tool_fetch(int argc, char **argv)
{
    struct plan plan = {0};
    int err = read_plan(&plan, argc, argv);
    int code = TOOL_USAGE;

    if (err > 0) {
        fputs(usage, stdout);
        code = TOOL_OK;
    } else if (err == 0) {
        /* What the library would log is in the one line that says why, or is slow output. */
        gust_ignore(gust_log_set_level(NULL, GUST_LOG_ERROR));
        code = gust_run(fetch_all, &plan) == 0 ? TOOL_OK : TOOL_FAILED;
    }
    free(plan.body);
    return code;
}
