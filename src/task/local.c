/*
 * local — task-local values
 *
 * A list, newest first, whose tail children share with their parent: setting a value hides older
 * ones and never changes what another task sees. A value that nobody shares is changed in place, so
 * that a task which sets the same key for every message does not grow. The few values there are
 * make a search the fastest map. They lie on the heap because a scope may end before the value
 * does.
 */
#include "base/alloc.h"
#include "task/task_impl.h"

struct gu_local {
    struct gu_local *next;
    size_t refs; /* tasks and newer values that point here */
    const void *key;
    void *value;
};

/* The value for a key that this task alone sees, NULL if there is none. */
static struct gu_local *find_own(const struct gust_task *task, const void *key)
{
    for (struct gu_local *local = task->locals; local != NULL && local->refs == 1;
         local = local->next)
        if (local->key == key)
            return local;
    return NULL;
}

void gust_task_set(const void *key, void *value)
{
    struct gust_task *task = gu_task_check_raise("gust_task_set");
    struct gu_local *local = find_own(task, key);

    if (local != NULL) {
        local->value = value;
        return;
    }
    local = gu_alloc(sizeof *local);
    if (local == NULL)
        gu_task_raise(503, "task \"%s\": out of memory", task->name);
    *local = (struct gu_local){task->locals, 1, key, value};
    task->locals = local;
}

void *gust_task_get(const void *key)
{
    const struct gust_task *task = gu_task_current();

    if (task == NULL)
        return NULL;
    for (const struct gu_local *local = task->locals; local != NULL; local = local->next)
        if (local->key == key)
            return local->value;
    return NULL;
}

void gu_locals_inherit(struct gust_task *task, const struct gust_task *from)
{
    task->locals = from->locals;
    if (task->locals != NULL)
        task->locals->refs++;
}

void gu_locals_drop(struct gust_task *task)
{
    while (task->locals != NULL && --task->locals->refs == 0) {
        struct gu_local *local = task->locals;

        task->locals = local->next;
        gu_free(local);
    }
    task->locals = NULL;
}
