/*
 * template — whatever the text: it compiles or says where it does not, and what runs stays within
 * its limits, twice alike
 */
#include "fuzz.h"
#include "template/template_impl.h"

#define MAX_OUTPUT 4096
#define MAX_STEPS 2000

static const gust_template_file files[] = {
    {"base.html", "<{% block a %}base{% end %}>{% block b %}{{ x }}{% end %}"},
    {"part.html", "({{ name }})"},
    {"round.html", "{% include round.html %}"},
    {NULL, NULL},
};

static gust_value shout(gust_call *call)
{
    gust_str text = gust_value_text_of(gust_call_arg(call, 0, "text"));

    return text.len == 0 ? gust_call_fail(call, "nothing") : gust_call_arg(call, 0, "text");
}

static const gust_function shout_fn = {.fn = shout, .name = "shout"};

/* Renders; the length of the output, or a negative error. */
static int64_t render(const gust_template *t, struct gust_arena *arena, struct gu_buf *out)
{
    static const gust_value list[] = {{.type = GUST_INT, .as = {.integer = 3}},
                                      {.type = GUST_STRING, .as = {.string = {"<a>", 3}}}};
    static const gust_kv map[] = {{"k", {.type = GUST_DOUBLE, .as = {.real = 0.5}}},
                                  {NULL, {.type = GUST_NULL}}};
    const gust_kv vars[] = {{"x", gust_value_int(7)},
                            {"name", gust_value_text("héllo <wörld> http://a.b/c")},
                            {"items", gust_value_list(list, 2)},
                            {"d", gust_value_map(map)},
                            {"shout", gust_value_function(&shout_fn)},
                            {NULL, gust_value_null()}};
    struct gu_rendering what = {.arena = arena, .vars = vars, .out = out};
    struct gu_report report = {0};
    int err;

    gu_buf_init(out, arena, gu_template_max_output(t));
    err = gu_template_render(t, &what, &report);
    gu_assert(out->len <= MAX_OUTPUT);
    if (err == 0)
        return (int64_t)out->len;
    gu_assert(err == -EINVAL || err == -GUST_ETOOBIG);
    gu_assert(report.message.len > 0 && report.message.ptr[report.message.len] == '\0');
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gust_loader *loader = gust_loader_new_table(
        files, &(gust_loader_options){
                   .max_output = MAX_OUTPUT, .max_steps = MAX_STEPS, .max_source = 65536});
    struct gust_arena arena = fuzz_arena();
    char *copy = fuzz_copy(data, size);
    struct gu_report report = {0};
    struct gu_buf once, twice;
    const gust_template *t =
        gu_template_compile(loader, &arena, gu_str(copy, size), GU_STR("page.html"), &report);

    free(copy);
    if (t == NULL) {
        gu_assert(report.err == -GUST_ESYNTAX || report.err == -GUST_ETOOBIG ||
                  report.err == -ENOENT);
        gu_assert(report.message.len > 0);
    } else {
        int64_t first = render(t, &arena, &once);

        gu_assert(render(t, &arena, &twice) == first);
        gu_assert(once.len == twice.len &&
                  (once.len == 0 || memcmp(once.ptr, twice.ptr, once.len) == 0));
    }
    gu_arena_deinit(&arena);
    gust_loader_free(loader);
    return 0;
}
