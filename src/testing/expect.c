/*
 * testing — what is logged
 *
 * A test sees each message before it is written. What is called under the log's lock must not fail
 * the test there, so it is remembered until the end.
 */
#include "base/buf.h"
#include "base/str.h"
#include "testing/testing_impl.h"
#include <stdio.h>

struct expectation {
    struct gu_link link;
    gust_log_level level;
    gust_str text;
    size_t n_seen;
};

static bool is_expected(struct gu_test_log *log, gust_log_level level, gust_str message)
{
    bool is_one = false;

    GU_LIST_FOREACH (link, &log->expected) {
        struct expectation *e = gu_container_of(link, struct expectation, link);

        if (e->level != level || gu_str_find(message, e->text, 0) == GU_NPOS)
            continue;
        e->n_seen++;
        is_one = true;
    }
    return is_one;
}

/* Lines of the access log say nothing that the response does not say. */
static bool see(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    struct gu_test_log *log = &((gust_test *)arg)->log;
    size_t room = sizeof log->unexpected - log->len;
    int n;

    if (is_expected(log, level, message) || logger == GU_LOG_ACCESS)
        return true;
    if (level >= GUST_LOG_WARNING)
        snprintf(log->last, sizeof log->last, "%.*s", (int)message.len, message.ptr);
    if (level < GUST_LOG_ERROR)
        return false;
    n = snprintf(log->unexpected + log->len, room, "\n  logged: %.*s", (int)message.len,
                 message.ptr);
    log->len += gu_min(n < 0 ? 0 : (size_t)n, room - 1);
    return false;
}

void gu_test_log_open(gust_test *t)
{
    gu_list_init(&t->log.expected);
    gu_log_set_sink(see, t);
}

void gu_test_log_close(void)
{
    gu_log_set_sink(NULL, NULL);
}

void gu_test_log_check(const gust_test *t, struct gu_buf *problems)
{
    GU_LIST_FOREACH (link, &t->log.expected) {
        const struct expectation *e = gu_container_of(link, struct expectation, link);

        if (e->n_seen == 0)
            gu_buf_printf(problems, "\n  not logged, though expected: %s", e->text.ptr);
    }
    gu_buf_put(problems, t->log.unexpected, t->log.len);
}

void gust_test_expect_log(gust_test *t, gust_log_level level, const char *text)
{
    struct expectation *e = gu_test_alloc(t, sizeof *e);

    *e = (struct expectation){.level = level};
    e->text = gust_str_from(gu_test_strdup(t, gust_str_from(text)));
    gu_list_append(&t->log.expected, &e->link);
}
