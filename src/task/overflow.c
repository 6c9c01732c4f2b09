/*
 * overflow — the handler of SIGSEGV and SIGBUS
 *
 * Only what is safe in a signal handler is called: the message is put together by hand and written
 * with write(2).
 */
#include "task/overflow.h"
#include "base/alloc.h"
#include "task/task_private.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define ALTERNATE_SIZE ((size_t)32 * 1024)

/* Reached from a signal handler, where the first look at other thread-local memory may allocate. */
static _Thread_local const struct gu_stack_pool *watched __attribute__((tls_model("initial-exec")));
static _Thread_local char *alternate;
static struct sigaction before_segv, before_bus;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void say(const char *text)
{
    gust_ignore(write(STDERR_FILENO, text, strlen(text)));
}

#if GU_ASAN || GU_TSAN
#define SIZE_IN_WORDS "256 KiB"
#else
#define SIZE_IN_WORDS "64 KiB"
#endif

static bool is_overflow(struct gust_task *task, const void *address)
{
    return watched != NULL && task != NULL &&
           gu_stack_of_guard(watched, address) == gu_task_stack(task);
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    const struct sigaction *before = signo == SIGSEGV ? &before_segv : &before_bus;
    struct gust_task *task = gu_task_current();

    if (is_overflow(task, info->si_addr)) {
        say("gust: the stack of task \"");
        say(task->name);
        say("\" overflowed: it has " SIZE_IN_WORDS ". Keep large arrays in the arena (gust_alloc) "
            "and recursion shallow.\n");
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    if ((before->sa_flags & SA_SIGINFO) != 0)
        before->sa_sigaction(signo, info, context);
    else
        sigaction(signo, before, NULL); /* the fault happens again */
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &before_segv);
    sigaction(SIGBUS, &action, &before_bus);
}

void gu_overflow_watch(const struct gu_stack_pool *pool)
{
    stack_t stack;

    pthread_once(&once, install);
    watched = pool;
    if (sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE) == 0)
        return; /* the thread has one already */
    alternate = gu_alloc(ALTERNATE_SIZE);
    if (alternate == NULL)
        return;
    stack = (stack_t){.ss_sp = alternate, .ss_size = ALTERNATE_SIZE};
    sigaltstack(&stack, NULL);
}

void gu_overflow_unwatch(const struct gu_stack_pool *pool)
{
    stack_t none = {.ss_flags = SS_DISABLE};

    gu_assert(watched == pool);
    watched = NULL;
    if (alternate == NULL)
        return;
    sigaltstack(&none, NULL);
    gu_free(alternate);
    alternate = NULL;
}
