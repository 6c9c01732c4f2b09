/*
 * queue_support — see queue_support.h
 */
#include "queue_support.h"

gust_queue *queue;

void *item_of(const char *text)
{
    return (void *)(uintptr_t)text;
}

int by_first_letter(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

gust_queue_options options_of(enum gust_queue_kind kind, int64_t max_size)
{
    return (gust_queue_options){
        .max_size = max_size,
        .kind = kind,
        .compare = kind == GUST_QUEUE_PRIORITY ? by_first_letter : NULL,
    };
}

int run_with(enum gust_queue_kind kind, int64_t max_size, int (*fn)(void *))
{
    gust_queue_options options = options_of(kind, max_size);
    int result;

    queue = gust_queue_new(&options);
    assert_non_null(queue);
    result = run(fn, NULL);
    gust_queue_free(queue, NULL);
    return result;
}

void try_put(const char *text)
{
    assert_int_equal(gust_queue_try_put(queue, item_of(text)), 0);
}

int get_and_note(void *arg)
{
    void *item = arg;
    int err = gust_queue_get(queue, &item);

    if (err < 0)
        assert_ptr_equal(item, arg);
    note(err == 0 ? item : err == -ETIMEDOUT ? "late " : "cancelled ");
    return err;
}
