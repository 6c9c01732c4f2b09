/*
 * twin_app — what a Tornado application with the same secrets has to understand, and say itself
 *
 * The suite beside it (tests/interop/tornado_test.py) runs the same requests through Tornado and
 * through this, and hands what one has made to the other.
 */
#include <gust.h>
#include <stdio.h>
#include <string.h>

static const gust_secret one[] = {{"It's a secret to everybody", 0}, {0}};
static const gust_secret two[] = {{"new", 2}, {"old", 1}, {0}};

/* --- signed values --- */

static const gust_secret *secrets_of(gust_request *r)
{
    return gust_find_argument(r, "two") != NULL ? two : one;
}

static int make_get(gust_request *r)
{
    const gust_signed_options options = {.version = (int)gust_get_int(r, "version", 2, 1, 2)};
    gust_str value = gust_str_from(gust_get_argument(r, "value", ""));

    gust_puts(
        r, gust_create_signed_value(secrets_of(r), gust_need_argument(r, "name"), value, &options));
    return 0;
}

static int read_get(gust_request *r)
{
    const gust_signed_options options = {
        .min_version = (int)gust_get_int(r, "min_version", 1, 1, 2),
        .max_age_days = (double)gust_get_int(r, "days", 31, 1, 100000),
    };
    gust_str value;
    int err = gust_decode_signed_value(secrets_of(r), gust_need_argument(r, "name"),
                                       gust_get_argument(r, "text", ""), &options, &value);

    if (err < 0)
        return gust_fail(r, 404, "%s", gust_strerror(err));
    gust_write(r, value.ptr, value.len);
    return 0;
}

static int cookie_get(gust_request *r)
{
    const char *value = gust_get_signed_cookie(r, "user", NULL);

    if (value == NULL)
        return gust_send_error(r, 404);
    gust_puts(r, value);
    return 0;
}

static int cookie_post(gust_request *r)
{
    gust_set_signed_cookie(r, "user", gust_need_argument(r, "user"), NULL);
    return 0;
}

/* --- tokens --- */

static int token_get(gust_request *r)
{
    gust_puts(r, gust_xsrf_token(r));
    return 0;
}

static int token_post(gust_request *r)
{
    gust_puts(r, "accepted");
    return 0;
}

/* --- forms --- */

/* A line for each argument of one of these names, and for each file, in hexadecimal. */
static int form_post(gust_request *r)
{
    static const char *const names[] = {"a", "b", "\xc3\xa9", "c d", "e\"f"};
    size_t n;
    const gust_upload *files = gust_files(r, &n);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; gust_get_arguments(r, names[i], k) != NULL; k++)
            gust_printf(r, "%s=%s\n", names[i], gust_get_arguments(r, names[i], k));
    for (size_t i = 0; i < n; i++) {
        gust_printf(r, "%s(%s;%s)=", files[i].name, files[i].filename, files[i].content_type);
        for (size_t k = 0; k < files[i].body.len; k++)
            gust_printf(r, "%02x", (unsigned char)files[i].body.ptr[k]);
        gust_puts(r, "\n");
    }
    return 0;
}

/* --- sessions --- */

static int session_get(gust_request *r)
{
    const char *user = gust_session_get(r, "user");

    gust_puts(r, user == NULL ? "nobody" : user);
    gust_session_set(r, "user", gust_get_argument(r, "user", user));
    return 0;
}

int main(int argc, char **argv)
{
    bool in_memory = strcmp(argv[argc - 1], "in-memory") == 0;
    gust_session_store *memory = gust_session_memory_new(0);
    const gust_session_options sessions = {.store = memory};

    static const gust_handler cookies = {
        .get = cookie_get, .post = cookie_post, .flags = GUST_NO_XSRF};
    static const gust_handler tokens = {.get = token_get, .post = token_post};
    static const gust_handler forms = {.post = form_post, .flags = GUST_NO_XSRF};
    static const gust_route routes[] = {
        {.path = "/form", .handler = &forms},
        {.path = "/make", .get = make_get},
        {.path = "/read", .get = read_get},
        {.path = "/cookie", .handler = &cookies},
        {.path = "/token", .handler = &tokens},
        {.path = "/session", .get = session_get},
        {0},
    };

    int code = gust_app_main(
        &(gust_app_options){
            .routes = routes,
            .max_workers = GUST_NEVER,
            .cookie_secret = "It's a secret to everybody",
            .xsrf_cookies = true,
            .decompress_request = true,
            .sessions = in_memory ? &sessions : NULL,
        },
        argc - in_memory, argv);

    gust_session_memory_free(memory);
    return code;
}
