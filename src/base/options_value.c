/*
 * options — from a text to a value, by the option's type
 *
 * Each type is a row of one table: its size, its words, how it is read and how it is shown. Reading
 * is strict: what is not wholly understood is an error, never half of a value.
 */
#include "base/options_impl.h"
#include "base/str.h"
#include <math.h>
#include <stdlib.h>

#define SPACES " \t"

/* --- bool, int, float --- */

static bool read_bool(const char *text, void *value)
{
    static const struct {
        gust_str word;
        bool value;
    } words[] = {
        {GU_STR_INIT("true"), true}, {GU_STR_INIT("1"), true},  {GU_STR_INIT("t"), true},
        {GU_STR_INIT("yes"), true},  {GU_STR_INIT("on"), true}, {GU_STR_INIT("false"), false},
        {GU_STR_INIT("0"), false},   {GU_STR_INIT("f"), false}, {GU_STR_INIT("no"), false},
        {GU_STR_INIT("off"), false},
    };

    for (size_t i = 0; i < gu_countof(words); i++)
        if (gu_str_ieq(gust_str_from(text), words[i].word)) {
            *(bool *)value = words[i].value;
            return true;
        }
    return false;
}

static bool read_int_str(gust_str text, int64_t *value)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t magnitude;

    if (!gu_str_to_u64(gu_str_sub(text, is_negative, GU_NPOS), &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX)
        return false;
    *value = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static bool read_int(const char *text, void *value)
{
    return read_int_str(gust_str_from(text), value);
}

static bool read_float(const char *text, void *value)
{
    double number;
    char *end;

    number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number))
        return false;
    *(double *)value = number;
    return true;
}

static bool read_string(const char *text, void *value)
{
    *(const char **)value = text;
    return true;
}

/* --- durations --- */

static const struct {
    const char *name;
    double seconds;
} units[] = {
    {"s", 1},
    {"ms", 1e-3},
    {"min", 60},
    {"h", 3600},
    {"d", 86400},
    {"w", 604800},
    {"us", 1e-6},
    {"m", 60},
    {"sec", 1},
    {"seconds", 1},
    {"minutes", 60},
    {"hours", 3600},
    {"days", 86400},
    {"weeks", 604800},
    {"milliseconds", 1e-3},
    {"microseconds", 1e-6},
    {"", 1},
};

static const double *find_unit(gust_str name)
{
    for (size_t i = 0; i < gu_countof(units); i++)
        if (gust_str_equal(name, units[i].name))
            return &units[i].seconds;
    return NULL;
}

/* One part of a sum, "1.5 h "; moves *text behind it. strtod() alone would take "0x10" and "inf".
 */
static bool read_part(const char **text, double *seconds)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    const char *at = *text + strspn(*text, SPACES);
    const char *digits = at + (*at == '+' || *at == '-');
    const double *unit;
    gust_str name;
    double number;
    char *end;

    if (strspn(digits, "0123456789.") == 0 || (digits[0] == '0' && (digits[1] | 0x20) == 'x'))
        return false;
    number = strtod(at, &end);
    if (end == at)
        return false;
    at = end + strspn(end, SPACES);
    name = gu_str(at, strspn(at, letters));
    unit = find_unit(name);
    if (unit == NULL)
        return false;
    *seconds += number * *unit;
    *text = at + name.len + strspn(at + name.len, SPACES);
    return true;
}

static bool read_duration(const char *text, void *value)
{
    double seconds = 0;

    do {
        if (!read_part(&text, &seconds))
            return false;
    } while (*text != '\0');
    if (!isfinite(seconds))
        return false;
    *(double *)value = seconds;
    return true;
}

/* --- points in time --- */

/* strptime() takes the 30th of February; a real day survives being counted. */
static bool is_real(struct tm *tm)
{
    struct tm counted = *tm;

    if (timegm(&counted) == (time_t)-1 && tm->tm_year != 69)
        return false;
    tm->tm_wday = counted.tm_wday;
    tm->tm_yday = counted.tm_yday;
    return counted.tm_mon == tm->tm_mon && counted.tm_mday == tm->tm_mday &&
           counted.tm_hour == tm->tm_hour && counted.tm_min == tm->tm_min &&
           counted.tm_sec == tm->tm_sec;
}

static bool read_datetime(const char *text, void *value)
{
    static const char *const formats[] = {
        "%a %b %d %H:%M:%S %Y",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
        "%Y%m%d %H:%M:%S",
        "%Y%m%d %H:%M",
        "%Y-%m-%d",
        "%Y%m%d",
        "%H:%M:%S",
        "%H:%M",
    };

    for (size_t i = 0; i < gu_countof(formats); i++) {
        struct tm tm = {.tm_mday = 1,
                        .tm_isdst = -1}; /* 1900, as Tornado has it for a time alone */
        const char *end = strptime(text, formats[i], &tm);

        if (end == NULL || *end != '\0' || !is_real(&tm))
            continue;
        *(struct tm *)value = tm;
        return true;
    }
    return false;
}

/* --- as text --- */

static void put_string(struct gu_buf *b, const void *value)
{
    const char *text = *(const char *const *)value;

    gu_buf_puts(b, text == NULL ? "" : text);
}

static void put_bool(struct gu_buf *b, const void *value)
{
    gu_buf_puts(b, *(const bool *)value ? "on" : "");
}

static void put_int(struct gu_buf *b, const void *value)
{
    gu_buf_printf(b, "%lld", (long long)*(const int64_t *)value);
}

static void put_float(struct gu_buf *b, const void *value)
{
    gu_buf_printf(b, "%g", *(const double *)value);
}

static void put_duration(struct gu_buf *b, const void *value)
{
    put_float(b, value);
    gu_buf_putc(b, 's');
}

static void put_datetime(struct gu_buf *b, const void *value)
{
    const struct tm *tm = value;
    char text[32];

    if (tm->tm_mday != 0) /* one that nobody set */
        gu_buf_put(b, text, strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", tm));
}

/* --- the types --- */

static const struct {
    size_t size;
    const char *what, *metavar;
    bool (*read)(const char *text, void *value);
    void (*put)(struct gu_buf *b, const void *value);
} kinds[] = {
    [GUST_OPTION_STRING] = {sizeof(const char *), "a text", "TEXT", read_string, put_string},
    [GUST_OPTION_BOOL] = {sizeof(bool), "true or false", NULL, read_bool, put_bool},
    [GUST_OPTION_INT] = {sizeof(int64_t), "a whole number", "N", read_int, put_int},
    [GUST_OPTION_FLOAT] = {sizeof(double), "a number", "X", read_float, put_float},
    [GUST_OPTION_DURATION] = {sizeof(double), "a duration (1h30m, 250ms, 2)", "DURATION",
                              read_duration, put_duration},
    [GUST_OPTION_DATETIME] = {sizeof(struct tm), "a time (2026-11-20 09:05)", "TIME", read_datetime,
                              put_datetime},
    [GUST_OPTION_CONFIG] = {sizeof(const char *), "a path", "FILE", read_string, put_string},
};

size_t gu_option_size_of(gust_option_type type)
{
    return kinds[type].size;
}

const char *gu_option_metavar(const gust_option *option)
{
    return option->metavar != NULL ? option->metavar : kinds[option->type].metavar;
}

static void put_list(struct gu_buf *b, const gust_option *option)
{
    const gust_option_list *list = option->to;

    for (size_t i = 0; i < list->n; i++) {
        gu_buf_puts(b, i > 0 ? "," : "");
        kinds[option->type].put(b, (const char *)list->of.items + i * kinds[option->type].size);
    }
}

void gu_option_put_default(struct gu_buf *b, const gust_option *option)
{
    if (option->to == NULL)
        return;
    if (option->is_multiple)
        put_list(b, option);
    else
        kinds[option->type].put(b, option->to);
}

/* --- what is allowed --- */

static bool is_choice(const gust_option *option, const char *text)
{
    const char *const *choice = option->choices;

    if (choice == NULL)
        return true;
    for (; *choice != NULL; choice++)
        if (strcmp(*choice, text) == 0)
            return true;
    return false;
}

static bool is_in_range(const gust_option *option, const void *value)
{
    double number;

    if (option->max == 0)
        return true;
    switch (option->type) {
    case GUST_OPTION_INT:
        return *(const int64_t *)value >= option->min && *(const int64_t *)value <= option->max;
    case GUST_OPTION_FLOAT:
    case GUST_OPTION_DURATION:
        number = *(const double *)value;
        return number >= (double)option->min && number <= (double)option->max;
    default:
        return true;
    }
}

static bool read_one(const gust_option *option, const char *text, void *value)
{
    return is_choice(option, text) && kinds[option->type].read(text, value) &&
           is_in_range(option, value);
}

static int refuse(struct gust_options *o, const gust_option *option, const char *text)
{
    struct gu_buf *m = &o->message;

    gu_buf_printf(m, "Option '--%s' must be ", option->name);
    if (option->choices != NULL) {
        for (const char *const *c = option->choices; *c != NULL; c++)
            gu_buf_printf(m, "%s%s", c == option->choices ? "" : c[1] == NULL ? " or " : ", ", *c);
    } else {
        gu_buf_puts(m, kinds[option->type].what);
        if (option->max != 0)
            gu_buf_printf(m, " from %lld to %lld", (long long)option->min, (long long)option->max);
    }
    return gu_options_fail(o, -EINVAL, ", not '%s'", text);
}

/* --- lists --- */

/* The array grows as values are added; the arena gives the old ones back at its end. */
struct values {
    struct gust_options *o;
    const gust_option *option;
    char *items;
    size_t n, cap;
};

static void *new_value(struct values *v)
{
    size_t size = kinds[v->option->type].size;

    if (v->n == v->cap) {
        size_t cap = v->cap == 0 ? 1 : v->cap * 2;
        char *items = gu_arena_alloc(v->o->arena, cap * size);

        if (items == NULL)
            return NULL;
        if (v->n > 0)
            memcpy(items, v->items, v->n * size);
        v->items = items;
        v->cap = cap;
    }
    return v->items + size * v->n++;
}

/* Two ends of "lo:hi". */
static bool read_range(const gust_option *option, const char *text, int64_t ends[2])
{
    const char *colon = strchr(text, ':');

    if (option->type != GUST_OPTION_INT || !option->is_multiple || colon == NULL)
        return false;
    return read_int_str(gu_str(text, (size_t)(colon - text)), &ends[0]) &&
           read_int(colon + 1, &ends[1]) && ends[0] <= ends[1] && is_in_range(option, &ends[0]) &&
           is_in_range(option, &ends[1]);
}

static int add_range(struct values *v, const int64_t ends[2])
{
    uint64_t n = (uint64_t)ends[1] - (uint64_t)ends[0]; /* and one more */

    if (n >= GU_OPTION_MAX_ITEMS - v->n)
        return gu_options_fail(v->o, -EINVAL, "Option '--%s' takes at most %u values",
                               v->option->name, GU_OPTION_MAX_ITEMS);
    for (uint64_t i = 0; i <= n; i++) {
        int64_t *value = new_value(v);

        if (value == NULL)
            return gu_options_fail(v->o, -ENOMEM, "memory is short");
        *value = ends[0] + (int64_t)i;
    }
    return 0;
}

static int add_value(struct values *v, const char *text)
{
    int64_t ends[2];
    void *value;

    if (read_range(v->option, text, ends))
        return add_range(v, ends);
    if (v->n == GU_OPTION_MAX_ITEMS)
        return gu_options_fail(v->o, -EINVAL, "Option '--%s' takes at most %u values",
                               v->option->name, GU_OPTION_MAX_ITEMS);
    value = new_value(v);
    if (value == NULL)
        return gu_options_fail(v->o, -ENOMEM, "memory is short");
    return read_one(v->option, text, value) ? 0 : refuse(v->o, v->option, text);
}

int gu_option_read(struct gust_options *o, const gust_option *option,
                   const struct gu_option_texts *texts, struct gu_option_setting *to)
{
    struct values v = {.o = o, .option = option};

    for (size_t i = 0; i < texts->n; i++) {
        int err = add_value(&v, texts->items[i]);

        if (err < 0)
            return err;
    }
    to->items = v.items;
    to->n = v.n;
    return 0;
}
