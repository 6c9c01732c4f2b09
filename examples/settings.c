/*
 * settings — options of a program's own, a config file, and a log of its own
 *
 *     ./dev run settings --greeting=Ahoy --pause=10ms --lucky=7,13:15
 *     ./dev run settings --config=settings.conf --log-file=settings.log
 *     SETTINGS_GREETING=Salut ./dev run settings
 *     curl localhost:8888/?name=Ada       Hello, Ada
 *     curl localhost:8888/lucky/13        13 is lucky
 */
#include <gust.h>
#include <inttypes.h>

static const char *greeting = "Hello";
static double pause = 0;
static gust_option_list lucky;

static const gust_option options[] = {
    {.name = "greeting", .to = &greeting, .help = "what / says"},
    {.name = "pause", .type = GUST_OPTION_DURATION, .to = &pause, .max = 60, .help = "before it"},
    {.name = "lucky",
     .type = GUST_OPTION_INT,
     .to = &lucky,
     .is_multiple = true,
     .help = "numbers that are, 1:5 is five of them"},
    {0},
};

static int index_get(gust_request *r)
{
    gust_sleep(pause);
    gust_text(r, "%s, %s\n", greeting, gust_get_argument(r, "name", "world"));
    return 0;
}

static bool is_lucky(int64_t number)
{
    for (size_t i = 0; i < lucky.n; i++)
        if (lucky.of.ints[i] == number)
            return true;
    return false;
}

static int lucky_get(gust_request *r)
{
    int64_t number = gust_path_int(r, 0);

    gust_log(gust_logger_get("settings.luck"), GUST_LOG_DEBUG, "%" PRId64 " was tried", number);
    gust_text(r, "%" PRId64 " is %s\n", number, is_lucky(number) ? "lucky" : "a number");
    return 0;
}

int main(int argc, char **argv)
{
    static const gust_route routes[] = {
        {.path = "/", .get = index_get},
        {.path = "/lucky/([0-9]+)", .get = lucky_get},
        {0},
    };

    return gust_app_main(&(gust_app_options){.routes = routes,
                                             .options = options,
                                             .environment = "SETTINGS_",
                                             .version = "settings 1.0"},
                         argc, argv);
}
