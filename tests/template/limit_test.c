/*
 * limit — what bounds a template, at each limit and beside it
 */
#include "base/alloc.h"
#include "template/methods.h"
#include "template/node.h"
#include "template_test.h"
#include <gust.h>
#include <jansson.h>
#include <stdio.h>

/* A text that grows. */
static void put_times(struct gu_buf *b, const char *text, size_t n)
{
    for (; n > 0; n--)
        gu_buf_puts(b, text);
}

/* --- what is written once --- */

/* Texts whose size is n in one respect, put together of parts. */
static const struct shape {
    const char *name, *before, *once, *middle, *again, *after;
    size_t limit; /* the largest that compiles */
    const char *message;
} shapes[] = {
    {"an expression", "{{ ", "-", "1", "", " }}", GU_EXPR_DEPTH - 1,
     "an expression is deeper than 64"},
    {"a chain", "{{ 0", " + 1", " }}", "", "", GU_EXPR_DEPTH - 1,
     "an expression is deeper than 64"},
    {"items of items", "{{ x", "[0]", "", "", " }}", GU_EXPR_DEPTH - 1,
     "an expression is deeper than 64"},
    {"parentheses", "{{ ", "(", "1", ")", " }}", 2 * GU_EXPR_DEPTH - 1,
     "an expression is deeper than 64"},
    {"nots", "{{ ", "not ", "1", "", " }}", GU_EXPR_DEPTH - 1, "an expression is deeper than 64"},
    {"tags", "", "{% if 1 %}", "x", "{% end %}", "", GU_STMT_DEPTH - 1,
     "tags are nested deeper than 40"},
    {"blocks in tags", "", "{% apply str %}", "x", "{% end %}", "", GU_STMT_DEPTH - 1,
     "tags are nested deeper than 40"},
    {"arguments", "{{ f(", "1,", "", "", ") }}", GU_MAX_ARGS, "a call has more than 32 arguments"},
    {"comparisons", "{{ 0", " < 1", "", "", " }}", GU_MAX_COMPARISONS,
     "more than 16 comparisons in a row"},
    {"names", "{% for ", "a,", " in []", "", "%}{% end %}", GU_MAX_TARGETS,
     "more than 16 names are assigned at once"},
    {"assignments", "{% set ", "a = ", "1", "", " %}", GU_MAX_TARGETS,
     "more than 16 assignments at once"},
    {"conditions", "{{ [a for a in []", " if 1", "]", "", " }}", GU_MAX_TARGETS,
     "a comprehension has more than 16 conditions"},
};

static void try_shape(const struct shape *s, size_t n, struct rendered *got)
{
    struct gu_buf b = GU_BUF_NULL;
    gust_str text;

    gu_buf_puts(&b, s->before);
    put_times(&b, s->once, n);
    gu_buf_puts(&b, s->middle);
    put_times(&b, s->again, n);
    gu_buf_puts(&b, s->after);
    assert_int_equal(gu_buf_finish(&b, &text), 0);
    render_with(NULL, text, NULL, got);
    gu_buf_deinit(&b);
}

TEST(what_a_template_holds_is_bounded)
{
    struct rendered got;

    for (size_t i = 0; i < gu_countof(shapes); i++) {
        const struct shape *s = &shapes[i];

        TEST_CASE(s->name);
        try_shape(s, s->limit - 1, &got);
        assert_true(got.err == 0 || got.err == -EINVAL); /* it compiles, whatever it is worth */
        try_shape(s, s->limit, &got);
        assert_true(got.err == 0 || got.err == -EINVAL);
        try_shape(s, s->limit + 1, &got);
        assert_true(got.err == -GUST_ETOOBIG || got.err == -GUST_ESYNTAX);
        if (strstr(got.text, s->message) == NULL)
            fail_msg("\"%s\"", got.text);
        try_shape(s, 5000, &got); /* far beyond it, nothing gives way */
        assert_true(got.err == -GUST_ETOOBIG || got.err == -GUST_ESYNTAX);
    }
}

/* --- files --- */

/* x0 includes x1, and so on: `n` files. */
static void chain(gust_template_file *files, char (*texts)[64], size_t n, const char *format_of)
{
    static char names[64][32];

    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "x%zu", i);
        snprintf(texts[i], sizeof texts[i], "{%% %s x%zu %%}", format_of, i + 1);
        files[i] = (gust_template_file){names[i], i + 1 < n ? texts[i] : "x"};
    }
    files[n] = (gust_template_file){NULL, NULL};
}

TEST(files_may_lead_to_each_other_so_far)
{
    static const struct {
        const char *name, *tag;
        size_t limit; /* files that are reached */
        const char *message;
    } cases[] = {
        {"includes", "include", GU_STMT_DEPTH - 1, "nested deeper than 40"},
        {"extends", "extends", GU_STMT_DEPTH - 1, "extend each other deeper than 40"},
    };
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++)
        for (size_t more = 0; more < 3; more++) {
            gust_template_file files[64];
            char texts[64][64], text[64];
            gust_loader *loader;

            TEST_CASE(cases[i].name);
            chain(files, texts, cases[i].limit - 1 + more, cases[i].tag);
            loader = gust_loader_new_table(files, NULL);
            snprintf(text, sizeof text, "{%% %s x0 %%}", cases[i].tag);
            render_with(loader, gust_str_from(text), NULL, &got);
            assert_int_equal(got.err, more < 2 ? 0 : -GUST_ETOOBIG);
            if (strstr(got.text, more < 2 ? "x" : cases[i].message) == NULL)
                fail_msg("\"%s\"", got.text);
            gust_loader_free(loader);
        }
}

TEST(files_that_go_round_or_double_end)
{
    static const gust_template_file files[] = {
        {"round", "{% include round %}"},
        {"extends_itself", "{% extends extends_itself %}"},
        {"a", "{% include b %}{% include b %}"},
        {"b", "{% include c %}{% include c %}"},
        {"c", "{% include d %}{% include d %}"},
        {"d", "{% include e %}{% include e %}"},
        {"e", "{% include f %}{% include f %}"},
        {"f", "{% include g %}{% include g %}"},
        {"g", "{% include h %}{% include h %}"},
        {"h", "{% include i %}{% include i %}"},
        {"i", "{% include j %}{% include j %}"},
        {"j", "{% include k %}{% include k %}"},
        {"k", "{% include l %}{% include l %}"},
        {"l", "{% include m %}{% include m %}"},
        {"m", "{% include n %}{% include n %}"},
        {"n", "{% include o %}{% include o %}"},
        {"o", "{% include p %}{% include p %}"},
        {"p", "{% include q %}{% include q %}"},
        {"q", "{% include r %}{% include r %}"},
        {"r", "{% include s %}{% include s %}"},
        {"s", "x"},
        {NULL, NULL},
    };
    static const char *const texts[] = {"{% include round %}", "{% extends extends_itself %}",
                                        "{% include a %}"};
    gust_loader *loader = gust_loader_new_table(files, NULL);
    struct rendered got;

    for (size_t i = 0; i < gu_countof(texts); i++) {
        TEST_CASE(texts[i]);
        render_with(loader, gust_str_from(texts[i]), NULL, &got);
        assert_int_equal(got.err, -GUST_ETOOBIG);
    }
    gust_loader_free(loader);
}

TEST(a_file_has_a_largest_size)
{
    static const gust_template_file files[] = {{"f", "0123456789"}, {NULL, NULL}};
    struct rendered got;

    for (int64_t max = 9; max <= 11; max++) {
        gust_loader *loader =
            gust_loader_new_table(files, &(gust_loader_options){.max_source = max});

        render_with(loader, GU_STR("{% include f %}"), NULL, &got);
        assert_int_equal(got.err, max < 10 ? -GUST_ETOOBIG : 0);
        assert_string_equal(got.text,
                            max < 10 ? "the file is larger than max_source at f:1" : "0123456789");
        gust_loader_free(loader);
    }
}

/* --- what runs --- */

TEST(steps_are_counted_exactly)
{
    static const struct {
        const char *name, *text;
        int64_t steps; /* that it takes */
    } cases[] = {
        {"text", "x", 1},
        {"a value", "{{ 1 }}", 1},
        {"an operation", "{{ 1 + 1 }}", 2},
        {"a loop: each turn, what is in it, the end", "{% for x in [1, 2, 3] %}y{% end %}", 9},
        {"a condition", "{% if 1 %}x{% end %}", 2},
        {"a while", "{% set i = 2 %}{% while i %}{% set i -= 1 %}{% end %}", 7},
        {"text that is made, 64 bytes a step", "{{ 'x' * 640 }}", 12},
        {"a comprehension", "{{ len([x for x in 'abc']) }}", 7},
    };
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++)
        for (int64_t max = cases[i].steps - 1; max <= cases[i].steps + 1; max++) {
            static const gust_template_file files[] = {{NULL, NULL}};
            gust_loader *loader;

            TEST_CASE(cases[i].name);
            if (max == 0)
                continue; /* the default */
            loader = gust_loader_new_table(files, &(gust_loader_options){.max_steps = max});
            render_with(loader, gust_str_from(cases[i].text), NULL, &got);
            if (got.err != (max < cases[i].steps ? -GUST_ETOOBIG : 0))
                fail_msg("%d with %d steps", got.err, (int)max);
            gust_loader_free(loader);
        }
}

TEST(output_is_bounded)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"text", "0123456789"},
        {"values", "{{ 1234567890 }}"},
        {"escaped", "{{ '<&' }}0"},
        {"of a loop", "{% for x in range(10) %}{{ x }}{% end %}"},
        {"of an apply", "{% apply str %}0123456789{% end %}"},
        {"a text that is made and not written", "{% set x = 'x' * 10 %}"},
        {"a text that is joined", "{% set x = '-'.join(['ab', 'cd', 'efgh']) %}"},
        {"a text that is formatted", "{% set x = '%10s' % 1 %}"},
    };
    static const gust_template_file files[] = {{NULL, NULL}};
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++)
        for (int64_t max = 9; max <= 11; max++) {
            gust_loader *loader =
                gust_loader_new_table(files, &(gust_loader_options){.max_output = max});

            TEST_CASE(cases[i].name);
            render_with(loader, gust_str_from(cases[i].text), NULL, &got);
            assert_int_equal(got.err, max < 10 ? -GUST_ETOOBIG : 0);
            gust_loader_free(loader);
        }
}

TEST(nothing_runs_for_ever_and_no_limit_is_caught)
{
    static const char *const texts[] = {
        "{% while True %}{% end %}",
        "{% for x in range(10 ** 12) %}{% end %}",
        "{% try %}{% while True %}{% end %}{% except %}caught{% finally %}f{% end %}",
        "{{ sum(range(10 ** 15)) }}",
        "{{ [x for x in range(10 ** 15)] }}",
        "{{ 'x' * 10 ** 12 }}",
        "{{ len([0] * 10 ** 12) }}",
        "{{ '%1000000000s' % 1 }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'x'.center(10 ** 12) }}",
        "{{ '1'.zfill(10 ** 12) }}",
        "{{ sorted(range(10 ** 12)) }}",
        "{{ any(x < 0 for x in range(10 ** 15)) }}",
        "{% set l = [1] %}{% for x in l %}{% set l.append(1) %}{% end %}",
        "{% set s = 'ab' * 200 %}{% while True %}{% set x = s.count('b') %}{% end %}",
        "{% set s = 'a' * 10000000 %}{{ s.rfind(s[:5000000] + 'b') }}",
        "{% set s = 'a' * 10000000 %}{% while True %}{{ s[-1] }}{% end %}",
        "{% set l = [1] %}{% set l.append(l) %}{% while 1 %}{{ str(l) }}{% end %}",
    };
    static const gust_template_file files[] = {{NULL, NULL}};
    gust_loader *loader =
        gust_loader_new_table(files, &(gust_loader_options){.max_steps = 1000000});
    struct rendered got;

    for (size_t i = 0; i < gu_countof(texts); i++) {
        TEST_CASE(texts[i]);
        render_with(loader, gust_str_from(texts[i]), NULL, &got);
        if (got.err != -GUST_ETOOBIG)
            fail_msg("%d \"%s\"", got.err, got.text);
    }
    gust_loader_free(loader);
}

/* --- the stack of a task --- */

static int render_deep(void *arg)
{
    const struct gu_buf *b = arg;
    gust_template_file none = {NULL, NULL};
    gust_loader *loader = gust_loader_new_table(&none, NULL);
    gust_error error = {0};
    const gust_template *t;
    gust_str text;

    t = gust_template_new(gu_str(b->ptr, b->len), "deep.txt", loader, &error);
    if (t == NULL || gust_template_generate(t, NULL, &text, &error) < 0)
        fail_msg("%s", error.message);
    gust_loader_free(loader);
    return (int)text.len;
}

/* As deep as it goes in all ways at once: tags, and in the innermost an expression. */
TEST(the_deepest_template_runs_on_a_task)
{
    static const struct {
        const char *name, *open, *once, *middle, *again;
        size_t n;
    } cases[] = {
        {"conditions and operators", "{% if 1 %}", "(1 + ", "1", ")", GU_EXPR_DEPTH - 2},
        {"loops and lists", "{% for x in [1] %}", "[", "1", "]", GU_EXPR_DEPTH - 2},
        {"applies and calls", "{% apply str %}", "str(", "1", ")", GU_EXPR_DEPTH - 2},
        {"applies and slices", "{% apply str %}", "'abc'[len(", "''", "):]", GU_EXPR_DEPTH / 2 - 2},
        {"loops and generators", "{% for x in [1] %}", "sum(y for y in [", "1", "])",
         GU_EXPR_DEPTH / 3 - 1},
        {"conditions and conditions", "{% if 1 %}", "(1 if 1 else ", "1", ")", GU_EXPR_DEPTH - 2},
        {"loops and chains", "{% while 1 %}", "(0 < ", "1", ")", GU_EXPR_DEPTH - 2},
        {"lists that are compared", "{% if 1 %}", "[", "1", "] == 1", 1},
        {"functions that sort", "{% if 1 %}", "max(sorted([", "1", "]))", GU_EXPR_DEPTH / 3 - 1},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_buf b = GU_BUF_NULL;
        bool is_while = strstr(cases[i].open, "while") != NULL;

        TEST_CASE(cases[i].name);
        put_times(&b, cases[i].open, GU_STMT_DEPTH - 1);
        gu_buf_puts(&b, "{{ ");
        put_times(&b, cases[i].once, cases[i].n);
        gu_buf_puts(&b, cases[i].middle);
        put_times(&b, cases[i].again, cases[i].n);
        gu_buf_puts(&b, " }}");
        for (size_t k = 0; k < GU_STMT_DEPTH - 1; k++)
            gu_buf_puts(&b, is_while ? "{% break %}{% end %}" : "{% end %}");
        assert_int_equal(gu_buf_error(&b), 0);
        assert_true(gust_run(render_deep, &b) > 0 || i == 3);
        gu_buf_deinit(&b);
    }
}

/* A value that is nested as deep as JSON may be, which is printed, compared and handed over. */
static int render_nested(void *arg)
{
    struct gu_buf json = GU_BUF_NULL;
    gust_error error = {0};
    const gust_template *t;
    gust_str text;
    json_t *value;

    (void)arg;
    put_times(&json, "[", 100);
    put_times(&json, "]", 100);
    value = gust_json_decode(gu_str(json.ptr, json.len), &error);
    assert_non_null(value);
    t = gust_template_new(GU_STR("{{ v }}{{ v == v }}{{ json_encode(v) }}{{ sorted([v, v]) }}"),
                          "<text>", NULL, &error);
    assert_non_null(t);
    assert_int_equal(gust_template_generate(t, GUST_VARS({"v", GUST_V(value)}), &text, &error), 0);
    gu_buf_deinit(&json);
    return (int)text.len;
}

TEST(a_deep_value_is_printed_on_a_task)
{
    assert_int_equal(gust_run(render_nested, NULL), 200 + 4 + 200 + 404);
}

/* --- memory --- */

TEST(each_allocation_may_fail)
{
    static const gust_template_file files[] = {
        {"page",
         "{% extends base %}{% block b %}{% for k, v in d.items() %}{{ k }}{{ v * 300 }}"
         "{% include part %}{% end %}{% apply squeeze %} {{ '%s' % [1] }}{% end %}{% end %}"},
        {"base", "{% block b %}{% end %}{{ sorted([3, 1, 2]) }}{{ {i: i for i in range(50)} }}"},
        {"part", "{% try %}{{ nothing }}{% except %}{{ linkify('http://a.b/c') }}{% end %}"},
        {NULL, NULL},
    };
    bool is_done = false;

    for (uint64_t nth = 1; !is_done; nth++) {
        gust_value tag = gust_value_str(GU_STR("<tag>"));
        const gust_kv map[] = {{"one", tag}, {"two", tag}, {NULL, gust_value_null()}};
        gust_loader *loader;
        struct rendered got = {0};

        gu_alloc_fail_at(nth);
        loader = gust_loader_new_table(files, NULL);
        if (loader != NULL)
            render_with(loader, GU_STR("{% include page %}"), GUST_VARS({"d", gust_value_map(map)}),
                        &got);
        is_done = !gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        gust_loader_free(loader);
        if (!is_done && loader != NULL && got.err != -ENOMEM)
            fail_msg("allocation %d: %d \"%s\"", (int)nth, got.err, got.text);
        if (is_done && nth < 5)
            fail_msg("only %d allocations", (int)nth);
    }
}

/* Renders with so many bytes of memory at the most. */
static int render_within(size_t limit, const char *source, size_t *len)
{
    struct gust_arena own, arena;
    struct gu_report report = {0};
    struct gu_buf out = GU_BUF_NULL;
    struct gu_rendering what = {.arena = &arena, .out = &out};
    const gust_template *t;
    int err;

    gu_arena_init(&own, NULL, NULL, 0, SIZE_MAX);
    gu_arena_init(&arena, NULL, NULL, 0, limit);
    t = gu_template_compile(NULL, &own, gust_str_from(source), GU_STR("t.txt"), &report);
    assert_non_null(t);
    err = gu_template_render(t, &what, &report);
    *len = out.len;
    gu_buf_deinit(&out);
    gu_arena_deinit(&arena);
    gu_arena_deinit(&own);
    return err;
}

TEST(what_a_value_took_is_given_back_unless_something_holds_on_to_it)
{
    static const struct {
        const char *name, *text;
        size_t len;
        int err;
    } cases[] = {
        {"formatted", "{% for i in range(9000) %}{{ '%06d' % i }}{% end %}", 54000, 0},
        {"cut and joined", "{% for i in range(9000) %}{{ ','.join('a b'.split()) }}{% end %}",
         27000, 0},
        {"a list that is made", "{% for i in range(9000) %}{{ [x for x in 'ab'][1] }}{% end %}",
         9000, 0},
        {"a list that grows",
         "{% set l = [] %}{% for i in range(900) %}{{ l.append('%06d' % i) or '' }}{% end %}"
         "{{ l[0] }}{{ l[899] }}",
         12, -ENOMEM},
        {"a dictionary that grows",
         "{% set d = {} %}{% for i in range(900) %}{{ d.update({i: str(i)}) or '' }}{% end %}", 0,
         -ENOMEM},
        {"variables", "{% for i in range(9000) %}{% set x = '%06d' % i %}{% end %}", 0, -ENOMEM},
    };
    size_t len;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(render_within(65536, cases[i].text, &len), cases[i].err);
        assert_int_equal(render_within(16 << 20, cases[i].text, &len), 0);
        assert_int_equal(len, cases[i].len);
    }
}
