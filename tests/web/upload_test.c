/*
 * upload — forms that are read before the verb, that are taken apart, and bodies that are saved
 */
#include "base/alloc.h"
#include "base/str.h"
#include "web_client.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/gust-upload-test-XXXXXX";

__attribute__((constructor)) static void make_dir(void)
{
    if (mkdtemp(dir) == NULL)
        abort();
}

__attribute__((destructor)) static void remove_dir(void)
{
    rmdir(dir);
}

static int files_in_dir(void)
{
    DIR *d = opendir(dir);
    int n = 0;

    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* --- the application --- */

static void put_upload(gust_request *r, const gust_upload *u)
{
    static char piece[64 * 1024]; /* there is one client */
    int n;

    gust_printf(r, "%s(%s;%s)%d%s=", u->name, u->filename, u->content_type, (int)u->size,
                u->file == NULL ? "" : "*");
    gust_write(r, u->body.ptr, u->body.len);
    while (u->file != NULL && (n = gust_file_read(u->file, piece, sizeof piece)) > 0)
        gust_write(r, piece, (size_t)n);
    gust_puts(r, "|");
}

/* The field "a" and all files. */
static int form_post(gust_request *r)
{
    size_t n;
    const gust_upload *files = gust_files(r, &n);

    gust_printf(r, "a=%s|", gust_get_body_argument(r, "a", "none"));
    for (size_t i = 0; i < n; i++)
        put_upload(r, &files[i]);
    return 0;
}

static int named_post(gust_request *r)
{
    const gust_upload *last = gust_get_file(r, "f"), *first = gust_get_files(r, "f", 0);

    gust_puts(r, last == NULL ? "none" : last->filename);
    gust_puts(r, first == NULL ? "none" : first->filename);
    gust_puts(r, gust_get_files(r, "f", 1) == NULL ? "none" : gust_get_files(r, "f", 1)->filename);
    return gust_get_file(r, "g") == NULL && gust_get_files(r, "f", 2) == NULL ? 0 : -EIO;
}

static const char *target_path(void)
{
    return gust_sprintf("%s/saved", dir);
}

/* Saves the file "f" and shows what is there then. */
static int save_post(gust_request *r)
{
    const gust_upload *f = gust_get_file(r, "f");
    char text[256];
    gust_file *saved;
    int err = gust_upload_save(f, target_path()), n;

    if (err < 0)
        return err;
    if (gust_upload_save(f, target_path()) != -EEXIST)
        return -EIO;
    err = gust_file_open(target_path(), O_RDONLY, 0, &saved);
    if (err < 0)
        return err;
    while ((n = gust_file_read(saved, text, sizeof text)) > 0)
        gust_write(r, text, (size_t)n);
    put_upload(r, f);
    unlink(target_path());
    return 0;
}

/* Takes a form apart; goes over a part whose name begins with "skip" without reading it. */
static int parts_post(gust_request *r)
{
    gust_part part;
    gust_str piece;
    int n, err;

    while ((err = gust_part_next(r, &part)) > 0) {
        gust_printf(r, "%s(%s;%s)=", part.name, part.filename == NULL ? "" : part.filename,
                    part.content_type == NULL ? "" : part.content_type);
        if (strncmp(part.name, "skip", 4) == 0)
            continue;
        while ((n = gust_part_read(r, &piece)) > 0)
            gust_write(r, piece.ptr, piece.len);
        if (n < 0)
            return n;
        gust_puts(r, "|");
    }
    if (err == 0 && (gust_part_read(r, &piece) != 0 || gust_part_next(r, &part) != 0))
        return -EIO;
    return err;
}

static void note_progress(void *arg, int64_t saved)
{
    *(int64_t *)arg = saved;
}

static int stored_post(gust_request *r)
{
    bool is_part = gust_find_argument(r, "part") != NULL;
    int64_t told = 0, size = 0;
    gust_file *file;
    gust_part part;
    int err = gust_file_open(target_path(), O_RDWR | O_CREAT | O_TRUNC, 0600, &file);

    if (err == 0)
        unlink(target_path());
    if (err == 0 && is_part && (err = gust_part_next(r, &part)) > 0)
        err = gust_part_save(r, file, note_progress, &told);
    else if (err == 0)
        err = gust_body_save(r, file, gust_find_argument(r, "quiet") ? NULL : note_progress, &told);
    if (err == 0)
        err = gust_file_size(file, &size);
    gust_printf(r, "%d %d", (int)size, (int)told);
    return err;
}

static int body_post(gust_request *r)
{
    gust_printf(r, "%d ", (int)gust_body(r).len);
    gust_puts(r, gust_get_argument(r, "a", "none"));
    return 0;
}

static const gust_handler parts = {.post = parts_post, .flags = GUST_STREAM_BODY};
static const gust_handler stored = {.post = stored_post, .flags = GUST_STREAM_BODY};

static const gust_route routes[] = {
    {.path = "/form", .post = form_post},
    {.path = "/named", .post = named_post},
    {.path = "/save", .post = save_post},
    {.path = "/parts", .handler = &parts},
    {.path = "/store", .handler = &stored},
    {.path = "/body", .post = body_post},
    {0},
};

/* --- the client --- */

#define TYPE "Content-Type: multipart/form-data; boundary=1234\r\n"
#define FIELD(name, value) \
    "--1234\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_(name, file, value)                                                    \
    "--1234\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file \
    "\"\r\n\r\n" value "\r\n"
#define TYPED(name, file, value)                                                             \
    "--1234\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\n" \
    "Content-Type: text/x\r\n\r\n" value "\r\n"
#define ENDS "--1234--\r\n"

static const char *post_to(struct web *web, const char *target, const char *lines, gust_str body)
{
    size_t size = body.len + 1024;
    char *request = malloc(size);
    const char *response = "";
    int fd = web_connect(web), n;

    assert_non_null(request);
    n = snprintf(request, size, "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n",
                 target, lines, body.len);
    for (size_t at = 0, len = (size_t)n + body.len; at < len;) { /* a body may hold zero bytes */
        ssize_t sent;

        memcpy(request + n, body.ptr, body.len);
        sent = write(fd, request + at, len - at);
        if (sent > 0)
            at += (size_t)sent;
        web_turns(web, 1);
    }
    for (int i = 0; i < 1000; i++) { /* the disk's threads take their time */
        response = web_read(web, fd);
        if (*response != '\0' || web->is_closed)
            break;
    }
    close(fd);
    free(request);
    return response;
}

struct post {
    const char *name, *target, *lines, *body;
    int status;
    const char *shows; /* a part of the answer's body, if it is an error's; NULL: whatever */
};

static void expect(struct web *web, const struct post *p, size_t n)
{
    for (; n-- > 0; p++) {
        const char *response = post_to(web, p->target, p->lines, gust_str_from(p->body));

        TEST_CASE(p->name);
        if (web_status(response) != p->status ||
            (p->shows != NULL && strstr(web_body_of(response), p->shows) == NULL))
            fail_msg("%s: %.400s", p->name, response);
        if (p->status == 200 && p->shows != NULL)
            assert_string_equal(web_body_of(response), p->shows);
    }
}

static const gust_upload_options small = {.max_parts = 3,
                                          .max_part_header_size = 100,
                                          .max_field_size = 8,
                                          .max_file_size = 20,
                                          .memory = 10,
                                          .dir = dir};

static struct web *serve(const gust_upload_options *uploads)
{
    return web_open(&(gust_app_options){.routes = routes, .uploads = uploads});
}

/* --- before the verb --- */

TEST(fields_are_arguments_and_files_are_files)
{
    static const struct post cases[] = {
        {"a field", "/form", TYPE, FIELD("a", "x") ENDS, 200, "a=x|"},
        {"the last of a name", "/form", TYPE, FIELD("a", "x") FIELD("a", "y") ENDS, 200, "a=y|"},
        {"blanks around it go", "/form", TYPE, FIELD("a", " x ") ENDS, 200, "a=x|"},
        {"the form before the query", "/form?a=q", TYPE, FIELD("a", "x") ENDS, 200, "a=x|"},
        {"a file", "/form", TYPE, FILE_("f", "n.txt", "abc") ENDS, 200,
         "a=none|f(n.txt;application/unknown)3=abc|"},
        {"with a type", "/form", TYPE, TYPED("f", "n", "abc") ENDS, 200,
         "a=none|f(n;text/x)3=abc|"},
        {"an empty file", "/form", TYPE, FILE_("f", "n", "") ENDS, 200,
         "a=none|f(n;application/unknown)0=|"},
        {"nothing chosen is an empty field", "/form", TYPE, FILE_("a", "", "") ENDS, 200, "a=|"},
        {"both", "/form", TYPE, FIELD("a", "x") TYPED("f", "n", "1") TYPED("g", "m", "2") ENDS, 200,
         "a=x|f(n;text/x)1=1|g(m;text/x)1=2|"},
        {"no parts", "/form", TYPE, ENDS, 200, "a=none|"},
        {"by name", "/named", TYPE, FILE_("f", "1", "") FILE_("f", "2", "") ENDS, 200, "212"},
        {"by a name that is not there", "/named", TYPE, FIELD("f", "1") ENDS, 200, "nonenonenone"},
        {"no form at all", "/form", "", "x", 200, "a=none|"},
    };
    struct web *web = serve(NULL);

    expect(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(what_is_no_form_is_400_and_one_line_in_the_log)
{
    static const struct post cases[] = {
        {"no boundary", "/form", "Content-Type: multipart/form-data\r\n", ENDS, 400,
         "its boundary is missing"},
        {"another boundary", "/form", TYPE, "--123--\r\n", 400, "ends before its last boundary"},
        {"cut", "/form", TYPE, FIELD("a", "x"), 400, "ends before its last boundary"},
        {"6.5.5: CR in a filename", "/form", TYPE, FILE_("f", "a\rb", "") ENDS, 400, "no text"},
        {"a value that is not UTF-8", "/form", TYPE, FIELD("a", "\xff") ENDS, 400,
         "a field is no text"},
        {"coded", "/form", TYPE "Content-Encoding: gzip\r\n", FIELD("a", "x") ENDS, 400, NULL},
        {"taken apart", "/parts", TYPE, FIELD("a", "x"), 400, NULL},
        {"taken apart, another type", "/parts", "Content-Type: text/plain\r\n", "x", 500, NULL},
    };
    struct web *web = serve(NULL);

    expect(web, cases, gu_countof(cases));
    web_close(web);
}

/* CVE-2025-47287: a megabyte of what is wrong, and one line that says so. */
TEST(cve_2025_47287_a_bad_form_is_one_line_in_the_log)
{
    struct web *web = serve(NULL);
    size_t len = (size_t)1 << 20, n_lines = 0;
    char *body = malloc(len);

    assert_non_null(body);
    for (size_t i = 0; i < len; i++)
        body[i] = "--1234\r\n\r\nx\r\n"[i % 13];
    assert_int_equal(web_status(post_to(web, "/form", TYPE, gu_str(body, len))), 400);
    for (const char *at = web->log; (at = strstr(at, "multipart/form-data")) != NULL; at++)
        n_lines++;
    assert_int_equal(n_lines, 1);
    free(body);
    web_close(web);
}

TEST(limits_of_a_form_are_exact)
{
    static const struct post cases[] = {
        {"as many parts", "/form", TYPE, FIELD("a", "1") FIELD("a", "2") FIELD("a", "3") ENDS, 200,
         "a=3|"},
        {"one more", "/form", TYPE,
         FIELD("a", "1") FIELD("a", "2") FIELD("a", "3") FIELD("a", "4") ENDS, 400, "max_parts"},
        {"a field of 8", "/form", TYPE, FIELD("a", "12345678") ENDS, 200, "a=12345678|"},
        {"of 9", "/form", TYPE, FIELD("a", "123456789") ENDS, 413, NULL},
        {"10 in memory", "/form", TYPE, TYPED("f", "n", "0123456789") ENDS, 200,
         "a=none|f(n;text/x)10=0123456789|"},
        {"11 in a file", "/form", TYPE, TYPED("f", "n", "0123456789a") ENDS, 200,
         "a=none|f(n;text/x)11*=0123456789a|"},
        {"memory is the files' together", "/form", TYPE,
         TYPED("f", "n", "01234567") TYPED("g", "n", "abc") TYPED("h", "n", "xy") ENDS, 200,
         "a=none|f(n;text/x)8=01234567|g(n;text/x)3*=abc|h(n;text/x)2=xy|"},
        {"a file of 20", "/form", TYPE, TYPED("f", "n", "0123456789abcdefghij") ENDS, 200,
         "a=none|f(n;text/x)20*=0123456789abcdefghij|"},
        {"of 21", "/form", TYPE, TYPED("f", "n", "0123456789abcdefghijk") ENDS, 413, NULL},
        {"a header too long", "/form", TYPE,
         FIELD("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1") ENDS, 400,
         "max_part_header_size"},
        {"parts that are taken apart", "/parts", TYPE,
         FIELD("a", "1") FIELD("a", "2") FIELD("a", "3") FIELD("a", "4") ENDS, 400, NULL},
    };
    struct web *web = serve(&small);

    expect(web, cases, gu_countof(cases));
    assert_int_equal(files_in_dir(), 0);
    web_close(web);
}

/* GHSA-qjxf-f2mg-c6mc. */
TEST(a_hundred_parts_are_allowed_and_no_more)
{
    static const char part[] = FIELD("a", "");
    size_t len = sizeof part - 1;
    struct web *web = serve(NULL);
    char *body = malloc(101 * len + sizeof ENDS);

    assert_non_null(body);
    for (size_t n = 100; n <= 101; n++) {
        for (size_t i = 0; i < n; i++)
            memcpy(body + i * len, part, len);
        memcpy(body + n * len, ENDS, sizeof ENDS);
        assert_int_equal(web_status(post_to(web, "/form", TYPE, gust_str_from(body))),
                         n == 100 ? 200 : 400);
    }
    free(body);
    web_close(web);
}

TEST(a_file_is_saved_where_nothing_is_yet)
{
    static const struct post cases[] = {
        {"of memory", "/save", TYPE, TYPED("f", "n", "abc") ENDS, 200, "abcf(n;text/x)3=abc|"},
        {"of a file", "/save", TYPE, TYPED("f", "n", "0123456789a") ENDS, 200,
         "0123456789af(n;text/x)11*=0123456789a|"},
    };
    struct web *web = serve(&small);

    expect(web, cases, gu_countof(cases));
    assert_int_equal(files_in_dir(), 0);
    web_close(web);
}

TEST(a_folder_that_is_not_there_fails_the_request_and_the_log_says_why)
{
    const gust_upload_options nowhere = {.memory = 1, .dir = "/nonexistent"};
    struct web *web = serve(&nowhere);

    assert_int_equal(web_status(post_to(web, "/form", TYPE, GU_STR(FILE_("f", "n", "abc") ENDS))),
                     500);
    assert_non_null(strstr(web->log, "(gust_upload_options.dir)"));
    web_close(web);
}

/* --- part by part --- */

TEST(a_handler_takes_a_form_apart)
{
    static const struct post cases[] = {
        {"a field and a file", "/parts", TYPE, FIELD("a", "x") TYPED("f", "n", "abc") ENDS, 200,
         "a(;)=x|f(n;text/x)=abc|"},
        {"a part that is not read", "/parts", TYPE,
         FILE_("skip", "n", "abc") FIELD("skip2", "") FIELD("a", "x") ENDS, 200,
         "skip(n;)=skip2(;)=a(;)=x|"},
        {"none", "/parts", TYPE, ENDS, 200, ""},
        {"a body is saved", "/store", "", "0123456789", 200, "10 10"},
        {"without being told", "/store?quiet=1", "", "0123456789", 200, "10 0"},
        {"a part is", "/store?part=1", TYPE, FILE_("f", "n", "0123456789a") ENDS, 200, "11 11"},
    };
    struct web *web = serve(NULL);

    expect(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(a_large_part_comes_in_pieces_and_large_files_lie_in_files)
{
    static const char begin[] = "--1234\r\nContent-Disposition: form-data; name=f; filename=n"
                                "\r\n\r\n",
                      end[] = "\r\n" ENDS;
    size_t n = (size_t)3 << 20, len = sizeof begin - 1 + n + sizeof end - 1;
    struct web *web = serve(NULL);
    char *body = malloc(len), expected[64];

    assert_non_null(body);
    memset(body, '\r', len);
    memcpy(body, begin, sizeof begin - 1);
    memcpy(body + len - (sizeof end - 1), end, sizeof end - 1);
    snprintf(expected, sizeof expected, "%zu %zu", n, n);
    assert_string_equal(web_body_of(post_to(web, "/store?part=1", TYPE, gu_str(body, len))),
                        expected);
    snprintf(expected, sizeof expected, "f(n;application/unknown)%zu*=\r\r", n);
    assert_non_null(strstr(web_body_of(post_to(web, "/form", TYPE, gu_str(body, len))), expected));
    free(body);
    web_close(web);
}

/* --- short memory --- */

TEST(each_allocation_that_fails_fails_its_request_and_no_other)
{
    static const char body[] = FIELD("a", "x") TYPED("f", "n", "0123456789a") ENDS;
    static const char *const targets[] = {"/form", "/parts"};
    struct web *web = serve(&small);

    for (size_t i = 0; i < gu_countof(targets); i++) {
        uint64_t n = 1;

        TEST_CASE(targets[i]);
        for (bool has_failed = true; has_failed; n++) {
            int status;

            gu_alloc_fail_at(n);
            status = web_status(post_to(web, targets[i], TYPE, gust_str_from(body)));
            has_failed = gu_alloc_has_failed();
            gu_alloc_fail_at(0);
            if (!has_failed)
                assert_int_equal(status, 200);
            assert_int_equal(web_status(post_to(web, targets[i], TYPE, gust_str_from(body))), 200);
        }
        assert_true(n > 2);
    }
    assert_int_equal(files_in_dir(), 0);
    web_close(web);
}
