/*
 * sort — in order, equal ones in the order that they had
 *
 * A merge sort from the bottom up: it needs no stack, and can fail in the middle, since what is
 * compared may have no order.
 */
#include "template/methods.h"
#include "template/render.h"

struct entry {
    gust_value key, item;
};

/* Whether `b` belongs before `a`; -1 when it has failed. */
static int belongs_before(struct gu_render *r, const struct entry *b, const struct entry *a,
                          bool is_reverse)
{
    int order;

    if (!gu_order(r, &b->key, &a->key, "<", &order))
        return -1;
    return order == (is_reverse ? 1 : -1);
}

static bool merge(struct gu_render *r, const struct entry *from, struct entry *to, size_t mid,
                  size_t end, bool is_reverse)
{
    size_t a = 0, b = mid;

    for (size_t i = 0; i < end; i++) {
        int second = a == mid ? 1 : 0;

        if (a < mid && b < end)
            second = belongs_before(r, &from[b], &from[a], is_reverse);
        if (second < 0)
            return false;
        to[i] = second ? from[b++] : from[a++];
    }
    return true;
}

static struct entry *sort(struct gu_render *r, struct entry *from, struct entry *to, size_t n,
                          bool is_reverse)
{
    for (size_t width = 1; width < n; width *= 2) {
        struct entry *swapped = from;

        for (size_t at = 0; at < n; at += 2 * width) {
            size_t end = gu_min(2 * width, n - at);

            if (!merge(r, from + at, to + at, gu_min(width, end), end, is_reverse))
                return NULL;
        }
        from = to;
        to = swapped;
    }
    return from;
}

bool gu_sort(struct gu_render *r, struct gu_seq *items, const gust_value *key, bool is_reverse)
{
    struct entry *entries = gu_render_alloc(r, items->n + 1, sizeof *entries);
    struct entry *other = gu_render_alloc(r, items->n + 1, sizeof *other);

    if (entries == NULL || other == NULL)
        return false;
    for (size_t i = 0; i < items->n; i++) {
        struct gu_args args = {.items = &items->items[i], .n = 1};

        entries[i] = (struct entry){items->items[i], items->items[i]};
        if (key != NULL && key->type != GUST_NULL && !gu_call_value(r, key, &args, &entries[i].key))
            return false;
    }
    entries = sort(r, entries, other, items->n, is_reverse);
    for (size_t i = 0; entries != NULL && i < items->n; i++)
        items->items[i] = entries[i].item;
    return entries != NULL;
}
