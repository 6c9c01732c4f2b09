/*
 * render — pages
 *
 * A page is rendered into the task's memory first, and written when it is whole: a template that
 * fails in its middle leaves nothing behind, and the error page takes its place.
 */
#include "base/str.h"
#include "template/template_impl.h"
#include "web/web_impl.h"

static struct gust_loader *loader_of(struct gust_app *app)
{
    const gust_app_options *o = &app->options;

    if (app->loader == NULL && o->templates != NULL)
        app->loader = gust_loader_new_table(o->templates, &o->template_options);
    else if (app->loader == NULL && o->template_path != NULL)
        app->loader = gust_loader_new(o->template_path, &o->template_options);
    return app->loader;
}

static int failed(struct gu_report *report, int err, const char *why)
{
    *report = (struct gu_report){err, gust_str_from(why), 0};
    return err;
}

static const gust_kv *namespace_of(gust_request *r)
{
    if (r->handler == NULL || r->handler->fns.get_template_namespace == NULL)
        return NULL;
    return r->handler->fns.get_template_namespace(r);
}

/* Templates call each other through functions; for ever, if nothing stops them. On a task's stack
 * it is what the deepest one that compiles may need (40 KiB of 64). */
#define MAX_NESTED 16
#define STACK_NEEDED (GU_STACK_SIZE / 8 * 5)

static int render(gust_request *r, struct gust_loader *loader, const char *name,
                  const gust_kv *vars, gust_str *page, struct gu_report *report)
{
    struct gust_arena *arena = gu_arena_here();
    struct gu_buf out;
    struct gu_rendering what = {.arena = arena,
                                .vars = vars,
                                .more = namespace_of(r),
                                .lookup = gu_template_name,
                                .context = r,
                                .out = &out};
    const gust_template *t =
        gu_loader_get(loader, arena, gust_str_from(name), r->app->options.debug, report);

    if (t == NULL)
        return report->err;
    gu_buf_init(&out, arena, gu_template_max_output(t));
    if (gu_template_render(t, &what, report) < 0)
        return report->err;
    return gu_buf_finish(&out, page) < 0 ? failed(report, -ENOMEM, "memory is short") : 0;
}

int gu_render_page(gust_request *r, const char *name, const gust_kv *vars, gust_str *page,
                   struct gu_report *report)
{
    const gust_app_options *o = &r->app->options;
    struct gust_loader *loader = loader_of(r->app);
    struct gu_input *input = gu_request_input(r);
    int err;

    if (o->templates == NULL && o->template_path == NULL)
        return failed(report, -ENOENT, "the application has no template_path");
    if (loader == NULL || input == NULL)
        return failed(report, -ENOMEM, "memory is short");
    if (input->n_renderings >= MAX_NESTED || gu_task_stack_left() < STACK_NEEDED)
        return failed(report, -GUST_ETOOBIG, "templates render each other too deep");
    input->n_renderings++;
    err = render(r, loader, name, vars, page, report);
    input->n_renderings--;
    return err;
}

int gust_render(gust_request *r, const char *name, const gust_kv *vars)
{
    struct gu_report report;
    gust_str page;
    GUST_SCOPE();

    if (gu_render_page(r, name, vars, &page, &report) < 0)
        return gust_fail(r, report.err == -ENOMEM ? 503 : 500, "%s: %s", name, report.message.ptr);
    gust_write(r, page.ptr, page.len);
    return gust_finish(r);
}

const char *gust_render_string(gust_request *r, const char *name, const gust_kv *vars)
{
    struct gu_report report;
    gust_str page;

    gu_request_check_raise(r, "gust_render_string");
    if (gu_render_page(r, name, vars, &page, &report) == 0)
        return page.ptr;
    if (report.err == -ENOMEM)
        gu_no_memory();
    gu_task_raise(500, "%s: %s", name, report.message.ptr);
}
