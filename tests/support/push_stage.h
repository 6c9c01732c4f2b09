/*
 * push_stage — a stream's push face on every transport and poller, for its contract
 *
 * A CONTRACT runs over tcp4, tcp6, a Unix socket, a pair of pipes, memory, and TLS as server and as
 * client, on epoll, poll and select. The loop is turned by hand, so a test says after which turn
 * something is true. Closing the stage checks that each stream was closed once, and that nothing
 * is left of what they kept.
 */
#ifndef GUST_TEST_PUSH_STAGE_H
#define GUST_TEST_PUSH_STAGE_H

#include "net/net_impl.h"
#include "test.h"
#include "wire.h"
#include <time.h>

#define GOT_MAX ((size_t)2 << 20)

/* One gu_stream and what its protocol saw. A pipe has one for each direction. */
struct side {
    struct gu_stream s;
    char *got;
    size_t n_got;
    size_t bite; /* taken of what is handed up; 0: all */
    int n_received, n_ended, n_broken, broken_err, n_drained, n_closed, n_left;
    bool is_inside; /* a call into the stream: nothing but `closed` may be told */
    size_t (*on_received)(struct side *side, char *bytes, size_t len);
    void (*on_ended)(struct side *side, int err);
    void (*on_drained)(struct side *side);
    void (*on_left)(struct side *side);
};

/* The stage of the contract that runs; there is one. */
extern const struct transport *transport;
extern gust_loop *loop;
extern struct gu_net *net;
extern struct wire wire;
extern struct side *in, *out; /* the same one, but for pipes */

/* What the peer has read. */
extern char peer_got[GOT_MAX];
extern size_t n_peer_got;

void on_every_stage(void (*contract)(void));
#define CONTRACT(name_)                   \
    static void contract_##name_(void);   \
    TEST(name_)                           \
    {                                     \
        on_every_stage(contract_##name_); \
    }                                     \
    static void contract_##name_(void)

/* Another wire and another stream, where the contract is a loop over cases. */
void open_again(void);

bool is_poller(const char *name);
bool is_transport(const char *name);

/* Whether a stream that takes no input hears that its peer will send no more. */
bool tells_of_leaving(void);

/* A stream at our end of another wire. */
void open_side(struct side *side, const struct wire *w, int fd);

/* One turn of the loop, which does not sleep; or five. */
void turn(void);
void turn_some(void);

/* Turns until it is true; packets may take a moment, even on a loopback. */
#define TURN_UNTIL(condition)                                      \
    do {                                                           \
        for (int turns_ = 0; !(condition); turns_++) {             \
            if (turns_ > 2000)                                     \
                fail_msg("not within 2000 turns: %s", #condition); \
            if (turns_ > 20)                                       \
                nanosleep(&(struct timespec){0, 500000}, NULL);    \
            turn();                                                \
        }                                                          \
    } while (0)

/* Calls into the stream from outside its callbacks. */
#define INSIDE(side, call)         \
    do {                           \
        (side)->is_inside = true;  \
        call;                      \
        (side)->is_inside = false; \
    } while (0)

void peer_ends(void);

/* Reads what is there at the peer's end; true once it has ended. */
bool peer_reads(size_t most);

/* Bytes that differ from their neighbours, so that a lost or doubled one shows. */
void fill(char *to, size_t len, unsigned seed);

/* Small buffers in the kernel, so that it takes little at once. */
void narrow(void);

/* Puts until more waits than the kernel will ever take. */
void block(void);

#endif
