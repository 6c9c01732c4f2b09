/*
 * session_memory — sessions in the memory of this process
 *
 * A map by id and a list by use, both over the same entries: what is new when the store is full
 * takes the place of what was not used for the longest.
 */
#include "base/alloc.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "web/web_impl.h"
#include <gust/session.h>
#include <unistd.h>

#define MAX_SESSIONS ((size_t)10000)

struct entry {
    struct gu_link link; /* the one used last is the last */
    gust_str id, data;   /* behind the struct */
    double ends;         /* seconds since 1970 */
};

struct memory {
    gust_session_store base;
    struct gu_map map;
    struct gu_link used;
    size_t max;
    pid_t pid;
};

/* A process that was forked has a copy, which nobody else sees. */
static void check(const struct memory *m)
{
    if (gu_unlikely(m->pid != getpid()))
        gu_misuse("a session store in memory was made in process %d and is used in another: make "
                  "one for each, or use a store that workers share",
                  (int)m->pid);
}

static void drop(struct memory *m, struct entry *e)
{
    gu_map_remove(&m->map, e->id);
    gu_list_remove(&e->link);
    gu_free(e);
}

static int memory_load(void *arg, const char *id, gust_str *data)
{
    struct memory *m = arg;
    struct entry *e;

    check(m);
    e = gu_map_find(&m->map, gust_str_from(id));
    if (e != NULL && e->ends < (double)gu_wall_clock()) {
        drop(m, e);
        e = NULL;
    }
    if (e == NULL)
        return -ENOENT;
    gu_list_remove(&e->link);
    gu_list_append(&m->used, &e->link);
    *data = gu_arena_copy(gu_arena_here(), e->data.ptr, e->data.len);
    return data->ptr == NULL ? -ENOMEM : 0;
}

static struct entry *entry_new(gust_str id, gust_str data, double seconds)
{
    struct entry *e = gu_alloc(sizeof *e + id.len + data.len);
    char *text;

    if (e == NULL)
        return NULL;
    text = (char *)(e + 1);
    *e = (struct entry){.ends = (double)gu_wall_clock() + seconds};
    e->id = gu_str(text, id.len);
    e->data = gu_str(text + id.len, data.len);
    memcpy(text, id.ptr, id.len);
    memcpy(text + id.len, data.ptr, data.len);
    gu_list_init(&e->link);
    return e;
}

static int memory_save(void *arg, const char *id, gust_str data, double seconds)
{
    struct memory *m = arg;
    struct entry *e, *old;

    check(m);
    e = entry_new(gust_str_from(id), data, seconds);
    if (e == NULL)
        return -ENOMEM;
    old = gu_map_find(&m->map, e->id);
    if (old == NULL && m->map.n >= m->max)
        old = gu_container_of(m->used.next, struct entry, link);
    if (old != NULL)
        drop(m, old);
    if (gu_map_put(&m->map, e->id, e) < 0) {
        gu_free(e);
        return -ENOMEM;
    }
    gu_list_append(&m->used, &e->link);
    return 0;
}

static int memory_remove(void *arg, const char *id)
{
    struct memory *m = arg;
    struct entry *e;

    check(m);
    e = gu_map_find(&m->map, gust_str_from(id));
    if (e != NULL)
        drop(m, e);
    return 0;
}

gust_session_store *gust_session_memory_new(size_t max_sessions)
{
    struct memory *m = gu_alloc0(sizeof *m);

    if (m == NULL)
        return NULL;
    m->base = (gust_session_store){memory_load, memory_save, memory_remove, m, true};
    m->max = max_sessions == 0 ? MAX_SESSIONS : max_sessions;
    m->pid = getpid();
    gu_list_init(&m->used);
    return &m->base;
}

void gust_session_memory_free(gust_session_store *store)
{
    struct memory *m;
    struct gu_link *link;

    if (store == NULL)
        return;
    m = gu_container_of(store, struct memory, base);
    while ((link = gu_list_pop(&m->used)) != NULL)
        gu_free(gu_container_of(link, struct entry, link));
    gu_map_deinit(&m->map);
    gu_free(m);
}
