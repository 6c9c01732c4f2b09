/*
 * poller_stage — a loop on every poller, for their contract
 *
 * A CONTRACT runs on epoll, poll, select and on kqueue, which is an emulation here
 * (tests/support/kqueue). Where pollers may differ, the row says how.
 */
#ifndef GUST_TEST_POLLER_STAGE_H
#define GUST_TEST_POLLER_STAGE_H

#include "loop/loop_private.h"
#include "test.h"

#define N_POLLERS 4

extern const char *const pollers[N_POLLERS];
extern gust_loop *loop; /* the contract's */

void on_every_poller(void (*contract)(void));
#define CONTRACT(name_)                    \
    static void contract_##name_(void);    \
    TEST(name_)                            \
    {                                      \
        on_every_poller(contract_##name_); \
    }                                      \
    static void contract_##name_(void)

/* Makes those known that no program has by itself. */
void register_pollers(void);

bool is_poller(const char *name);
void run_turns(int n);

/* What watches a descriptor, and what it was told. */
struct watched {
    struct gu_io io;
    unsigned seen; /* all bits since the start */
    int n;
    void (*then)(struct watched *w, unsigned events);
};

void watch(struct watched *w, int fd, unsigned want);
void on_events(struct gu_io *io, unsigned events); /* what it is told by */

/* A handler. */
extern int n_calls;
extern unsigned last_ready;
void count_calls(int fd, unsigned ready, void *arg);

/* Two connected sockets, and what is done with one of them. */
void make_pair(int ends[2]);
void close_pair(const int ends[2]);
void send_text(int fd, const char *text);
size_t drain(int fd); /* how much there was */
void fill(int fd);

#endif
