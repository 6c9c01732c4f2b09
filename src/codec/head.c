/*
 * head — the calls, and the choice of the version
 */
#include "codec/head.h"
#include "codec/head_impl.h"

/* Heads are far shorter; offsets are 32 bits. */
#define MAX_LEN ((size_t)INT32_MAX)

/* Plain until the constructor has run, for whoever parses a head before main(). */
static const struct gu_head_version *best = &gu_head_plain;

__attribute__((constructor)) static void choose_version(void)
{
    size_t i = 0;

    while (gu_head_versions[i]->is_supported != NULL && !gu_head_versions[i]->is_supported())
        i++;
    best = gu_head_versions[i];
}

/* A line that had no end the last time costs a search for it, and no more as long as it has none.
 */
static bool is_still_open(gust_str buf, struct gu_head_resume *resume)
{
    size_t known = (size_t)resume->at + resume->seen;

    if (resume->seen == 0 || memchr(buf.ptr + known, '\n', buf.len - known) != NULL)
        return false;
    resume->seen = (uint32_t)(buf.len - resume->at);
    return true;
}

enum gu_head_result gu_head_parse_with(const struct gu_head_version *version, bool is_response,
                                       gust_str buf, unsigned max_fields,
                                       struct gu_head_resume *resume, struct gu_head *head,
                                       const char **error)
{
    struct gu_head_work w = {
        .buf = buf.ptr,
        .head = head,
        .resume = resume,
        .is_response = is_response,
        .is_plain = true,
        .max_fields = max_fields < GU_HEAD_MAX_FIELDS ? max_fields : GU_HEAD_MAX_FIELDS,
    };
    enum gu_head_result result;

    buf.len = gu_min(buf.len, MAX_LEN);
    w.end = buf.ptr + buf.len;
    if (is_still_open(buf, resume))
        return GU_HEAD_MORE;
    result = is_response ? version->parse_response(&w) : version->parse_request(&w);
    if (result == GU_HEAD_DONE)
        *resume = (struct gu_head_resume){0};
    else if (result != GU_HEAD_MORE)
        *error = w.error;
    return result;
}

enum gu_head_result gu_head_parse_request(const char *buf, size_t len, unsigned max_fields,
                                          struct gu_head_resume *resume, struct gu_head *head,
                                          const char **error)
{
    return gu_head_parse_with(best, false, gu_str(buf, len), max_fields, resume, head, error);
}

enum gu_head_result gu_head_parse_response(const char *buf, size_t len, unsigned max_fields,
                                           struct gu_head_resume *resume, struct gu_head *head,
                                           const char **error)
{
    return gu_head_parse_with(best, true, gu_str(buf, len), max_fields, resume, head, error);
}

size_t gu_head_skip(const char *buf, size_t len)
{
    size_t at = 0;

    while (len - at >= 2 && buf[at] == '\r' && buf[at + 1] == '\n')
        at += 2;
    return at;
}
