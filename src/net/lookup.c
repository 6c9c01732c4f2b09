/*
 * lookup — see lookup.h
 *
 * A lookup is a job that nobody waits for: it belongs to its lookups and to those in its line, and
 * is over when the executor drops it, on the loop's thread. It is taken back only if the last of
 * the line leaves before a thread has begun with it.
 */
#include "net/lookup.h"
#include "base/alloc.h"
#include "base/str.h"
#include "task/executor.h"
#include <netdb.h>

struct lookup {
    struct gu_job job;
    struct gu_lookups *lookups; /* NULL: they are gone */
    struct gu_link line;
    int family, err;
    struct gu_answer answer;
    size_t key_len;
    char key[GU_NAME_MAX + 2]; /* with a zero byte behind the name */
};

struct in_line {
    struct gu_wait wait;
    struct lookup *lookup;
    struct gu_answer *answer; /* to be filled */
};

/* --- on a thread of the executor --- */

static int error_of(int code)
{
    switch (code) {
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SYSTEM:
        return errno != 0 ? -errno : -EIO;
    default:
        return -GUST_ENOHOST;
    }
}

static void take(struct gu_answer *answer, const struct addrinfo *found)
{
    for (; found != NULL && answer->n < GUST_RESOLVE_MAX; found = found->ai_next) {
        struct gu_address *a = &answer->list[answer->n];

        if (found->ai_family != AF_INET && found->ai_family != AF_INET6)
            continue;
        memset(a, 0, sizeof *a);
        memcpy(&a->as, found->ai_addr, found->ai_addrlen);
        a->len = found->ai_addrlen;
        answer->n++;
    }
}

static void work(struct gu_job *job)
{
    struct lookup *lookup = gu_container_of(job, struct lookup, job);
    struct addrinfo hints = {.ai_family = lookup->family, .ai_socktype = SOCK_STREAM}, *found;
    int code = getaddrinfo(lookup->key + 1, NULL, &hints, &found);

    if (code != 0) {
        lookup->err = error_of(code);
        return;
    }
    take(&lookup->answer, found);
    freeaddrinfo(found);
    lookup->err = lookup->answer.n == 0 ? -GUST_ENOHOST : 0;
}

/* --- on the loop's --- */

static void unlist(struct lookup *lookup)
{
    if (lookup->lookups != NULL)
        gu_map_remove(&lookup->lookups->flying, gu_str(lookup->key, lookup->key_len));
    lookup->lookups = NULL;
}

/* It is done, or the loop ends. */
static void drop(struct gu_job *job)
{
    struct lookup *lookup = gu_container_of(job, struct lookup, job);
    int result = lookup->err < 0 ? lookup->err : 1;
    struct gu_link *link;

    unlist(lookup);
    while ((link = gu_list_pop(&lookup->line)) != NULL) {
        struct in_line *who = gu_container_of(link, struct in_line, wait.link);

        if (result >= 0)
            *who->answer = lookup->answer;
        gu_task_wake(who->wait.task, result);
        if (result > 0)
            result = 0; /* one is enough to remember it */
    }
    gu_free(lookup);
}

static void leave_line(struct gu_wait *wait)
{
    struct lookup *lookup = gu_container_of(wait, struct in_line, wait)->lookup;

    gu_list_remove(&wait->link);
    if (!gu_list_is_empty(&lookup->line) || !gu_executor_withdraw(&lookup->job))
        return;
    unlist(lookup);
    gu_free(lookup);
}

static struct lookup *begin(struct gu_lookups *lookups, gust_str key, int *err)
{
    struct lookup *lookup = gu_alloc0(sizeof *lookup);

    *err = -ENOMEM;
    if (lookup == NULL)
        return NULL;
    lookup->job.work = work;
    lookup->job.drop = drop;
    lookup->family = key.ptr[0];
    lookup->key_len = key.len;
    memcpy(lookup->key, key.ptr, key.len);
    gu_list_init(&lookup->line);
    if (gu_map_put(&lookups->flying, gu_str(lookup->key, key.len), lookup) == 0) {
        lookup->lookups = lookups;
        *err = gu_executor_submit(&lookup->job);
    }
    if (*err == 0)
        return lookup;
    unlist(lookup);
    gu_free(lookup);
    return NULL;
}

int gu_lookup(struct gu_lookups *lookups, gust_str key, struct gu_answer *answer)
{
    struct lookup *lookup = gu_map_find(&lookups->flying, key);
    struct in_line who = {.wait.abandon = leave_line, .answer = answer};
    int err = 0;

    gu_task_check_wait();
    if (lookup == NULL)
        lookup = begin(lookups, key, &err);
    if (lookup == NULL)
        return err;
    who.lookup = lookup;
    gu_list_append(&lookup->line, &who.wait.link);
    return gu_task_wait(&who.wait, GU_FOREVER);
}

void gu_lookups_deinit(struct gu_lookups *lookups)
{
    GU_MAP_FOREACH (entry, &lookups->flying)
        ((struct lookup *)entry->value)->lookups = NULL;
    gu_map_deinit(&lookups->flying);
}
