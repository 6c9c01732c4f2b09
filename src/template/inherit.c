/*
 * inherit — ancestors and blocks
 *
 * A template's ancestors are found first, then the blocks of all of them and of what they include:
 * of those with the same name the last one, seen from the outermost ancestor, counts. Then the body
 * of that ancestor is compiled.
 */
#include "template/compile.h"

struct line {
    struct gu_source *sources[GU_STMT_DEPTH];
    size_t n;
};

/* A source and all that it extends, the outermost last. */
static bool add_ancestors(struct gu_compiler *c, struct gu_source *source, struct line *line)
{
    if (line->n == gu_countof(line->sources))
        return gu_compile_fail_at(c, -GUST_ETOOBIG, source->name, 1,
                                  "templates extend each other deeper than %d",
                                  GU_STMT_DEPTH) != NULL;
    line->sources[line->n++] = source;
    for (struct gu_part *part = source->body; part != NULL; part = part->next) {
        struct gu_source *parent;

        if (part->kind != GU_C_EXTENDS)
            continue;
        c->line = part->line;
        c->place = &(struct gu_place){.file = source->name};
        parent = gu_loader_source(c, part->text, source->name);
        if (parent == NULL || !add_ancestors(c, parent, line))
            return false;
    }
    return true;
}

static bool find_blocks(struct gu_compiler *c, struct gu_source *source, struct gu_part *part);

static bool note_block(struct gu_compiler *c, struct gu_source *source, struct gu_part *part)
{
    struct gu_block *block = gu_compile_node(c, sizeof *block);

    if (block == NULL)
        return false;
    *block = (struct gu_block){part, source};
    return gu_map_put(&c->blocks, part->text, block) == 0 || gu_compile_no_memory(c) != NULL;
}

static bool find_blocks_in(struct gu_compiler *c, struct gu_source *source, struct gu_part *part)
{
    struct gu_source *included;

    if (part->kind == GU_C_BLOCK && !note_block(c, source, part))
        return false;
    if (part->kind != GU_C_INCLUDE)
        return part->body == NULL || find_blocks(c, source, part->body);
    c->line = part->line;
    included = gu_loader_source(c, part->text, source->name);
    return included != NULL && find_blocks(c, included, included->body);
}

static bool find_blocks(struct gu_compiler *c, struct gu_source *source, struct gu_part *part)
{
    struct gu_place place = {.file = source->name};
    bool ok = true;

    c->place = &place;
    c->line = part == NULL ? 1 : part->line;
    if (!gu_compile_enter(c))
        return false;
    for (; ok && part != NULL; part = part->next) {
        c->place = &place;
        if (c->n_nodes++ > GU_MAX_NODES) /* files that include each other twice, and so on */
            return gu_compile_node(c, 1) != NULL;
        ok = find_blocks_in(c, source, part);
    }
    c->depth--;
    return ok;
}

bool gu_compile(struct gu_compiler *c, struct gu_source *source)
{
    struct line line = {.n = 0};
    struct gu_place *place = gu_compile_node(c, sizeof *place);
    struct gu_source *root;
    struct gu_vars scope;
    bool ok;

    if (place == NULL || !add_ancestors(c, source, &line))
        return false;
    for (size_t i = line.n; i-- > 0;)
        if (!find_blocks(c, line.sources[i], line.sources[i]->body))
            return false;
    root = line.sources[line.n - 1];
    place->file = root->name;
    c->place = place;
    c->escape = root->autoescape;
    gu_vars_open(c, &scope);
    ok = gu_compile_parts(c, root, root->body, NULL, &c->made->body);
    gu_vars_close(c, &scope);
    return ok && c->err == 0;
}
