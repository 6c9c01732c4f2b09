/*
 * path — what every match begins with, and a path to be filled in: read out of patterns
 *
 * Both are guesses that may only be wrong to one side: a beginning may be told shorter than it is,
 * and a path may be said to be too complicated; neither may claim what the pattern does not.
 */
#include "base/str.h"
#include "test.h"
#include "web/path.h"

static struct gust_arena memory(void)
{
    struct gust_arena arena;

    gu_arena_init(&arena, NULL, NULL, 0, SIZE_MAX);
    return arena;
}

TEST(a_beginning_is_told_as_far_as_it_is_certain)
{
    static const struct {
        const char *name, *path, *prefix;
    } cases[] = {
        {"literal", "/about", "/about"},
        {"up to the first group", "/story/([0-9]+)/edit", "/story/"},
        {"an anchor is no part of it", "^/story/(.*)", "/story/"},
        {"an escaped sign is that sign", "/a\\.b/(.*)", "/a.b/"},
        {"an escaped letter is a class", "/a\\d+", "/a"},
        {"a backslash at the end is none of both", "/a(b)?\\", "/a"},
        {"what may be missing is not in it", "/ab?c", "/a"},
        {"nor what may repeat no time", "/ab*", "/a"},
        {"nor what a brace may take away", "/ab{0,1}", "/a"},
        {"what repeats at least once is", "/ab+", "/ab"},
        {"nothing that may be missing in front", "?x", ""},
        {"a closing parenthesis ends it", "/a)b", "/a"},
        {"a bar outside of groups", "/abc|/abd", ""},
        {"a bar inside of one", "/a(b|c)", "/a"},
        {"an escaped bar is no bar", "/a\\|b", "/a|b"},
        {"a bar behind a group", "/a(b)|/c", ""},
        {"a bar where parentheses may stand in a class", "/a([)|]b)", ""},
        {"a bar where they may be quoted", "/a(\\Q)|\\E)", ""},
        {"a class without a bar", "/a[bc]", "/a"},
        {"a parenthesis too many", "/a)|b", ""},
        {"nothing", "", ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gust_arena arena = memory();
        gust_str prefix = gu_path_prefix(&arena, gu_path_of(cases[i].path));

        TEST_CASE(cases[i].name);
        assert_int_equal(prefix.len, strlen(cases[i].prefix));
        assert_memory_equal(prefix.ptr, cases[i].prefix, prefix.len);
        gu_arena_deinit(&arena);
    }
}

/* The pieces with "*" for what is to be filled in. */
static const char *shown(const struct gu_reverse *reverse)
{
    static char text[128];
    size_t len = 0;

    for (unsigned i = 0; i <= reverse->n_groups; i++) {
        if (i > 0)
            text[len++] = '*';
        memcpy(text + len, reverse->pieces[i].ptr, reverse->pieces[i].len);
        len += reverse->pieces[i].len;
    }
    text[len] = '\0';
    return text;
}

TEST(a_path_is_filled_in_where_groups_stand_and_nothing_else_is_special)
{
    static const struct {
        const char *name, *path;
        const char *shown; /* NULL: too complicated */
    } cases[] = {
        {"literal", "/about", "/about"},
        {"a group in the middle", "/story/([0-9]+)/edit", "/story/*/edit"},
        {"groups side by side", "/(a)(b)", "/**"},
        {"anchors at both ends", "^/(.*)$", "/*"},
        {"an anchor in the middle", "/a^(b)", NULL},
        {"a dollar sign in the middle", "/a$(b)", NULL},
        {"a name as PCRE has it", "/(?<year>[0-9]+)", "/*"},
        {"as Python has it", "/(?P<year>[0-9]+)", "/*"},
        {"as Perl has it", "/(?'year'[0-9]+)", "/*"},
        {"a look-ahead", "/(?=a)b", NULL},
        {"what looks behind", "/(?<=a)b", NULL},
        {"or must not be there", "/(?<!a)b", NULL},
        {"options", "/(?i)b", NULL},
        {"a question that breaks off", "/(?", NULL},
        {"a name that breaks off", "/(?P", NULL},
        {"a reference by Python", "/(?P=year)", NULL},
        {"a parenthesis in a class is none", "/([()]+)", "/*"},
        {"an escaped one is none", "/(\\))", "/*"},
        {"a class that does not end", "/([)", NULL},
        {"a group that does not end", "/(a", NULL},
        {"a backslash that ends it", "/(a\\", NULL},
        {"a group in a group", "/((a)b)", NULL},
        {"a group without a number is no argument", "/(?:a)/(b)", "/a/*"},
        {"one that is left open is let go", "/(?:a/(b)", "/a/*"},
        {"closed too often", "/(b))", NULL},
        {"an escaped sign", "/a\\.b/(c)", "/a.b/*"},
        {"an escaped letter", "/\\d/(c)", NULL},
        {"a quantifier", "/a{2}(c)", NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gust_arena arena = memory();
        struct gu_reverse reverse;
        int err = gu_path_reverse(&arena, gu_path_of(cases[i].path), &reverse);

        TEST_CASE(cases[i].name);
        assert_int_equal(err, cases[i].shown == NULL ? -EINVAL : 0);
        if (err == 0)
            assert_string_equal(shown(&reverse), cases[i].shown);
        gu_arena_deinit(&arena);
    }
}

TEST(both_need_memory_and_say_so)
{
    struct gu_path path = gu_path_of("/a/long/way/to/the/story/([0-9]+)/and/back/(\\w+)");
    char room[1024];
    size_t n = 0;

    for (bool is_done = false; !is_done; n++) {
        struct gust_arena arena;
        struct gu_reverse reverse;
        int err;

        gu_arena_init(&arena, NULL, room, n * 16, 0);
        err = gu_path_reverse(&arena, path, &reverse);
        is_done = err == 0 && gu_path_prefix(&arena, path).ptr != NULL;
        assert_true(err == 0 || err == -ENOMEM);
        assert_in_range(n, 0, 60);
    }
    assert_true(n > 4); /* the pieces, each of three texts, the beginning */
}
