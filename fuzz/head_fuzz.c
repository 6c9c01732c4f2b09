/*
 * head_fuzz — any bytes as a head: every version gives the same answer, at every cut
 */
#include "codec/head_impl.h"
#include <stdlib.h>

#define MAX_FIELDS 12

struct answer {
    enum gu_head_result result;
    const char *error;
    struct gu_head head;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* The first `len` bytes in memory of their own, with the padding that is promised and no more. */
static void parse(const struct gu_head_version *version, bool is_response, const uint8_t *data,
                  size_t len, struct gu_head_resume *resume, struct answer *answer)
{
    char *buf = malloc(len + GU_HEAD_PADDING);

    require(buf != NULL);
    if (len > 0)
        memcpy(buf, data, len);
    for (size_t i = 0; i < GU_HEAD_PADDING; i++)
        buf[len + i] = "\r\n\r\n:a"[i % 6];
    answer->error = NULL;
    answer->result = gu_head_parse_with(version, is_response, gu_str(buf, len), MAX_FIELDS, resume,
                                        &answer->head, &answer->error);
    free(buf);
}

static void require_same(const struct answer *a, const struct answer *b)
{
    const struct gu_head *x = &a->head, *y = &b->head;

    require(a->result == b->result);
    if (a->result == GU_HEAD_MORE)
        return;
    if (a->result != GU_HEAD_DONE) {
        require(strcmp(a->error, b->error) == 0);
        return;
    }
    require(x->len == y->len && x->flags == y->flags && x->minor == y->minor);
    require(x->n_fields == y->n_fields && x->content_length == y->content_length);
    require(x->host_at == y->host_at && x->host_len == y->host_len);
    require(memcmp(x->first, y->first, sizeof x->first) == 0);
    require(memcmp(x->fields, y->fields, x->n_fields * sizeof x->fields[0]) == 0);
}

/* All of it lies within the head, in order, and the framing is one of three. */
static void require_sound(const struct gu_head *h, const uint8_t *data, size_t size)
{
    uint32_t at = 0;

    require(h->len <= size && h->len >= 4 && memcmp(data + h->len - 4, "\r\n\r\n", 4) == 0);
    require((h->flags & (GU_HEAD_CHUNKED | GU_HEAD_HAS_LENGTH)) !=
            (GU_HEAD_CHUNKED | GU_HEAD_HAS_LENGTH));
    require(h->content_length <= INT64_MAX && h->n_fields <= MAX_FIELDS);
    require(h->host_at + h->host_len <= h->len);
    for (unsigned i = 0; i < h->n_fields; i++) {
        const struct gu_field *f = &h->fields[i];

        require(f->name > at && f->name_len > 0 && f->value > f->name + f->name_len);
        require(data[f->name + f->name_len] == ':');
        at = f->value + f->value_len;
        require(memchr(data + f->value, '\n', f->value_len) == NULL);
    }
    require(at < h->len);
}

static void try_kind(bool is_response, const uint8_t *data, size_t size, size_t cut)
{
    static struct answer plain, other;
    struct gu_head_resume resume = {0};

    parse(&gu_head_plain, is_response, data, size, &resume, &plain);
    if (plain.result == GU_HEAD_DONE)
        require_sound(&plain.head, data, size);
    for (size_t i = 0; gu_head_versions[i] != NULL; i++) {
        if (gu_head_versions[i]->is_supported != NULL && !gu_head_versions[i]->is_supported())
            continue;
        resume = (struct gu_head_resume){0};
        parse(gu_head_versions[i], is_response, data, size, &resume, &other);
        require_same(&plain, &other);
        resume = (struct gu_head_resume){0};
        parse(gu_head_versions[i], is_response, data, cut, &resume, &other);
        if (other.result == GU_HEAD_MORE)
            parse(gu_head_versions[i], is_response, data, size, &resume, &other);
        require_same(&plain, &other);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where it is cut comes from the bytes themselves, so that a seed is a head and nothing else. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    try_kind(false, data, size, sum % (size + 1));
    try_kind(true, data, size, sum % (size + 1));
    return 0;
}
