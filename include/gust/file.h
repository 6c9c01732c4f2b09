/*
 * gust/file.h — files, off the loop
 *
 * No system tells when a disk is ready, so each call here is done by a thread of the executor's
 * while its task waits (gust/executor.h, whose limits hold). Calls own their memory: bytes are
 * copied on the way, and a wait can end at its deadline while the disk hangs; what the call then
 * still does goes nowhere, but a write may have happened. Closing the loop waits for it.
 *
 * A file has a position of its own, which reads and writes move. One task at a time may use it. It
 * belongs to the loop's thread. Follows nothing in Tornado: there files are read on the loop, or in
 * an executor by hand.
 */
#ifndef GUST_FILE_H
#define GUST_FILE_H

#include <gust/executor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_file gust_file;

/** Opens a file, close-on-exec; `flags` and `mode` as of open(2). It is closed with the innermost
 * scope at the latest, see gust_file_keep(). **Waits. Errors:** what the system says, -ETIMEDOUT,
 * -ECANCELED, -GUST_EFULL when too many calls wait for a thread, -ENOMEM. */
GUST_API int gust_file_open(const char *path, int flags, unsigned mode,
                            gust_file **file) GUST_WAITS GUST_CHECK;

/** Takes a file out of its scope: it lives until gust_file_close(). */
GUST_API void gust_file_keep(gust_file *file);

/** Closes. What was written may not be on the disk yet, see gust_file_sync(). NULL is allowed. */
GUST_API void gust_file_close(gust_file *file);

/** Reads at most `len` bytes, and at most 256 KiB. Returns how many, 0 at the end. **Waits.
 * Errors:** as gust_file_open(), -ESPIPE for what has no position. On failure nothing of `to` has
 * changed, and the next read begins where this one did. */
GUST_API int gust_file_read(gust_file *file, void *to, size_t len) GUST_WAITS GUST_CHECK;

/** Writes all of `len` bytes. **Waits. Errors:** as gust_file_read(), -ENOSPC for a full disk; then
 * the position stands behind what is known to be written, in steps of 256 KiB. */
GUST_API int gust_file_write(gust_file *file, const void *bytes, size_t len) GUST_WAITS GUST_CHECK;

/** Waits until all that was written is on the disk. **Waits. Errors:** as gust_file_open(). */
GUST_API int gust_file_sync(gust_file *file) GUST_WAITS GUST_CHECK;

/** How long the file is. **Waits. Errors:** as gust_file_open(). */
GUST_API int gust_file_size(gust_file *file, int64_t *size) GUST_WAITS GUST_CHECK;

/** The position that the next read or write begins at; with O_APPEND writes go to the end anyway.
 * **Errors:** -EINVAL for a negative one. */
GUST_API int gust_file_seek(gust_file *file, int64_t position) GUST_CHECK;
GUST_API int64_t gust_file_position(const gust_file *file);

#ifdef __cplusplus
}
#endif

#endif
