/*
 * pollers — those of Linux
 */
#include "loop/poller.h"

const struct gu_poller_ops *const gu_pollers[] = {
    &gu_poller_epoll,
    &gu_poller_poll,
    &gu_poller_select,
    NULL,
};
