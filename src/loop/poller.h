/*
 * poller — the seam between the loop and what the kernel offers
 *
 * A poller holds gu_ios by their descriptors. It never touches one it was not handed in the call:
 * an event carries a key, the io's address and its generation, so that an event which outlived its
 * io goes nowhere.
 */
#ifndef GU_POLLER_H
#define GU_POLLER_H

#include "loop/loop_impl.h"
#include <fcntl.h>

#define GU_BATCH 512 /* events that one wait answers at the most */

struct gu_event {
    uint64_t key;
    uint32_t events; /* GU_IN… */
};

struct gu_poller {
    const struct gu_poller_ops *ops;
};

struct gu_poller_ops {
    const char *name;
    bool is_edge; /* whether ios without GU_LEVEL report edges, and then always all of them */
    int (*open)(struct gu_poller **poller);
    void (*close)(struct gu_poller *poller);
    /* io->want is the new interest; `was` the one before. */
    int (*add)(struct gu_poller *poller, const struct gu_io *io);
    int (*modify)(struct gu_poller *poller, const struct gu_io *io, unsigned was);
    void (*remove)(struct gu_poller *poller, const struct gu_io *io, bool is_closing);
    /* Fills in up to GU_BATCH events. A timeout is never cut short by rounding; GU_FOREVER: none.
     * How many, or an error; an interrupted wait answers 0. */
    int (*wait)(struct gu_poller *poller, struct gu_event *events, gu_time timeout);
};

/* Those of this platform, best first, NULL-terminated. */
extern const struct gu_poller_ops *const gu_pollers[];

extern const struct gu_poller_ops gu_poller_epoll;
extern const struct gu_poller_ops gu_poller_kqueue;
extern const struct gu_poller_ops gu_poller_poll;
extern const struct gu_poller_ops gu_poller_select;

/* The poller of that name; NULL or "" picks what GUST_POLLER says, else the best. NULL if there is
 * none. */
const struct gu_poller_ops *gu_poller_find(const char *name);

/* Adds one that is not of this platform, for tests; one at the most. */
void gu_poller_register(const struct gu_poller_ops *ops);

/* An address takes 48 bits on every platform that has 64, the generation the rest. */
static inline uint64_t gu_io_key(const struct gu_io *io)
{
    return (uint64_t)(uintptr_t)io | (uint64_t)io->gen << 48;
}

static inline struct gu_io *gu_io_of_key(uint64_t key)
{
    return (struct gu_io *)(uintptr_t)(key & ((UINT64_C(1) << 48) - 1));
}

/* Whether the number is an open descriptor, for pollers whose kernel does not look when it is
 * added. */
static inline bool gu_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Milliseconds for poll(2) and its like: rounded up, so that a timer is due when its wait ends. */
static inline int gu_poll_ms(gu_time timeout)
{
    if (timeout >= INT32_MAX * (GU_SECOND / 1000))
        return timeout == GU_FOREVER ? -1 : INT32_MAX;
    return (int)((timeout + 999999) / 1000000);
}

#endif
