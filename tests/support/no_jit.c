/*
 * no_jit — a kernel that forbids making machine code
 *
 * The linker puts this in the place of PCRE2's function (gust_no_jit_test()), so that patterns are
 * interpreted.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

static unsigned n_refused;

int __wrap_pcre2_jit_compile_8(pcre2_code *code, uint32_t options);

int __wrap_pcre2_jit_compile_8(pcre2_code *code, uint32_t options)
{
    (void)code;
    (void)options;
    n_refused++;
    return PCRE2_ERROR_NOMEMORY;
}

/* Nobody asked: the test did not test what it is for. */
__attribute__((destructor)) static void check(void)
{
    if (n_refused == 0)
        abort();
}
