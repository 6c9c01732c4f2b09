/*
 * test — cmocka under a thin macro
 *
 *     TEST(a_sentence_that_is_true)
 *     {
 *         assert_int_equal(answer(), 42);
 *     }
 *
 * A test registers itself; a test program is one file, linked with test.c, which has main(). A test
 * that leaks memory or a descriptor fails. TEST_CASE(name) inside a loop over a table names the row
 * in what a failure prints.
 */
#ifndef GUST_TEST_H
#define GUST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct test_entry {
    const char *name;
    void (*run)(void **state);
    struct test_entry *next;
};

void test_register(struct test_entry *entry);

/* Names the row of a table that is being tried, for the message of a failure. */
void test_case(const char *name);
#define TEST_CASE(name) test_case(name)

/* Runs fn(arg) in a child process that must abort, and whose stderr must hold `message`. */
void assert_aborts(void (*fn)(void *), void *arg, const char *message);

/* "unix:@…": an address that no other process has, because checkouts are tested side by side. */
const char *test_address(void);

#define TEST(name_)                                                 \
    static void name_(void **state);                                \
    static struct test_entry entry_##name_ = {#name_, name_, NULL}; \
    __attribute__((constructor)) static void register_##name_(void) \
    {                                                               \
        test_register(&entry_##name_);                              \
    }                                                               \
    static void name_(__attribute__((unused)) void **state)

#endif
