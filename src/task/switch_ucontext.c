/*
 * switch — anywhere else, by ucontext
 *
 * Slower (swapcontext saves the signal mask by a system call) but complete. What gu_switch() stores
 * is a pointer to the ucontext_t on the stack that was left.
 */
#include "base/gu.h"
#include "task/switch.h"
#include <stdlib.h>
#include <ucontext.h>

struct start {
    ucontext_t context;
    void (*fn)(void *);
    void *arg;
};

struct call {
    ucontext_t back;
    int (*fn)(void *);
    void *arg;
    int result;
};

/* makecontext() passes ints; a pointer is handed over in two halves. */
static void *join(unsigned high, unsigned low)
{
    return (void *)(uintptr_t)(((uint64_t)high << 32) | low);
}

static void start_main(unsigned high, unsigned low)
{
    struct start *start = join(high, low);

    start->fn(start->arg);
    abort(); /* a task's first function does not return */
}

static void call_main(unsigned high, unsigned low)
{
    struct call *call = join(high, low);

    call->result = call->fn(call->arg);
}

static void make(ucontext_t *context, char *low, size_t size, void (*fn)(unsigned, unsigned),
                 void *arg, ucontext_t *link)
{
    uint64_t bits = (uint64_t)(uintptr_t)arg;

    gu_assert(getcontext(context) == 0);
    context->uc_stack.ss_sp = low;
    context->uc_stack.ss_size = size;
    context->uc_link = link;
    makecontext(context, (void (*)(void))fn, 2, (unsigned)(bits >> 32), (unsigned)bits);
}

void gu_switch(void **save, void *to)
{
    ucontext_t here;

    *save = &here;
    gu_assert(swapcontext(&here, to) == 0);
}

/* How much of a stack ucontext may be told of; it only uses it to find the top. */
enum { SPAN = 16384 };

static struct start *start_on(void *top, void (*fn)(void *), void *arg)
{
    struct start *start = (struct start *)(((uintptr_t)top - sizeof *start) & ~(uintptr_t)63);

    start->fn = fn;
    start->arg = arg;
    return start;
}

void *gu_switch_prepare(void *top, void (*fn)(void *), void *arg)
{
    struct start *start = start_on(top, fn, arg);

    make(&start->context, (char *)start - SPAN, SPAN, start_main, start, NULL);
    return &start->context;
}

/* A context in static memory, because the frames that stand on the stack are about to be reused. */
void gu_switch_restart(void *top, void (*fn)(void *), void *arg)
{
    static _Thread_local ucontext_t context;
    struct start start = {.fn = fn, .arg = arg};
    static _Thread_local struct start kept;

    kept = start;
    make(&context, (char *)top - SPAN, SPAN, start_main, &kept, NULL);
    setcontext(&context);
    abort(); /* it did not switch */
}

int gu_switch_call(void *sp, int (*fn)(void *), void *arg)
{
    struct call call = {.fn = fn, .arg = arg};
    ucontext_t there;
    char *low = (char *)sp - SPAN * 4;

    make(&there, low, SPAN * 4 - 1024, call_main, &call, &call.back);
    gu_assert(swapcontext(&call.back, &there) == 0);
    return call.result;
}
