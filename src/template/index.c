/*
 * index — items, parts, attributes
 */
#include "template/eval.h"
#include "template/methods.h"
#include "template/text.h"
#include <jansson.h>

/* --- items --- */

/* An index as it counts from the front; false when it is out of range. */
static bool in_range(int64_t *i, size_t n)
{
    if (*i < 0)
        *i += (int64_t)n;
    return *i >= 0 && (uint64_t)*i < n;
}

static gust_value character(gust_str s, size_t i)
{
    size_t at = gu_text_offset(s, i);
    uint32_t c;

    return gust_value_str(gu_str(s.ptr + at, gu_text_decode(s.ptr + at, s.ptr + s.len, &c)));
}

bool gu_index(struct gu_render *r, const gust_value *of, const gust_value *index, gust_value *value)
{
    const char *name = gu_type_name(of);
    size_t n = 0;
    int64_t i;

    if (gu_is_map(of))
        return gu_map_get(of, index, value) || (gu_check_key(r, index) && gu_throw_key(r, index));
    if (of->type == GUST_OBJECT && index->type == GUST_STRING)
        return gu_attribute_find(of, index->as.string, value) || gu_throw_key(r, index);
    if (of->type != GUST_STRING && !gu_is_sequence(of) && gu_kind(of) != GU_RANGE)
        return gu_throw(r, GU_TYPE_ERROR, "'%s' object is not subscriptable", name);
    if (!gu_as_int(index, &i))
        return gu_throw(r, GU_TYPE_ERROR, "%s indices must be integers or slices, not %s", name,
                        gu_type_name(index));
    gu_len(of, &n);
    if (of->type == GUST_STRING && !gu_steps_for(r, of->as.string.len))
        return false;
    if (!in_range(&i, n))
        return gu_throw(r, GU_INDEX_ERROR, "%s index out of range",
                        of->type == GUST_STRING ? "string" : name);
    if (of->type == GUST_STRING) {
        *value = character(of->as.string, (size_t)i);
    } else if (gu_kind(of) == GU_RANGE) {
        const struct gu_range *range = of->as.own;

        *value = gust_value_int(range->start + i * range->step);
    } else {
        *value = gu_seq_get(of, (size_t)i);
    }
    return true;
}

bool gu_index_set(struct gu_render *r, const gust_value *of, const gust_value *index,
                  const gust_value *value)
{
    struct gu_seq *seq = gu_kind(of) == GU_SEQ ? gu_seq_of(of) : NULL;
    int64_t i;

    if (gu_kind(of) == GU_DICT)
        return gu_dict_put(r, of->as.own, index, value);
    if (seq == NULL || seq->kind != GU_LIST)
        return gu_throw(r, GU_TYPE_ERROR, "'%s' object does not support item assignment here",
                        gu_type_name(of));
    if (!gu_as_int(index, &i))
        return gu_throw(r, GU_TYPE_ERROR, "list indices must be integers or slices, not %s",
                        gu_type_name(index));
    if (!in_range(&i, seq->n))
        return gu_throw(r, GU_INDEX_ERROR, "list assignment index out of range");
    seq->items[i] = *value;
    return true;
}

/* --- parts --- */

struct slice {
    int64_t from, to, step;
    size_t n; /* how many it takes */
};

static bool bound(struct gu_render *r, const gust_value *v, int64_t otherwise, int64_t *i)
{
    *i = otherwise;
    if (v == NULL || v->type == GUST_NULL || gu_as_int(v, i))
        return true;
    return gu_throw(r, GU_TYPE_ERROR,
                    "slice indices must be integers or None or have an "
                    "__index__ method");
}

static int64_t clamp(int64_t i, int64_t n, bool is_down)
{
    if (i < 0)
        i = i < -n ? -1 : i + n;
    if (i < 0)
        return is_down ? -1 : 0;
    return i >= n ? (is_down ? n - 1 : n) : i;
}

/* Python's slice.indices(). */
static bool find_slice(struct gu_render *r, const gust_value *const bounds[3], size_t len,
                       struct slice *s)
{
    int64_t n = (int64_t)len;
    bool is_down;

    if (!bound(r, bounds[2], 1, &s->step))
        return false;
    if (s->step == 0)
        return gu_throw(r, GU_VALUE_ERROR, "slice step cannot be zero");
    s->step = s->step < -INT64_MAX ? -INT64_MAX : s->step;
    is_down = s->step < 0;
    if (!bound(r, bounds[0], is_down ? INT64_MAX : 0, &s->from) ||
        !bound(r, bounds[1], is_down ? INT64_MIN : INT64_MAX, &s->to))
        return false;
    s->from = clamp(s->from, n, is_down);
    s->to = clamp(s->to, n, is_down);
    if (is_down)
        s->n = s->to < s->from ? (size_t)((s->from - s->to - 1) / -s->step) + 1 : 0;
    else
        s->n = s->from < s->to ? (size_t)((s->to - s->from - 1) / s->step) + 1 : 0;
    return true;
}

/* The part of text that is in one piece is lent, any other put together; of ASCII characters are
 * bytes. */
static bool slice_text(struct gu_render *r, gust_str s, const struct slice *slice,
                       gust_value *value)
{
    struct gu_buf b;

    if (!gu_steps_for(r, s.len))
        return false;
    if (slice->step == 1 || slice->n == 0) {
        size_t from = gu_text_offset(s, slice->n == 0 ? 0 : (size_t)slice->from);
        gust_str rest = gu_str(s.ptr + from, s.len - from);

        *value = gust_value_str(gu_str(rest.ptr, gu_text_offset(rest, slice->n)));
        return true;
    }
    gu_text_begin(r, &b);
    if (gu_text_is_ascii(s)) {
        for (size_t k = 0; k < slice->n; k++)
            gu_buf_putc(&b, s.ptr[slice->from + (int64_t)k * slice->step]);
        return gu_text_end(r, &b, value);
    }
    for (size_t k = 0; k < slice->n; k++) {
        gust_value one = character(s, (size_t)(slice->from + (int64_t)k * slice->step));

        if (!gu_steps_for(r, s.len))
            return false;
        gu_buf_put_str(&b, one.as.string);
    }
    return gu_text_end(r, &b, value);
}

static bool slice_list(struct gu_render *r, const gust_value *of, const struct slice *slice,
                       gust_value *value)
{
    bool is_tuple = gu_kind(of) == GU_SEQ && gu_seq_of(of)->kind == GU_TUPLE;
    struct gu_seq *part = gu_seq_new(r, is_tuple ? GU_TUPLE : GU_LIST, slice->n);

    if (part == NULL)
        return false;
    for (size_t k = 0; k < slice->n; k++) {
        if (!gu_step(r))
            return false;
        part->items[part->n++] = gu_seq_get(of, (size_t)(slice->from + (int64_t)k * slice->step));
    }
    *value = gu_seq_value(part);
    return true;
}

static bool slice_range(struct gu_render *r, const struct gu_range *of, const struct slice *slice,
                        gust_value *value)
{
    struct gu_range *part = gu_render_alloc(r, 1, sizeof *part);

    if (part == NULL)
        return false;
    if (__builtin_mul_overflow(of->step, slice->step, &part->step))
        return gu_throw(r, GU_OVERFLOW_ERROR, "an integer beyond 64 bits");
    part->start = of->start + slice->from * of->step;
    part->n = slice->n;
    part->stop = of->start + slice->to * of->step;
    *value = gu_own(GU_RANGE, part);
    return true;
}

bool gu_slice(struct gu_render *r, const gust_value *of, const gust_value *const bounds[3],
              gust_value *value)
{
    struct slice slice;
    size_t n = 0;

    if (of->type != GUST_STRING && !gu_is_sequence(of) && gu_kind(of) != GU_RANGE)
        return gu_throw(r, GU_TYPE_ERROR, "'%s' object is not subscriptable", gu_type_name(of));
    gu_len(of, &n);
    if (!find_slice(r, bounds, n, &slice))
        return false;
    if (of->type == GUST_STRING)
        return slice_text(r, of->as.string, &slice, value);
    if (gu_kind(of) == GU_RANGE)
        return slice_range(r, of->as.own, &slice, value);
    return slice_list(r, of, &slice, value);
}

/* --- attributes --- */

bool gu_attribute_find(const gust_value *of, gust_str name, gust_value *value)
{
    if (gu_is_map(of))
        return gu_map_get_text(of, name, value);
    if (of->type != GUST_OBJECT || !of->as.object->get(of->as.object, name, value))
        return false;
    *value = gu_value_known(*value);
    return true;
}

bool gu_attribute(struct gu_render *r, const gust_value *of, gust_str name, gust_value *value)
{
    const struct gu_builtin *method = gu_method_find(of, name);
    struct gu_bound *bound;

    if (method == NULL)
        return gu_attribute_find(of, name, value) ||
               gu_throw(r, GU_ATTRIBUTE_ERROR, "'%s' object has no attribute '%.*s'",
                        gu_type_name(of), (int)name.len, name.ptr);
    bound = gu_render_alloc(r, 1, sizeof *bound);
    if (bound == NULL)
        return false;
    *bound = (struct gu_bound){*of, method};
    *value = gu_own(GU_BOUND, bound);
    return true;
}
