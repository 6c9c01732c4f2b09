/*
 * fault — see fault.h
 */
#include "fault.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_WAITS 100000 /* behind one fault: more are a loop that spins */

static enum fault_call failing;
static int fault;           /* an errno, FAULT_SHORT, or 0 for none */
static unsigned n_to_fault; /* calls of that kind until it comes */
static bool has_failed;
static unsigned n_waits;
static int spared = -1;

void fault_set(enum fault_call call, unsigned n, int with)
{
    failing = call;
    fault = with;
    n_to_fault = n;
    has_failed = false;
    n_waits = 0;
}

bool fault_clear(void)
{
    fault = 0;
    n_waits = 0;
    return has_failed;
}

void fault_spare(int fd)
{
    spared = fd;
}

/* --- what a call is to do --- */

static bool must_fail(enum fault_call call, int fd)
{
    if (fault == 0 || call != failing || (fd >= 0 && fd == spared) || --n_to_fault > 0)
        return false;
    has_failed = true;
    return true;
}

/* The answer of a call that moves bytes: the error, or how many it may move. */
static ssize_t faulty(enum fault_call call, int fd, size_t *size)
{
    if (!must_fail(call, fd))
        return 0;
    if (fault == FAULT_SHORT) {
        *size = 1;
        fault = 0;
        return 0;
    }
    errno = fault;
    fault = 0;
    return -1;
}

static bool fails(enum fault_call call, int fd)
{
    size_t size;

    return faulty(call, fd, &size) < 0;
}

static bool wait_fails(void)
{
    if (++n_waits > MAX_WAITS) {
        fprintf(stderr, "the loop spins\n");
        abort();
    }
    return fails(FAULT_WAIT, -1);
}

/* --- what the linker calls instead: --wrap --- */

#define WRAP(type, name, ...)        \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAP(ssize_t, recv, int fd, void *to, size_t size, int flags)
{
    return faulty(FAULT_RECV, fd, &size) < 0 ? -1 : __real_recv(fd, to, size, flags);
}

WRAP(ssize_t, send, int fd, const void *bytes, size_t size, int flags)
{
    return faulty(FAULT_SEND, fd, &size) < 0 ? -1 : __real_send(fd, bytes, size, flags);
}

WRAP(ssize_t, read, int fd, void *to, size_t size)
{
    return faulty(FAULT_READ, fd, &size) < 0 ? -1 : __real_read(fd, to, size);
}

WRAP(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
    size_t size = 0;
    struct iovec first = {message->msg_iov->iov_base, 1};
    struct msghdr cut = {.msg_iov = &first, .msg_iovlen = 1};

    if (faulty(FAULT_SENDMSG, fd, &size) < 0)
        return -1;
    return __real_sendmsg(fd, size == 1 ? &cut : message, flags);
}

WRAP(ssize_t, writev, int fd, const struct iovec *iov, int n)
{
    size_t size = 0;
    struct iovec first = {iov->iov_base, 1};

    if (faulty(FAULT_WRITEV, fd, &size) < 0)
        return -1;
    return size == 1 ? __real_writev(fd, &first, 1) : __real_writev(fd, iov, n);
}

WRAP(int, accept4, int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    return fails(FAULT_ACCEPT, fd) ? -1 : __real_accept4(fd, address, len, flags);
}

WRAP(int, connect, int fd, const struct sockaddr *address, socklen_t len)
{
    return fails(FAULT_CONNECT, fd) ? -1 : __real_connect(fd, address, len);
}

WRAP(int, socket, int family, int type, int protocol)
{
    return fails(FAULT_SOCKET, -1) ? -1 : __real_socket(family, type, protocol);
}

WRAP(int, bind, int fd, const struct sockaddr *address, socklen_t len)
{
    return fails(FAULT_BIND, fd) ? -1 : __real_bind(fd, address, len);
}

WRAP(int, listen, int fd, int backlog)
{
    return fails(FAULT_LISTEN, fd) ? -1 : __real_listen(fd, backlog);
}

WRAP(int, getsockname, int fd, struct sockaddr *address, socklen_t *len)
{
    return fails(FAULT_NAME, fd) ? -1 : __real_getsockname(fd, address, len);
}

WRAP(int, setsockopt, int fd, int level, int option, const void *value, socklen_t len)
{
    return fails(FAULT_SETOPT, fd) ? -1 : __real_setsockopt(fd, level, option, value, len);
}

WRAP(int, getsockopt, int fd, int level, int option, void *value, socklen_t *len)
{
    return fails(FAULT_GETOPT, fd) ? -1 : __real_getsockopt(fd, level, option, value, len);
}

WRAP(int, shutdown, int fd, int how)
{
    return fails(FAULT_SHUTDOWN, fd) ? -1 : __real_shutdown(fd, how);
}

/* fcntl() and ioctl() take one argument more, or none: what is a word is passed on as one. */
WRAP(int, fcntl, int fd, int command, ...)
{
    va_list args;
    long more;

    va_start(args, command);
    more = va_arg(args, long);
    va_end(args);
    return fails(FAULT_FCNTL, fd) ? -1 : __real_fcntl(fd, command, more);
}

WRAP(int, ioctl, int fd, unsigned long request, ...)
{
    va_list args;
    void *more;

    va_start(args, request);
    more = va_arg(args, void *);
    va_end(args);
    return fails(FAULT_IOCTL, fd) ? -1 : __real_ioctl(fd, request, more);
}

/* What is closed is closed, whatever is said about it (close(2)). */
WRAP(int, close, int fd)
{
    bool is_told_so = fails(FAULT_CLOSE, fd);
    int err = errno, result = __real_close(fd);

    if (!is_told_so)
        return result;
    errno = err;
    return -1;
}

WRAP(int, epoll_ctl, int fd, int op, int of, struct epoll_event *event)
{
    return fails(FAULT_CTL, of) ? -1 : __real_epoll_ctl(fd, op, of, event);
}

WRAP(int, epoll_wait, int fd, struct epoll_event *events, int n, int ms)
{
    return wait_fails() ? -1 : __real_epoll_wait(fd, events, n, ms);
}

WRAP(int, poll, struct pollfd *fds, nfds_t n, int ms)
{
    return wait_fails() ? -1 : __real_poll(fds, n, ms);
}

WRAP(int, select, int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *time)
{
    return wait_fails() ? -1 : __real_select(n, in, out, except, time);
}
