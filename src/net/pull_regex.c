/*
 * pull — reading up to a match
 *
 * The pattern is compiled for each read, which takes some microseconds, and matched by PCRE2's JIT.
 * Both run on the loop's stack, since they need more than a task has. Where nothing matched, what
 * follows is tried together with it from the front, as in Tornado: a match may begin anywhere in
 * it. The maximum of the read and the match limits bound what that costs.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/loopstack.h"
#include "net/pull_impl.h"
#include <pcre2.h>

#define MATCH_LIMIT 1000000u
#define DEPTH_LIMIT 10000u

struct regex {
    const char *pattern;
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    gust_str have;
    int result;
};

static int compile(void *arg)
{
    struct regex *r = arg;
    PCRE2_SIZE at;
    int err;

    r->code = pcre2_compile((PCRE2_SPTR)r->pattern, PCRE2_ZERO_TERMINATED, 0, &err, &at, NULL);
    if (r->code == NULL)
        return err == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : -EINVAL;
    pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* without it, matching is slower */
    r->data = pcre2_match_data_create(1, NULL);
    r->context = pcre2_match_context_create(NULL);
    if (r->data == NULL || r->context == NULL)
        return -ENOMEM;
    pcre2_set_match_limit(r->context, MATCH_LIMIT);
    pcre2_set_depth_limit(r->context, DEPTH_LIMIT);
    return 0;
}

static int match(void *arg)
{
    struct regex *r = arg;

    r->result =
        pcre2_match(r->code, (PCRE2_SPTR)r->have.ptr, r->have.len, 0, 0, r->data, r->context);
    return 0;
}

static void regex_free(struct regex *r)
{
    pcre2_match_context_free(r->context);
    pcre2_match_data_free(r->data);
    pcre2_code_free(r->code);
}

static int find_regex(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    struct regex *r = m->regex;

    if (have.len == seen)
        return 0;
    r->have = have;
    gu_on_loop_stack(match, r);
    if (r->result >= 0)
        *found = pcre2_get_ovector_pointer(r->data)[1];
    if (r->result >= 0 || r->result == PCRE2_ERROR_NOMATCH)
        return 0;
    return r->result == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -GUST_ETOOBIG;
}

int gust_read_until_regex(gust_stream *stream, const char *pattern, size_t max, gust_str *lent)
{
    struct regex r = {.pattern = pattern};
    struct gu_matcher m = {.find = find_regex, .regex = &r, .count = 1};
    int err = gu_on_loop_stack(compile, &r);

    if (err == 0)
        err = gu_pull_read(stream, &m, max, lent, "gust_read_until_regex");
    regex_free(&r);
    return err;
}
