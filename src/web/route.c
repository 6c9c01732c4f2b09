/*
 * route — which handler a path belongs to
 *
 * The tables, nested ones too, become one list of rules in the order in which they were written,
 * and the first that matches wins. Literal paths are found by a hash, so that what is tried one by
 * one are the patterns in front of the rule that the hash found, and only those that begin as the
 * path does.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "web/pattern.h"
#include "web/web_impl.h"
#include <stdio.h>

/* Patterns over the host's name: a route's own, and those of the tables that it stands in. */
struct gu_host {
    struct gu_pattern *pattern;
    const struct gu_host *outer;
    struct gu_host *next; /* of all */
};

struct gu_router {
    struct gu_rule *rules;
    uint32_t n_rules, max_rules;
    uint32_t mask;                /* of the hash table */
    const struct gu_rule **table; /* the first literal rule of each hash; NULL */
    uint32_t *patterns;           /* indices of the others */
    uint32_t n_patterns;
    struct gu_matcher *matcher;
    struct gu_host *hosts;
    gust_str default_host; /* .ptr is NULL without one */
    struct gust_arena arena;
};

static inline uint64_t load32(const char *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t load64(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Both ends of a path, which overlap where it is short: of two paths of the same length up to 16,
 * the same ends are the same paths. */
static inline struct gu_path_ends ends_of(gust_str path)
{
    const char *p = path.ptr;
    size_t len = path.len;

    if (gu_likely(len >= 8))
        return (struct gu_path_ends){load64(p), load64(p + len - 8)};
    if (len >= 4)
        return (struct gu_path_ends){load32(p), load32(p + len - 4)};
    if (len > 0)
        return (struct gu_path_ends){(unsigned char)p[0] | (uint64_t)(unsigned char)p[len / 2] << 8,
                                     (unsigned char)p[len - 1]};
    return (struct gu_path_ends){0, 0};
}

/* The table holds what the application wrote, so it needs no secret. */
static inline uint32_t hash_of(struct gu_path_ends ends, size_t len)
{
    uint64_t mixed = ends.first ^ (ends.last << 32 | ends.last >> 32) ^ len;

    return (uint32_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* --- reading the tables --- */

/* A table, and what its routes have from those that it stands in. */
struct table {
    const gust_route *routes;
    const struct table *outer;
    struct gu_path path;
    const struct gu_host *host;
    void *data;
};

static bool is_end(const gust_route *route)
{
    return route->path == NULL && route->host == NULL && route->handler == NULL &&
           route->get == NULL && route->post == NULL && route->routes == NULL &&
           route->delegate == NULL;
}

/* Says what is wrong with a route, where somebody can do something about it. */
static bool refuse(gust_str path, const gust_route *route, const char *why)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "the route \"%.*s\"%s%s%s is wrong: %s",
           (int)path.len, path.len == 0 ? "" : path.ptr, route->name == NULL ? "" : " (",
           route->name == NULL ? "" : route->name, route->name == NULL ? "" : ")", why);
    return false;
}

static bool is_in_circle(const gust_route *route, const struct table *table)
{
    for (; table != NULL; table = table->outer)
        if (route->routes != NULL && route->routes == table->routes)
            return true;
    return false;
}

static const char *check_shape(const gust_route *route, const struct table *table)
{
    int n = (route->handler != NULL) + (route->get != NULL || route->post != NULL) +
            (route->routes != NULL) + (route->delegate != NULL);

    if (n == 0)
        return "it has none of handler, get, post, routes and delegate";
    if (n > 1)
        return "it has more than one of handler, get or post, routes and delegate";
    if (route->path == NULL && route->routes == NULL)
        return "it has no path";
    if (route->name != NULL && route->routes != NULL)
        return "a name belongs to one URL, not to a table";
    if (is_in_circle(route, table))
        return "its table stands in itself";
    return NULL;
}

/* --- making --- */

static struct gu_pattern *compile(gust_str text, bool is_caseless, gust_str path,
                                  const gust_route *route)
{
    struct gu_pattern_error error = {0};
    struct gu_pattern *pattern = gu_pattern_new(text, is_caseless, &error);
    char why[256];

    if (pattern != NULL)
        return pattern;
    gust_ignore(snprintf(why, sizeof why, "%s at offset %zu of \"%.*s\"", error.message,
                         error.offset, (int)gu_min(text.len, 64), text.ptr));
    refuse(path, route, why);
    return NULL;
}

static bool add_host(struct gu_router *router, const gust_route *route, gust_str path,
                     const struct gu_host **host)
{
    struct gu_host *own;

    if (route->host == NULL)
        return true;
    own = gu_arena_alloc(&router->arena, sizeof *own);
    if (own == NULL)
        return refuse(path, route, "memory is short");
    own->pattern = compile(gust_str_from(route->host), true, path, route);
    if (own->pattern == NULL)
        return false;
    own->outer = *host;
    own->next = router->hosts;
    router->hosts = own;
    *host = own;
    return true;
}

static bool add_pattern(struct gu_router *router, struct gu_rule *rule, struct gu_path path,
                        const gust_route *route)
{
    rule->pattern = compile(path.text, false, path.text, route);
    if (rule->pattern == NULL)
        return false;
    rule->n_groups = gu_pattern_n_groups(rule->pattern);
    rule->prefix = gu_path_prefix(&router->arena, path);
    return rule->prefix.ptr != NULL || refuse(path.text, route, "memory is short");
}

static const struct gu_rule *find_name(const struct gu_router *router, gust_str name)
{
    for (uint32_t i = 0; i < router->n_rules; i++)
        if (router->rules[i].name != NULL && gust_str_equal(name, router->rules[i].name))
            return &router->rules[i];
    return NULL;
}

static bool add_name(struct gu_router *router, struct gu_rule *rule, struct gu_path path,
                     const gust_route *route)
{
    int err;

    if (find_name(router, gust_str_from(route->name)) != NULL)
        return refuse(path.text, route, "its name is another route's already");
    rule->name = route->name;
    err = gu_path_reverse(&router->arena, path, &rule->reverse);
    if (err == -ENOMEM)
        return refuse(path.text, route, "memory is short");
    if (err < 0 || rule->reverse.n_groups != rule->n_groups)
        return refuse(path.text, route, "it has a name, and is too complicated to be reversed");
    return true;
}

static const char *set_target(struct gu_rule *rule, const gust_route *route)
{
    gust_handler own = {.get = route->get, .post = route->post};
    const char *why = NULL;

    rule->delegate = route->delegate;
    if (route->delegate == NULL)
        why = gu_handler_init(&rule->handler, route->handler != NULL ? route->handler : &own);
    rule->handler.name = rule->handler.fns.name != NULL ? rule->handler.fns.name : rule->path.ptr;
    return why;
}

static struct gu_rule *push_rule(struct gu_router *router)
{
    uint32_t max = router->max_rules == 0 ? 8 : router->max_rules * 2;
    struct gu_rule *rules = router->rules;

    if (router->n_rules == router->max_rules) {
        rules = gu_realloc(rules, max * sizeof *rules);
        if (rules == NULL)
            return NULL;
        router->rules = rules;
        router->max_rules = max;
    }
    return &rules[router->n_rules++];
}

static bool add_rule(struct gu_router *router, const gust_route *route, const struct table *at)
{
    struct gu_rule *rule = push_rule(router);
    const char *why;

    if (rule == NULL)
        return refuse(at->path.text, route, "memory is short");
    *rule = (struct gu_rule){.path = at->path.text, .host = at->host, .data = at->data};
    why = set_target(rule, route);
    if (why != NULL)
        return refuse(at->path.text, route, why);
    if (at->path.is_pattern && !add_pattern(router, rule, at->path, route))
        return false;
    return route->name == NULL || add_name(router, rule, at->path, route);
}

static bool add_table(struct gu_router *router, const struct table *table);

static bool add_route(struct gu_router *router, const gust_route *route, const struct table *table)
{
    struct table at = {
        .routes = route->routes,
        .outer = table,
        .path = gu_path_join(&router->arena, table->path, gu_path_of(route->path)),
        .host = table->host,
        .data = route->data != NULL ? (void *)(uintptr_t)route->data : table->data,
    };
    const char *why = check_shape(route, table);

    if (at.path.text.ptr == NULL)
        why = "memory is short";
    if (why != NULL)
        return refuse(gust_str_from(route->path), route, why);
    if (!add_host(router, route, at.path.text, &at.host))
        return false;
    return route->routes != NULL ? add_table(router, &at) : add_rule(router, route, &at);
}

static bool add_table(struct gu_router *router, const struct table *table)
{
    for (const gust_route *route = table->routes; !is_end(route); route++)
        if (!add_route(router, route, table))
            return false;
    return true;
}

/* The literal rules by their hash, the others in a list; both keep the order of the tables. */
static bool index_rules(struct gu_router *router)
{
    uint32_t size = 8, n_groups = 0;

    while (size < router->n_rules * 2)
        size *= 2;
    router->mask = size - 1;
    router->table = gu_alloc0(size * sizeof *router->table);
    router->patterns = gu_alloc0((router->n_rules + 1) * sizeof *router->patterns);
    if (router->table == NULL || router->patterns == NULL)
        return false;
    for (uint32_t i = router->n_rules; i-- > 0;) {
        struct gu_rule *rule = &router->rules[i];
        const struct gu_rule **slot;

        rule->ends = ends_of(rule->path);
        slot = &router->table[hash_of(rule->ends, rule->path.len) & router->mask];

        if (rule->pattern != NULL)
            continue;
        rule->next_literal = *slot;
        *slot = rule;
    }
    for (uint32_t i = 0; i < router->n_rules; i++) {
        if (router->rules[i].pattern == NULL)
            continue;
        router->patterns[router->n_patterns++] = i;
        n_groups = router->rules[i].n_groups > n_groups ? router->rules[i].n_groups : n_groups;
    }
    if (router->n_patterns > 0 || router->hosts != NULL)
        router->matcher = gu_matcher_new(n_groups);
    return router->matcher != NULL || (router->n_patterns == 0 && router->hosts == NULL);
}

struct gu_router *gu_router_new(const gust_route *routes, const char *default_host)
{
    struct gu_router *router = gu_alloc0(sizeof *router);
    bool is_good;

    if (router == NULL)
        return NULL;
    gu_arena_init(&router->arena, NULL, NULL, 0, SIZE_MAX);
    if (default_host != NULL)
        router->default_host = gust_str_from(default_host);
    is_good = routes == NULL ||
              add_table(router, &(struct table){.routes = routes, .path = gu_path_of("")});
    is_good = is_good && index_rules(router);
    if (is_good)
        return router;
    gu_router_free(router);
    return NULL;
}

void gu_router_free(struct gu_router *router)
{
    if (router == NULL)
        return;
    for (uint32_t i = 0; i < router->n_rules; i++)
        gu_pattern_free(router->rules[i].pattern);
    for (struct gu_host *host = router->hosts; host != NULL; host = host->next)
        gu_pattern_free(host->pattern);
    gu_matcher_free(router->matcher);
    gu_free(router->rules);
    gu_free(router->table);
    gu_free(router->patterns);
    gu_arena_deinit(&router->arena);
    gu_free(router);
}

const struct gu_rule *gu_router_named(const struct gu_router *router, const char *name)
{
    return find_name(router, gust_str_from(name));
}

/* --- finding --- */

/* A pass over the rules. */
struct search {
    const struct gu_router *router;
    gust_str path, host;
    bool is_hosted;               /* only rules that ask for a host count */
    const struct gu_rule *failed; /* its pattern gave up */
};

/* The host without its port; an IPv6 address keeps its brackets. */
static gust_str host_name(gust_str host)
{
    size_t at = host.len;

    while (at > 0 && host.ptr[at - 1] >= '0' && host.ptr[at - 1] <= '9')
        at--;
    return at > 1 && host.ptr[at - 1] == ':' ? gu_str_sub(host, 0, at - 1) : host;
}

/* Whether a pattern matches; one that gives up ends the search. */
static bool matches(struct search *s, const struct gu_rule *rule, const struct gu_pattern *pattern,
                    gust_str text)
{
    int found = gu_pattern_match(pattern, s->router->matcher, text);

    if (gu_unlikely(found < 0))
        s->failed = rule;
    return found > 0;
}

static bool host_matches(struct search *s, const struct gu_rule *rule)
{
    if (gu_likely(rule->host == NULL))
        return !s->is_hosted;
    for (const struct gu_host *host = rule->host; host != NULL; host = host->outer)
        if (!matches(s, rule, host->pattern, s->host))
            return false;
    return true;
}

/* The rule from `rule` on in its list whose path has those ends, which are all of a short one. */
static inline const struct gu_rule *ends_from(const struct gu_rule *rule, size_t len,
                                              struct gu_path_ends ends)
{
    while (rule != NULL && (rule->path.len != len || rule->ends.first != ends.first ||
                            rule->ends.last != ends.last))
        rule = rule->next_literal;
    return rule;
}

static gu_noinline const struct gu_rule *long_from(const struct gu_rule *rule, gust_str path,
                                                   struct gu_path_ends ends)
{
    while (rule != NULL && !gu_str_eq(rule->path, path))
        rule = ends_from(rule->next_literal, path.len, ends);
    return rule;
}

/* The literal rule of that path from `rule` on in its list; NULL without one. */
static inline const struct gu_rule *literal_from(const struct gu_rule *rule, gust_str path,
                                                 struct gu_path_ends ends)
{
    rule = ends_from(rule, path.len, ends);
    return gu_likely(path.len <= 16) ? rule : long_from(rule, path, ends);
}

static inline const struct gu_rule *first_literal(const struct gu_router *router, gust_str path)
{
    struct gu_path_ends ends = ends_of(path);

    return literal_from(router->table[hash_of(ends, path.len) & router->mask], path, ends);
}

/* The index of the first literal rule, n_rules without one. */
static uint32_t find_literal(struct search *s)
{
    const struct gu_router *router = s->router;
    const struct gu_rule *rule = first_literal(router, s->path);

    while (rule != NULL && !host_matches(s, rule))
        rule = literal_from(rule->next_literal, s->path, ends_of(s->path));
    return rule != NULL ? (uint32_t)(rule - router->rules) : router->n_rules;
}

/* The index of the first pattern in front of `end`, or `end`. The groups of its match are the
 * matcher's last. */
static uint32_t find_pattern(struct search *s, uint32_t end)
{
    const struct gu_router *router = s->router;

    for (uint32_t k = 0; k < router->n_patterns && router->patterns[k] < end; k++) {
        const struct gu_rule *rule = &router->rules[router->patterns[k]];

        if (s->path.len < rule->prefix.len ||
            memcmp(s->path.ptr, rule->prefix.ptr, rule->prefix.len) != 0)
            continue;
        if (host_matches(s, rule) && matches(s, rule, rule->pattern, s->path))
            return router->patterns[k];
        if (gu_unlikely(s->failed != NULL))
            break;
    }
    return end;
}

static const struct gu_rule *search(struct search *s)
{
    uint32_t found = find_literal(s);

    if (gu_unlikely(s->router->n_patterns > 0))
        found = find_pattern(s, found);
    return gu_unlikely(s->failed != NULL) || found == s->router->n_rules ? NULL
                                                                         : &s->router->rules[found];
}

static int gave_up(const struct search *s, const gust_request *r)
{
    GU_LOG_ONCE_PER(60, r->x->started, GUST_LOG_ERROR, GU_LOG_APPLICATION,
                    "500 %s: matching the route \"%.*s\" took too many steps: its pattern "
                    "backtracks",
                    r->x->method_name.ptr, (int)s->failed->path.len, s->failed->path.ptr);
    return 500;
}

/* Tornado's DefaultHostMatches: for hosts that nothing else is for, unless a proxy stands in front,
 * which knows the host. */
static const struct gu_rule *search_default(struct search *s, const gust_request *r)
{
    if (s->failed != NULL || s->router->default_host.ptr == NULL ||
        r->x->first[GU_FIELD_X_REAL_IP] != 0)
        return NULL;
    s->host = s->router->default_host;
    s->is_hosted = true;
    return search(s);
}

/* With patterns, of paths or of hosts. */
static gu_noinline int find_by_pattern(const struct gu_router *router, gust_request *r)
{
    struct search s = {.router = router, .path = r->x->path};

    if (gu_unlikely(router->hosts != NULL))
        s.host = host_name(r->x->host);
    r->rule = search(&s);
    if (gu_unlikely(r->rule == NULL))
        r->rule = search_default(&s, r);
    if (gu_unlikely(s.failed != NULL))
        return gave_up(&s, r);
    if (gu_likely(r->rule == NULL || r->rule->n_groups == 0))
        return 0;
    return gu_path_args_take(r, router->matcher);
}

int gu_router_find(const struct gu_router *router, gust_request *r)
{
    if (router->matcher != NULL)
        return find_by_pattern(router, r);
    r->rule = first_literal(router, r->x->path);
    return 0;
}
