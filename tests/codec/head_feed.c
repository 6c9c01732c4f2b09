/*
 * head_feed — gives a head to the parser in every way that a network can
 */
#include "head_feed.h"
#include "test.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROOM 65536u

static char *guard; /* the first byte that cannot be read */

/* The text at the end of what is readable, less the padding, which is filled with what would make
 * another head of it. */
static const char *place(gust_str text)
{
    static const char *const padding[] = {"\r\n\r\n", "a: b\r\n\r\n", "\n", "a", "\r"};
    static unsigned turn;
    const char *fill = padding[turn++ % gu_countof(padding)];
    size_t fill_len = strlen(fill);

    if (guard == NULL) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *map =
            mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert_ptr_not_equal(map, MAP_FAILED);
        guard = map + ROOM;
        assert_return_code(mprotect(guard, page, PROT_NONE), errno);
    }
    assert_true(text.len <= ROOM - GU_HEAD_PADDING);
    for (size_t i = 0; i < GU_HEAD_PADDING; i++)
        guard[(ptrdiff_t)i - (ptrdiff_t)GU_HEAD_PADDING] = fill[i % fill_len];
    return memcpy(guard - GU_HEAD_PADDING - text.len, text.ptr, text.len);
}

static void feed(const struct gu_head_version *version, bool is_response, gust_str text,
                 unsigned max_fields, struct gu_head_resume *resume, struct head_answer *answer)
{
    answer->error = NULL;
    answer->at = text.len;
    /* nothing in it is the parser's to rely on */
    memset(&answer->head, 0xa5, sizeof answer->head);
    answer->result = gu_head_parse_with(version, is_response, gu_str(place(text), text.len),
                                        max_fields, resume, &answer->head, &answer->error);
}

void assert_same_answer(const struct head_answer *a, const struct head_answer *b)
{
    const struct gu_head *x = &a->head, *y = &b->head;

    assert_int_equal(a->result, b->result);
    assert_string_equal(a->error != NULL ? a->error : "", b->error != NULL ? b->error : "");
    if (a->result != GU_HEAD_DONE)
        return;
    assert_memory_equal(x->first, y->first, sizeof x->first);
    assert_int_equal(x->n_fields, y->n_fields);
    assert_memory_equal(x->fields, y->fields, x->n_fields * sizeof x->fields[0]);
    assert_int_equal(x->len, y->len);
    assert_int_equal(x->flags, y->flags);
    assert_int_equal(x->minor, y->minor);
    assert_true(x->content_length == y->content_length);
    assert_int_equal(x->host_at, y->host_at);
    assert_int_equal(x->host_len, y->host_len);
}

/* What only one kind of head has. */
static void assert_same_start(bool is_response, const struct head_answer *a,
                              const struct head_answer *b)
{
    const struct gu_head *x = &a->head, *y = &b->head;

    if (a->result != GU_HEAD_DONE)
        return;
    if (is_response) {
        assert_int_equal(x->status, y->status);
        assert_int_equal(x->reason_at, y->reason_at);
        assert_int_equal(x->reason_len, y->reason_len);
    } else {
        assert_int_equal(x->method, y->method);
        assert_memory_equal(&x->method_len, &y->method_len,
                            offsetof(struct gu_head, method) -
                                offsetof(struct gu_head, method_len));
    }
}

void head_feed_whole(const struct gu_head_version *version, bool is_response, gust_str text,
                     unsigned max_fields, struct head_answer *answer)
{
    struct gu_head_resume resume = {0};

    feed(version, is_response, text, max_fields, &resume, answer);
}

/* Until the answer comes, which must come with the last byte of a line. */
static void feed_by_bytes(const struct gu_head_version *version, bool is_response, gust_str text,
                          unsigned max_fields, struct head_answer *answer)
{
    struct gu_head_resume resume = {0};
    size_t len = 0;

    do
        feed(version, is_response, gu_str(text.ptr, len), max_fields, &resume, answer);
    while (answer->result == GU_HEAD_MORE && len++ < text.len);
    assert_true(answer->result == GU_HEAD_MORE || text.ptr[answer->at - 1] == '\n');
}

/* Cut before byte `cut`; a fresh parse of the first part answers as the byte-wise one did. */
static void feed_in_two(const struct gu_head_version *version, bool is_response, gust_str text,
                        unsigned max_fields, size_t cut, struct head_answer *answer)
{
    struct gu_head_resume resume = {0};
    struct head_answer part;

    feed(version, is_response, gu_str(text.ptr, cut), max_fields, &resume, &part);
    assert_int_equal(part.result == GU_HEAD_MORE,
                     answer->result == GU_HEAD_MORE || cut < answer->at);
    if (part.result == GU_HEAD_MORE)
        feed(version, is_response, text, max_fields, &resume, &part);
    assert_same_answer(&part, answer);
    assert_same_start(is_response, &part, answer);
    if (part.result == GU_HEAD_DONE)
        assert_true(resume.at == 0 && resume.seen == 0 && resume.n_fields == 0);
}

void head_feed(const struct gu_head_version *version, bool is_response, gust_str text,
               unsigned max_fields, struct head_answer *answer)
{
    struct head_answer whole;

    head_feed_whole(version, is_response, text, max_fields, &whole);
    feed_by_bytes(version, is_response, text, max_fields, answer);
    assert_same_answer(&whole, answer);
    assert_same_start(is_response, &whole, answer);
    for (size_t cut = 0; cut <= text.len; cut++)
        feed_in_two(version, is_response, text, max_fields, cut, answer);
}
