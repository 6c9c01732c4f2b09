/*
 * head_blocks — the scanners of head_body.h, over vectors
 *
 * Included behind what an instruction set defines:
 *
 *     struct field_marks { uint64_t name, value; };      what is no tchar; controls but HTAB
 *     struct field_marks mark_fields(const char *p);     of 64 bytes; bit n is the byte p[n]
 *     STEP                                               bytes of one vector
 *     size_t span(const char *p, const int8_t rows[16]); leading bytes of a class, STEP if all are
 *
 * Where a block of 64 bytes begins depends on the head's start alone, never on where a name or a
 * value ended, so the processor looks at blocks ahead while the lines of this one are told apart by
 * a shift and a count: the chain from line to line is a few cycles long. A search that began at
 * each name and value with a load of its own was no faster than plain C.
 */
#ifndef GU_HEAD_BLOCKS_H
#define GU_HEAD_BLOCKS_H

#define GU_SCAN_INLINE static inline __attribute__((always_inline))

#define BLOCK 64

/* The block in hand. Its last byte may lie in the padding, all of it when `base` is `end`: from
 * `end` on every byte is marked, so that no search passes it. */
struct view {
    const char *base, *end;
    struct field_marks marks;
};

/* Not inlined: it runs once for 64 bytes, the searches several times a line, and these want to be
 * small. */
static gu_noinline struct field_marks marks_at(const char *base, const char *end)
{
    struct field_marks marks = mark_fields(base);

    if (gu_unlikely(end - base < BLOCK)) {
        uint64_t behind = UINT64_MAX << (end - base);

        marks.name |= behind;
        marks.value |= behind;
    }
    return marks;
}

GU_SCAN_INLINE void view_at(struct view *v, const char *base)
{
    v->base = base;
    v->marks = marks_at(base, v->end);
}

GU_SCAN_INLINE void view_init(struct view *v, const char *p, const char *end)
{
    v->end = end;
    view_at(v, p);
}

/* `p` is where a line begins: of the block in hand, or of the next one. */
GU_SCAN_INLINE const char *scan_name(struct view *v, const char *p)
{
    uint64_t found;

    if (gu_unlikely(p - v->base >= BLOCK))
        view_at(v, v->base + BLOCK);
    found = v->marks.name & UINT64_MAX << (p - v->base);
    while (gu_unlikely(found == 0)) {
        view_at(v, v->base + BLOCK);
        found = v->marks.name;
    }
    return v->base + __builtin_ctzll(found);
}

/* `p` is what scan_name() has found, a byte of the block in hand. */
GU_SCAN_INLINE const char *scan_value(struct view *v, const char *p)
{
    uint64_t found = v->marks.value & UINT64_MAX << (p - v->base);

    while (found == 0) {
        view_at(v, v->base + BLOCK);
        found = v->marks.value;
    }
    return v->base + __builtin_ctzll(found);
}

GU_SCAN_INLINE const char *scan_class(const char *p, const char *end, const int8_t rows[16])
{
    size_t n = STEP;

    for (; p < end && n == STEP; p += n)
        n = span(p, rows);
    return p;
}

GU_SCAN_INLINE const char *scan_path(const char *p, const char *end)
{
    static const int8_t rows[16] = {GU_PATH_ROWS};

    return scan_class(p, end, rows);
}

GU_SCAN_INLINE const char *scan_target(const char *p, const char *end)
{
    static const int8_t rows[16] = {GU_TARGET_ROWS};

    return scan_class(p, end, rows);
}

GU_SCAN_INLINE size_t host_span(const char *p)
{
    static const int8_t rows[16] = {GU_REGNAME_ROWS};

    return span(p, rows);
}

#endif
