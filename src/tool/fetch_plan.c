/*
 * gust fetch — what its command line asks for
 */
#include "fetch_plan.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char tool_fetch_usage[] =
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
    "  -o, --output FILE      what it prints goes to a file, but -w's; of several URLs, one\n"
    "                         behind the other\n"
    "  -w, --write-out FORMAT behind each body: \\n, \\t, %% and %{...} of status, reason, url,\n"
    "                         size, content_type, redirects, reused, time, time_queue,\n"
    "                         time_namelookup, time_connect, time_tls, time_pretransfer,\n"
    "                         time_starttransfer\n"
    "  -m, --max-time SECONDS for each URL; no limit, if it is not given\n"
    "      --connect-timeout SECONDS  20\n"
    "      --max-redirs N     5; 0 follows none\n"
    "  -L, --location         follows redirects, which it does anyway\n"
    "  -c, --cookies          keeps cookies for the redirects and URLs that follow\n"
    "      --raw              bodies as they were coded; no coding is asked for\n"
    "  -x, --proxy HOST:PORT  through an HTTP proxy\n"
    "      --unix-socket PATH connect there\n"
    "  -k, --insecure         take any certificate\n"
    "      --cacert FILE      whose word is trusted about servers, in PEM\n";

/* --- single options --- */

int tool_complain(const char *what, const char *about)
{
    fprintf(stderr, "gust fetch: %s: %s\n", what, about);
    return -EINVAL;
}

/* Reads a file of any length into plan->body. */
static int read_file(struct tool_plan *plan, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t len = 0, size = 4096;
    char *text = NULL, *grown;

    if (file == NULL)
        return tool_complain(path, gust_strerror(errno));
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
        return tool_complain(path, "cannot be read");
    return file == stdin ? 0 : fclose(file);
}

static int set_body(struct tool_plan *plan, char *text)
{
    if (plan->options.method == NULL)
        plan->options.method = "POST";
    if (text[0] == '@')
        return read_file(plan, text + 1);
    plan->options.body = gust_str_from(text);
    return 0;
}

/* Splits the argument in place. */
static int add_header(struct tool_plan *plan, char *text)
{
    char *colon = strchr(text, ':');

    if (colon == NULL || colon == text)
        return tool_complain(text, "a header is NAME: VALUE");
    if (plan->n_headers == TOOL_MAX_HEADERS)
        return tool_complain(text, "too many headers");
    *colon++ = '\0';
    plan->headers[plan->n_headers++] = (gust_field){text, colon + strspn(colon, " ")};
    plan->options.headers = plan->headers;
    return 0;
}

static int set_user(struct tool_plan *plan, char *text)
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
        return tool_complain(text, "not a number of seconds");
    *to = seconds;
    return 0;
}

static int set_redirects(struct tool_plan *plan, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (*end != '\0' || end == text || n < 0 || n > 1000)
        return tool_complain(text, "not a number of redirects");
    plan->options.max_redirects = (int)n;
    plan->options.no_redirects = n == 0;
    return 0;
}

static int set_proxy(struct tool_plan *plan, char *text)
{
    char *host = strstr(text, "://") != NULL ? strstr(text, "://") + 3 : text;
    char *colon = strrchr(host, ':'), *end = NULL;
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);

    if (colon != NULL && (*end != '\0' || port == 0 || port > 65535))
        return tool_complain(text, "a proxy is HOST:PORT");
    if (colon != NULL)
        *colon = '\0';
    plan->options.proxy_host = host;
    plan->options.proxy_port = (unsigned)port;
    return 0;
}

static int add_jar(struct tool_plan *plan)
{
    if (plan->options.jar == NULL)
        plan->options.jar = gust_cookie_jar_new();
    return plan->options.jar != NULL ? 0 : tool_complain("cookies", "memory is short");
}

enum { CONNECT_TIMEOUT = 256, MAX_REDIRS, RAW, UNIX_SOCKET, CACERT };

static const struct option long_options[] = {
    {"request", required_argument, NULL, 'X'},
    {"data", required_argument, NULL, 'd'},
    {"header", required_argument, NULL, 'H'},
    {"user", required_argument, NULL, 'u'},
    {"user-agent", required_argument, NULL, 'A'},
    {"include", no_argument, NULL, 'i'},
    {"output", required_argument, NULL, 'o'},
    {"write-out", required_argument, NULL, 'w'},
    {"max-time", required_argument, NULL, 'm'},
    {"connect-timeout", required_argument, NULL, CONNECT_TIMEOUT},
    {"max-redirs", required_argument, NULL, MAX_REDIRS},
    {"location", no_argument, NULL, 'L'},
    {"cookies", no_argument, NULL, 'c'},
    {"raw", no_argument, NULL, RAW},
    {"proxy", required_argument, NULL, 'x'},
    {"unix-socket", required_argument, NULL, UNIX_SOCKET},
    {"insecure", no_argument, NULL, 'k'},
    {"cacert", required_argument, NULL, CACERT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* What one option says. Positive: help was asked for. */
static int take_option(struct tool_plan *plan, int option, char *value)
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
    case 'o':
        plan->output = value;
        return 0;
    case 'w':
        plan->format = value;
        return 0;
    case 'L':
        return 0;
    case 'c':
        return add_jar(plan);
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

int tool_plan_read(struct tool_plan *plan, int argc, char **argv)
{
    int option, err;

    plan->options.request_timeout = GUST_NEVER;
    plan->options.max_body_size = GUST_NEVER;
    plan->options.allow_nonstandard_methods = true;
    while ((option = getopt_long(argc, argv, "X:d:H:u:A:io:w:m:Lcx:kh", long_options, NULL)) !=
           -1) {
        err = take_option(plan, option, optarg);
        if (err != 0)
            return err;
    }
    plan->urls = argv + optind;
    return argc == optind ? tool_complain("no URL", "`gust fetch --help` tells more") : 0;
}

void tool_plan_drop(struct tool_plan *plan)
{
    gust_cookie_jar_free(plan->options.jar);
    free(plan->body);
}
