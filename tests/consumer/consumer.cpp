// consumer — a program of a user's, in C++, against an installed Gust
#include <cerrno>
#include <gust.h>
#include <iostream>
#include <string>

// Designated initialisers are C++20's, in the order of the members, in which people write them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace
{

int hello(gust_request *r)
{
    gust_text(r, "hello, %s\n", gust_get_argument(r, "name", "world"));
    return 0;
}

int received(gust_request *, gust_str)
{
    return 0;
}

struct session {
    int n;
};

const gust_handler base = {.flags = GUST_CANCEL_ON_DRAIN, .prepare = hello, .get = hello};

const gust_handler full = {
    .base = &base,
    .name = "full",
    .state_size = sizeof(session),
    .flags = GUST_CANCEL_ON_CLOSE,
    .clear_flags = GUST_CANCEL_ON_DRAIN,
    .max_body_size = 1 << 20,
    .timeout = 2.5,
    .post = hello,
    .any = hello,
    .data_received = received,
    .on_finish = [](gust_request *) {},
};

const gust_delegate delegate = {.finish = [](gust_exchange *) { return 0; }};

const gust_route inner[] = {
    {.path = "/leaf", .get = hello, .name = "leaf"},
    {},
};

const gust_route routes[] = {
    {.path = "/", .get = hello},
    {.path = "/both", .get = hello, .post = hello},
    {.path = "/full/([0-9]+)", .host = ".*\\.example", .handler = &full, .name = "full"},
    {.path = "/inner", .data = "data", .routes = inner},
    {.path = "/raw", .delegate = &delegate},
    {},
};

const gust_app_options options = {
    .routes = routes,
    .max_arguments = 10,
    .errors = GUST_ERRORS_JSON,
    .debug = true,
    .server = {.max_body_size = GUST_NEVER, .idle_timeout = 10, .xheaders = true},
};

} // namespace

int main()
{
    const std::string version = gust_version(), reason = gust_strerror(-ENOENT);
    gust_app *app = gust_app_new(&options);

    std::cout << "gust " << version << ", " << reason << '\n';
    if (version.empty() || reason.empty() || app == nullptr)
        return 1;
    gust_app_free(app);
    return 0;
}
