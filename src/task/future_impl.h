/*
 * future — what resolving and awaiting share
 */
#ifndef GU_FUTURE_IMPL_H
#define GU_FUTURE_IMPL_H

#include "task/task_impl.h"
#include <gust/future.h>

struct gust_future {
    size_t refs;
    struct gust_loop *loop;
    struct gu_link watchers;
    bool is_done;
    bool is_told; /* somebody asked for its error, or nobody is to */
    int err;
    void *value;
    gust_arena *arena;   /* that the value lies in, or */
    gust_future *origin; /* whose value it is */
};

/* Who is told that a future is done. It is in the future's list until it fires. `fire` only queues
 * something, so that no foreign code runs inside gust_future_resolve(). */
struct gu_watcher {
    struct gu_link link;
    void (*fire)(struct gu_watcher *watcher);
};

#endif
