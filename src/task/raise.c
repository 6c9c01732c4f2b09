/*
 * raise — the second way out, and the declarations that bound waits
 *
 * A raise runs on top of the frames that it is about to drop: scopes lie in them, and what they
 * deferred may wait, so all of that happens first, while the frames still stand.
 */
#include "base/fmt.h"
#include "task/task_impl.h"

#define MESSAGE_SIZE 512

struct gust_task *gu_task_check_raise(const char *what)
{
    struct gust_task *task = gu_task_current();

    if (gu_unlikely(task == NULL))
        gu_misuse("%s may raise, and was called outside a task: use the form that returns", what);
    if (gu_unlikely(task->n_no_raise > 0))
        gu_misuse("%s may raise, and was called inside GUST_NO_RAISE or a deferred call by task "
                  "\"%s\": use the form that returns",
                  what, task->name);
    if (gu_unlikely(task->home->n_on_loop_stack > 0))
        gu_misuse("%s may raise, and was called inside a leaf call by task \"%s\"", what,
                  task->name);
    return task;
}

/* In the root scope, which outlives the raise; what does not fit is cut. */
static const char *keep(struct gust_task *task, const char *text)
{
    const char *copy = gu_arena_copy(&task->arena, text, strlen(text)).ptr;

    return copy == NULL ? "out of memory" : copy;
}

void gu_task_vraise(int code, const char *format, va_list args)
{
    struct gust_task *task = gu_task_check_raise("a call");
    char message[MESSAGE_SIZE];

    if (gu_vsnprintf(message, sizeof message, format, args) < 0)
        message[0] = '\0';
    while (task->scope != &task->root) {
        gu_scope_close(task, task->scope);
        task->scope = task->scope->outer;
    }
    task->n_shields = 0;
    task->raise_code = code;
    task->raise_message = keep(task, message);
    gu_task_restart_raised(task);
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
    guard->deadline = task->deadline;
}

static struct gust_task *close_guard(const gust_guard *guard)
{
    struct gust_task *task = guard->task;

    task->deadline = guard->deadline;
    return task;
}

static gu_time from_now(const struct gust_task *task, double seconds)
{
    gu_time span = gu_time_from_seconds(seconds), now = task->home->loop->now;

    return span > GU_FOREVER - now ? GU_FOREVER : now + span;
}

void gust_deadline_open_(gust_guard *guard, double seconds)
{
    struct gust_task *task = task_for("GUST_DEADLINE");

    open_guard(guard, task);
    task->deadline = gu_time_min(task->deadline, from_now(task, seconds));
}

void gust_deadline_close_(gust_guard *guard)
{
    close_guard(guard);
}

void gust_shield_open_(gust_guard *guard, double seconds)
{
    struct gust_task *task = task_for("GUST_SHIELD");

    open_guard(guard, task);
    task->deadline = from_now(task, seconds);
    task->n_shields++;
}

void gust_shield_close_(gust_guard *guard)
{
    close_guard(guard)->n_shields--;
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
