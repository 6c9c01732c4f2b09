/*
 * eval — what expressions are worth
 */
#ifndef GU_TEMPLATE_EVAL_H
#define GU_TEMPLATE_EVAL_H

#include "template/node.h"

/* The value of an expression; false, and the rendering has failed. */
bool gu_eval(struct gu_render *r, const struct gu_expr *e, gust_value *value);

/* Assigns. */
bool gu_assign(struct gu_render *r, const struct gu_target *target, const gust_value *value);

static inline bool gu_is_name(const struct gu_target *target)
{
    return !target->is_tuple && target->of == NULL;
}

/* --- operate.c --- */

bool gu_operate(struct gu_render *r, enum gu_operator op, const gust_value *a, const gust_value *b,
                gust_value *value);
bool gu_operate_unary(struct gu_render *r, char op, const gust_value *a, gust_value *value);

/* --- index.c --- */

/* of[index]; a part of it, where NULL was left out; of.name. */
bool gu_index(struct gu_render *r, const gust_value *of, const gust_value *index,
              gust_value *value);
bool gu_slice(struct gu_render *r, const gust_value *of, const gust_value *const bounds[3],
              gust_value *value);
bool gu_attribute(struct gu_render *r, const gust_value *of, gust_str name, gust_value *value);

/* Whether it has that attribute, which is no method. */
bool gu_attribute_find(const gust_value *of, gust_str name, gust_value *value);

/* of[index] = value. */
bool gu_index_set(struct gu_render *r, const gust_value *of, const gust_value *index,
                  const gust_value *value);

/* --- call.c --- */

/* A value as a gust_function sees it: what the template made becomes lists and maps. */
bool gu_export(struct gu_render *r, const gust_value *v, gust_value *public, int depth);

#endif
