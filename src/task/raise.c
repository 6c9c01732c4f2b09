/*
 * raise — the second way out, and the declarations that bound waits
 *
 * A raise runs on top of the frames that it is about to drop: scopes lie in them, and what they
 * deferred may wait, so all of that happens first, while the frames still stand.
 */
#include "base/fmt.h"
#include "base/log.h"
#include "task/task_private.h"

#define MESSAGE_SIZE 512
#define RAISED_MEMORY ((size_t)64 * 1024) /* what handling an error may use beyond the limit */

static gu_cold GUST_NORETURN void refuse_raise(const struct gust_task *task, const char *what)
{
    const char *where = task->home->n_on_loop_stack > 0 ? "a leaf call on the loop's stack"
                        : task->n_no_raise > 0          ? "GUST_NO_RAISE"
                                                        : "a deferred call";

    gu_misuse("%s may raise, and was called inside %s by task \"%s\": use the form that returns",
              what, where, task->name);
}

struct gust_task *gu_task_check_raise(const char *what)
{
    struct gust_task *task = gu_task_current();

    if (gu_unlikely(task == NULL))
        gu_misuse("%s may raise, and was called outside a task: use the form that returns", what);
    if (gu_unlikely((task->n_no_raise | task->n_defers) > 0))
        refuse_raise(task, what);
    return task;
}

/* In the root scope, which outlives the raise; what does not fit is cut. */
static const char *keep(struct gust_task *task, const char *text)
{
    const char *copy = gu_arena_copy(&task->arena, text, strlen(text)).ptr;

    return copy == NULL ? "out of memory" : copy;
}

static void note_raise(struct gust_task *task, int code, const char *text)
{
    if (task->n_raised < 2) {
        task->n_raised++;
        task->arena.limit += gu_min(RAISED_MEMORY, SIZE_MAX - task->arena.limit);
    } else {
        task->n_raised = 3;
        gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION,
               "task \"%s\" raised %d while it handled \"%s\": %s", task->name, code,
               task->raise_message, text);
    }
    task->raise_code = code;
    task->raise_message = keep(task, text);
}

int gu_task_raised_error(const struct gust_task *task)
{
    if (task->raise_code < 0)
        return task->raise_code;
    return task->raise_code == 503 ? -ENOMEM : -EIO;
}

void gu_task_vraise(int code, const char *format, va_list args)
{
    struct gust_task *task = gu_task_check_raise("a call");
    char message[MESSAGE_SIZE];

    if (gu_vsnprintf(message, sizeof message, format, args) < 0)
        message[0] = '\0';
    while (task->scope != &task->root) {
        gu_guards_unwind(task, task->scope->guards);
        gu_scope_close(task, task->scope);
        task->scope = task->scope->outer;
    }
    gu_guards_unwind(task, NULL);
    note_raise(task, code, message);
    gu_task_restart(task);
}

void gu_task_raise(int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gu_task_vraise(code, format, args);
}

/* --- declarations --- */

static struct gust_task *task_for(const char *what)
{
    struct gust_task *task = gu_task_current();

    if (task == NULL)
        gu_misuse("%s stands outside a task", what);
    return task;
}

static void open_guard(gust_guard *guard, struct gust_task *task)
{
    guard->task = task;
    guard->outer = task->guards;
    guard->deadline = task->deadline;
    guard->n_shields = task->n_shields;
    guard->give_back = NULL;
    task->guards = guard;
}

void gu_guard_close(const gust_guard *guard, const char *what)
{
    struct gust_task *task = gu_task_current();

    if (task != guard->task)
        gu_misuse("a %s of one task was left in another", what);
    gu_guards_unwind(task, guard->outer);
}

void gu_guards_unwind(struct gust_task *task, const gust_guard *outer)
{
    while (task->guards != outer) {
        const gust_guard *guard = task->guards;

        task->deadline = guard->deadline;
        task->n_shields = (uint16_t)guard->n_shields;
        task->guards = guard->outer;
        if (guard->give_back != NULL)
            guard->give_back(guard->held);
    }
}

gu_time gu_task_whole_deadline(const struct gust_task *task)
{
    gu_time deadline = task->deadline;

    for (const gust_guard *guard = task->guards; guard != NULL; guard = guard->outer)
        deadline = guard->deadline;
    return deadline;
}

void gust_deadline_open_(gust_guard *guard, double seconds)
{
    struct gust_task *task = task_for("GUST_DEADLINE");

    open_guard(guard, task);
    task->deadline = gu_time_min(task->deadline, gu_task_from_now(task->home->loop, seconds));
}

void gust_deadline_close_(gust_guard *guard)
{
    gu_guard_close(guard, "GUST_DEADLINE");
}

void gust_shield_open_(gust_guard *guard, double seconds)
{
    struct gust_task *task = task_for("GUST_SHIELD");

    open_guard(guard, task);
    task->deadline = gu_task_from_now(task->home->loop, seconds);
    task->n_shields++;
}

void gust_shield_close_(gust_guard *guard)
{
    gu_guard_close(guard, "GUST_SHIELD");
}

void gu_guard_open_held(gust_guard *guard, void (*give_back)(void *), void *held)
{
    open_guard(guard, task_for("GUST_LOCKED"));
    guard->give_back = give_back;
    guard->held = held;
}

void gust_no_raise_open_(gust_guard *guard)
{
    struct gust_task *task = gu_task_current();

    guard->task = task;
    if (task != NULL)
        task->n_no_raise++;
}

void gust_no_raise_close_(gust_guard *guard)
{
    struct gust_task *task = guard->task;

    if (task != NULL)
        task->n_no_raise--;
}
