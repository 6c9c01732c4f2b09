/*
 * gust/session.h — what an application remembers of a client from request to request
 *
 * A session is a few texts by name. It is kept in a cookie of its own, encrypted (AES-256-GCM, by a
 * key that is derived from the application's cookie_secret), so that it needs nothing on the server
 * and any worker reads it; or in a store, and the cookie then only says which one it is. A store is
 * a table of three functions, which a database can be put behind. Where it must be possible to end
 * a session for good, it takes a store: a client can keep a copy of a cookie, and it is good until
 * max_age has passed.
 *
 * A session begins when something is set in it, and ends when it is cleared, or when it was not
 * saved for max_age; what is used is saved anew when half of that has passed. What changed is saved
 * by what sends the head of the response, gust_finish() and gust_flush() and what ends in them,
 * which wait for the store; after that it cannot change, which latches -GUST_ELATE. What goes wrong
 * is latched as well: the request fails, rather than being served as somebody else's.
 * All calls belong to the request's task. Follows nothing in Tornado.
 */
#ifndef GUST_SESSION_H
#define GUST_SESSION_H

#include <gust/request.h>
#include <gust/response.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A text of the session; NULL when there is none of that name. **Waits** for the store, the first
 * time. */
GUST_API const char *gust_session_get(gust_request *r, const char *name) GUST_WAITS;

/** Sets a text, or removes it with NULL. The client sees neither name nor value. **Waits** as
 * gust_session_get(). */
GUST_API void gust_session_set(gust_request *r, const char *name, const char *value) GUST_WAITS;

/** Ends the session: all of it is forgotten, by the store and by the client. **Waits** as
 * gust_session_get(). */
GUST_API void gust_session_clear(gust_request *r) GUST_WAITS;

/** Goes on with what is in it under another id: to be called at a login, so that who had a client
 * use an id of his own cannot use it afterwards. **Waits** as gust_session_get(). */
GUST_API void gust_session_renew(gust_request *r) GUST_WAITS;

/** Where sessions are kept. `id` is 64 hexadecimal digits, a hash of what the client has, so who
 * reads the store cannot take sessions over. `data` is text without zero bytes. The functions run
 * in the request's task, may wait, and must not raise; they return 0 or a negative error. */
typedef struct gust_session_store {
    /** Gives what is kept under an id, which lives as long as the task. **Errors:** -ENOENT for
     * nothing. */
    int (*load)(void *arg, const char *id, gust_str *data);
    /** Keeps it, for so many seconds, in the place of what was there. */
    int (*save)(void *arg, const char *id, gust_str data, double seconds);
    /** Forgets it, if there is something. */
    int (*remove)(void *arg, const char *id);
    void *arg;
    bool is_local; /**< other workers have others: gust_app_main() allows no more than one */
} gust_session_store;

/** In gust_app_options.sessions. */
typedef struct gust_session_options {
    const gust_session_store *store; /**< NULL: the cookie itself */
    const char *name;                /**< of the cookie; NULL: "session" */
    double max_age;                  /**< seconds since it was saved last; 14 days */
    /** The longest session, its names and values encoded as in a URL; 64 KiB in a store, and what
     * fits 4096 bytes of name and value in a cookie. Beyond it -GUST_ETOOBIG is latched. */
    int64_t max_size;
    /** Attributes of the cookie, but for its dates; NULL: HttpOnly, SameSite=Lax, and Secure over
     * HTTPS. */
    const gust_cookie_options *cookie;
} gust_session_options;

/** A store in the memory of one process, for one worker: for development, and for what may be lost.
 * It keeps `max_sessions` (0: 10,000) and forgets what was not used for the longest. NULL when
 * memory is short. */
GUST_API gust_session_store *gust_session_memory_new(size_t max_sessions);

/** Frees it; NULL is allowed. */
GUST_API void gust_session_memory_free(gust_session_store *store);

#ifdef __cplusplus
}
#endif

#endif
