/*
 * process — what the heap of a program is told
 */
#include "net/process.h"
#include "test.h"
#include <malloc.h>
#include <stdlib.h>

static int n_told;
static int kept, largest;

int __wrap_mallopt(int what, int value);
int __wrap_malloc_trim(size_t pad);

int __wrap_mallopt(int what, int value)
{
    n_told++;
    if (what == M_TRIM_THRESHOLD)
        kept = value;
    else if (what == M_MMAP_THRESHOLD)
        largest = value;
    return 1;
}

static int n_trimmed;

int __wrap_malloc_trim(size_t pad)
{
    assert_int_equal(pad, 8 << 20);
    n_trimmed++;
    return 1;
}

TEST(the_heap_is_told_to_keep_memory_unless_the_environment_tells_it_something)
{
    static const struct {
        const char *name, *value;
        int n_told;
    } cases[] = {
        {"NOTHING_OF_THE_HEAP", "1", 2},
        {"MALLOC_TRIM_THRESHOLD_", "1000000", 0},
        {"MALLOC_MMAP_THRESHOLD_", "1000000", 0},
        {"MALLOC_MMAP_MAX_", "0", 0},
        {"GLIBC_TUNABLES", "glibc.malloc.trim_threshold=1000000", 0},
        {"GLIBC_TUNABLES", "glibc.rtld.nns=2", 2},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        n_told = kept = largest = n_trimmed = 0;
        assert_int_equal(setenv(cases[i].name, cases[i].value, 1), 0);
        gu_heap_keep();
        gu_heap_trim();
        unsetenv(cases[i].name);
        assert_int_equal(n_told, cases[i].n_told);
        assert_int_equal(n_trimmed, n_told > 0);
        assert_int_equal(kept, n_told > 0 ? 8 << 20 : 0);
        assert_int_equal(largest, n_told > 0 ? 4 << 20 : 0);
    }
}
