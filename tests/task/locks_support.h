/*
 * locks_support — one of each lock, and tasks that wait for them in line
 */
#ifndef LOCKS_SUPPORT_H
#define LOCKS_SUPPORT_H

#include "task_support.h"

extern gust_cond cond;
extern gust_event event;
extern gust_sem sem;
extern gust_lock lock;

/* Makes them as they were at the start. */
void reset(void);

/* Who waits by `wait` until a deadline, and then notes how that ended and its name. */
struct waiter {
    int (*wait)(void);
    const char *name;
    double deadline;
};

int wait_cond(void);
int wait_event(void);
int wait_sem(void);

#define WAITERS(fn)                                                    \
    {                                                                  \
        {fn, "a ", GUST_NEVER}, {fn, "b ", 1}, {fn, "c ", GUST_NEVER}, \
        {                                                              \
            fn, "d ", GUST_NEVER                                       \
        }                                                              \
    }

/* What their tasks run. */
int wait_and_note(void *waiter);

/* A task for each, which wait when it returns. */
gust_group *start(struct waiter *waiters, size_t n);

#endif
