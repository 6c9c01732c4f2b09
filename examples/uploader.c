/*
 * uploader — files to a server, several at once, with a deadline for all
 *
 * A file of any size needs no more memory than a piece of it, on both sides. What has failed is
 * said, and not tried again.
 *
 *     ./dev run uploader serve --folder=/tmp                            keeps what it is sent
 *     ./dev run uploader http://localhost:8888/ *.iso
 *     ./dev run uploader --at-once=8 --deadline=10m http://localhost:8888/ *.iso
 */
#include <fcntl.h>
#include <gust.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (256 * 1024)
#define MB 1e6

/* --- uploading --- */

static int64_t at_once = 4;
static double deadline = 3600, progress = 1;
static const char *ca_file;

struct uploads {
    const char *url; /* ends with a slash */
    char **paths;
    size_t n, n_begun, n_ended, n_failed;
    int64_t n_sent; /* bytes, of all */
};

struct upload {
    struct uploads *all;
    gust_file *file;
};

/* Again from the start if a redirect leads elsewhere. */
static int send_file(gust_fetch_body *to, void *arg)
{
    struct upload *u = arg;
    char *piece = gust_alloc(PIECE);
    int err = gust_file_seek(u->file, 0);

    while (err == 0) {
        int n = gust_file_read(u->file, piece, PIECE);

        if (n <= 0)
            return n;
        err = gust_fetch_write(to, piece, (size_t)n); /* waits while the server is slow */
        u->all->n_sent += n;
    }
    return err;
}

/* What became of it, in words. */
static const char *put(struct uploads *all, const char *path, bool *is_there)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    struct upload u = {.all = all};
    gust_fetch_options options = {
        .method = "PUT",
        .body_producer = send_file,
        .arg = &u,
        .expect_continue = true, /* who does not want it says so before it is sent */
        .request_timeout = GUST_NEVER,
        .max_body_size = PIECE,
        .ca_file = ca_file,
    };
    const gust_response *res;
    int err = gust_file_open(path, O_RDONLY, 0, &u.file);

    if (err == 0)
        err = gust_file_size(u.file, &options.body_length);
    if (err < 0)
        return gust_strerror(err);
    res = gust_fetch(gust_sprintf("%s%s", all->url, gust_url_escape(name, false)), &options);
    *is_there = gust_response_ok(res);
    return gust_response_reason(res);
}

static int work(void *arg)
{
    struct uploads *all = arg;

    GUST_DEADLINE(deadline); /* one for all: the workers begin together */
    while (all->n_begun < all->n) {
        GUST_SCOPE(); /* closes the file, gives its memory back */
        const char *path = all->paths[all->n_begun++];
        bool is_there = false;
        const char *outcome = put(all, path, &is_there);

        all->n_ended++;
        all->n_failed += !is_there;
        printf("%s: %s\n", path, outcome);
    }
    return 0;
}

static void report(void *arg)
{
    const struct uploads *all = arg;
    double began = gust_loop_time(gust_loop_current());

    while (progress > 0 && gust_sleep(progress) == 0)
        fprintf(stderr, "%zu of %zu files, %.1f MB, %.1f MB/s\n", all->n_ended, all->n,
                (double)all->n_sent / MB,
                (double)all->n_sent / MB / (gust_loop_time(gust_loop_current()) - began));
}

static int upload(void *arg)
{
    gust_group *workers = gust_group_new(GUST_GROUP_KEEP_GOING);

    gust_go(report, arg, NULL); /* ends with this task */
    for (int64_t i = 0; i < at_once; i++)
        gust_group_go(workers, work, arg);
    return gust_group_wait(workers);
}

static int upload_main(int argc, char **argv)
{
    static const gust_option table[] = {
        {.name = "at-once",
         .type = GUST_OPTION_INT,
         .to = &at_once,
         .min = 1,
         .max = 64,
         .help = "files on their way at a time"},
        {.name = "deadline", .type = GUST_OPTION_DURATION, .to = &deadline, .help = "for all"},
        {.name = "progress",
         .type = GUST_OPTION_DURATION,
         .to = &progress,
         .help = "how often; 0: never"},
        {.name = "ca-file", .to = &ca_file, .help = "whom to trust about https servers"},
        {0},
    };
    gust_options *options = gust_options_new(table, NULL);
    int at = options == NULL ? argc : gust_options_parse_or_exit(options, NULL, argc, argv);
    struct uploads all = {0};
    int err = -EINVAL;

    if (argc - at < 2 || argv[at][strlen(argv[at]) - 1] != '/') {
        fprintf(stderr, "usage: uploader [OPTIONS] URL/ FILE...\n"
                        "       uploader serve [OPTIONS]\n");
    } else {
        all =
            (struct uploads){.url = argv[at], .paths = argv + at + 1, .n = (size_t)(argc - at - 1)};
        err = gust_run(upload, &all);
        printf("%zu of %zu files are there\n", all.n_ended - all.n_failed, all.n);
    }
    gust_options_free(options);
    return err == -EINVAL ? 2 : err < 0 || all.n_failed > 0;
}

/* --- a server to try it with --- */

static const char *folder = ".";
static int64_t max_size = INT64_C(10) << 30;

/* A file that is not whole has another name, and goes with its request. */
struct part {
    const char *path, *whole;
};

static int rename_part(void *arg)
{
    const struct part *part = arg;

    return rename(part->path, part->whole) < 0 ? -errno : 0;
}

static int remove_part(void *arg)
{
    const struct part *part = arg;

    return unlink(part->path) < 0 ? -errno : 0; /* not there any more, if all went well */
}

static void clean_up(void *arg)
{
    GUST_SHIELD(5);
    gust_ignore(gust_run_in_executor(remove_part, arg));
}

static int save(gust_request *r, struct part *part)
{
    GUST_SCOPE(); /* to its end, the part is removed, unless it was renamed */
    gust_file *file;
    gust_str piece;
    int n, err = gust_file_open(part->path, O_WRONLY | O_CREAT | O_EXCL, 0644, &file);

    if (err < 0)
        return err;
    gust_defer(clean_up, part);
    while ((n = gust_body_read(r, &piece)) > 0) {
        err = gust_file_write(file, piece.ptr, piece.len); /* the client waits for the disk */
        if (err < 0)
            return err;
    }
    if (n == 0)
        n = gust_file_sync(file);
    return n < 0 ? n : gust_run_in_executor(rename_part, part);
}

static int file_put(gust_request *r)
{
    static int64_t n_parts;
    const char *name = gust_path_arg(r, 0);
    struct part part;
    int err;

    if (name[0] == '.' || strchr(name, '/') != NULL || strlen(name) > 200)
        return gust_fail(r, 400, "no file can be called so");
    part.whole = gust_sprintf("%s/%s", folder, name);
    part.path = gust_sprintf("%s/.%s.%d-%" PRId64, folder, name, (int)getpid(), ++n_parts);
    err = save(r, &part);
    if (err < 0)
        return err;
    gust_set_status(r, 201);
    gust_text(r, "%s\n", name);
    return 0;
}

static int prepare(gust_request *r)
{
    gust_set_max_body_size(r, max_size); /* a larger one is 413 */
    return 0;
}

static int serve_main(int argc, char **argv)
{
    static const gust_option options[] = {
        {.name = "folder", .to = &folder, .help = "where files are kept"},
        {.name = "max-size", .type = GUST_OPTION_INT, .to = &max_size, .help = "of a file, bytes"},
        {0},
    };
    static const gust_handler file = {
        .name = "file", .put = file_put, .prepare = prepare, .flags = GUST_STREAM_BODY};
    static const gust_route routes[] = {{.path = "/([^/]+)", .handler = &file}, {0}};

    return gust_app_main(&(gust_app_options){.routes = routes, .options = options}, argc, argv);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return serve_main(argc - 1, argv + 1);
    return upload_main(argc, argv);
}
