/*
 * front — several slow things at once, and an answer in time
 *
 * A front page asks three services. They are asked at the same time, each in a task of its own, and
 * whatever has not answered within the deadline is left out:
 *
 *     ./dev run front
 *     curl localhost:8888/                    two of three, after half a second
 *     curl 'localhost:8888/?within=3000'      all three, after two seconds
 */
#include <gust.h>

struct service {
    const char *name;
    double seconds; /* that it takes */
    const char *says;
    const char *answer; /* NULL: not now */
};

/* Stands for a request to another server. */
static int ask(void *arg)
{
    struct service *service = arg;
    int err = gust_sleep(service->seconds);

    if (err == 0)
        service->answer = service->says;
    return err;
}

static int front_get(gust_request *r)
{
    struct service services[] = {
        {"weather", 0.02, "light breeze from the west", NULL},
        {"news", 0.1, "nothing has happened", NULL},
        {"mail", 2, "one new letter", NULL},
    };
    size_t n = sizeof services / sizeof services[0];
    GUST_DEADLINE((double)gust_get_int(r, "within", 500, 1, 10000) / 1000);
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);
    int err;

    for (size_t i = 0; i < n; i++)
        gust_group_go(group, ask, &services[i]);
    err = gust_group_wait(group);
    if (err < 0 && err != -ETIMEDOUT)
        return err;
    for (size_t i = 0; i < n; i++)
        gust_text(r, "%s: %s\n", services[i].name,
                  services[i].answer == NULL ? "not now" : services[i].answer);
    return 0;
}

int main(int argc, char **argv)
{
    static const gust_route routes[] = {{.path = "/", .get = front_get}, {0}};

    return gust_app_main(&(gust_app_options){.routes = routes}, argc, argv);
}
