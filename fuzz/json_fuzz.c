/*
 * json — what decodes never nests deeper than was measured, and encodes to a text that decodes to
 * the same value
 */
#include "base/json.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t depth_of(json_t *json)
{
    size_t deepest = 0, i;
    const char *key;
    json_t *item;

    if (!json_is_array(json) && !json_is_object(json))
        return 0;
    json_array_foreach(json, i, item) deepest = gu_max(deepest, depth_of(item));
    json_object_foreach(json, key, item) deepest = gu_max(deepest, depth_of(item));
    return deepest + 1;
}

static size_t n_values_of(json_t *json)
{
    size_t n = 1, i;
    const char *key;
    json_t *item;

    json_array_foreach(json, i, item) n += n_values_of(item);
    json_object_foreach(json, key, item) n += n_values_of(item);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gust_str text = gu_str((const char *)data, size), again;
    struct gu_json_shape shape = gu_json_measure(text);
    struct gu_buf b = GU_BUF_NULL;
    json_t *json, *twin;

    if (gu_json_decode(text, SIZE_MAX, &json, NULL) != 0)
        return 0;
    gu_assert(depth_of(json) <= shape.depth);
    gu_assert(n_values_of(json) <= shape.n_values);
    gu_json_put_json(&b, json);
    gu_assert(gu_buf_finish(&b, &again) == 0);
    gu_assert(gu_json_decode(again, SIZE_MAX, &twin, NULL) == 0);
    gu_assert(json_equal(json, twin));
    json_decref(twin);
    json_decref(json);
    gu_buf_deinit(&b);
    return 0;
}
