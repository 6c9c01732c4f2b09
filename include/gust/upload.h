/*
 * gust/upload.h — files that clients send, and forms that hold them (multipart/form-data)
 *
 * A form is read before the verb runs: its fields are arguments like any others, its files are
 * here, small ones in memory and larger ones in temporary files without a name, which end with the
 * request. A handler with GUST_STREAM_BODY takes the form apart itself, part by part and piece by
 * piece, so an upload of any length needs no more memory than one piece; or saves a body that is no
 * form as it is.
 *
 * What a client says about a file, its name and its type, is checked to be text and nothing else: a
 * filename may hold "/" and ".." and must not become part of a path. A form that is none is
 * answered by 400. All calls belong to the request's task. Follows HTTPFile and
 * parse_multipart_form_data of tornado.httputil.
 */
#ifndef GUST_UPLOAD_H
#define GUST_UPLOAD_H

#include <gust/file.h>
#include <gust/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- read before the verb --- */

/** A file; it lives as long as the request. */
typedef struct gust_upload {
    const char *name;         /**< of its field */
    const char *filename;     /**< as the client says, never empty */
    const char *content_type; /**< as the client says; "application/unknown" if it does not */
    int64_t size;
    gust_str body;   /**< what is in it; with a ptr of NULL for what is in a file */
    gust_file *file; /**< where that is, or NULL; reading begins at its beginning */
} gust_upload;

/** The last file of a field; NULL without one. */
GUST_API const gust_upload *gust_get_file(const gust_request *r, const char *name);

/** The i-th file of a field; NULL when there are not as many. */
GUST_API const gust_upload *gust_get_files(const gust_request *r, const char *name, size_t i);

/** All files, in the order they came, and how many. */
GUST_API const gust_upload *gust_files(const gust_request *r, size_t *n);

/** Writes a file to a path, with mode 0666 less the umask, where nothing may be yet. **Waits.
 * Errors:** -EEXIST, and as gust_file_write(); then nothing is left there. */
GUST_API int gust_upload_save(const gust_upload *upload, const char *path) GUST_WAITS GUST_CHECK;

/* --- part by part, with GUST_STREAM_BODY --- */

typedef struct gust_part {
    const char *name;
    const char *filename;     /**< NULL: it is a field and no file */
    const char *content_type; /**< NULL if the client does not say */
} gust_part;

/** Goes to the next part, over what is left of the one before: 1, or 0 when there is none. Its
 * texts live as long as the request. **Waits. Errors:** -EINVAL for a body that is no form, and
 * from the form's first fault on -GUST_EPROTO, which is answered by 400; and as gust_body_read().
 */
GUST_API int gust_part_next(gust_request *r, gust_part *part) GUST_WAITS GUST_CHECK;

/** The next piece of the part in hand: its length, 0 at the end. No zero byte stands behind it:
 * what follows it in the form does. **Waits. Lends** it until the next call. **Errors:** as
 * gust_part_next(). */
GUST_API int gust_part_read(gust_request *r, gust_str *lent) GUST_WAITS GUST_CHECK;

/** Writes the rest of the part in hand to a file; after each piece `progress`, unless it is NULL,
 * is told how much of it that makes. **Waits. Errors:** as gust_part_next() and gust_file_write().
 */
GUST_API int gust_part_save(gust_request *r, gust_file *file,
                            void (*progress)(void *arg, int64_t saved),
                            void *arg) GUST_WAITS GUST_CHECK;

/** The same of a body that is not taken apart. **Waits. Errors:** as gust_body_read() and
 * gust_file_write(). */
GUST_API int gust_body_save(gust_request *r, gust_file *file,
                            void (*progress)(void *arg, int64_t saved),
                            void *arg) GUST_WAITS GUST_CHECK;

/* --- options --- */

/** In gust_app_options.uploads. Sizes are bytes; beside them the whole body has its limit
 * (gust_httpserver_options.max_body_size). */
typedef struct gust_upload_options {
    int max_parts;                /**< 100; 400 */
    int64_t max_part_header_size; /**< 10 KiB; 400 */
    int64_t max_field_size;       /**< of what is no file; 1 MiB; 413 */
    int64_t max_file_size;        /**< none; 413 */
    int64_t memory;               /**< of a request's files; 1 MiB. Beyond it they are in files */
    const char *dir;              /**< where these are; NULL: TMPDIR of the environment, or /tmp */
} gust_upload_options;

#ifdef __cplusplus
}
#endif

#endif
