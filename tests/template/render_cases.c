/*
 * render_cases — renders what it reads, for the comparison with Tornado
 *
 * Standard input is a JSON array of cases: {"files": {name: text}, "main": name, "vars": {…}} and
 * options of the loader. Standard output is an array of what became of them: {"text": …} or
 * {"error": …, "code": …}.
 */
#include "base/json.h"
#include "base/str.h"
#include "template/template_impl.h"
#include <stdio.h>
#include <stdlib.h>

static struct gust_arena *current; /* the memory of the case at hand */

/* --- functions and objects that cases use --- */

static gust_value twice(gust_call *call)
{
    gust_str s = gust_value_text_of(gust_call_arg(call, 0, "text"));
    gust_value count = gust_call_arg(call, 1, "count");
    size_t n = count.type == GUST_INT ? (size_t)count.as.integer : 2;
    char *all = gu_arena_alloc(current, s.len * n + 1);

    if (s.len == 0 || all == NULL)
        return gust_call_fail(call, "there is nothing to be said %s", "twice");
    for (size_t i = 0; i < n; i++)
        memcpy(all + i * s.len, s.ptr, s.len);
    all[s.len * n] = '\0';
    return gust_value_str(gu_str(all, s.len * n));
}

static gust_value count_all(gust_call *call)
{
    return gust_value_int((int64_t)call->n_args);
}

static gust_value pass(gust_call *call)
{
    return gust_call_arg(call, 0, NULL);
}

static const gust_function twice_fn = {.fn = twice, .name = "twice"};
static const gust_function count_all_fn = {.fn = count_all, .name = "count_all"};
static const gust_function pass_fn = {.fn = pass, .name = "pass_on"};

static bool thing_get(const gust_object *self, gust_str name, gust_value *value)
{
    (void)self;
    if (gust_str_equal(name, "colour"))
        *value = gust_value_text("red & blue");
    else if (gust_str_equal(name, "twice"))
        *value = gust_value_function(&twice_fn);
    else
        return false;
    return true;
}

static const gust_object thing = {.get = thing_get, .name = "thing"};

static bool lookup(void *context, gust_str name, gust_value *value)
{
    (void)context;
    if (!gust_str_equal(name, "looked_up"))
        return false;
    *value = gust_value_text("found");
    return true;
}

/* --- one case --- */

static const gust_template_file *files_of(struct gust_arena *arena, json_t *files)
{
    gust_template_file *table =
        gu_arena_alloc(arena, (json_object_size(files) + 1) * sizeof *table);
    size_t n = 0;
    const char *name;
    json_t *text;

    json_object_foreach(files, name, text)
    {
        table[n++] = (gust_template_file){name, json_string_value(text)};
    }
    table[n] = (gust_template_file){NULL, NULL};
    return table;
}

static const gust_kv *vars_of(struct gust_arena *arena, json_t *vars)
{
    static const gust_kv map[] = {
        {"a", {.type = GUST_INT, .as = {.integer = 1}}},
        {"b", {.type = GUST_STRING, .as = {.string = GU_STR_INIT("<")}}},
        {NULL, {.type = GUST_NULL}},
    };
    static const gust_value list[] = {
        {.type = GUST_INT, .as = {.integer = 3}},
        {.type = GUST_DOUBLE, .as = {.real = 0.5}},
        {.type = GUST_NULL},
    };
    gust_kv *pairs = gu_arena_alloc(arena, (json_object_size(vars) + 7) * sizeof *pairs);
    size_t n = 0;
    const char *name;
    json_t *value;

    json_object_foreach(vars, name, value)
    {
        pairs[n++] = (gust_kv){name, gust_value_json(value)};
    }
    pairs[n++] = (gust_kv){"twice", gust_value_function(&twice_fn)};
    pairs[n++] = (gust_kv){"count_all", gust_value_function(&count_all_fn)};
    pairs[n++] = (gust_kv){"pass_on", gust_value_function(&pass_fn)};
    pairs[n++] = (gust_kv){"thing", gust_value_object(&thing)};
    pairs[n++] = (gust_kv){"given_map", gust_value_map(map)};
    pairs[n++] = (gust_kv){"given_list", gust_value_list(list, 3)};
    pairs[n] = (gust_kv){NULL, gust_value_null()};
    return pairs;
}

static json_t *text_result(gust_str text)
{
    return json_pack("{s:s%}", "text", text.ptr, text.len);
}

static json_t *failed(const struct gu_report *report)
{
    return json_pack("{s:s%,s:i}", "error", report->message.ptr, report->message.len, "code",
                     -report->err);
}

static int render(struct gust_arena *arena, gust_loader *loader, json_t *given, gust_str *text,
                  struct gu_report *report)
{
    struct gu_buf out;
    struct gu_rendering what = {.arena = arena, .lookup = lookup, .out = &out};
    gust_str name = gust_str_from(json_string_value(json_object_get(given, "main")));
    const gust_template *t = gu_loader_get(loader, arena, name, true, report);

    if (t == NULL)
        return report->err;
    gu_buf_init(&out, arena, gu_template_max_output(t));
    what.vars = vars_of(current, json_object_get(given, "vars"));
    if (gu_template_render(t, &what, report) < 0)
        return report->err;
    return gu_buf_finish(&out, text);
}

/* With more and more memory: until it is enough, that it is short is all that is told, and then it
 * is what it was before. */
static bool is_steady(gust_loader *loader, json_t *given, int err, gust_str text)
{
    for (size_t size = 0; size < ((size_t)64 << 20); size += gu_max(16, size / 1024 * 16)) {
        char *memory = malloc(size + 1);
        struct gust_arena arena;
        struct gu_report report;
        gust_str again = GU_STR("");
        bool is_short, is_same;
        int err_again;

        gu_arena_init(&arena, NULL, memory, size, 0);
        err_again = render(&arena, loader, given, &again, &report);
        is_short = err_again == -ENOMEM;
        is_same = err_again == err && (err < 0 || gu_str_eq(again, text));
        free(memory);
        if (!is_short)
            return is_same;
    }
    return false;
}

static json_t *result_of(struct gust_arena *arena, gust_loader *loader, json_t *given)
{
    struct gu_report report;
    gust_str text = GU_STR("");
    int err = render(arena, loader, given, &text, &report);

    if (json_is_true(json_object_get(given, "is_swept")) && !is_steady(loader, given, err, text))
        return json_pack("{s:s}", "error", "is not the same when memory was short");
    return err < 0 ? failed(&report) : text_result(text);
}

static json_t *run(json_t *given)
{
    static const gust_kv names[] = {{"from_loader", {.type = GUST_INT, .as = {.integer = 42}}},
                                    {NULL, {.type = GUST_NULL}}};
    struct gust_arena *arena = gust_arena_new();
    gust_loader_options options = {
        .autoescape = json_string_value(json_object_get(given, "autoescape")),
        .whitespace = json_string_value(json_object_get(given, "whitespace")),
        .max_steps = json_integer_value(json_object_get(given, "max_steps")),
        .max_output = json_integer_value(json_object_get(given, "max_output")),
        .max_source = json_integer_value(json_object_get(given, "max_source")),
        .names = names,
    };
    gust_loader *loader =
        gust_loader_new_table(files_of(arena, json_object_get(given, "files")), &options);
    json_t *result;

    current = arena;
    result = result_of(arena, loader, given);

    gust_loader_free(loader);
    gust_arena_free(arena);
    return result;
}

int main(void)
{
    json_t *cases = json_loadf(stdin, 0, NULL), *results = json_array(), *given;
    size_t i;

    json_array_foreach(cases, i, given)
    {
        json_array_append_new(results, run(given));
    }
    json_dumpf(results, stdout, JSON_COMPACT);
    json_decref(results);
    json_decref(cases);
    return 0;
}
