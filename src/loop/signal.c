/*
 * signal — signals become callbacks
 *
 * A handler may do almost nothing: it sets a bit and wakes the loop that watches the signal. The
 * table is the process's, because dispositions are; one loop watches a given signal.
 */
#include "loop/loop_private.h"
#include <signal.h>

#ifndef NSIG
#define NSIG 65
#endif

struct watched {
    _Atomic(struct gu_wake *) wake; /* NULL: nobody watches */
    atomic_bool is_pending;
    gust_loop *loop;
    void (*fn)(int signo, void *arg);
    void *arg;
};

static struct watched table[NSIG];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of who watches what */

static void on_signal(int signo)
{
    struct watched *w = &table[signo];
    struct gu_wake *wake = atomic_load(&w->wake);
    int saved = errno;

    if (wake != NULL) {
        atomic_store(&w->is_pending, true);
        atomic_store(&wake->has_signal, true);
        gu_wake_send(wake);
    }
    errno = saved;
}

static int set_disposition(int signo, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    return sigaction(signo, &action, NULL) == 0 ? 0 : -errno;
}

static void forget(int signo)
{
    gust_ignore(set_disposition(signo, SIG_DFL));
    atomic_store(&table[signo].wake, NULL);
    atomic_store(&table[signo].is_pending, false);
    table[signo].loop = NULL;
}

static int watch(gust_loop *loop, int signo, void (*fn)(int, void *), void *arg)
{
    struct watched *w = &table[signo];
    int err;

    if (w->loop != NULL && w->loop != loop)
        return -EBUSY;
    if (fn == NULL) {
        if (w->loop != NULL)
            forget(signo);
        return 0;
    }
    err = w->loop != NULL ? 0 : set_disposition(signo, on_signal);
    if (err < 0)
        return err;
    w->loop = loop;
    w->fn = fn;
    w->arg = arg;
    atomic_store(&w->wake, &loop->p->wake);
    return 0;
}

int gust_loop_add_signal(gust_loop *loop, int signo, void (*fn)(int signo, void *arg), void *arg)
{
    int err;

    if (signo < 1 || signo >= NSIG)
        return -EINVAL;
    pthread_mutex_lock(&lock);
    err = watch(loop, signo, fn, arg);
    pthread_mutex_unlock(&lock);
    return err;
}

/* A callback may change the table, so none runs under the lock. */
static bool take(gust_loop *loop, int signo, struct watched *taken)
{
    struct watched *w = &table[signo];
    bool is_ours;

    pthread_mutex_lock(&lock);
    is_ours = w->loop == loop && atomic_exchange(&w->is_pending, false);
    if (is_ours) {
        taken->fn = w->fn;
        taken->arg = w->arg;
    }
    pthread_mutex_unlock(&lock);
    return is_ours;
}

void gu_signals_run(struct gust_loop *loop)
{
    for (int signo = 1; signo < NSIG; signo++) {
        struct watched taken;

        if (take(loop, signo, &taken)) {
            taken.fn(signo, taken.arg);
            gu_loop_ran_fn(loop, (void (*)(void))taken.fn);
        }
    }
}

void gu_signals_free(struct gust_loop *loop)
{
    pthread_mutex_lock(&lock);
    for (int signo = 1; signo < NSIG; signo++)
        if (table[signo].loop == loop)
            forget(signo);
    pthread_mutex_unlock(&lock);
}
