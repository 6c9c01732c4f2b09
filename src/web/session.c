/*
 * session — read when it is first asked for, saved when the head leaves
 *
 * Wherever it is kept, a session is one text: the time at which it was saved, "?", and its names
 * and values as a query.
 */
#include "base/crypto.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "codec/base64.h"
#include "codec/query.h"
#include "codec/sealed.h"
#include "web/web_impl.h"
#include <gust/session.h>
#include <inttypes.h>

#define MAX_AGE (14 * 86400.0)
#define STORED_MAX ((size_t)64 * 1024)
#define COOKIE_MAX ((size_t)4096) /* of name and value, in every browser */
#define ID_BYTES ((size_t)24)
#define ID_LEN ((size_t)32)                 /* of these, in base64url */
#define KEY_LEN ((size_t)2 * GU_SHA256_LEN) /* what a store is asked by */

struct gu_session {
    struct gu_pairs items;
    size_t cap;
    const char *id;     /* that the client has; NULL: none yet, or to be changed */
    const char *old_id; /* that it had, and that is to be forgotten */
    bool has_cookie;    /* the client sent something */
    bool is_changed;
};

/* --- options --- */

static const gust_session_options *options_of(const gust_request *r)
{
    static const gust_session_options none;

    return r->app->options.sessions == NULL ? &none : r->app->options.sessions;
}

static const char *cookie_name(const gust_session_options *o)
{
    return o->name == NULL ? "session" : o->name;
}

static double max_age(const gust_session_options *o)
{
    return o->max_age == 0 ? MAX_AGE : o->max_age;
}

/* --- its id --- */

/* What a store is asked by: nobody who reads it there can send it as a cookie. */
static int key_of(const char *id, char key[KEY_LEN + 1])
{
    unsigned char mac[GU_SHA256_LEN];
    int err = gu_hmac_sha256(GU_STR("gust session"), gust_str_from(id), mac);

    if (err == 0)
        key[gu_hex(key, mac, sizeof mac)] = '\0';
    return err;
}

static const char *new_id(struct gust_arena *arena)
{
    char bytes[ID_BYTES], text[ID_LEN];

    gu_random(bytes, sizeof bytes);
    gu_base64url_encode(text, gu_str(bytes, sizeof bytes));
    return gu_arena_copy(arena, text, sizeof text).ptr;
}

static bool is_id(gust_str text)
{
    char bytes[ID_LEN];

    return text.len == ID_LEN && gu_base64url_decode(bytes, text) != NULL;
}

/* --- reading --- */

/* The text that a client's cookie stands for. 1, 0 for none, or a negative error. */
static int fetch(gust_request *r, struct gu_session *s, const char *cookie, gust_str *text)
{
    const gust_session_options *o = options_of(r);
    char key[KEY_LEN + 1];
    int err;

    if (o->store == NULL) {
        err = gu_sealed_read(&r->x->arena, r->app->secrets, gust_str_from(cookie_name(o)),
                             gust_str_from(cookie), text);
        return err == -EBADMSG ? 0 : err < 0 ? err : 1;
    }
    if (!is_id(gust_str_from(cookie)))
        return 0;
    err = key_of(cookie, key);
    if (err == 0)
        err = o->store->load(o->store->arg, key, text);
    if (err == 0)
        s->id = cookie;
    return err == -ENOENT ? 0 : err < 0 ? err : 1;
}

/* What is too old is none; what is half as old is saved anew. */
static int parse(gust_request *r, struct gu_session *s, gust_str text)
{
    double oldest = max_age(options_of(r)), age;
    gust_str saved;
    uint64_t time;

    if (!gu_str_split(&text, '?', &saved) || text.ptr == NULL || !gu_str_to_u64(saved, &time))
        return 0;
    age = (double)gu_wall_clock() - (double)time;
    if (oldest >= 0 && age > oldest)
        return 0;
    s->is_changed = oldest >= 0 && age > oldest / 2;
    return gu_query_parse(&r->x->arena, text, SIZE_MAX, &s->items);
}

static int read_session(gust_request *r, struct gu_session *s)
{
    const gust_session_options *o = options_of(r);
    const char *cookie = gust_get_cookie(r, cookie_name(o));
    gust_str text;
    int err;

    if (o->store == NULL && gu_request_secrets(r, "gust_session") == NULL)
        return -EINVAL;
    if (cookie == NULL)
        return 0;
    s->has_cookie = true;
    err = fetch(r, s, cookie, &text);
    if (err == 1)
        err = parse(r, s, text);
    s->cap = s->items.len;
    return err;
}

/* NULL, and the error latched, when it cannot be read. */
static struct gu_session *session_of(gust_request *r)
{
    struct gu_input *input = gu_request_input(r);
    struct gu_session *s;
    int err = -ENOMEM;

    if (input != NULL && input->session != NULL)
        return input->session;
    s = input == NULL ? NULL : gu_arena_alloc(&r->x->arena, sizeof *s);
    if (s != NULL) {
        *s = (struct gu_session){0};
        err = read_session(r, s);
    }
    if (err < 0) {
        gu_response_latch(r, err);
        return NULL;
    }
    input->session = s;
    if (s->is_changed)
        r->flags |= GU_R_NEW_COOKIES;
    return s;
}

const char *gust_session_get(gust_request *r, const char *name)
{
    const struct gu_session *s = session_of(r);
    const gust_str *value = s == NULL ? NULL : gu_pairs_find_last(&s->items, gust_str_from(name));

    return value == NULL ? NULL : value->ptr;
}

/* --- changing --- */

/* The session, if it can still be changed. */
static struct gu_session *change(gust_request *r)
{
    struct gu_session *s = gu_response_may_set_head(r) ? session_of(r) : NULL;

    if (s != NULL) {
        s->is_changed = true;
        r->flags |= GU_R_NEW_COOKIES; /* so that the end of the response looks here */
    }
    return s;
}

static bool has_room(struct gust_arena *arena, struct gu_session *s)
{
    size_t cap = s->cap < 4 ? 4 : 2 * s->cap;
    struct gu_pair *items;

    if (s->items.len < s->cap)
        return true;
    items = gu_arena_alloc(arena, cap * sizeof *items);
    if (items == NULL)
        return false;
    if (s->items.len > 0)
        memcpy(items, s->items.items, s->items.len * sizeof *items);
    s->items.items = items;
    s->cap = cap;
    return true;
}

static void remove_item(struct gu_session *s, gust_str name)
{
    size_t n = 0;

    for (size_t i = 0; i < s->items.len; i++)
        if (!gu_str_eq(s->items.items[i].name, name))
            s->items.items[n++] = s->items.items[i];
    s->items.len = n;
}

static void add_item(gust_request *r, struct gu_session *s, gust_str name, gust_str value)
{
    struct gust_arena *arena = &r->x->arena;
    struct gu_pair item = {gu_arena_copy(arena, name.ptr, name.len),
                           gu_arena_copy(arena, value.ptr, value.len)};

    if (item.name.ptr == NULL || item.value.ptr == NULL || !has_room(arena, s))
        gu_response_latch(r, -ENOMEM);
    else
        s->items.items[s->items.len++] = item;
}

void gust_session_set(gust_request *r, const char *name, const char *value)
{
    struct gu_session *s = change(r);

    if (s == NULL)
        return;
    remove_item(s, gust_str_from(name));
    if (value != NULL)
        add_item(r, s, gust_str_from(name), gust_str_from(value));
}

void gust_session_renew(gust_request *r)
{
    struct gu_session *s = change(r);

    if (s == NULL || s->id == NULL)
        return;
    if (s->old_id == NULL)
        s->old_id = s->id;
    s->id = NULL;
}

void gust_session_clear(gust_request *r)
{
    struct gu_session *s = change(r);

    if (s != NULL)
        s->items.len = 0;
}

/* --- saving --- */

static int format(gust_request *r, const struct gu_session *s, gust_str *text)
{
    struct gu_buf b;

    gu_buf_init(&b, &r->x->arena, SIZE_MAX - 1);
    gu_buf_u64(&b, (uint64_t)gu_wall_clock());
    gu_buf_putc(&b, '?');
    gu_query_put(&b, &s->items, '\0');
    return gu_buf_finish(&b, text);
}

static int check_size(const gust_request *r, gust_str text)
{
    const gust_session_options *o = options_of(r);
    size_t len = gu_sealed_len(text.len) + strlen(cookie_name(o));
    size_t max = gu_option_size(o->max_size, o->store == NULL ? COOKIE_MAX : STORED_MAX);

    text.len -= gu_str_find(text, GU_STR("?"), 0) + 1;
    if (text.len <= max && (o->store != NULL || len <= COOKIE_MAX))
        return 0;
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION,
           o->store == NULL
               ? "%s %s: a session of %zu bytes does not fit a cookie of 4096 bytes, or "
                 "gust_session_options.max_size: keep it in a store"
               : "%s %s: a session of %zu bytes is larger than "
                 "gust_session_options.max_size",
           r->x->method_name.ptr, r->x->path.ptr, text.len);
    return -GUST_ETOOBIG;
}

static void put_cookie(gust_request *r, const char *value)
{
    const gust_session_options *o = options_of(r);
    gust_cookie_options usual = {.http_only = true, .same_site = "Lax"};
    double age = max_age(o);

    usual.secure = gust_str_equal(gust_str_from(gust_protocol(r)), "https");
    gu_cookie_put(r, cookie_name(o), value, o->cookie == NULL ? &usual : o->cookie,
                  age < 0 ? (double)INT32_MAX : age / 86400);
}

static int save_in_cookie(gust_request *r, gust_str text)
{
    unsigned char random[GU_SEALED_RANDOM];
    gust_str sealed;
    int err;

    gu_random(random, sizeof random);
    err = gu_sealed_make(&r->x->arena, r->app->secrets, gust_str_from(cookie_name(options_of(r))),
                         text, random, &sealed);
    if (err == 0)
        put_cookie(r, sealed.ptr);
    return err;
}

static int save_in_store(gust_request *r, struct gu_session *s, gust_str text)
{
    const gust_session_options *o = options_of(r);
    char key[KEY_LEN + 1];
    int err;

    if (s->id == NULL)
        s->id = new_id(&r->x->arena);
    err = s->id == NULL ? -ENOMEM : key_of(s->id, key);
    if (err == 0)
        err = o->store->save(o->store->arg, key, text, max_age(o) < 0 ? 1e9 : max_age(o));
    if (err == 0)
        put_cookie(r, s->id);
    return err;
}

static int forget(const gust_session_options *o, const char *id)
{
    char key[KEY_LEN + 1];
    int err;

    if (o->store == NULL || id == NULL)
        return 0;
    err = key_of(id, key);
    return err < 0 ? err : o->store->remove(o->store->arg, key);
}

/* One with nothing in it is none. */
static int end_session(gust_request *r, struct gu_session *s)
{
    const gust_session_options *o = options_of(r);
    int err = forget(o, s->id);

    s->id = NULL;
    if (err == 0 && s->has_cookie)
        gust_clear_cookie(r, cookie_name(o), o->cookie);
    return err;
}

static int save(gust_request *r, struct gu_session *s)
{
    gust_str text;
    int err = forget(options_of(r), s->old_id);

    s->old_id = NULL;
    if (err < 0)
        return err;
    if (s->items.len == 0)
        return end_session(r, s);
    err = format(r, s, &text);
    if (err == 0)
        err = check_size(r, text);
    if (err < 0)
        return err;
    return options_of(r)->store == NULL ? save_in_cookie(r, text) : save_in_store(r, s, text);
}

int gu_session_save(gust_request *r)
{
    struct gu_session *s = r->input->session;

    if (!s->is_changed)
        return 0;
    s->is_changed = false; /* what fails is not tried again for the error's page */
    return save(r, s);
}
