/*
 * group — tasks that end together
 *
 * A child that ends leaves its memory with the group, because what it allocated is the result that
 * its parent waits for; the join moves it into the parent's scope. The group of those that
 * gust_go() started is joined for nobody's result, and lets the memory go at once.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "task/task_impl.h"

static void group_init(struct gust_group *group, struct gust_task *owner, unsigned flags)
{
    *group = (struct gust_group){.flags = flags, .owner = owner};
    gu_list_init(&group->children);
}

static void cancel_children(struct gust_group *group)
{
    GU_LIST_FOREACH_SAFE (link, &group->children) {
        gu_task_cancel(gu_container_of(link, struct gust_task, siblings), GUST_CANCEL_PARENT);
    }
}

/* The first error is the group's; what comes of cancelling the others is not. */
static void fail(struct gust_group *group, int err)
{
    if (group->error != 0)
        return;
    group->error = err;
    if ((group->flags & GUST_GROUP_KEEP_GOING) == 0)
        cancel_children(group);
}

static void keep_memory(struct gust_group *group, struct gu_chunk *chunks)
{
    struct gu_chunk **link = &chunks;

    while (*link != NULL)
        link = &(*link)->next;
    *link = group->memory;
    group->memory = chunks;
}

void gu_group_child_ended(struct gust_group *group, struct gust_task *child)
{
    struct gu_chunk *memory;

    gu_list_remove(&child->siblings);
    group->n_live--;
    if (child->result < 0)
        fail(group, child->result);
    memory = gu_task_take_memory(child); /* the child is gone */
    if (group == group->owner->own_group)
        gu_chunks_release(memory);
    else
        keep_memory(group, memory);
    if (group->n_live == 0 && group->joiner != NULL) {
        struct gust_task *joiner = group->joiner->task;

        group->joiner = NULL;
        gu_task_wake(joiner, 0);
    }
}

/* A parent that waits for its children; it lies on the parent's stack. */
struct join {
    struct gu_wait wait;
    struct gust_group *group;
};

static void abandon_join(struct gu_wait *wait)
{
    gu_container_of(wait, struct join, wait)->group->joiner = NULL;
}

static void wait_out(struct gust_group *group)
{
    struct join join = {{.abandon = abandon_join}, group};

    cancel_children(group);
    while (group->n_live > 0) {
        group->joiner = &join.wait;
        gust_ignore(gu_task_wait_out(&join.wait));
    }
}

static void wait_for_children(struct gust_group *group)
{
    struct join join = {{.abandon = abandon_join}, group};
    int err;

    if (group->n_live == 0)
        return;
    group->joiner = &join.wait;
    err = gu_task_wait(&join.wait, GU_FOREVER);
    if (err < 0) {
        fail(group, err); /* before the children do, because of it */
        wait_out(group);
    }
}

void gu_group_close(struct gust_group *group)
{
    wait_out(group);
    gu_chunks_release(group->memory);
    group->memory = NULL;
    group->is_closed = true;
}

static void close_deferred(void *group)
{
    gu_group_close(group);
}

gust_group *gust_group_new(unsigned flags)
{
    gust_group *group = gust_alloc(sizeof *group);

    group_init(group, gu_task_check_raise("gust_group_new"), flags);
    gust_defer(close_deferred, group);
    return group;
}

/* --- children --- */

static void run_checked(struct gust_task *task)
{
    task->result = task->fn.checked(task->arg);
}

static void run_plain(struct gust_task *task)
{
    task->fn.plain(task->arg);
}

static void child_raised(struct gust_task *task)
{
    task->result = gu_task_raised_error(task);
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "task \"%s\" raised %d: %s", task->name,
           task->raise_code, task->raise_message);
}

static struct gust_task *child_new(struct gust_group *group, void (*run)(struct gust_task *))
{
    struct gust_task *parent = group->owner;
    struct gust_task *task = gu_task_new(parent->home, run, parent->name);

    if (task == NULL)
        return NULL;
    task->raised = child_raised;
    task->deadline = parent->deadline;
    gu_locals_inherit(task, parent);
    task->group = group;
    gu_list_append(&group->children, &task->siblings);
    group->n_live++;
    gu_task_start_soon(task);
    return task;
}

void gust_group_go(gust_group *group, int (*fn)(void *), void *arg)
{
    struct gust_task *task;

    if (group->is_closed || group->owner != gu_task_current())
        gu_misuse("gust_group_go: the group belongs to another task, or its scope has ended");
    task = child_new(group, run_checked);
    if (task == NULL) {
        fail(group, -ENOMEM);
        return;
    }
    task->fn.checked = fn;
    task->arg = arg;
}

int gust_group_wait(gust_group *group)
{
    int err;

    gu_task_check_wait();
    if (group->is_closed || group->owner != gu_task_current())
        gu_misuse("gust_group_wait: the group belongs to another task, or its scope has ended");
    wait_for_children(group);
    gu_arena_adopt_chunks(&group->owner->arena, group->memory);
    group->memory = NULL;
    err = group->error;
    group->error = 0;
    return err;
}

static struct gust_group *own_group(struct gust_task *task)
{
    if (task->own_group == NULL) {
        task->own_group = gu_alloc(sizeof *task->own_group);
        if (task->own_group != NULL)
            group_init(task->own_group, task, GUST_GROUP_KEEP_GOING);
    }
    return task->own_group;
}

gust_task *gust_go(void (*fn)(void *), void *arg, gust_arena *taken)
{
    struct gust_task *parent = gu_task_current(), *task = NULL;

    if (parent == NULL)
        gu_misuse("gust_go was called outside a task: use gust_app_go, or gust_run");
    if (own_group(parent) != NULL)
        task = child_new(parent->own_group, run_plain);
    if (task == NULL) {
        gust_arena_free(taken);
        return NULL;
    }
    task->deadline = gu_task_whole_deadline(parent); /* it may outlive a block and its deadline */
    task->fn.plain = fn;
    task->arg = arg;
    if (taken != NULL) {
        gu_arena_adopt_chunks(&task->arena, gu_arena_take_chunks(taken));
        gust_arena_free(taken);
    }
    return task;
}
