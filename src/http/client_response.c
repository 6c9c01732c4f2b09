/*
 * client — what is read
 *
 * Everything is read by matchers of the stream's one reading loop, which take what belongs to this
 * response and nothing behind it: bytes that are left when it is whole close the connection, and
 * are never taken for the next one's.
 */
#include "base/str.h"
#include "codec/text.h"
#include "http/client_impl.h"

#define MAX_INFORMATIONAL 16 /* responses before the final one */
#define PIECE ((size_t)64 * 1024)
#define MAX_CHUNKED_WAIT ((size_t)128 * 1024) /* framing without a byte of the body */

static struct gu_fetch *fetch_of(const struct gu_matcher *m)
{
    struct gu_matcher *ours = (struct gu_matcher *)(uintptr_t)m; /* it lies in the fetch */

    return gu_container_of(ours, struct gu_fetch, matcher);
}

/* --- heads --- */

/* An end of lines, or what can be none of ours: who does not speak HTTP is not waited for. A bare
 * LF ends it, too, for the parser to refuse. */
static int find_head(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    struct gu_fetch *f = fetch_of(m);

    seen = gu_max(seen, f->seen);
    f->seen = 0;
    f->has_input = true;
    if (memcmp(have.ptr, "HTTP/1.", gu_min(have.len, 7)) != 0)
        return -GUST_EPROTO;
    for (size_t at = seen < 3 ? 0 : seen - 3; at < have.len; at++) {
        const char *next = have.ptr + at + 1;
        size_t left = have.len - at - 1;

        if (have.ptr[at] != '\n')
            continue;
        if (left > 0 && next[0] == '\n')
            *found = at + 2;
        else if (left > 1 && next[0] == '\r' && next[1] == '\n')
            *found = at + 3;
        else
            continue;
        return 0;
    }
    f->seen = have.len;
    return 0;
}

int gu_fetch_read_head(struct gu_fetch *f, struct gust_stream *s, gust_str *text)
{
    struct gu_head_resume resume = {0};
    const char *error = "";
    gust_str lent;
    char *copy;
    int err;

    f->matcher = (struct gu_matcher){
        .find = find_head,
        .count = 1,
        .never_waits = f->is_sending,
    };
    err = gu_pull_read(s, &f->matcher, f->client->max_header_size, &lent,
                       "gust_fetch: max_header_size");
    if (err < 0)
        return err == -GUST_EPROTO ? gu_fetch_fail(f, err, "%s", "the server does not speak HTTP/1")
                                   : err;
    copy = gu_text_alloc(f->arena, lent.len + GU_HEAD_PADDING);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, lent.ptr, lent.len);
    memset(copy + lent.len, 0, GU_HEAD_PADDING);
    if (gu_head_parse_response(copy, lent.len, GU_HEAD_MAX_FIELDS, &resume, &f->client->head,
                               &error) != GU_HEAD_DONE)
        return gu_fetch_fail(f, -GUST_EPROTO, "the server's answer: %s", error);
    *text = gu_str(copy, lent.len);
    return 0;
}

/* Ends the names and values that a head holds where they end, and lists them. */
static int keep_head(struct gu_fetch *f, char *text)
{
    const struct gu_head *head = &f->client->head;
    gust_field *fields = gu_arena_alloc(f->arena, (head->n_fields + 1) * sizeof *fields);

    if (fields == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < head->n_fields; i++) {
        const struct gu_field *field = &head->fields[i];

        text[field->name + field->name_len] = '\0';
        text[field->value + field->value_len] = '\0';
        fields[i] = (gust_field){text + field->name, text + field->value};
    }
    fields[head->n_fields] = (gust_field){0};
    text[head->reason_at + head->reason_len] = '\0';
    f->response.fields = fields;
    f->response.n_fields = head->n_fields;
    f->response.status = head->status;
    f->minor = head->minor;
    f->response.reason = text + head->reason_at;
    return 0;
}

/* How long the body is (RFC 9112 6.3). */
static int frame(struct gu_fetch *f)
{
    const struct gu_head *head = &f->client->head;

    f->keeps_alive = (head->flags & GU_HEAD_KEEP_ALIVE) != 0 && head->status != 101;
    f->left = 0;
    if (gu_fetch_is_head(f) || head->status == 204 || head->status == 304 || head->status == 101) {
        f->framing = GU_BODY_NONE;
    } else if ((head->flags & GU_HEAD_CHUNKED) != 0) {
        f->framing = GU_BODY_CHUNKED;
        f->chunked = (struct gu_chunked){0};
        f->skip = 0;
        f->limits = (struct gu_chunked_limits){
            .max_bytes = (uint32_t)gu_min(gu_max(f->client->max_header_size, 2), UINT32_MAX),
            .max_fields = GU_HEAD_MAX_FIELDS,
            .max_data = PIECE,
        };
        gu_fields_init(&f->trailers, &f->late, GU_HEAD_MAX_FIELDS);
    } else if ((head->flags & GU_HEAD_HAS_LENGTH) != 0) {
        f->framing = GU_BODY_SIZED;
        f->left = head->content_length;
    } else {
        f->framing = GU_BODY_TO_END;
        f->left = UINT64_MAX;
        f->keeps_alive = false;
    }
    f->is_body_done = f->framing == GU_BODY_NONE || f->left == 0;
    f->is_body_done &= f->framing != GU_BODY_CHUNKED;
    if (f->framing == GU_BODY_SIZED && f->left > f->max_body)
        return gu_fetch_fail(f, -GUST_ETOOBIG, "%s", "the body is larger than max_body_size");
    return 0;
}

int gu_fetch_read_response(struct gu_fetch *f)
{
    const struct gu_head *head = &f->client->head;
    gust_str text;

    for (; f->n_informational <= MAX_INFORMATIONAL; f->n_informational++) {
        int err = gu_fetch_read_head(f, f->conn->stream, &text);

        if (err < 0)
            return err;
        if (head->status == 101 && !f->was_upgrade)
            return gu_fetch_fail(f, -GUST_EPROTO, "%s", "101 without an Upgrade");
        if (head->status < 200 && head->status != 101)
            continue;
        f->response.times.starttransfer = gu_fetch_elapsed(f);
        err = keep_head(f, (char *)(uintptr_t)text.ptr);
        if (err == 0)
            err = gu_fetch_take_cookies(f);
        if (err == 0)
            err = frame(f);
        if (err == 0)
            err = gu_fetch_begin_decoding(f);
        f->has_head = err == 0;
        return err;
    }
    return gu_fetch_fail(f, -GUST_EPROTO, "%s", "one 1xx after the other");
}

static int tell_line(const struct gu_fetch *f, struct gu_buf *b)
{
    gust_str line;
    int err;

    gu_buf_puts(b, "\r\n");
    err = gu_buf_finish(b, &line);
    if (err == 0)
        err = f->o.header_callback(line, f->o.arg);
    gu_buf_clear(b);
    return err < 0 ? err : 0;
}

int gu_fetch_tell_head(struct gu_fetch *f)
{
    const gust_field *field = f->response.fields;
    struct gu_buf b;
    int err;

    if (f->o.header_callback == NULL || f->has_told_head)
        return 0;
    f->has_told_head = true;
    gu_buf_init(&b, &f->late, SIZE_MAX - 1);
    gu_buf_printf(&b, "HTTP/1.%d %d %s", f->minor, f->response.status, f->response.reason);
    err = tell_line(f, &b);
    for (; err == 0 && field->name != NULL; field++) {
        gu_buf_puts(&b, field->name);
        gu_buf_puts(&b, ": ");
        gu_buf_puts(&b, field->value);
        err = tell_line(f, &b);
    }
    return err == 0 ? tell_line(f, &b) : err;
}

/* A 1xx is taken off, and lets the body go; anything else is left to be read as the response. */
static int find_any(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    static const char line[] = "HTTP/1.1 1";
    int err = find_head(m, have, seen, found);

    if (err == 0 && have.len >= sizeof line - 1 && memcmp(have.ptr, line, sizeof line - 1) != 0)
        *found = 0;
    return err;
}

int gu_fetch_await_continue(struct gu_fetch *f)
{
    gust_str lent;
    int err;

    f->matcher = (struct gu_matcher){.find = find_any, .count = 1};
    err = gu_pull_read(f->conn->stream, &f->matcher, f->client->max_header_size, &lent,
                       "gust_fetch: max_header_size");
    return err < 0 ? err : lent.len == 0;
}

/* --- bodies --- */

static int find_sized(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    (void)seen;
    *found = (size_t)gu_min(gu_min(have.len, PIECE), fetch_of(m)->left);
    return 0;
}

/* Lists the fields behind the body for whoever has the response. */
static int end_chunks(struct gu_fetch *f)
{
    const struct gu_fields *trailers = &f->trailers;
    gust_field *fields, *to;

    f->is_body_done = trailers->err == 0;
    if (trailers->n == 0 || trailers->err < 0)
        return trailers->err;
    fields = to = gu_arena_alloc(&f->late, (trailers->n + 1) * sizeof *fields);
    if (fields == NULL)
        return -ENOMEM;
    for (const struct gu_fields_item *item = trailers->first; item != NULL; item = item->next)
        *to++ = (gust_field){item->name.ptr, item->value.ptr};
    *to = (gust_field){0};
    f->response.trailers = fields;
    f->response.n_trailers = trailers->n;
    return 0;
}

static int find_chunk(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found)
{
    struct gu_fetch *f = fetch_of(m);

    (void)seen;
    for (;;) {
        struct gu_chunked_part part;
        enum gu_chunked_event event =
            gu_chunked_next(&f->chunked, &f->limits, have.ptr + f->skip, have.len - f->skip, &part);

        f->skip += part.consumed;
        switch (event) {
        case GU_CHUNKED_TRAILER:
            gu_fields_add(&f->trailers, part.name, part.data);
            continue;
        case GU_CHUNKED_MORE:
            return 0;
        case GU_CHUNKED_DATA:
        case GU_CHUNKED_DONE:
            f->piece = part.data;
            *found = f->skip;
            return event == GU_CHUNKED_DONE ? end_chunks(f) : 0;
        case GU_CHUNKED_TOO_BIG:
            return gu_fetch_fail(f, -GUST_ETOOBIG, "%s", part.error);
        case GU_CHUNKED_BAD:
            return gu_fetch_fail(f, -GUST_EPROTO, "%s", part.error);
        }
    }
}

static int read_chunk(struct gu_fetch *f, gust_str *lent)
{
    gust_str got;
    int err;

    f->matcher = (struct gu_matcher){
        .find = find_chunk,
        .count = 1,
        .never_waits = f->is_sending,
    };
    err = gu_pull_read(f->conn->stream, &f->matcher,
                       gu_max(f->client->max_header_size, MAX_CHUNKED_WAIT), &got,
                       "gust_fetch: a chunk");
    if (err < 0)
        return err;
    f->skip = 0;
    *lent = f->is_body_done ? GU_STR("") : f->piece;
    return 0;
}

static int read_sized(struct gu_fetch *f, gust_str *lent)
{
    bool is_to_end = f->framing == GU_BODY_TO_END;
    int err;

    f->matcher = (struct gu_matcher){
        .find = find_sized,
        .count = 1,
        .takes_end = is_to_end,
        .never_waits = f->is_sending,
    };
    err = gu_pull_read(f->conn->stream, &f->matcher, 0, lent, "gust_fetch: the body");
    if (err < 0)
        return err;
    if (!is_to_end)
        f->left -= lent->len;
    f->is_body_done = is_to_end ? lent->len == 0 : f->left == 0;
    return 0;
}

int gu_fetch_read_raw(struct gu_fetch *f, gust_str *lent)
{
    int err;

    if (f->is_body_done) {
        *lent = GU_STR("");
        return 0;
    }
    err = f->framing == GU_BODY_CHUNKED ? read_chunk(f, lent) : read_sized(f, lent);
    if (err < 0)
        return err;
    if (lent->len > f->max_body - f->n_body)
        return gu_fetch_fail(f, -GUST_ETOOBIG, "%s", "the body is larger than max_body_size");
    f->n_body += lent->len;
    return (int)lent->len;
}
