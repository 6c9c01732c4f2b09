/*
 * pollers — those of the BSDs and of macOS
 */
#include "loop/poller.h"

const struct gu_poller_ops *const gu_pollers[] = {
    &gu_poller_kqueue,
    &gu_poller_poll,
    &gu_poller_select,
    NULL,
};
