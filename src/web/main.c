/*
 * main — gust_app_main()
 */
#include "base/log.h"
#include "base/options.h"
#include "web/web_impl.h"
#include <signal.h>
#include <stdio.h>

int gust_app_main(const gust_app_options *options, int argc, char **argv)
{
    const char *address = "8888";
    gust_app *app = gust_app_new(options);
    gust_httpserver *server = app == NULL ? NULL : gust_httpserver_new(app, NULL);
    int err;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--port") == 0 && i + 1 < argc)
            address = argv[++i];
        else if (strncmp(argv[i], "--port=", 7) == 0)
            address = argv[i] + 7;
    }
    signal(SIGPIPE, SIG_IGN);
    err = server == NULL ? -ENOMEM : gust_httpserver_listen(server, address);
    if (err < 0) {
        fprintf(stderr, "%s: %s\n", address, gust_strerror(err));
        return 1;
    }
    return gust_loop_start(gust_loop_current()) < 0;
}
