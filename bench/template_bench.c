/*
 * template_bench — what it costs to fill a template in
 *
 *   template_bench TEMPLATE JSON ROUNDS [--print]
 *
 * Renders the file with the members of the JSON object as variables, and prints the least time of a
 * rendering in microseconds; with --print, the text instead. bench/template.py compares it with
 * Tornado.
 */
#include "base/json.h"
#include "template/template_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static gust_str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct gu_buf b = GU_BUF_NULL;
    gust_str text = {NULL, 0};
    char *to;

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (!feof(file) && (to = gu_buf_reserve(&b, 65536)) != NULL)
        gu_buf_add(&b, fread(to, 1, 65536, file));
    fclose(file);
    gust_ignore(gu_buf_finish(&b, &text));
    return text;
}

/* Lists become lists of values, as a handler makes them; all else is used as it is. */
static gust_value value_of(json_t *json)
{
    size_t n = json_array_size(json);
    gust_value *items;

    if (!json_is_array(json))
        return gust_value_json(json);
    items = calloc(n + 1, sizeof *items);
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_array_get(json, i);

        if (json_is_integer(item))
            items[i] = gust_value_int(json_integer_value(item));
        else if (json_is_string(item))
            items[i] = gust_value_text(json_string_value(item));
        else
            items[i] = value_of(item);
    }
    return gust_value_list(items, (uint32_t)n);
}

static gust_kv *vars_of(json_t *object)
{
    gust_kv *vars = calloc(json_object_size(object) + 1, sizeof *vars);
    const char *name;
    json_t *value;
    size_t n = 0;

    json_object_foreach(object, name, value)
    {
        vars[n++] = (gust_kv){name, value_of(value)};
    }
    return vars;
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds of one rendering. */
static double render(const gust_template *t, const gust_kv *vars, bool is_printed)
{
    struct gust_arena *arena = gust_arena_new();
    struct gu_report report;
    struct gu_buf out;
    double from = now_us(), took;

    gu_buf_init(&out, arena, SIZE_MAX - 1);
    if (gu_template_render(t, &(struct gu_rendering){.arena = arena, .vars = vars, .out = &out},
                           &report) < 0) {
        fprintf(stderr, "%s\n", report.message.ptr);
        exit(1);
    }
    took = now_us() - from;
    if (is_printed)
        fwrite(out.ptr, 1, out.len, stdout);
    gust_arena_free(arena);
    return took;
}

int main(int argc, char **argv)
{
    struct gust_arena *arena = gust_arena_new();
    struct gu_report report;
    const gust_template *t;
    json_t *object;
    gust_kv *vars;
    double least = 1e12;

    if (argc < 4) {
        fputs("template_bench TEMPLATE JSON ROUNDS [--print]\n", stderr);
        return 2;
    }
    t = gu_template_compile(NULL, arena, read_file(argv[1]), gust_str_from("page.html"), &report);
    object = json_load_file(argv[2], 0, NULL);
    if (t == NULL || object == NULL) {
        fprintf(stderr, "%s\n", t == NULL ? report.message.ptr : "no JSON");
        return 1;
    }
    vars = vars_of(object);
    for (int i = 0; i < strtol(argv[3], NULL, 10); i++) {
        double took = render(t, vars, argc > 4 && i == 0);

        least = took < least ? took : least;
    }
    if (argc == 4)
        printf("%.1f\n", least);
    return 0;
}
