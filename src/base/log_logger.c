/*
 * log — loggers, and their levels
 *
 * A logger is a number: its level is one load away for whoever asks whether to log at all.
 */
#include "base/log_impl.h"
#include "base/str.h"

#define NAME_SIZE 32u

struct gust_logger {
    char name[NAME_SIZE];
};

_Atomic(int) gu_log_levels[GU_MAX_LOGGERS] = {GUST_LOG_INFO, GUST_LOG_INFO, GUST_LOG_INFO};

/* Names are written once, under the log's lock, before anybody has the pointer. */
static struct gust_logger loggers[GU_MAX_LOGGERS] = {
    [GU_LOG_ACCESS] = {"gust.access"},
    [GU_LOG_APPLICATION] = {"gust.application"},
    [GU_LOG_GENERAL] = {"gust.general"},
};
static int n_loggers = GU_N_OWN_LOGGERS;

const char *gu_log_logger_name(enum gu_logger logger)
{
    const char *name = loggers[logger].name;

    return logger < GU_N_OWN_LOGGERS ? name + sizeof "gust." - 1 : name;
}

static bool is_name(const char *name)
{
    size_t n = strlen(name);

    for (const char *c = name; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"\\[]", *c) != NULL)
            return false;
    return n > 0 && n < NAME_SIZE;
}

/* With the lock. */
static int find(const char *name)
{
    for (int i = 0; i < n_loggers; i++)
        if (strcmp(loggers[i].name, name) == 0)
            return i;
    return -ENOENT;
}

static gust_logger *make(const char *name)
{
    gust_logger *made = &loggers[n_loggers];

    memcpy(made->name, name, strlen(name) + 1);
    gu_log_levels[n_loggers] = gu_log_levels[GU_LOG_APPLICATION];
    n_loggers++;
    return made;
}

gust_logger *gust_logger_get(const char *name)
{
    gust_logger *logger = NULL;
    int i;

    if (!is_name(name))
        return NULL;
    pthread_mutex_lock(&gu_log_out.lock);
    i = find(name);
    if (i >= 0)
        logger = &loggers[i];
    else if (n_loggers < GU_MAX_LOGGERS)
        logger = make(name);
    pthread_mutex_unlock(&gu_log_out.lock);
    return logger;
}

enum gu_logger gu_log_number(const gust_logger *logger)
{
    return logger == NULL ? GU_LOG_APPLICATION : (enum gu_logger)(logger - loggers);
}

/* --- levels --- */

bool gu_log_is_level(int level)
{
    return level >= GUST_LOG_DEBUG && level <= GUST_LOG_NONE;
}

void gu_log_set_levels(int level)
{
    for (int i = 0; i < GU_MAX_LOGGERS; i++)
        gu_log_levels[i] = level;
}

int gust_log_set_level(const char *logger, gust_log_level level)
{
    int i = 0;

    if (!gu_log_is_level((int)level))
        return -EINVAL;
    if (logger == NULL) {
        gu_log_set_levels((int)level);
        return 0;
    }
    pthread_mutex_lock(&gu_log_out.lock);
    i = find(logger);
    pthread_mutex_unlock(&gu_log_out.lock);
    if (i < 0)
        return i;
    gu_log_levels[i] = (int)level;
    return 0;
}

int gust_log_level_from(const char *name)
{
    if (strcmp(name, "none") == 0)
        return GUST_LOG_NONE;
    for (int level = GUST_LOG_DEBUG; level < GUST_LOG_NONE; level += 10)
        if (strcmp(name, gu_log_level_name((gust_log_level)level)) == 0)
            return level;
    return -EINVAL;
}
