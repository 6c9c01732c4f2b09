/*
 * memory — what a stream's files see of connections without descriptors
 *
 * An end of one has a handle where others have a descriptor: a negative number that is no errno. So
 * a stream that is no socket asks for it in the few places where it turns to the kernel, the loop
 * takes it for a descriptor that is not watched, and a socket's way has no branch more.
 */
#ifndef GU_MEMORY_H
#define GU_MEMORY_H

#include "net/net_impl.h"
#include <limits.h>
#include <sys/uio.h>

#define GU_MEMORY_FIRST INT_MIN
#define GU_MEMORY_END (INT_MIN / 2)

struct gu_memory_end;

static inline bool gu_is_memory(int fd)
{
    return fd < GU_MEMORY_END;
}

/* Two ends, each with room for `window` unread bytes; to be closed, or given to gu_stream_open().
 * -ENOMEM. */
int gu_memory_pair(struct gu_net *net, size_t window, int fds[2]) GUST_CHECK;

/* In place of gu_loop_watch() and gu_loop_unwatch(). */
void gu_memory_watch(struct gu_net *net, int fd, struct gu_io *io);
void gu_memory_unwatch(struct gu_net *net, int fd);

/* As read(), writev() and shutdown(SHUT_WR) of a non-blocking descriptor. */
ssize_t gu_memory_read(struct gu_net *net, int fd, char *to, size_t size);
ssize_t gu_memory_write(struct gu_net *net, int fd, const struct iovec *iov, size_t n_iov);
void gu_memory_shutdown(struct gu_net *net, int fd);

/* What broke the connection, once: a negative errno, or 0. */
int gu_memory_error(struct gu_net *net, int fd);

/* As a network that breaks: the end is told `err`, and nothing passes any more. */
void gu_memory_break(struct gu_net *net, int fd, int err);

/* The other end reads an end of input, or, where that would hide that something is missing, or
 * bytes lie unread here, gets a reset. */
void gu_memory_close(struct gu_net *net, int fd, bool is_cut);

/* What is still open when the loop ends. */
void gu_memory_free(struct gu_net *net);

#endif
