/*
 * last_resort — ends a process that does not end
 *
 * A task that spins on waits that are cancelled holds its loop for ever, so no timer of the loop's
 * can see to it. A supervised worker is killed by its supervisor; a process alone has a thread,
 * from the moment it is told to stop.
 */
#ifndef GU_LAST_RESORT_H
#define GU_LAST_RESORT_H

#include "base/gu.h"
#include <pthread.h>
#include <stdbool.h>

struct gu_last_resort {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    gu_time at; /* of the monotonic clock; under the lock, as what follows */
    bool is_running, is_over;
};

void gu_last_resort_init(struct gu_last_resort *last);

/* The process exits with 1, and a line in the log, unless it is over so long from now, or at the
 * time of an earlier call if that is sooner. Without memory for the thread it is as if it had not
 * been called. */
void gu_last_resort_arm(struct gu_last_resort *last, gu_time patience);

/* It ended by itself: joins the thread. */
void gu_last_resort_deinit(struct gu_last_resort *last);

#endif
