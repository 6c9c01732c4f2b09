/*
 * net — streams, the push face
 *
 * A gu_stream is a descriptor with a protocol on top. The dispatcher receives into the loop's one
 * input buffer and hands the bytes up; what the protocol does not consume moves to the stream's
 * pending block, and is handed up again, in front, with what comes next. A stream that waits owns
 * neither.
 *
 * Output goes to the loop's one output buffer, which is one stream's at a time (it is corked). What
 * a stream put during its dispatch is then held there while others of the same batch of events have
 * theirs, and leaves in one send of each stream once there are GU_NET_HELD, when the batch is over,
 * or when the buffer is full: sends that follow one another cost less than sends between which
 * requests are parsed and answered, and a peer on this machine is woken once for several of them.
 * What the kernel does not take moves to the stream's queue, and until the queue is empty the
 * protocol is handed no input: a peer that does not read is not served. Tasks that read a stream
 * are (GU_STREAM_DUPLEX): each waits in its own writes, and where one reads while another writes,
 * or in between, a peer that answers as it is sent to would else never be done.
 *
 * Closing marks. The struct is the owner's, who frees it by gu_loop_free_later() from `closed`.
 */
#ifndef GU_NET_IMPL_H
#define GU_NET_IMPL_H

#include "base/arena_impl.h"
#include "base/gu.h"
#include "loop/loop_impl.h"
#include "task/task_impl.h"

#define GU_NET_IN ((size_t)64 * 1024)   /* received at once at the most */
#define GU_NET_OUT ((size_t)256 * 1024) /* sent at once at the most */
#define GU_NET_PADDING ((size_t)64)     /* readable behind the input, for vector code */
#define GU_NET_COPY ((size_t)16 * 1024) /* output from here on is sent from where it lies */
#define GU_NET_HELD 32                  /* streams that have had their turn with the buffer */

struct gu_stream;
struct gu_memory_end;
struct gu_resolver;
struct gu_tls_shared;

/* All but `closed` are called from the loop, never inside a call into the stream; `closed` also
 * inside gu_stream_close() and gu_stream_detach(). Any of them may close the stream. */
struct gu_stream_ops {
    /* Bytes have come: returns how many of them are done with. `bytes` has GU_NET_PADDING readable
     * bytes behind it, and is valid, and writable, until the call returns. */
    size_t (*received)(struct gu_stream *s, char *bytes, size_t len);
    /* With err 0 the peer will send no more, and all it sent was handed up; the stream is still
     * open, and can be written to. A negative err is a connection that broke: nothing can be sent
     * any more; what came before may still be handed up unless GU_STREAM_ENDED is set too. Called
     * once with 0 at the most, and then once with an error at the most. */
    void (*ended)(struct gu_stream *s, int err);
    /* The queue is empty again. */
    void (*drained)(struct gu_stream *s);
    /* The stream was closed, by whichever side; it may be freed later. Called once. */
    void (*closed)(struct gu_stream *s);
    /* The peer will send no more, which was seen while the stream took no input: what it sent
     * before still waits, and is followed by `ended`. Called once at the most for each
     * gu_stream_pause(); may be NULL. */
    void (*left)(struct gu_stream *s);
    /* The kernel takes no more, and a queue begins, until `drained`. Returns the most bytes that it
     * may hold. Called inside calls into the stream, which it must not touch. NULL: the net's
     * max_queue. */
    size_t (*blocked)(struct gu_stream *s);
};

/* Input that was received and not consumed. */
struct gu_pending {
    uint32_t len, size;
    char bytes[];
};

/* Output that the kernel did not take. */
struct gu_out {
    struct gu_out *next;
    const char *ptr;
    size_t len;
    size_t size;           /* of `bytes` */
    struct gu_chunk *hold; /* memory that `ptr` points into; NULL: `bytes` */
    bool is_sealed;        /* ciphertext; else what is plain, and encrypted when it is sent */
    char bytes[];
};

/* Where bytes stood when their rate was last looked at. */
struct gu_pace {
    gu_time since; /* 0: not yet */
    uint64_t n;
};

struct gu_out_queue {
    struct gu_out *first, **last;
    size_t len;            /* bytes in all */
    struct gu_link waits;  /* of tasks that wait for room */
    struct gu_timer retry; /* the kernel was short of memory, and will not say when it has some */
    struct gu_stream *stream;
    size_t max;          /* see gu_stream_ops.blocked; 0: the net's */
    size_t max_behind;   /* as `max`, for small pieces behind the last large one */
    uint64_t n_sent;     /* since it began */
    struct gu_pace pace; /* the peer's, for the protocol that watches it */
};

enum {
    GU_STREAM_PAUSED = 1, /* the protocol takes no input now */
    GU_STREAM_ENDED = 2,  /* the peer will send no more, or the connection broke */
    GU_STREAM_CLOSED = 4,
    GU_STREAM_DISPATCHING = 8,
    GU_STREAM_CLOSE_SENT = 16, /* close when the queue is empty */
    GU_STREAM_IS_SOCKET = 32,  /* send() and recv(), not write() and read() */
    GU_STREAM_BROKEN = 64,     /* an error was met; nothing more can be sent */
    GU_STREAM_LEFT = 128,      /* the protocol was told by `left`, since it paused last */
    GU_STREAM_TLS = 256,       /* `ops` lies in a struct gu_tls, see net/tls_impl.h */
    GU_STREAM_SHAKING = 512,   /* in the handshake, for which pausing means nothing */
    GU_STREAM_IN_LINE = 1024,  /* waits for its turn to begin one */
    GU_STREAM_HELD = 2048,     /* it has put what is to be sent when the batch is over */
    GU_STREAM_HUNG_UP = 4096,  /* both ends are gone: nothing more is to be told */
    GU_STREAM_DUPLEX = 8192    /* takes input also while there is a queue */
};

struct gu_stream {
    struct gu_io io;
    const struct gu_stream_ops *ops;
    struct gu_net *net;
    struct gu_pending *pending;
    struct gu_out_queue *out;
    struct gu_ready again; /* dispatch once more soon */
    int err;               /* why it broke, until the protocol was told */
    uint16_t flags;
};

/* What a stream has put into the output buffer, where its turn with it is over. */
struct gu_held {
    struct gu_stream *s; /* NULL: it was sent, or dropped */
    uint32_t at, len;
};

/* Who is asked before the network is: for tests. A name that it knows is looked up nowhere, and has
 * the loopback's address. `dial` returns what gu_stream_open() takes, no socket, or GU_DIAL_NOBODY,
 * or an error. */
struct gu_dialer {
    bool (*knows)(struct gu_dialer *dialer, gust_str host, unsigned port);
    int (*dial)(struct gu_dialer *dialer, const char *host, unsigned port);
};
#define GU_DIAL_NOBODY 0

/* What the streams of a loop share. */
struct gu_net {
    struct gu_room room;
    struct gust_loop *loop;
    char *in;                 /* GU_NET_IN and the padding */
    char *out;                /* GU_NET_OUT */
    size_t out_at, out_len;   /* what the corked stream has put is between them */
    struct gu_stream *corked; /* who puts; NULL: nobody */
    struct gu_held turns[GU_NET_HELD];
    unsigned n_turns;
    struct gu_ready uncork; /* sends all of it */
    size_t max_queue; /* a stream with more unsent bytes takes no other piece: it breaks; unless
                         its protocol says otherwise */
    size_t queued;    /* bytes copied to the queues of all streams */
    size_t held;      /* bytes in pending blocks of all streams */
    int reserve;      /* a descriptor to give up when there is no other; -1: none */
    struct gu_link closing;        /* public streams that were closed and still send */
    struct gu_link children;       /* programs that were started and have not been collected */
    struct gu_dialer *dialer;      /* NULL: nobody */
    struct gu_memory_end **memory; /* by handle, see net/memory.h */
    size_t n_memory;
    struct gu_resolver *resolver; /* NULL until it is used */
    struct gu_tls_shared *tls;    /* NULL until a stream speaks TLS */
};

/* The streams' part of a loop; made on the first call. NULL when memory is short. */
struct gu_net *gu_net_of(struct gust_loop *loop);

/* Takes a non-blocking descriptor, or a handle of net/memory.h, and watches it. The descriptor
 * stays the caller's on failure. io.gen is kept, so memory that was no stream before is zeroed by
 * the caller. */
int gu_stream_open(struct gu_stream *s, struct gu_net *net, const struct gu_stream_ops *ops, int fd,
                   bool is_socket) GUST_CHECK;

/* A socket that has just been accepted, whose peer has probably sent something: it is received from
 * behind this turn's events, and watched if it is still open after that. One that asks once, is
 * answered and closed costs no epoll_ctl. */
void gu_stream_open_accepted(struct gu_stream *s, struct gu_net *net,
                             const struct gu_stream_ops *ops, int fd);

/* --- input --- */

/* No input is handed up until gu_stream_resume(). */
void gu_stream_pause(struct gu_stream *s);

/* Hands up what is pending or can be received, soon; also where the stream was not paused but left
 * bytes unconsumed that it wants to see again. */
void gu_stream_resume(struct gu_stream *s);

/* --- output --- */

/* At least `size` (GU_NET_OUT at the most) bytes of room to write to. Never NULL; on a closed
 * stream what is written goes nowhere. */
char *gu_stream_reserve(struct gu_stream *s, size_t size);

/* Says how much of the room was used. */
void gu_stream_commit(struct gu_stream *s, size_t len);

/* Copies bytes to the output. */
void gu_stream_put(struct gu_stream *s, const void *bytes, size_t len);

/* Sends bytes from where they lie, after what was put. What the kernel does not take is copied, or,
 * where `hold` is not NULL, kept by the chunks in *hold, which are then taken (*hold becomes NULL).
 */
void gu_stream_put_large(struct gu_stream *s, const void *bytes, size_t len,
                         struct gu_chunk **hold);

/* Sends now what was put. */
void gu_stream_flush(struct gu_stream *s);

/* Waits, in a task, until at most `most` bytes are unsent. 0, -GUST_ECLOSED, -ETIMEDOUT,
 * -ECANCELED. The owner keeps the stream's memory while a task waits. */
int gu_stream_wait_sent(struct gu_stream *s, size_t most);

/* Bytes of the queue that the peer has taken since it began: not those that the kernel still keeps
 * for it, as far as the system tells. The kernel may say nothing for long while it is being
 * emptied, so a peer's rate cannot be seen from what it takes alone. */
uint64_t gu_stream_delivered(const struct gu_stream *s);

static inline bool gu_stream_is_blocked(const struct gu_stream *s)
{
    return s->out != NULL;
}

static inline bool gu_stream_is_closed(const struct gu_stream *s)
{
    return (s->flags & GU_STREAM_CLOSED) != 0;
}

/* Bytes that were put and that the kernel has not taken. */
size_t gu_stream_unsent(const struct gu_stream *s);

/* --- closing --- */

/* Closes now; what is unsent is dropped. Closing twice is harmless. */
void gu_stream_close(struct gu_stream *s);

/* The same, where the peer must not take what it got for all there is: with TLS it is not told that
 * this is the end. */
void gu_stream_cut(struct gu_stream *s);

/* Tells the peer that no more will come, behind what was sent; reading goes on. -ENOTSOCK, or what
 * the system says. */
int gu_stream_shutdown(struct gu_stream *s);

/* Closes once all is sent. */
void gu_stream_close_sent(struct gu_stream *s);

/* Takes the descriptor and the unread bytes out of the stream, which is then closed. The caller
 * owns both (the bytes by gu_free(), NULL if there are none). Inside `received` the unread bytes
 * are those at `unread`, which the protocol did not consume; elsewhere it is NULL. What is unsent
 * must have been sent. On -ENOMEM nothing has happened; what else is returned is what the stream
 * was opened with. With TLS the rest of it goes by gu_tls_move(), or gu_tls_drop(). */
int gu_stream_detach(struct gu_stream *s, const char *unread, size_t len,
                     struct gu_pending **pending) GUST_CHECK;

#endif
