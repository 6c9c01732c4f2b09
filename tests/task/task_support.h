/*
 * task_support — what the tests of this room share: a trail of what happened, a clock that jumps
 */
#ifndef TASK_SUPPORT_H
#define TASK_SUPPORT_H

#include "test.h"
#include <gust.h>

/* What happened, in order: a text of at most a few hundred bytes. */
extern char trail[1024];
void note(const char *what);
void note_deferred(void *what); /* the same, as what gust_defer() takes */

#define NOTE_LATER(text) gust_defer(note_deferred, (void *)(uintptr_t)(text))

/* Runs fn(arg) as gust_run() does, on a loop whose clock never sleeps: it starts at 1000 s, and
 * jumps to the next timer when nothing else can happen. The trail starts empty. */
int run(int (*fn)(void *arg), void *arg);

/* That clock, for a loop of the test's own; starts it anew. */
struct gu_clock;
struct gu_clock *test_clock(void);

/* The time of that clock, in seconds since run() began. */
double elapsed(void);

/* Lets the clock pass, as a long computation would. */
void spend(double seconds);

#endif
