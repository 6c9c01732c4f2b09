/*
 * handler — what a handler inherits, worked out once
 */
#include "web/web_impl.h"

#define MAX_BASES 32 /* a chain that is longer runs in a circle */

/* The other member of the pair is taken where one's own is not set. */
#define INHERIT(h, from, member) ((h)->member = (h)->member != 0 ? (h)->member : (from)->member)

static void inherit(gust_handler *h, const gust_handler *from)
{
    h->flags |= from->flags & ~h->clear_flags;
    h->clear_flags |= from->clear_flags; /* so that they hold for what is further up */
    INHERIT(h, from, state_size);
    INHERIT(h, from, max_body_size);
    INHERIT(h, from, timeout);
    INHERIT(h, from, set_default_headers);
    INHERIT(h, from, prepare);
    INHERIT(h, from, get);
    INHERIT(h, from, head);
    INHERIT(h, from, post);
    INHERIT(h, from, put);
    INHERIT(h, from, patch);
    INHERIT(h, from, del);
    INHERIT(h, from, options);
    INHERIT(h, from, any);
    INHERIT(h, from, data_received);
    INHERIT(h, from, get_current_user);
    INHERIT(h, from, on_finish);
    INHERIT(h, from, on_close);
    INHERIT(h, from, write_error);
    INHERIT(h, from, get_template_namespace);
}

/* HEAD runs what GET does where there is nothing else for it. */
static void set_verbs(struct gu_handler *handler)
{
    const gust_handler *h = &handler->fns;
    gust_handler_fn *const own[GU_N_METHODS] = {
        [GU_METHOD_GET] = h->get,         [GU_METHOD_HEAD] = h->head != NULL ? h->head : h->get,
        [GU_METHOD_POST] = h->post,       [GU_METHOD_PUT] = h->put,
        [GU_METHOD_PATCH] = h->patch,     [GU_METHOD_DELETE] = h->del,
        [GU_METHOD_OPTIONS] = h->options,
    };

    for (size_t i = 0; i < GU_N_METHODS; i++)
        handler->verbs[i] = own[i] != NULL ? own[i] : h->any;
}

static unsigned methods_of(const struct gu_handler *handler)
{
    static const uint8_t listed[] = {GU_METHOD_GET, GU_METHOD_HEAD,  GU_METHOD_POST,
                                     GU_METHOD_PUT, GU_METHOD_PATCH, GU_METHOD_DELETE};
    unsigned bits = 1u << GU_METHOD_OPTIONS; /* answered in any case */

    for (size_t i = 0; i < gu_countof(listed); i++)
        if (handler->verbs[listed[i]] != NULL)
            bits |= 1u << listed[i];
    return bits;
}

static const char *check(const gust_handler *h)
{
    if ((h->flags & GUST_STREAM_BODY) != 0 && h->data_received != NULL)
        return "its handler has GUST_STREAM_BODY and data_received: the body is pulled or pushed";
    if (h->get == NULL && h->head == NULL && h->post == NULL && h->put == NULL &&
        h->patch == NULL && h->del == NULL && h->options == NULL && h->any == NULL &&
        h->prepare == NULL)
        return "its handler has no function for any method";
    return NULL;
}

const char *gu_handler_init(struct gu_handler *handler, const gust_handler *given)
{
    gust_handler *h = &handler->fns;
    int n = 0;

    *h = *given;
    for (const gust_handler *base = given->base; base != NULL; base = base->base) {
        if (++n > MAX_BASES)
            return "its handler's bases run in a circle";
        if (h->state_size != 0 && h->state_size < base->state_size)
            return "its handler's state_size is less than its base's";
        inherit(h, base);
    }
    set_verbs(handler);
    handler->methods = methods_of(handler);
    handler->timeout = h->timeout == 0 ? GU_FOREVER : gu_time_from_seconds(h->timeout);
    handler->has_setup = h->state_size != 0 || h->max_body_size != 0 ||
                         handler->timeout != GU_FOREVER || (h->flags & GUST_CANCEL_ON_DRAIN) != 0;
    handler->is_straight = !handler->has_setup && h->set_default_headers == NULL &&
                           h->prepare == NULL && h->on_finish == NULL &&
                           (h->flags & GUST_AUTHENTICATED) == 0;
    return check(h);
}
