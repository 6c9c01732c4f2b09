/*
 * route — which handler a path belongs to
 *
 * Literal paths are found by a hash; the rule that comes first in the tables wins, whichever kind
 * it is.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "web/web_impl.h"

struct gu_router {
    struct gu_rule *rules;
    uint32_t n_rules;
    uint32_t mask;   /* of the hash table */
    uint32_t *table; /* index + 1 of the first literal rule */
};

static uint32_t hash_of(gust_str path)
{
    uint64_t h = path.len;
    size_t i = 0;

    for (; i + 8 <= path.len; i += 8) {
        uint64_t word;

        memcpy(&word, path.ptr + i, 8);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    for (; i < path.len; i++)
        h = (h ^ (unsigned char)path.ptr[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h ^ (h >> 32));
}

/* --- making --- */

static unsigned method_bits(const gust_handler *h)
{
    const struct {
        gust_handler_fn *fn;
        enum gu_method method;
    } verbs[] = {{h->get, GU_METHOD_GET},        {h->head, GU_METHOD_HEAD},
                 {h->post, GU_METHOD_POST},      {h->put, GU_METHOD_PUT},
                 {h->patch, GU_METHOD_PATCH},    {h->del, GU_METHOD_DELETE},
                 {h->options, GU_METHOD_OPTIONS}};
    unsigned bits = 1u << GU_METHOD_OPTIONS; /* answered in any case */

    for (size_t i = 0; i < gu_countof(verbs); i++)
        if (verbs[i].fn != NULL)
            bits |= 1u << verbs[i].method;
    if (h->get != NULL)
        bits |= 1u << GU_METHOD_HEAD;
    return bits;
}

static void rule_init(struct gu_rule *rule, const gust_route *route)
{
    *rule = (struct gu_rule){
        .path = gust_str_from(route->path), .name = route->name, .data = route->data};
    if (route->handler != NULL)
        rule->handler.fns = *route->handler;
    else
        rule->handler.fns = (gust_handler){.get = route->get, .post = route->post};
    if (rule->handler.fns.name == NULL)
        rule->handler.fns.name = route->path;
    rule->handler.methods = method_bits(&rule->handler.fns);
}

static bool table_make(struct gu_router *router)
{
    uint32_t size = 8;

    while (size < router->n_rules * 2)
        size *= 2;
    router->mask = size - 1;
    router->table = gu_alloc0(size * sizeof *router->table);
    if (router->table == NULL)
        return false;
    for (uint32_t i = router->n_rules; i-- > 0;) {
        uint32_t *slot = &router->table[hash_of(router->rules[i].path) & router->mask];

        router->rules[i].next_literal = *slot;
        *slot = i + 1;
    }
    return true;
}

struct gu_router *gu_router_new(const gust_route *routes)
{
    struct gu_router *router = gu_alloc0(sizeof *router);
    uint32_t n = 0;

    if (router == NULL)
        return NULL;
    while (routes[n].path != NULL)
        n++;
    router->rules = gu_alloc0((n + 1) * sizeof *router->rules);
    router->n_rules = n;
    if (router->rules == NULL) {
        gu_router_free(router);
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++)
        rule_init(&router->rules[i], &routes[i]);
    if (!table_make(router)) {
        gu_router_free(router);
        return NULL;
    }
    return router;
}

void gu_router_free(struct gu_router *router)
{
    if (router == NULL)
        return;
    gu_free(router->rules);
    gu_free(router->table);
    gu_free(router);
}

/* --- finding --- */

const struct gu_rule *gu_router_find(const struct gu_router *router, gust_request *r, int *err)
{
    gust_str path = r->x->path;

    (void)err;
    for (uint32_t i = router->table[hash_of(path) & router->mask]; i != 0;
         i = router->rules[i - 1].next_literal)
        if (gu_str_eq(router->rules[i - 1].path, path))
            return &router->rules[i - 1];
    return NULL;
}
