/* notes — its tests, in cmocka; any other framework does as well */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "notes.h"
#include <cmocka.h>
#include <gust/testing.h>

static gust_test *t;

static int set_up(void **state)
{
    (void)state;
    t = gust_test_new(&notes_app);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gust_test_free(t); /* fails when something is left */
    return 0;
}

static void failed(const char *message)
{
    fail_msg("%s", message);
}

static void a_note_is_shown_with_its_author(void **state)
{
    (void)state;
    assert_string_equal(gust_test_get(t, "/")->body.ptr, "");
    assert_string_equal(gust_test_post(t, "/", "name=ann&text=hello")->body.ptr, "ann: hello\n");
    assert_string_equal(gust_test_cookie(t, "name"), "ann");
    assert_string_equal(gust_test_post(t, "/", "text=again")->body.ptr, "ann: hello\nann: again\n");
}

static void a_note_has_a_text_and_an_author(void **state)
{
    (void)state;
    assert_int_equal(gust_test_post(t, "/", "name=ann")->status, 400);
    assert_int_equal(gust_test_post(t, "/", "text=hello")->status, 400);
}

static void who_waits_gets_the_next_note(void **state)
{
    gust_test_request *waiting = gust_test_start(t, "/next", NULL);

    (void)state;
    gust_test_advance(t, 29.0);
    assert_false(gust_test_is_done(waiting));
    gust_test_post(t, "/", "name=bob&text=at+last");
    assert_string_equal(gust_test_finish(t, waiting)->body.ptr, "bob: at last\n");
}

static void who_waits_in_vain_is_told_after_30_seconds(void **state)
{
    gust_test_request *waiting = gust_test_start(t, "/next", NULL);

    (void)state;
    gust_test_advance(t, 30.0);
    assert_int_equal(gust_test_finish(t, waiting)->status, 204);
}

static void who_leaves_is_forgotten(void **state)
{
    (void)state;
    gust_test_disconnect(t, gust_test_start(t, "/next", NULL));
}

static void too_many_notes_are_refused(void **state)
{
    (void)state;
    gust_test_expect_log(t, GUST_LOG_ERROR, "there are 100 notes already");
    for (int i = 0; i < 100; i++)
        assert_int_equal(gust_test_post(t, "/", "name=ann&text=x")->status, 200);
    assert_int_equal(gust_test_post(t, "/", "name=ann&text=x")->status, 507);
}

static void a_quote_is_fetched(void **state)
{
    (void)state;
    gust_test_stub(t, "http://quotes.example/today", 200, "Less is more.");
    assert_string_equal(gust_test_get(t, "/quote")->body.ptr, "Less is more.\n");
    gust_test_stub(t, "http://quotes.example/today", 503, "later");
    gust_test_expect_log(t, GUST_LOG_ERROR, "quotes: 503 Service Unavailable");
    assert_int_equal(gust_test_get(t, "/quote")->status, 502);
}

static void a_quote_is_waited_for_2_seconds(void **state)
{
    gust_test_request *asking;

    (void)state;
    gust_test_stub_hang(t, "http://quotes.example/today");
    gust_test_expect_log(t, GUST_LOG_ERROR, "quotes: ");
    asking = gust_test_start(t, "/quote", NULL);
    gust_test_advance(t, 1.9);
    assert_false(gust_test_is_done(asking));
    gust_test_advance(t, 0.1);
    assert_int_equal(gust_test_finish(t, asking)->status, 502);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_note_is_shown_with_its_author, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_note_has_a_text_and_an_author, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_gets_the_next_note, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_in_vain_is_told_after_30_seconds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_notes_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quote_is_fetched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quote_is_waited_for_2_seconds, set_up, tear_down),
    };

    gust_test_on_failure(failed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
