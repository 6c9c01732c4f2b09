/*
 * kept_log — the log as a text, for tests of what is said and of what is not
 */
#ifndef GUST_TEST_KEPT_LOG_H
#define GUST_TEST_KEPT_LOG_H

/* The lines since keep_log(), each with its "\n"; what does not fit is cut. */
extern char kept_log[16384];

/* Keeps each line from here on, beginning with none; release_log() lets them go where they went. */
void keep_log(void);
void release_log(void);

/* Lines are lost from here on, of any thread; also until release_log(). */
void drop_log(void);

#endif
