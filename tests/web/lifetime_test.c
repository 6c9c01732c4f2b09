/*
 * lifetime — an application from .on_start to its last task, in virtual time
 */
#include "base/alloc.h"
#include "kept_log.h"
#include "virtual_loop.h"
#include "web/lifetime.h"
#include <stdio.h>

/* What happened, a word each with the second it happened in. */
static char story[512];

static void note(const char *what)
{
    gust_loop *loop = gust_loop_current();
    size_t len = strlen(story);

    snprintf(story + len, sizeof story - len, "%s%s@%g", len > 0 ? " " : "", what,
             (double)(loop->now - VIRTUAL_START) / 1e9);
}

static const gust_route routes[] = {{0}};

struct life {
    gust_loop *loop;
    gust_app *app;
    gust_httpserver *server;
};

static struct life life_open(gust_app_options options)
{
    struct life life = {.loop = virtual_open()};

    story[0] = '\0';
    drop_log();
    options.routes = routes;
    life.app = gust_app_new(&options);
    life.server = gust_httpserver_new(life.app, NULL);
    assert_non_null(life.server);
    return life;
}

static void life_close(const struct life *life)
{
    gust_httpserver_free(life->server);
    gust_app_free(life->app);
    gust_loop_close(life->loop);
    release_log();
}

static void stop(void *app)
{
    note("stop");
    gust_app_stop(app);
}

static void stop_after(const struct life *life, double seconds)
{
    assert_non_null(gust_loop_call_later(life->loop, seconds, stop, life->app));
}

/* --- the order of things --- */

static void job(void *app)
{
    (void)app;
    gust_sleep(1000);
    note(gust_cancel_reason() == GUST_CANCEL_DRAINING ? "job-drained" : "job-ended");
}

static int start_job(gust_app *app)
{
    note("start");
    gust_sleep(1);
    note("started");
    return gust_app_go(app, job, app);
}

static void stop_slowly(gust_app *app)
{
    note(gust_app_is_draining(app) ? "on_stop" : "too-early");
    gust_sleep(2);
    note("stopped");
}

TEST(an_application_starts_serves_stops_and_then_joins_its_tasks)
{
    struct life life = life_open((gust_app_options){.on_start = start_job, .on_stop = stop_slowly});

    stop_after(&life, 10);
    assert_false(gust_app_is_draining(life.app));
    assert_int_equal(gust_app_run(life.app, life.server), 0);
    assert_string_equal(story, "start@0 started@1 stop@10 on_stop@10 stopped@12 job-drained@12");
    assert_int_equal(gust_app_go(life.app, job, life.app), -ECANCELED);
    assert_int_equal(gust_app_n_connections(life.app), 0);
    assert_null(gust_app_every(life.app, 1, job, life.app));
    life_close(&life);
}

/* --- starts that fail --- */

static int just_fail(gust_app *app)
{
    (void)app;
    return -EIO;
}

static int raise_in_start(gust_app *app)
{
    (void)app;
    gu_task_raise(-EIO, "no database");
}

static int leave_a_job_and_fail(gust_app *app)
{
    gust_ignore(gust_app_go(app, job, app));
    gust_sleep(1);
    return -EIO;
}

static int wait_for_ever(gust_app *app)
{
    (void)app;
    gust_sleep(1e6);
    return gust_cancel_reason() == GUST_CANCEL_DRAINING ? -ECANCELED : 0;
}

static int take_no_notice(gust_app *app)
{
    (void)app;
    gust_sleep(1e6);
    return 0;
}

TEST(a_start_that_fails_ends_the_worker)
{
    static const struct {
        const char *name;
        int (*on_start)(gust_app *app);
        double stop_at;
        int code;
        const char *story;
    } cases[] = {
        {"it returns an error", just_fail, 0, 1, ""},
        {"it raises", raise_in_start, 0, 1, ""},
        {"what it had started is joined", leave_a_job_and_fail, 0, 1, "job-drained@1"},
        {"told to stop, it gives up: no failure", wait_for_ever, 5, 0, "stop@5"},
        {"told to stop, it had started: on_stop runs", take_no_notice, 5, 0,
         "stop@5 on_stop@5 stopped@7"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct life life =
            life_open((gust_app_options){.on_start = cases[i].on_start, .on_stop = stop_slowly});

        TEST_CASE(cases[i].name);
        if (cases[i].stop_at > 0)
            stop_after(&life, cases[i].stop_at);
        assert_int_equal(gust_app_run(life.app, life.server), cases[i].code);
        assert_string_equal(story, cases[i].story);
        life_close(&life);
    }
}

/* --- what does not end --- */

static void stubborn(void *app)
{
    GUST_SHIELD(50);

    (void)app;
    gust_sleep(50);
    note("stubborn-ended");
}

static int start_stubborn(gust_app *app)
{
    return gust_app_go(app, stubborn, app);
}

static void stop_stubbornly(gust_app *app)
{
    stubborn(app);
}

TEST(what_does_not_end_in_time_makes_it_exit_1)
{
    static const struct {
        const char *name;
        gust_app_options options;
        double ended_at;
    } cases[] = {
        {"a task, for which what is left of drain_timeout is waited",
         {.on_start = start_stubborn, .drain_timeout = 20},
         30},
        {"a task, but 5 s at the least", {.on_start = start_stubborn, .drain_timeout = 1}, 15},
        {"on_stop, and then the same again for its task",
         {.on_stop = stop_stubbornly, .drain_timeout = 1},
         20},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct life life = life_open(cases[i].options);

        TEST_CASE(cases[i].name);
        stop_after(&life, 10);
        assert_int_equal(gust_app_run(life.app, life.server), 1);
        assert_int_equal(life.loop->now, virtual_at(cases[i].ended_at));
        assert_false(gu_lifetime_is_over());
        virtual_run(life.loop, 100);
        assert_non_null(strstr(story, "stubborn-ended"));
        life_close(&life);
    }
}

static void cut(void *app)
{
    gu_lifetime_cut(app);
}

TEST(a_cut_does_not_wait_for_drain_timeout)
{
    struct life life = life_open((gust_app_options){.drain_timeout = 1000, .on_stop = stop_slowly});

    assert_non_null(gust_loop_call_later(life.loop, 10, cut, life.app));
    assert_int_equal(gust_app_run(life.app, life.server), 0); /* there was nothing to cut */
    assert_string_equal(story, "on_stop@10 stopped@12");
    life_close(&life);
}

/* --- beats --- */

static gust_beat *beat;
static double beat_takes;

static void beating(void *app)
{
    (void)app;
    note("b");
    gust_sleep(beat_takes);
}

static void beating_once(void *app)
{
    (void)app;
    note("once");
    gust_beat_stop(beat);
}

static int start_beats(gust_app *app)
{
    beat_takes = 0;
    assert_non_null(gust_app_every(app, 2, beating, app));
    return 0;
}

static int start_slow_beats(gust_app *app)
{
    beat_takes = 5;
    assert_non_null(gust_app_every(app, 2, beating, app));
    return 0;
}

static int start_one_beat(gust_app *app)
{
    beat = gust_app_every(app, 2, beating_once, app);
    assert_null(gust_app_every(app, 0, beating_once, app));
    return beat == NULL ? -ENOMEM : 0;
}

TEST(beats_come_in_fresh_tasks_until_they_are_stopped)
{
    static const struct {
        const char *name;
        int (*on_start)(gust_app *app);
        const char *story;
    } cases[] = {
        {"one each period", start_beats, "b@2 b@4 b@6 b@8 stop@9"},
        {"one that still runs is skipped", start_slow_beats, "b@2 b@8 stop@9"},
        {"stopped in its own beat", start_one_beat, "once@2 stop@9"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct life life = life_open((gust_app_options){.on_start = cases[i].on_start});

        TEST_CASE(cases[i].name);
        stop_after(&life, 9);
        assert_int_equal(gust_app_run(life.app, life.server), 0);
        assert_string_equal(story, cases[i].story);
        life_close(&life);
    }
}

/* --- short memory --- */

TEST(a_task_or_beat_without_memory_is_refused)
{
    struct life life = life_open((gust_app_options){0});

    for (uint64_t n = 1;; n++) {
        bool has_failed;
        gust_beat *made;

        gu_alloc_fail_at(n);
        made = gust_app_every(life.app, 1, job, life.app);
        has_failed = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_int_equal(made == NULL, has_failed);
        if (!has_failed) {
            assert_in_range(n, 3, 10); /* the lifetime and the beat at the least were refused */
            break;
        }
    }
    life_close(&life);
}
