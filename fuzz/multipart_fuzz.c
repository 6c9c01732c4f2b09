/*
 * multipart — a form read whole and in pieces gives the same parts
 */
#include "codec/multipart.h"
#include "fuzz.h"

static const struct gu_multipart_limits limits = {.max_parts = 8, .max_header = 200};

/* A sum over all that was handed out: FNV-1a, so that order counts. */
struct answer {
    enum gu_multipart_event event;
    size_t consumed;
    uint64_t hash;
};

static void mix(struct answer *a, gust_str s)
{
    for (size_t i = 0; i < s.len; i++)
        a->hash = (a->hash ^ (unsigned char)s.ptr[i]) * 1099511628211u;
}

static void take(struct answer *a, const struct gu_multipart_part *part)
{
    if (a->event == GU_MULTIPART_PART) {
        gu_assert(part->disposition.name.len > 0);
        mix(a, part->disposition.name);
        mix(a, part->disposition.filename);
        mix(a, part->content_type);
    }
    if (a->event == GU_MULTIPART_DATA)
        gu_assert(part->data.len > 0);
    mix(a, a->event == GU_MULTIPART_DATA ? part->data : GU_STR("|"));
}

static bool is_going_on(enum gu_multipart_event event)
{
    return event == GU_MULTIPART_PART || event == GU_MULTIPART_DATA || event == GU_MULTIPART_END;
}

/* Reads on until the parser wants more or is done; false when it is done. */
static bool feed(struct gu_multipart *m, struct gust_arena *arena, const char *bytes, size_t end,
                 struct answer *a)
{
    size_t len = end - a->consumed, at = 0;
    char *have = fuzz_copy((const uint8_t *)bytes + a->consumed, len);
    struct gu_multipart_part part;

    do {
        a->event = gu_multipart_next(m, &limits, arena, have + at, len - at, &part);
        gu_assert(part.consumed <= len - at);
        at += part.consumed;
        if (is_going_on(a->event))
            take(a, &part);
    } while (is_going_on(a->event));
    gu_assert(a->event != GU_MULTIPART_MORE || len - at <= gu_multipart_room(&limits));
    a->consumed += at;
    free(have);
    return a->event == GU_MULTIPART_MORE;
}

static struct answer read_in_steps(const char *bytes, size_t size, size_t step)
{
    struct gust_arena arena = fuzz_arena();
    struct gu_multipart m;
    struct answer a = {0};
    size_t end = gu_min(step, size);

    gu_assert(gu_multipart_init(&m, GU_STR("multipart/form-data; boundary=b")) == 0);
    while (feed(&m, &arena, bytes, end, &a) && end < size)
        end = gu_min(end + step, size);
    gu_arena_deinit(&arena);
    return a;
}

static void check_disposition(gust_str text)
{
    struct gust_arena arena = fuzz_arena();
    struct gu_disposition d;
    struct gu_multipart m;
    const char *why;

    if (gu_disposition_parse(&arena, text, &d, &why) == 0)
        gu_assert(d.name.len > 0 && (d.filename.ptr == NULL || d.filename.len > 0));
    gust_ignore(gu_multipart_init(&m, text));
    gu_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct answer whole = read_in_steps(bytes, size, size + 1);

    check_disposition(gu_str(bytes, size));
    for (size_t step = 1; step <= 5; step += 2) {
        struct answer pieces = read_in_steps(bytes, size, step);

        gu_assert(pieces.event == whole.event && pieces.hash == whole.hash);
        gu_assert(pieces.event != GU_MULTIPART_MORE || pieces.consumed == whole.consumed);
    }
    free(bytes);
    return 0;
}
