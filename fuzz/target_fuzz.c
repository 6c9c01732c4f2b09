/*
 * target — what a URL, and a Location in answer to it, lead to is always the same, and nothing that
 * could end a line or make two targets of one
 *
 * The text is lines: a URL, and then Locations, each relative to where the one before it led.
 */
#include "fuzz.h"
#include "http/client_impl.h"

static bool is_plain(gust_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f)
            return false;
    return true;
}

static void check_parts(const struct gu_target *t)
{
    gu_assert(t->port >= 1 && t->port <= 65535);
    gu_assert(t->host[0] != '\0' && strpbrk(t->host, "/?#@[]\\ ") == NULL);
    for (const char *c = t->host; *c != '\0'; c++)
        gu_assert(gu_lower(*c) == *c);
    gu_assert(t->path.len > 0 && t->path.ptr[0] == '/');
    gu_assert(memchr(t->path.ptr, '#', t->path.len) == NULL);
    gu_assert(memchr(t->authority.ptr, '@', t->authority.len) == NULL);
    gu_assert(is_plain(t->path) && is_plain(t->authority) && is_plain(t->url));
    gu_assert((t->user.ptr == NULL) == (t->password.ptr == NULL));
}

/* Its own text is the same target, but for user and password, which are nowhere in it. */
static void check_again(struct gust_arena *a, const struct gu_target *t)
{
    struct gu_target again;

    gu_assert(gu_target_parse(a, t->url, &again) == 0);
    gu_assert(gu_str_eq(again.url, t->url) && gu_str_eq(again.path, t->path));
    gu_assert(gu_str_eq(again.authority, t->authority) && again.user.ptr == NULL);
    gu_assert(gu_target_is_same_origin(&again, t) && gu_target_is_same_origin(t, &again));
}

/* A Location that is the whole URL, or nothing, leads here. */
static void check_join(struct gust_arena *a, const struct gu_target *from,
                       const struct gu_target *to)
{
    struct gu_target joined;

    gu_assert(gu_target_join(a, from, to->url, &joined) == 0);
    gu_assert(gu_str_eq(joined.url, to->url) && joined.is_tls == to->is_tls);
    gu_assert(gu_target_join(a, to, GU_STR(""), &joined) == 0);
    gu_assert(gu_target_is_same_origin(&joined, to));
}

static void check(struct gust_arena *a, gust_str text)
{
    struct gu_target at, next;
    gust_str line;
    int err;

    gu_str_split(&text, '\n', &line);
    if (gu_target_parse(a, line, &at) < 0)
        return;
    check_parts(&at);
    check_again(a, &at);
    while (gu_str_split(&text, '\n', &line)) {
        err = gu_target_join(a, &at, line, &next);
        gu_assert(err == 0 || err == -EINVAL);
        if (err < 0)
            continue;
        check_parts(&next);
        check_again(a, &next);
        check_join(a, &at, &next);
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct gust_arena a = fuzz_arena();

    check(&a, gu_str(bytes, size));
    gu_arena_deinit(&a);
    free(bytes);
    return 0;
}
