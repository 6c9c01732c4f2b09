/*
 * webspider — a queue, ten workers, and a time by which all is done
 *
 * Follows the links of a site, no further than below the URL that it is given, and keeps the
 * cookies that the site sets. Without a URL it serves a small site itself, and visits that.
 *
 *     ./dev run webspider                                     the site that it has with it
 *     ./dev run webspider http://localhost:8000/ 30           that one, for 30 seconds at the most
 */
#include <gust.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_WORKERS 10
#define MAX_PAGES 1000

/* A URL is put into the queue once: when it is seen for the first time. */
struct spider {
    const char *base; /* what the URLs of the site begin with */
    double seconds;
    gust_queue *queue;
    gust_cookie_jar *jar;
    char *seen[MAX_PAGES]; /* on the heap: they outlive the worker that found them */
    size_t n_seen, n_visited, n_failed;
};

/* --- links --- */

static void see(struct spider *spider, const char *url)
{
    char *copy;

    if (strncmp(url, spider->base, strlen(spider->base)) != 0)
        return;
    for (size_t i = 0; i < spider->n_seen; i++)
        if (strcmp(spider->seen[i], url) == 0)
            return;
    copy = spider->n_seen < MAX_PAGES ? gust_heap_strdup(url) : NULL;
    if (copy == NULL)
        return;
    spider->seen[spider->n_seen++] = copy;
    gust_ignore(gust_queue_put(spider->queue, copy));
}

/* What a link leads to from a page. Dots in paths are left to the server. */
static const char *resolve(const char *page, const char *link)
{
    const char *path = strchr(strstr(page, "://") + 3, '/');
    int root = (int)(path != NULL ? path - page : (ptrdiff_t)strlen(page));
    int folder = path != NULL ? (int)(strrchr(page, '/') - page) : root;

    if (strstr(link, "://") != NULL)
        return link;
    if (link[0] == '/')
        return gust_sprintf("%.*s%s", root, page, link);
    return gust_sprintf("%.*s/%s", folder, page, link);
}

static void see_links(struct spider *spider, const char *page, const char *html)
{
    static const char mark[] = "href=\"";

    while ((html = strstr(html, mark)) != NULL) {
        size_t len;

        html += sizeof mark - 1;
        len = strcspn(html, "\"#"); /* a fragment is the same page */
        if (len > 0)
            see(spider, resolve(page, gust_strndup(html, len)));
    }
}

/* --- workers --- */

static void visit(struct spider *spider, const char *url)
{
    GUST_SCOPE(); /* a page's memory ends with it */
    const gust_response *res = gust_fetch(url, &(gust_fetch_options){.jar = spider->jar});

    spider->n_visited++;
    spider->n_failed += !gust_response_ok(res);
    printf("%s %s\n", gust_response_reason(res), url);
    if (gust_response_ok(res))
        see_links(spider, res->url, res->body.ptr);
}

/* Goes on until the group around it ends. */
static int work(void *arg)
{
    struct spider *spider = arg;
    void *url;
    int err;

    while ((err = gust_queue_get(spider->queue, &url)) == 0) {
        visit(spider, url);
        gust_queue_task_done(spider->queue);
    }
    return err;
}

static int crawl(struct spider *spider)
{
    GUST_SCOPE(); /* the workers end with it */
    gust_group *workers = gust_group_new(GUST_GROUP_KEEP_GOING);
    GUST_DEADLINE(spider->seconds);

    see(spider, spider->base);
    for (int i = 0; i < N_WORKERS; i++)
        gust_group_go(workers, work, spider);
    return gust_queue_join(spider->queue);
}

/* --- the site that it has with it --- */

static int index_get(gust_request *r)
{
    gust_set_header(r, "Content-Type", "text/html; charset=UTF-8");
    gust_puts(r, "<a href=\"/page/1\">First</a> <a href=\"page/12#end\">Last</a> "
                 "<a href=\"http://elsewhere.example/\">Elsewhere</a> <a href=\"/gone\">Gone</a>");
    return 0;
}

static int page_get(gust_request *r)
{
    int64_t n = gust_path_int(r, 0);

    gust_set_header(r, "Content-Type", "text/html; charset=UTF-8");
    gust_puts(r, "<a href=\"/\">Home</a>");
    if (n < 12)
        gust_printf(r, " <a href=\"%" PRId64 "\">Next</a>", n + 1);
    return 0;
}

static const gust_route site[] = {
    {.path = "/", .get = index_get},
    {.path = "/page/([0-9]+)", .get = page_get},
    {0},
};

static int crawl_own_site(struct spider *spider)
{
    gust_app *app = gust_app_new(&(gust_app_options){.routes = site});
    gust_httpserver *server = app == NULL ? NULL : gust_httpserver_new(app, NULL);
    int err = server == NULL ? -ENOMEM : gust_httpserver_listen(server, "127.0.0.1:0");

    if (err == 0) {
        spider->base = gust_sprintf("http://127.0.0.1:%d/", gust_httpserver_port(server));
        err = crawl(spider);
    }
    gust_httpserver_free(server);
    gust_app_free(app);
    return err;
}

/* --- the program --- */

static int run(void *arg)
{
    struct spider *spider = arg;
    int err = -ENOMEM;

    spider->queue = gust_queue_new(NULL);
    spider->jar = gust_cookie_jar_new();
    if (spider->queue != NULL && spider->jar != NULL)
        err = spider->base != NULL ? crawl(spider) : crawl_own_site(spider);
    gust_cookie_jar_free(spider->jar);
    gust_queue_free(spider->queue, NULL);
    for (size_t i = 0; i < spider->n_seen; i++)
        gust_heap_free(spider->seen[i]);
    return err;
}

int main(int argc, char **argv)
{
    struct spider spider = {.seconds = argc > 2 ? strtod(argv[2], NULL) : 300};
    int err;

    if (argc > 1)
        spider.base = argv[1];
    if (spider.base != NULL && strncmp(spider.base, "http://", 7) != 0 &&
        strncmp(spider.base, "https://", 8) != 0) {
        fprintf(stderr, "usage: webspider [http://… [SECONDS]]\n");
        return 2;
    }
    gust_ignore(gust_log_set_level("gust.access", GUST_LOG_WARNING));
    err = gust_run(run, &spider);
    printf("%zu pages visited, %zu failed\n", spider.n_visited, spider.n_failed);
    if (err < 0)
        fprintf(stderr, "webspider: %s\n", gust_strerror(err));
    return err < 0;
}
