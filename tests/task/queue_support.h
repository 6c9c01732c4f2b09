/*
 * queue_support — a queue of texts; those of a priority queue are ordered by their first letter
 */
#ifndef QUEUE_SUPPORT_H
#define QUEUE_SUPPORT_H

#include "task_support.h"

extern gust_queue *queue; /* the test's */

/* A text as an item. */
void *item_of(const char *text);

int by_first_letter(const void *a, const void *b);
gust_queue_options options_of(enum gust_queue_kind kind, int64_t max_size);

/* Runs fn(NULL) with `queue` made for it, and freed behind it. */
int run_with(enum gust_queue_kind kind, int64_t max_size, int (*fn)(void *));

/* Puts what must find room. */
void try_put(const char *text);

/* For a task: notes the item that it waited for. */
int get_and_note(void *arg);

#endif
