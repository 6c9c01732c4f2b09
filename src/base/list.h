/*
 * list — intrusive, doubly linked, circular
 *
 * A head is a link that points to itself when the list is empty; so does a link that is in no list,
 * and removing it twice is harmless.
 */
#ifndef GU_LIST_H
#define GU_LIST_H

#include "base/gu.h"

struct gu_link {
    struct gu_link *prev, *next;
};

static inline void gu_list_init(struct gu_link *head)
{
    head->prev = head->next = head;
}

static inline bool gu_list_is_empty(const struct gu_link *head)
{
    return head->next == head;
}

static inline void gu_list_insert_before(struct gu_link *at, struct gu_link *link)
{
    link->prev = at->prev;
    link->next = at;
    at->prev->next = link;
    at->prev = link;
}

static inline void gu_list_append(struct gu_link *head, struct gu_link *link)
{
    gu_list_insert_before(head, link);
}

static inline void gu_list_prepend(struct gu_link *head, struct gu_link *link)
{
    gu_list_insert_before(head->next, link);
}

static inline void gu_list_remove(struct gu_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    gu_list_init(link);
}

/* The first link taken off the list, NULL when it is empty. */
static inline struct gu_link *gu_list_pop(struct gu_link *head)
{
    struct gu_link *link = head->next;

    if (link == head)
        return NULL;
    gu_list_remove(link);
    return link;
}

/* Moves all links of `from` to the end of `to`. */
static inline void gu_list_splice(struct gu_link *to, struct gu_link *from)
{
    if (gu_list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    gu_list_init(from);
}

#define GU_LIST_FOREACH(link, head) \
    for (struct gu_link *link = (head)->next; link != (head); link = link->next)

/* The current link may be removed. */
#define GU_LIST_FOREACH_SAFE(link, head)                                              \
    for (struct gu_link *link = (head)->next, *gu_next_ = link->next; link != (head); \
         link = gu_next_, gu_next_ = link->next)

#endif
