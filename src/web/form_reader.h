/*
 * form_reader — a request's body as the events of a multipart form
 *
 * The buffer between the connection and the parser, which wants headers and delimiters whole.
 */
#ifndef GU_FORM_READER_H
#define GU_FORM_READER_H

#include "codec/multipart.h"
#include "web/web_impl.h"

struct gu_form_reader {
    struct gu_multipart m;
    struct gu_multipart_limits limits;
    struct gu_multipart_part part; /* of the last event */
    char *buf;
    size_t cap, start, end; /* what is not consumed lies between start and end */
    const char *why;        /* what is wrong with the form; NULL: nothing, or not with the form */
    int err;
    bool is_in_part, is_over;
};

/* Makes ready, unless that was done. Errors: -EINVAL for a body that is no form, -ENOMEM. */
int gu_form_begin(gust_request *r, struct gu_form_reader **form) GUST_CHECK;

/* The next event: PART, DATA, END or DONE, at which the whole body is read. Waits. Errors:
 * -GUST_EPROTO, as which all that is wrong with the form is told; as gust_body_read(). */
int gu_form_next(gust_request *r, struct gu_form_reader *form,
                 enum gu_multipart_event *event) GUST_CHECK;

#endif
