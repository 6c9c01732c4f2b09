/*
 * disposition — the Content-Disposition field of a form's part (RFC 7578 4.2)
 *
 * Names come as browsers send them: in quotes, with `\"` and `\\` or with `%22` for what would end
 * them, any other backslash and percent sign standing for itself. Filenames come so too, or
 * percent-encoded with their charset (`filename*=utf-8''…`, RFC 5987), or in numbered pieces of
 * either kind (`filename*0*=…; filename*1=…`, RFC 2231); the encoded one counts.
 */
#ifndef GU_DISPOSITION_H
#define GU_DISPOSITION_H

#include "base/arena_impl.h"

struct gu_disposition {
    gust_str name; /* never empty */
    gust_str
        filename; /* UTF-8 without control characters; .ptr is NULL without one, or an empty one */
};

/* Reads the value of a field that is UTF-8 without control characters. Errors: -EINVAL, and *why
 * tells what is wrong with it; -ENOMEM. */
int gu_disposition_parse(struct gust_arena *arena, gust_str value, struct gu_disposition *d,
                         const char **why) GUST_CHECK;

#endif
