/*
 * render — pages that handlers make of templates
 */
#include "base/str.h"
#include "web_client.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- an application with templates --- */

static int page_get(gust_request *r)
{
    return gust_render(
        r, gust_get_argument(r, "t", "page.html"),
        GUST_VARS({"name", GUST_V(gust_get_argument(r, "name", "world"))}, {"n", GUST_V(3)}));
}

static int text_get(gust_request *r)
{
    const char *text = gust_render_string(r, gust_get_argument(r, "t", "page.html"),
                                          GUST_VARS({"name", GUST_V("<text>")}));

    gust_text(r, "[%s]", text);
    return 0;
}

static int nothing_get(gust_request *r)
{
    return gust_render(r, "plain.html", NULL);
}

static const gust_kv *own_namespace(gust_request *r)
{
    gust_kv *names = gust_alloc(2 * sizeof *names);

    names[0] = (gust_kv){"mood", gust_value_text(gust_get_argument(r, "mood", "calm"))};
    names[1] = (gust_kv){0};
    return names;
}

static void render_later(void *arg)
{
    gust_request *r = arg;

    gust_ignore(gust_render(r, gust_get_argument(r, "t", "page.html"),
                            GUST_VARS({"name", GUST_V("later")})));
}

static int later_get(gust_request *r)
{
    gust_loop_add_callback(gust_loop_current(), render_later, r);
    return gust_detach(r);
}

static const gust_handler moody = {.get_template_namespace = own_namespace, .get = page_get};
static const gust_handler derived = {.base = &moody};

static gust_value module_entry(gust_call *call)
{
    gust_request *r = call->context;

    return gust_value_text(
        gust_render_string(r, "entry.html", GUST_VARS({"entry", gust_call_arg(call, 0, "entry")})));
}

static gust_value fail_always(gust_call *call)
{
    return gust_call_fail(call, "the %s is out", "cat");
}

static gust_value sleep_a_bit(gust_call *call)
{
    (void)call;
    gust_sleep(0.001);
    return gust_value_text("slept");
}

static const gust_function entry_fn = {.fn = module_entry, .name = "Entry"};
static const gust_function fail_fn = {.fn = fail_always, .name = "fail_always"};
static const gust_function sleep_fn = {.fn = sleep_a_bit, .name = "sleep_a_bit"};

static const gust_kv modules[] = {{"Entry", {.type = GUST_FUNCTION, .as = {.function = &entry_fn}}},
                                  {NULL, {.type = GUST_NULL}}};
static const gust_kv names[] = {
    {"fail_always", {.type = GUST_FUNCTION, .as = {.function = &fail_fn}}},
    {"sleep_a_bit", {.type = GUST_FUNCTION, .as = {.function = &sleep_fn}}},
    {"mood", {.type = GUST_STRING, .as = {.string = GU_STR_INIT("the loader's")}}},
    {NULL, {.type = GUST_NULL}},
};

static const gust_template_file files[] = {
    {"page.html", "<p>Hello,   {{ name }}</p>"},
    {"plain.html", "plain"},
    {"broken.html", "a\n{% if %}"},
    {"raises.html", "a\n{{ {}['x'] }}"},
    {"deep/via.html", "{% include ../raises.html %}"},
    {"calls.html", "{{ fail_always() }}"},
    {"waits.html", "{{ sleep_a_bit() }}"},
    {"mood.html", "{{ mood }}"},
    {"entry.html", "<b>{{ entry['id'] }}</b>"},
    {"module.html", "{% module Entry({'id': '<1>'}) %}"},
    {"isolated.html", "{% set secret = 1 %}{% module Template('inner.html', a='<') %}"},
    {"inner.html", "{{ a }}{% try %}{{ secret }}{% except NameError %} alone{% end %}"},
    {"inner_fails.html", "{% module Template('raises.html') %}"},
    {"self.html", "{% module Template('self.html') %}"},
    {"nomodule.html", "{% module Nothing() %}"},
    {"request.html",
     "{{ request.method }} {{ request.path }} {{ request.query }} {{ request.host }}"
     " {{ request.remote_ip }} {{ request.headers['x-a'] }} {{ request.version }}"
     " {{ request.uri }} {{ request.protocol }}"},
    {"noheader.html", "{{ request.headers['x-b'] }}"},
    {"handler.html", "{{ handler.get_argument('name', '?') }}{{ handler.get_argument('zz', '?') }}"
                     "{{ handler.request.method }}{{ handler.get_cookie('c') }}"},
    {"reverse.html", "{{ reverse_url('story', 7, 'a b') }}"},
    {"reverse_none.html", "{{ reverse_url('nothing') }}"},
    {"reverse_few.html", "{{ reverse_url('story') }}"},
    {"forever.html", "{% while True %}{% end %}"},
    {"large.html", "{% for i in range(2000) %}{{ '0123456789' * 1000 }}{% end %}"},
    {NULL, NULL},
};

static const gust_route routes[] = {
    {.path = "/", .get = page_get},
    {.path = "/text", .get = text_get},
    {.path = "/plain", .get = nothing_get},
    {.path = "/later", .get = later_get},
    {.path = "/moody", .handler = &moody},
    {.path = "/derived", .handler = &derived},
    {.path = "/story/([0-9]+)/(.*)", .get = nothing_get, .name = "story"},
    {0},
};

static const gust_app_options app_options = {
    .routes = routes,
    .templates = files,
    .template_options = {.names = names, .max_output = 1 << 20},
    .ui_modules = modules};

TEST(a_template_becomes_a_page)
{
    static const struct {
        const char *name, *target, *body;
    } cases[] = {
        {"variables, escaped, and space in one", "/?name=%3Cb%3E", "<p>Hello, &lt;b&gt;</p>"},
        {"no variables", "/plain", "plain"},
        {"as a text", "/text", "[<p>Hello, &lt;text&gt;</p>]"},
        {"the loader's names", "/?t=mood.html", "the loader&#x27;s"},
        {"the handler's namespace before them", "/moody?t=mood.html&mood=wild", "wild"},
        {"it is inherited", "/derived?t=mood.html", "calm"},
        {"a module of the application's is not escaped", "/?t=module.html", "<b>&lt;1&gt;</b>"},
        {"Template sees nothing around it", "/?t=isolated.html", "&lt; alone"},
        {"the request", "/?t=request.html",
         "GET / t=request.html localhost 127.0.0.1 1 HTTP/1.1 /?t=request.html http"},
        {"the handler", "/?t=handler.html&name=x", "x?GETv"},
        {"the URL of a route", "/?t=reverse.html", "/story/7/a%20b"},
        {"a function may wait", "/?t=waits.html", "slept"},
        {"in a callback, after the handler returned", "/later", "<p>Hello, later</p>"},
        {"with a template in it", "/later?t=isolated.html", "&lt; alone"},
    };
    struct web *web = web_open(&app_options);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *response;

        TEST_CASE(cases[i].name);
        response = web_get(web, cases[i].target, "X-A: 1\r\nCookie: c=v\r\n");
        assert_int_equal(web_status(response), 200);
        assert_string_equal(web_body_of(response), cases[i].body);
    }
    web_close(web);
}

TEST(a_template_that_fails_is_answered_by_500_and_logged_with_its_place)
{
    static const struct {
        const char *name, *template, *log;
    } cases[] = {
        {"it is not there", "nothing.html", "nothing.html: cannot be read"},
        {"it does not parse", "broken.html", "if missing condition at broken.html:2"},
        {"it raises", "raises.html", "KeyError: 'x' at raises.html:2"},
        {"it raises in what it includes", "deep/via.html",
         "KeyError: 'x' at raises.html:2 (via deep/via.html:1)"},
        {"a function fails", "calls.html",
         "RuntimeError: fail_always(): the cat is out at calls.html:1"},
        {"a module that nobody has", "nomodule.html",
         "AttributeError: 'modules' object has no attribute 'Nothing' at nomodule.html:1"},
        {"a field that did not come", "noheader.html", "KeyError: 'x-b' at noheader.html:1"},
        {"a template in Template fails", "inner_fails.html",
         "RuntimeError: KeyError: 'x' at raises.html:2 at inner_fails.html:1"},
        {"it renders itself for ever", "self.html", "templates render each other too deep"},
        {"no such route", "reverse_none.html", "no route has the name \"nothing\""},
        {"arguments of a route", "reverse_few.html",
         "the route \"story\" takes 2 arguments, not 0"},
        {"it never ends", "forever.html", "more steps than max_steps at forever.html:1"},
        {"it writes too much", "large.html",
         "the output is longer than max_output at large.html:1"},
    };
    static const char *const ways[] = {"/?t=", "/text?t=", "/later?t="};
    struct web *web = web_open(&app_options);

    for (size_t i = 0; i < 3 * gu_countof(cases); i++) {
        const char *response;
        char target[64];

        TEST_CASE(cases[i / 3].name);
        snprintf(target, sizeof target, "%s%s", ways[i % 3], cases[i / 3].template);
        web->log[0] = '\0';
        web->log_len = 0;
        response = web_get(web, target, NULL);
        assert_int_equal(web_status(response), 500);
        assert_null(strstr(web_body_of(response), "Error:"));
        if (strstr(web->log, cases[i / 3].log) == NULL)
            fail_msg("not in the log: %s\n%s", cases[i / 3].log, web->log);
    }
    web_close(web);
}

TEST(without_templates_rendering_is_answered_by_500)
{
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_int_equal(web_status(web_get(web, "/plain", NULL)), 500);
    assert_non_null(strstr(web->log, "the application has no template_path"));
    web_close(web);
}

/* --- a directory --- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_return_code(fd, errno);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* A directory with templates in it; lent. */
static const char *make_directory(void)
{
    static char root[] = "/tmp/gust-templates-XXXXXX";
    char path[64];

    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/sub", root);
    assert_return_code(mkdir(path, 0700), errno);
    snprintf(path, sizeof path, "%s/page.html", root);
    write_file(path, "one{% include sub/part.html %}");
    snprintf(path, sizeof path, "%s/sub/part.html", root);
    write_file(path, "two");
    return root;
}

static void remove_directory(const char *root)
{
    static const char *const left[] = {"sub/part.html", "page.html"};
    char path[64];

    for (size_t i = 0; i < gu_countof(left); i++) {
        snprintf(path, sizeof path, "%s/%s", root, left[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/sub", root);
    rmdir(path);
    rmdir(root);
}

static void check_directory(const char *root)
{
    static const struct {
        const char *name, *template;
        int status;
    } cases[] = {
        {"a file, and one that it includes", "page.html", 200},
        {"one in a directory", "sub/part.html", 200},
        {"one that is not there", "none.html", 500},
        {"a directory", "sub", 500},
        {"out of the directory", "../page.html", 500},
        {"out and in again", "sub/../../etc/passwd", 500},
        {"an absolute name", "/etc/passwd", 500},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes, .template_path = root});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char target[64];

        TEST_CASE(cases[i].name);
        snprintf(target, sizeof target, "/?t=%s", cases[i].template);
        assert_int_equal(web_status(web_get(web, target, NULL)), cases[i].status);
    }
    assert_string_equal(web_body_of(web_get(web, "/", NULL)), "onetwo");
    web_close(web);
}

/* What a page is after one of its files changed. */
static void check_change(const char *root, bool debug, const char *expected)
{
    struct web *web =
        web_open(&(gust_app_options){.routes = routes, .template_path = root, .debug = debug});
    char path[64];

    snprintf(path, sizeof path, "%s/sub/part.html", root);
    write_file(path, "two");
    assert_string_equal(web_body_of(web_get(web, "/", NULL)), "onetwo");
    write_file(path, "three");
    assert_string_equal(web_body_of(web_get(web, "/", NULL)), expected);
    web_close(web);
}

TEST(templates_of_a_directory_are_below_it_and_read_once_but_with_debug)
{
    const char *root = make_directory();

    check_directory(root);
    check_change(root, false, "onetwo");
    check_change(root, true, "onethree");
    remove_directory(root);
}

/* --- without a request --- */

static int generate(void *arg)
{
    gust_loader *loader = arg;
    gust_error error = {0};
    const gust_template *t;
    gust_str text;

    t = gust_template_new(gust_str_from("{{ x }}{% include plain.html %}"), "<text>", loader,
                          &error);
    assert_non_null(t);
    assert_int_equal(gust_template_generate(t, GUST_VARS({"x", GUST_V(1)}), &text, &error), 0);
    assert_string_equal(text.ptr, "1plain");
    assert_int_equal(gust_template_generate(t, NULL, &text, &error), -EINVAL);
    assert_string_equal(error.message, "NameError: name 'x' is not defined at <text>:1");
    assert_string_equal(text.ptr, "1plain");

    assert_null(gust_template_new(gust_str_from("a\n{{ 1 + }}"), "<text>", NULL, &error));
    assert_int_equal(error.code, -GUST_ESYNTAX);
    assert_int_equal(error.line, 2);
    assert_string_equal(error.message, "an expression ends too early at <text>:2");
    assert_null(gust_template_new(gust_str_from("{% include a %}"), "<text>", NULL, NULL));

    t = gust_loader_load(loader, "plain.html", NULL);
    assert_ptr_equal(gust_loader_load(loader, "plain.html", NULL), t);
    assert_null(gust_loader_load(loader, "none.html", &error));
    assert_int_equal(error.code, -ENOENT);
    return 0;
}

TEST(templates_are_of_use_without_a_request)
{
    gust_loader *loader = gust_loader_new_table(files, NULL);

    assert_int_equal(gust_run(generate, loader), 0);
    gust_loader_reset(loader);
    assert_int_equal(gust_run(generate, loader), 0);
    gust_loader_free(loader);
    gust_loader_free(NULL);
}
