/*
 * head_feed — gives a head to the parser in every way that a network can
 *
 * Whole, byte by byte, and cut in two at every point; each time at the end of a mapping whose next
 * page is not readable, with the promised padding and no more, and with padding that would be
 * believed by a parser that does not look where its bytes end.
 */
#ifndef HEAD_FEED_H
#define HEAD_FEED_H

#include "codec/head.h"
#include "codec/head_impl.h"

struct head_answer {
    enum gu_head_result result;
    const char *error;
    size_t at; /* how many bytes had to be there for the answer; those of the text: it has none */
    struct gu_head head;
};

/* Fails the test if two answers, of the same text, differ. */
void assert_same_answer(const struct head_answer *a, const struct head_answer *b);

/* One call, from nothing, over all of the text. */
void head_feed_whole(const struct gu_head_version *version, bool is_response, gust_str text,
                     unsigned max_fields, struct head_answer *answer);

/* Whole, and in all the other ways, which must give the same. */
void head_feed(const struct gu_head_version *version, bool is_response, gust_str text,
               unsigned max_fields, struct head_answer *answer);

#endif
