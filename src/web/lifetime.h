/*
 * lifetime — an application on a loop, from .on_start to the end of its last task
 *
 * One task does all of it, in a straight line: it runs .on_start, lets the server listen, waits to
 * be told to stop, lets requests finish, runs .on_stop, and joins what belongs to the application.
 * Both hooks run in tasks of their own, so that what they raise, start and allocate ends with them.
 */
#ifndef GU_LIFETIME_H
#define GU_LIFETIME_H

#include "web/web_impl.h"

/* Runs until the application has stopped. The server is bound; it listens from when .on_start has
 * returned, and `started` is called then, unless it is NULL. Returns the exit code: 0, or 1 when it
 * could not start, or something had to be cut. */
int gu_lifetime_run(gust_app *app, gust_httpserver *server, void (*started)(void *arg), void *arg);

/* The same in the current task, on a loop that somebody else runs. Waits. */
int gu_lifetime_live(gust_app *app, gust_httpserver *server, void (*started)(void *arg), void *arg);

/* Begins to stop; nothing happens when it has begun. On the loop's thread. */
void gu_lifetime_stop(gust_app *app);

/* Stops without waiting for requests. */
void gu_lifetime_cut(gust_app *app);

/* Whether no task is left on this thread's loop, so that it can be closed. */
bool gu_lifetime_is_over(void);

/* Frees what the application owns on its loop, but for tasks that still run. */
void gu_lifetime_free(gust_app *app);

#endif
