/*
 * local — task-local values
 *
 * A list, newest first, whose tail children share with their parent, which outlives them: setting a
 * value hides older ones and never changes what another task sees. The few values there are make a
 * search the fastest map. They lie on the heap because a scope may end before the value does.
 */
#include "base/alloc.h"
#include "task/task_impl.h"

struct gu_local {
    struct gu_local *next;
    const void *key;
    void *value;
};

void gust_task_set(const void *key, void *value)
{
    struct gust_task *task = gu_task_check_raise("gust_task_set");
    struct gu_local *local = gu_alloc(sizeof *local);

    if (local == NULL)
        gu_task_raise(503, "task \"%s\": out of memory", task->name);
    *local = (struct gu_local){task->locals, key, value};
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

void gu_locals_free(struct gust_task *task)
{
    while (task->locals != task->inherited) {
        struct gu_local *local = task->locals;

        task->locals = local->next;
        gu_free(local);
    }
}
