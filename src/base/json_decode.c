/*
 * json — text to jansson's values
 *
 * What decoding will cost is known before it begins, because jansson's memory is not a task's.
 * jansson recurses once for each level, so depth is measured before it sees the text: a text that
 * it would accept has its strings and brackets where the measure sees them, and one that it refuses
 * it leaves at the first wrong byte.
 */
#include "base/json.h"
#include "base/loopstack.h"

/* The byte behind a string that begins at `at`, or the end. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && end - at > 1)
            at++;
    return at < end ? at + 1 : end;
}

struct gu_json_shape gu_json_measure(gust_str text)
{
    struct gu_json_shape shape = {0, 0, 1};
    const char *at = text.ptr, *end = text.ptr + text.len;
    size_t depth = 0;

    while (at < end) {
        char c = *at;

        if (c == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (c == '[' || c == '{') {
            depth++;
            shape.depth = gu_max(shape.depth, depth);
            shape.n_containers++;
            shape.n_values++;
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (c == ',') {
            shape.n_values++;
        }
        at++;
    }
    return shape;
}

/* An empty object is a struct and eight buckets with their lists; a member is a pair, its part of a
 * table that doubles, and a value. Text is copied into keys and strings, through a buffer that
 * doubles. The test holds these against what jansson asks for. */
#define CONTAINER_COST 256u
#define VALUE_COST 128u
#define TEXT_COST 3u

size_t gu_json_cost(const struct gu_json_shape *shape, size_t text_len)
{
    /* No count is above the text's length by more than one, so nothing overflows. */
    return shape->n_containers * CONTAINER_COST + shape->n_values * VALUE_COST +
           text_len * TEXT_COST;
}

static void fill(gust_error *error, int code, const char *message, const json_error_t *where)
{
    if (error == NULL)
        return;
    *error = (gust_error){.code = code, .message = message};
    if (where != NULL) {
        error->line = where->line > 0 ? where->line : 0;
        error->column = where->column > 0 ? where->column : 0;
    }
}

/* Our own words: jansson's repeat the peer's bytes. */
static const char *describe(enum json_error_code code)
{
    switch (code) {
    case json_error_premature_end_of_input:
        return "the JSON text ends too early";
    case json_error_end_of_input_expected:
        return "something follows the JSON value";
    case json_error_invalid_utf8:
        return "the JSON text is not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "the JSON text has a zero character";
    case json_error_numeric_overflow:
        return "a number in the JSON text is too large";
    case json_error_out_of_memory:
        return "memory is short";
    default:
        return "the JSON text does not parse";
    }
}

struct decoding {
    gust_str text;
    json_t *value;
    json_error_t error;
};

static int decode_leaf(void *arg)
{
    struct decoding *d = arg;

    d->value = json_loadb(d->text.ptr, d->text.len, JSON_DECODE_ANY, &d->error);
    return 0;
}

int gu_json_decode(gust_str text, size_t max_memory, json_t **value, gust_error *error)
{
    struct gu_json_shape shape = gu_json_measure(text);
    struct decoding d = {.text = text};
    enum json_error_code why;
    int err;

    if (shape.depth > GU_JSON_MAX_DEPTH) {
        fill(error, -GUST_ETOOBIG, "the JSON text nests too deep", NULL);
        return -GUST_ETOOBIG;
    }
    if (gu_json_cost(&shape, text.len) > max_memory) {
        fill(error, -GUST_ETOOBIG, "the JSON text has too many values", NULL);
        return -GUST_ETOOBIG;
    }
    (void)gu_on_loop_stack(decode_leaf, &d);
    if (d.value != NULL) {
        *value = d.value;
        return 0;
    }
    why = json_error_code(&d.error);
    err = why == json_error_out_of_memory ? -ENOMEM : -GUST_ESYNTAX;
    fill(error, err, describe(why), &d.error);
    return err;
}
