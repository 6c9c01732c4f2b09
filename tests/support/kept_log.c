/*
 * kept_log — see kept_log.h
 */
#include "kept_log.h"
#include "base/log.h"
#include <stdio.h>
#include <string.h>

char kept_log[16384];

static bool keep(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    size_t len = strlen(kept_log);

    (void)arg, (void)level, (void)logger;
    snprintf(kept_log + len, sizeof kept_log - len, "%.*s\n", (int)message.len, message.ptr);
    return true;
}

void keep_log(void)
{
    kept_log[0] = '\0';
    gu_log_set_sink(keep, NULL);
}

static bool drop(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg, (void)level, (void)logger, (void)message;
    return true;
}

void drop_log(void)
{
    gu_log_set_sink(drop, NULL);
}

void release_log(void)
{
    gu_log_set_sink(NULL, NULL);
}
