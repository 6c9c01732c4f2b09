/*
 * chunk — cutting a file into text and tags
 *
 * Follows Tornado's reader to the byte: where tags begin and end, which line is theirs, what may
 * stand in what, and the words of its errors.
 */
#include "template/compile.h"
#include "template/text.h"

struct reader {
    struct gu_compiler *c;
    struct gu_source *source;
    const char *at, *end;
    uint32_t line;
    enum gu_space space;
    unsigned depth;
};

static void *fail(struct reader *in, const char *message)
{
    return gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line, "%s", message);
}

/* --- operators --- */

enum { AT_IF = 1, AT_FOR = 2, AT_WHILE = 4, AT_TRY = 8 };

static const struct operation {
    const char *name;
    int kind; /* < 0: see `special` */
    bool has_body;
    unsigned within;   /* what it stands between the parts of */
    const char *empty; /* what is said when nothing stands behind it; NULL: that may be */
} operations[] = {
    {"else", GU_C_ELSE, false, AT_IF | AT_FOR | AT_WHILE | AT_TRY, NULL},
    {"elif", GU_C_ELIF, false, AT_IF, NULL},
    {"except", GU_C_EXCEPT, false, AT_TRY, NULL},
    {"finally", GU_C_FINALLY, false, AT_TRY, NULL},
    {"extends", GU_C_EXTENDS, false, 0, "extends missing file path"},
    {"include", GU_C_INCLUDE, false, 0, "include missing file path"},
    {"set", GU_C_SET, false, 0, "set missing statement"},
    {"raw", GU_C_RAW, false, 0, "Empty expression"},
    {"module", GU_C_MODULE, false, 0, "Empty expression"},
    {"apply", GU_C_APPLY, true, 0, "apply missing method name"},
    {"block", GU_C_BLOCK, true, 0, "block missing name"},
    {"if", GU_C_IF, true, 0, "if missing condition"},
    {"for", GU_C_FOR, true, 0, "for missing names"},
    {"while", GU_C_WHILE, true, 0, "while missing condition"},
    {"try", GU_C_TRY, true, 0, NULL},
    {"break", GU_C_BREAK, false, 0, NULL},
    {"continue", GU_C_CONTINUE, false, 0, NULL},
};

static const struct operation *find_operation(gust_str name)
{
    for (size_t i = 0; i < gu_countof(operations); i++)
        if (gust_str_equal(name, operations[i].name))
            return &operations[i];
    return NULL;
}

static unsigned as_parent(const struct operation *in_block)
{
    if (in_block == NULL)
        return 0;
    switch (in_block->kind) {
    case GU_C_IF:
        return AT_IF;
    case GU_C_FOR:
        return AT_FOR;
    case GU_C_WHILE:
        return AT_WHILE;
    case GU_C_TRY:
        return AT_TRY;
    default:
        return 0;
    }
}

/* --- parts --- */

struct parts {
    struct gu_part *first, **last;
};

static struct gu_part *add_part(struct reader *in, struct parts *to, int kind, uint32_t line,
                                gust_str text)
{
    struct gu_part *part = gu_compile_node(in->c, sizeof *part);

    if (part == NULL)
        return NULL;
    *part = (struct gu_part){.kind = (enum gu_chunk_kind)kind, .line = line, .text = text};
    *to->last = part;
    to->last = &part->next;
    return part;
}

static bool add_text(struct reader *in, struct parts *to, gust_str text)
{
    text = gu_space_filter(in->c->arena, in->space, text);
    if (text.ptr == NULL)
        return gu_compile_no_memory(in->c) != NULL;
    return text.len == 0 || add_part(in, to, GU_C_TEXT, in->line, text) != NULL;
}

/* The next n bytes; lines are counted. */
static gust_str consume(struct reader *in, size_t n)
{
    gust_str taken = gu_str(in->at, n);

    for (size_t i = 0; i < n; i++)
        in->line += taken.ptr[i] == '\n';
    in->at += n;
    return taken;
}

/* How far it is to the next tag; GU_NPOS if there is none. Of several braces the last two count. */
static size_t find_tag(const struct reader *in)
{
    size_t left = (size_t)(in->end - in->at);

    for (size_t i = 0; i + 1 < left; i++) {
        const char *brace = memchr(in->at + i, '{', left - i - 1);
        char next;

        if (brace == NULL)
            return GU_NPOS;
        i = (size_t)(brace - in->at);
        next = in->at[i + 1];
        if (next != '{' && next != '%' && next != '#')
            continue;
        if (i + 2 < left && next == '{' && in->at[i + 2] == '{')
            continue;
        return i;
    }
    return GU_NPOS;
}

/* What stands between here and the end of a tag, which is left behind, without the space around
 * it. False when there is no such end. */
static bool take_until(struct reader *in, const char *end, const char *message, gust_str *contents)
{
    size_t n = gu_str_find(gu_str(in->at, (size_t)(in->end - in->at)), gu_str(end, 2), 0);

    if (n == GU_NPOS)
        return fail(in, message) != NULL;
    *contents = gu_text_strip(consume(in, n), GU_LEFT | GU_RIGHT);
    consume(in, 2);
    return true;
}

/* --- tags --- */

/* Where a tag stands. */
struct around {
    const struct operation *block; /* that it is directly in; NULL: none */
    bool is_loop;                  /* a loop is around, and no apply between */
};

static bool parse_parts(struct reader *in, struct around around, struct parts *to);

/* `else` and its kind, whose parent must fit. */
static bool take_middle(struct reader *in, struct around around, const struct operation *op,
                        gust_str suffix, struct parts *to)
{
    if (around.block == NULL)
        return gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                                  "%s outside %s block", op->name,
                                  op->kind == GU_C_ELSE   ? "if, for, while or try"
                                  : op->kind == GU_C_ELIF ? "if"
                                                          : "try") != NULL;
    if ((as_parent(around.block) & op->within) == 0)
        return gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                                  "%s block cannot be attached to %s block", op->name,
                                  around.block->name) != NULL;
    return add_part(in, to, op->kind, in->line, suffix) != NULL;
}

static bool take_body(struct reader *in, struct around around, const struct operation *op,
                      struct gu_part *part)
{
    struct parts body = {NULL, &body.first};
    bool ok;

    if (in->depth++ >= GU_STMT_DEPTH - 1) /* the file is a level, too */
        return gu_compile_fail_at(in->c, -GUST_ETOOBIG, in->source->name, in->line,
                                  "tags are nested deeper than %d", GU_STMT_DEPTH) != NULL;
    if (op->kind == GU_C_FOR || op->kind == GU_C_WHILE)
        around.is_loop = true;
    else if (op->kind == GU_C_APPLY)
        around.is_loop = false;
    around.block = op;
    ok = parse_parts(in, around, &body);
    part->body = body.first;
    in->depth--;
    return ok;
}

static gust_str unquoted(gust_str suffix)
{
    return gu_text_strip_set(gu_text_strip_set(suffix, GU_STR("\""), GU_LEFT | GU_RIGHT),
                             GU_STR("'"), GU_LEFT | GU_RIGHT);
}

static bool take_operation(struct reader *in, struct around around, const struct operation *op,
                           gust_str suffix, struct parts *to)
{
    uint32_t line = in->line;
    struct gu_part *part;

    if (op->within != 0)
        return take_middle(in, around, op, suffix, to);
    if (op->kind == GU_C_EXTENDS || op->kind == GU_C_INCLUDE)
        suffix = unquoted(suffix);
    if (op->empty != NULL && suffix.len == 0)
        return fail(in, op->empty) != NULL;
    if ((op->kind == GU_C_BREAK || op->kind == GU_C_CONTINUE) && !around.is_loop)
        return gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                                  "%s outside for or while block", op->name) != NULL;
    if (suffix.len > 0 && (op->kind >= GU_C_TRY && op->kind <= GU_C_CONTINUE))
        return gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                                  "nothing may stand behind %s", op->name) != NULL;
    part = add_part(in, to, op->kind, line, suffix);
    return part != NULL && (!op->has_body || take_body(in, around, op, part));
}

/* What changes the file, or nothing. 1: it was one of these; 0: it was not; -1: failed. */
static int take_directive(struct reader *in, gust_str op, gust_str suffix)
{
    if (gust_str_equal(op, "comment"))
        return 1;
    if (gust_str_equal(op, "autoescape")) {
        in->source->autoescape = gust_str_equal(suffix, "None") ? gu_str(NULL, 0) : suffix;
        if (suffix.len > 0)
            return 1;
        fail(in, "autoescape missing function");
        return -1;
    }
    if (gust_str_equal(op, "whitespace")) {
        in->space = gu_space_mode(suffix);
        if (in->space != GU_SPACE_UNKNOWN)
            return 1;
        gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                           "invalid whitespace mode %.*s", (int)gu_min(suffix.len, 40), suffix.ptr);
        return -1;
    }
    if (gust_str_equal(op, "import") || gust_str_equal(op, "from")) {
        gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                           "%.*s is not supported: give the template a function", (int)op.len,
                           op.ptr);
        return -1;
    }
    return 0;
}

/* {% … %}. *is_end when it is the end of what it stands in. */
static bool take_block_tag(struct reader *in, struct around around, struct parts *to, bool *is_end)
{
    gust_str contents, suffix = {NULL, 0}, name;
    const struct operation *op;
    int directive;

    if (!take_until(in, "%}", "Missing end block %}", &contents))
        return false;
    if (contents.len == 0)
        return fail(in, "Empty block tag ({% %})") != NULL;
    suffix = contents;
    gu_str_split(&suffix, ' ', &name);
    suffix = gu_text_strip(suffix, GU_LEFT | GU_RIGHT);
    if (gust_str_equal(name, "end")) {
        *is_end = true;
        return around.block != NULL || fail(in, "Extra {% end %} block") != NULL;
    }
    directive = take_directive(in, name, suffix);
    if (directive != 0)
        return directive > 0;
    op = find_operation(name);
    if (op == NULL)
        return gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                                  "unknown operator: '%.*s'", (int)gu_min(name.len, 40),
                                  name.ptr) != NULL;
    return take_operation(in, around, op, suffix, to);
}

static bool take_tag(struct reader *in, struct around around, struct parts *to, bool *is_end)
{
    gust_str brace = consume(in, 2), contents;
    uint32_t line = in->line;

    if (in->at < in->end && *in->at == '!') {
        consume(in, 1);
        return add_text(in, to, brace);
    }
    if (brace.ptr[1] == '#')
        return take_until(in, "#}", "Missing end comment #}", &contents);
    if (brace.ptr[1] == '%')
        return take_block_tag(in, around, to, is_end);
    if (!take_until(in, "}}", "Missing end expression }}", &contents))
        return false;
    if (contents.len == 0)
        return fail(in, "Empty expression") != NULL;
    return add_part(in, to, GU_C_EXPR, line, contents) != NULL;
}

/* Up to the end of what is around, or of the file. */
static bool parse_parts(struct reader *in, struct around around, struct parts *to)
{
    bool is_end = false;

    while (!is_end) {
        size_t n = find_tag(in);

        if (n == GU_NPOS) {
            if (around.block != NULL)
                return gu_compile_fail_at(in->c, -GUST_ESYNTAX, in->source->name, in->line,
                                          "Missing {%% end %%} block for %s",
                                          around.block->name) != NULL;
            return add_text(in, to, consume(in, (size_t)(in->end - in->at)));
        }
        if ((n > 0 && !add_text(in, to, consume(in, n))) || !take_tag(in, around, to, &is_end))
            return false;
    }
    return true;
}

/* --- a file --- */

struct gu_source *gu_source_parse(struct gu_compiler *c, gust_str name, gust_str text,
                                  gust_str autoescape, gust_str whitespace)
{
    struct gu_source *source = gu_compile_node(c, sizeof *source);
    struct reader in = {.c = c, .source = source, .at = text.ptr, .end = text.ptr + text.len};
    struct parts body = {NULL, &body.first};
    bool is_page = (name.len >= 5 && memcmp(name.ptr + name.len - 5, ".html", 5) == 0) ||
                   (name.len >= 3 && memcmp(name.ptr + name.len - 3, ".js", 3) == 0);

    if (source == NULL)
        return NULL;
    in.line = 1;
    in.space = is_page ? GU_SPACE_SINGLE : GU_SPACE_ALL;
    source->name = name;
    source->autoescape = autoescape;
    if (whitespace.len > 0)
        in.space = gu_space_mode(whitespace);
    if (in.space == GU_SPACE_UNKNOWN)
        return fail(&in, "invalid whitespace mode");
    if (!parse_parts(&in, (struct around){NULL, false}, &body))
        return NULL;
    source->body = body.first;
    return source;
}
