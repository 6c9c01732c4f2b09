/*
 * accept, etag — what a client would like, and what it has
 */
#include "codec/accept.h"
#include "codec/etag.h"
#include "codec_test.h"
#include <stdio.h>

TEST(the_best_offer_is_chosen)
{
    static const char *const offers[] = {"text/html", "application/problem+json",
                                         "application/json"};
    static const struct {
        const char *name, *accept;
        int best;
    } cases[] = {
        {"no field", "", 0},
        {"anything", "*/*", 0},
        {"one type", "application/json", 2},
        {"another case", "Application/JSON", 2},
        {"a browser's",
         "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", 0},
        {"weights decide", "text/html;q=0.5, application/json;q=0.9", 2},
        {"thousandths decide", "text/html;q=0.998, application/json;q=0.999", 2},
        {"equal weights: the earlier offer", "application/json, text/html", 0},
        {"a main type", "application/*", 1},
        {"the specific one decides", "application/*;q=0.2, application/json, */*;q=0.1", 2},
        {"the specific one decides, wherever it stands", "text/html;q=0.1, */*;q=0.5", 1},
        {"q=0 refuses", "text/html;q=0, application/problem+json;q=0.000, */*", 2},
        {"nothing accepted", "image/png", -1},
        {"all refused", "*/*;q=0", -1},
        {"blanks and parameters", "text/html ; level=1 ; Q=0.3 , application/json;q=0.4", 2},
        {"malformed weights are passed over", "application/json;q=2, text/html;q=0.1", 0},
        {"a comma in quotes", "text/html;a=\",application/json\";q=0.1", 0},
        {"a star that is no range", "*, text*", -1},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_accept_best(gust_str_from(cases[i].accept), offers, 3), cases[i].best);
    }
    assert_int_equal(gu_accept_best(GU_STR(""), offers, 0), -1);
    assert_int_equal(gu_accept_best(GU_STR("*/*"), offers, 0), -1);
}

TEST(weights_are_read)
{
    static const struct {
        const char *weight;
        int q; /* -1: malformed */
    } cases[] = {
        {"1", 1000},     {"0", 0},       {"1.", 1000},  {"0.", 0},  {"0.1", 100}, {"0.123", 123},
        {"1.000", 1000}, {"0.1234", -1}, {"1.001", -1}, {"2", -1},  {"", -1},     {"a", -1},
        {"01", -1},      {".5", -1},     {"0.x", -1},   {"-1", -1},
    };
    struct guard g = guard_new(64);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char text[32];
        gust_str rest;
        struct gu_accept element;
        bool found;

        TEST_CASE(cases[i].weight);
        snprintf(text, sizeof text, "gzip;q=%s", cases[i].weight);
        rest = guard_put(&g, text, strlen(text));
        found = gu_accept_next(&rest, &element);
        assert_int_equal(found, cases[i].q >= 0);
        if (!found)
            continue;
        assert_str(element.value, GU_STR("gzip"));
        assert_int_equal(element.q, cases[i].q);
        assert_false(gu_accept_next(&rest, &element));
    }
    guard_free(&g);
}

TEST(entity_tags_are_matched)
{
    static const struct {
        const char *name, *field, *etag;
        bool matches;
    } cases[] = {
        {"the same", "\"a\"", "\"a\"", true},
        {"another", "\"b\"", "\"a\"", false},
        {"in a list", "\"b\", \"a\"", "\"a\"", true},
        {"weak against strong", "W/\"a\"", "\"a\"", true},
        {"strong against weak", "\"a\"", "W/\"a\"", true},
        {"weak in a list", "W/\"b\" , W/\"a\"", "W/\"a\"", true},
        {"anything", "*", "\"a\"", true},
        {"C3: a star that is not first", "\"b\", *", "\"a\"", false},
        {"a comma in a tag", "\"a,b\"", "\"a,b\"", true},
        {"a tag inside another", "\"x\"a\"y\"", "\"a\"", false},
        {"without quotes", "a", "\"a\"", false},
        {"not closed", "\"a", "\"a\"", false},
        {"garbage before", "xyz \"a\"", "\"a\"", true},
        {"the empty tag", "\"\"", "\"\"", true},
        {"nothing", "", "\"a\"", false},
        {"no tag to match", "*", "", false},
    };
    struct guard g = guard_new(64);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_etag_matches(guard_put(&g, cases[i].field, strlen(cases[i].field)),
                                         gust_str_from(cases[i].etag)),
                         cases[i].matches);
    }
    guard_free(&g);
}
