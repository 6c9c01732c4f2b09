/*
 * fault — one system call of many fails
 *
 * The linker puts the functions of fault.c in the place of the library's: a test that wants them is
 * made by gust_fault_test(), and everything in it that calls recv() and the like may be answered
 * with the fault that was set. What the test itself does on a descriptor that it spares is never
 * meant.
 */
#ifndef GUST_TEST_FAULT_H
#define GUST_TEST_FAULT_H

#include <stdbool.h>

enum fault_call {
    FAULT_RECV,
    FAULT_SEND,
    FAULT_SENDMSG,
    FAULT_READ,
    FAULT_WRITEV,
    FAULT_ACCEPT,
    FAULT_CONNECT,
    FAULT_SOCKET,
    FAULT_BIND,
    FAULT_LISTEN,
    FAULT_NAME, /* getsockname */
    FAULT_SETOPT,
    FAULT_GETOPT,
    FAULT_SHUTDOWN,
    FAULT_FCNTL,
    FAULT_IOCTL,
    FAULT_CTL,   /* epoll_ctl */
    FAULT_WAIT,  /* epoll_wait, poll, select */
    FAULT_CLOSE, /* which closes all the same */
};

#define FAULT_SHORT (-1) /* the fault of moving one byte only */

/* The n-th call of the kind from now on is answered with an errno, or FAULT_SHORT. */
void fault_set(enum fault_call call, unsigned n, int fault);

/* No more faults. Whether the one that was set came. */
bool fault_clear(void);

/* Calls on this descriptor are left alone, until the next one is spared; -1: none is. */
void fault_spare(int fd);

#endif
