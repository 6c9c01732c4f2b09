/*
 * template_test — what the tests of templates share: a text, rendered
 */
#ifndef TEMPLATE_TEST_H
#define TEMPLATE_TEST_H

#include "base/str.h"
#include "template/template_impl.h"
#include "test.h"

/* What became of a template: .err is 0 and the text is there, or the message. */
struct rendered {
    int err;
    char text[4096];
};

static inline void keep(struct rendered *to, int err, gust_str text)
{
    size_t n = gu_min(text.len, sizeof to->text - 1);

    to->err = err;
    memcpy(to->text, text.ptr, n);
    to->text[n] = '\0';
}

/* Renders a text that is called "t.txt" with a loader, which may be NULL, in memory of its own. */
static inline void render_with(gust_loader *loader, gust_str source, const gust_kv *vars,
                               struct rendered *to)
{
    struct gust_arena arena;
    struct gu_report report;
    struct gu_buf out;
    struct gu_rendering what = {.arena = &arena, .vars = vars, .out = &out};
    const gust_template *t;
    gust_str text;

    gu_arena_init(&arena, NULL, NULL, 0, SIZE_MAX);
    t = gu_template_compile(loader, &arena, source, GU_STR("t.txt"), &report);
    if (t == NULL) {
        keep(to, report.err, report.message);
    } else {
        gu_buf_init(&out, &arena, gu_template_max_output(t));
        if (gu_template_render(t, &what, &report) < 0) {
            keep(to, report.err, report.message);
        } else {
            assert_int_equal(gu_buf_finish(&out, &text), 0);
            keep(to, 0, text);
        }
    }
    gu_arena_deinit(&arena);
}

#endif
