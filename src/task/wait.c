/*
 * wait — suspending, waking, sleeping, cancelling
 *
 * A task that waits has a gu_wait, and perhaps a timer for its deadline; whichever event comes
 * first takes the others away, here and nowhere else.
 */
#include "task/task_private.h"

/* --- ending a wait --- */

void gu_wait_unlink(struct gu_wait *wait)
{
    gu_list_remove(&wait->link);
}

static void end_wait(struct gust_task *task, int result)
{
    gu_assert(task->state == GU_TASK_WAITING);
    task->wait = NULL;
    task->result = result;
    if (gu_timer_is_set(&task->timer))
        gu_timer_clear(task->home->loop, &task->timer);
}

void gu_task_wake(struct gust_task *task, int result)
{
    end_wait(task, result);
    task->state = GU_TASK_WOKEN;
    gu_loop_ready(task->home->loop, &task->ready);
}

bool gu_task_resume(struct gust_task *task, int result)
{
    end_wait(task, result);
    return gu_task_enter(task);
}

/* From outside it: by the deadline or a cancellation. */
static void abandon(struct gust_task *task, int result)
{
    struct gu_wait *wait = task->wait;

    wait->abandon(wait);
    gu_task_wake(task, result);
}

void gu_task_timed_out(struct gu_timer *timer)
{
    abandon(gu_container_of(timer, struct gust_task, timer), -ETIMEDOUT);
}

/* Before it began. */
static int give_up(struct gu_wait *wait, int result)
{
    wait->abandon(wait);
    return result;
}

/* --- waiting --- */

static gu_cold GUST_NORETURN void refuse_wait(const struct gust_task *task)
{
    if (task == NULL)
        gu_misuse("a call that waits was made outside a task: run it in gust_run(), gust_go() or a "
                  "handler");
    if (task->home->n_on_loop_stack > 0)
        gu_misuse("task \"%s\" waits inside a leaf call on the loop's stack: return from it first",
                  task->name);
    gu_misuse("task \"%s\" waits inside GUST_NO_RAISE: return from the foreign callback first",
              task->name);
}

struct gust_task *gu_task_check_wait(void)
{
    struct gust_task *task = gu_task_current();

    if (gu_unlikely(task == NULL || task->n_no_raise > 0))
        refuse_wait(task);
    return task;
}

int gu_task_wait(struct gu_wait *wait, gu_time until)
{
    struct gust_task *task = gu_task_check_wait();
    struct gust_loop *loop = task->home->loop;
    gu_time limit = gu_time_min(until, task->deadline);

    wait->task = task;
    if (task->cancel != GUST_NOT_CANCELLED && task->n_shields == 0)
        return give_up(wait, -ECANCELED);
    if (limit != GU_FOREVER) {
        if (limit <= loop->now)
            return give_up(wait, -ETIMEDOUT);
        if (gu_timer_set(loop, &task->timer, limit) < 0)
            return give_up(wait, -ENOMEM);
    }
    task->wait = wait;
    task->state = GU_TASK_WAITING;
    gu_task_leave(task);
    return task->result;
}

int gu_task_wait_out(struct gu_wait *wait)
{
    struct gust_task *task = gu_task_check_wait();
    gu_time deadline = task->deadline;
    int result;

    task->deadline = GU_FOREVER;
    task->n_shields++;
    result = gu_task_wait(wait, GU_FOREVER);
    task->n_shields--;
    task->deadline = deadline;
    return result;
}

/* --- sleeping --- */

/* It stands in the queue already, so nothing can end this wait early, and nothing need. */
void gust_yield(void)
{
    struct gust_task *task = gu_task_check_wait();

    task->state = GU_TASK_WOKEN;
    gu_loop_ready(task->home->loop, &task->ready);
    gu_task_leave(task);
}

gu_time gu_task_from_now(struct gust_loop *loop, double seconds)
{
    gu_time span = seconds < 0 && seconds != GUST_NEVER ? 0 : gu_time_from_seconds(seconds);

    if (span == GU_FOREVER)
        return GU_FOREVER;
    gu_loop_refresh_now(loop);
    return span > GU_FOREVER - loop->now ? GU_FOREVER : loop->now + span;
}

/* Whether a wait would end before it began, and why. */
static int verdict(const struct gust_task *task)
{
    if (task->n_shields == 0 && task->cancel != GUST_NOT_CANCELLED)
        return -ECANCELED;
    return task->deadline <= task->home->loop->now ? -ETIMEDOUT : 0;
}

int gust_sleep(double seconds)
{
    struct gu_wait wait = {.abandon = gu_wait_unlink};
    struct gust_task *task = gu_task_check_wait();
    gu_time until = gu_task_from_now(task->home->loop, seconds);
    int err = verdict(task);

    if (err < 0 || until <= task->home->loop->now) {
        gust_yield();
        return err < 0 ? err : verdict(task);
    }
    gu_list_init(&wait.link);
    err = gu_task_wait(&wait, until);
    return err == -ETIMEDOUT && task->deadline > until ? 0 : err;
}

/* --- cancelling --- */

void gu_task_cancel(struct gust_task *task, enum gust_cancel_reason reason)
{
    if (task->cancel != GUST_NOT_CANCELLED || task->state == GU_TASK_DONE)
        return;
    task->cancel = (uint8_t)reason;
    if (task->state == GU_TASK_WAITING && task->n_shields == 0)
        abandon(task, -ECANCELED);
}

void gust_cancel(gust_task *task)
{
    if (task != NULL)
        gu_task_cancel(task, GUST_CANCEL_ASKED);
}

enum gust_cancel_reason gust_cancel_reason(void)
{
    struct gust_task *task = gu_task_current();

    return task == NULL ? GUST_NOT_CANCELLED : (enum gust_cancel_reason)task->cancel;
}

bool gust_is_cancelled(void)
{
    return gust_cancel_reason() != GUST_NOT_CANCELLED;
}
