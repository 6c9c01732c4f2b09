/*
 * pattern — a regular expression over a whole text (PCRE2)
 *
 * Compiling recurses, and so does matching where there is no machine code (a kernel that forbids
 * making it): both are then leaf calls on the loop's stack. Machine code has a stack of its own.
 */
#include "web/pattern.h"
#include "base/alloc.h"
#include "base/loopstack.h"
#include "base/str.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A route's pattern takes a few hundred steps; a hundred thousand are a few milliseconds. */
#define MAX_STEPS 100000u
#define MAX_HEAP_KIB 1024u
#define JIT_STACK_FIRST ((size_t)32 * 1024)
#define JIT_STACK_MOST ((size_t)512 * 1024)

struct gu_pattern {
    pcre2_code *code;
    bool is_jit;
};

struct gu_matcher {
    const struct gu_pattern *pattern; /* of the match in hand, and of the last one */
    gust_str text;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

/* --- memory --- */

static void *allocate(size_t size, void *arg)
{
    (void)arg;
    return gu_alloc(size);
}

static void release(void *memory, void *arg)
{
    (void)arg;
    gu_free(memory);
}

static pcre2_general_context *memory_new(void)
{
    return pcre2_general_context_create(allocate, release, NULL);
}

/* --- compiling --- */

struct compiling {
    gust_str text;
    uint32_t options;
    pcre2_compile_context *context;
    struct gu_pattern *pattern;
    int error;
    PCRE2_SIZE offset;
};

static int compile_leaf(void *arg)
{
    struct compiling *c = arg;

    c->pattern->code = pcre2_compile((PCRE2_SPTR)c->text.ptr, c->text.len, c->options, &c->error,
                                     &c->offset, c->context);
    if (c->pattern->code != NULL)
        c->pattern->is_jit = pcre2_jit_compile(c->pattern->code, PCRE2_JIT_COMPLETE) == 0;
    return 0;
}

static void compile(struct compiling *c)
{
    pcre2_general_context *memory = memory_new();

    c->error = PCRE2_ERROR_NOMEMORY;
    if (memory == NULL)
        return;
    c->context = pcre2_compile_context_create(memory);
    if (c->context != NULL)
        (void)gu_on_loop_stack(compile_leaf, c);
    pcre2_compile_context_free(c->context);
    pcre2_general_context_free(memory);
}

struct gu_pattern *gu_pattern_new(gust_str text, bool is_caseless, struct gu_pattern_error *error)
{
    struct compiling c = {
        .text = text,
        .options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
                   PCRE2_NEVER_BACKSLASH_C | (is_caseless ? PCRE2_CASELESS : 0),
        .pattern = gu_alloc0(sizeof *c.pattern),
    };

    if (c.pattern != NULL)
        compile(&c);
    if (c.pattern != NULL && c.pattern->code != NULL)
        return c.pattern;
    gu_free(c.pattern);
    error->offset = c.offset;
    pcre2_get_error_message(c.pattern == NULL ? PCRE2_ERROR_NOMEMORY : c.error,
                            (PCRE2_UCHAR *)error->message, sizeof error->message);
    return NULL;
}

void gu_pattern_free(struct gu_pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_code_free(pattern->code);
    gu_free(pattern);
}

unsigned gu_pattern_n_groups(const struct gu_pattern *pattern)
{
    uint32_t n = 0;

    pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &n);
    return n;
}

int gu_pattern_group(const struct gu_pattern *pattern, const char *name)
{
    int number = pcre2_substring_number_from_name(pattern->code, (PCRE2_SPTR)name);

    return number > 0 ? number - 1 : -1;
}

/* --- matching --- */

struct gu_matcher *gu_matcher_new(unsigned n_groups)
{
    struct gu_matcher *matcher = gu_alloc0(sizeof *matcher);
    pcre2_general_context *memory = memory_new();

    if (matcher != NULL && memory != NULL) {
        matcher->data = pcre2_match_data_create(n_groups + 1, memory);
        matcher->context = pcre2_match_context_create(memory);
        matcher->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MOST, memory);
    }
    pcre2_general_context_free(memory);
    if (matcher == NULL || matcher->data == NULL || matcher->context == NULL) {
        gu_matcher_free(matcher);
        return NULL;
    }
    pcre2_set_match_limit(matcher->context, MAX_STEPS);
    pcre2_set_heap_limit(matcher->context, MAX_HEAP_KIB);
    pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    return matcher;
}

void gu_matcher_free(struct gu_matcher *matcher)
{
    if (matcher == NULL)
        return;
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
    pcre2_jit_stack_free(matcher->stack);
    gu_free(matcher);
}

static int interpret_leaf(void *arg)
{
    struct gu_matcher *m = arg;

    return pcre2_match(m->pattern->code, (PCRE2_SPTR)m->text.ptr, m->text.len, 0, 0, m->data,
                       m->context);
}

int gu_pattern_match(const struct gu_pattern *pattern, struct gu_matcher *m, gust_str text)
{
    int n;

    m->pattern = pattern;
    m->text = text;
    if (gu_likely(pattern->is_jit && m->stack != NULL))
        n = pcre2_jit_match(pattern->code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, m->data,
                            m->context);
    else
        n = gu_on_loop_stack(interpret_leaf, m);
    if (gu_likely(n >= 0))
        return 1;
    return n == PCRE2_ERROR_NOMATCH ? 0 : -E2BIG;
}

gust_str gu_matcher_group(const struct gu_matcher *m, unsigned i)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(m->data) + 2 * ((size_t)i + 1);

    if (ends[0] == PCRE2_UNSET)
        return (gust_str){NULL, 0};
    return gu_str(m->text.ptr + ends[0], ends[1] - ends[0]);
}
