/*
 * sanitize — what the sanitizers and valgrind have to be told
 *
 * Every call is empty in a plain build, so that no caller needs an #ifdef.
 */
#ifndef GU_SANITIZE_H
#define GU_SANITIZE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define GU_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GU_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define GU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GU_TSAN 1
#endif
#endif
#ifndef GU_ASAN
#define GU_ASAN 0
#endif
#ifndef GU_TSAN
#define GU_TSAN 0
#endif

#if GU_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if GU_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Stacks that we made, so that valgrind takes a switch for what it is. Costs nothing outside it. */
#if defined(GU_VALGRIND)
#include <valgrind/memcheck.h>
#define GU_VALGRIND_STACKS(low, end) VALGRIND_STACK_REGISTER(low, end)
#define GU_VALGRIND_FORGET(id) VALGRIND_STACK_DEREGISTER(id)
#define GU_VALGRIND_IS_HERE() (RUNNING_ON_VALGRIND != 0)
#define GU_VALGRIND_DEFINED(at, size) ((void)VALGRIND_MAKE_MEM_DEFINED(at, size))
#else
#define GU_VALGRIND_STACKS(low, end) 0u
#define GU_VALGRIND_FORGET(id) ((void)(id))
#define GU_VALGRIND_IS_HERE() false
#define GU_VALGRIND_DEFINED(at, size) ((void)0)
#endif

/* Marks memory that nobody may touch, and memory that may be touched again. */
static inline void gu_poison(const void *memory, size_t size)
{
#if GU_ASAN
    __asan_poison_memory_region(memory, size);
#else
    (void)memory;
    (void)size;
#endif
}

static inline void gu_unpoison(const void *memory, size_t size)
{
#if GU_ASAN
    __asan_unpoison_memory_region(memory, size);
#else
    (void)memory;
    (void)size;
#endif
}

#endif
