/*
 * hello — routes, an argument, a number in a path, an error page
 *
 *     ./dev run hello
 *     curl 'localhost:8888/?name=Ada'     Hello, Ada
 *     curl localhost:8888/story/2         The loop that never slept
 *     curl localhost:8888/story/9         404, and as a page in a browser
 */
#include <gust.h>
#include <inttypes.h>

static const char *const stories[] = {
    "A task is born",
    "The loop that never slept",
    "What the arena remembered",
};

#define N_STORIES ((int64_t)(sizeof(stories) / sizeof(stories[0])))

static int index_get(gust_request *r)
{
    gust_text(r, "Hello, %s\n", gust_get_argument(r, "name", "world"));
    return 0;
}

static int story_get(gust_request *r)
{
    int64_t id = gust_path_int(r, 0);

    if (id < 1 || id > N_STORIES)
        return gust_fail(r, 404, "there is no story %" PRId64, id);
    gust_text(r, "%s\n", stories[id - 1]);
    return 0;
}

int main(int argc, char **argv)
{
    static const gust_route routes[] = {
        {.path = "/", .get = index_get},
        {.path = "/story/([0-9]+)", .get = story_get, .name = "story"},
        {0},
    };

    return gust_app_main(&(gust_app_options){.routes = routes}, argc, argv);
}
