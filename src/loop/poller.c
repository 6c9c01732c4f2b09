/*
 * poller — finding one by its name
 */
#include "loop/poller.h"
#include <stdlib.h>

static const struct gu_poller_ops *registered;

void gu_poller_register(const struct gu_poller_ops *ops)
{
    registered = ops;
}

const struct gu_poller_ops *gu_poller_find(const char *name)
{
    if (name == NULL || *name == '\0')
        name = getenv("GUST_POLLER");
    if (name == NULL || *name == '\0')
        return gu_pollers[0];
    if (registered != NULL && strcmp(registered->name, name) == 0)
        return registered;
    for (size_t i = 0; gu_pollers[i] != NULL; i++)
        if (strcmp(gu_pollers[i]->name, name) == 0)
            return gu_pollers[i];
    return NULL;
}
