/*
 * switch — the x86-64 one, inline
 *
 * Not a call, because the processor pairs calls with returns: a stack that is left by a call and
 * entered by a jump would put every return behind it out of step, and a request has half a dozen of
 * them behind its switch (some 20 ns). The compiler, told that no register survives, keeps what it
 * needs on the stack, which it mostly did anyway. What lies at the stored pointer, for those who
 * read stacks: rbp, then where to go on; behind both, 128 bytes that the ABI lets a function use
 * below its stack pointer (the red zone).
 */
#ifndef GU_SWITCH_X86_64_H
#define GU_SWITCH_X86_64_H

static inline __attribute__((always_inline)) void gu_switch(void **save, void *to)
{
    __asm__ __inline volatile("leaq -128(%%rsp), %%rsp\n\t"
                              "leaq 1f(%%rip), %%rdx\n\t"
                              "pushq %%rdx\n\t"
                              "pushq %%rbp\n\t"
                              "movq %%rsp, (%%rdi)\n\t"
                              "movq %%rsi, %%rsp\n\t"
                              "popq %%rbp\n\t"
                              "popq %%rdx\n\t"
                              "jmpq *%%rdx\n"
                              "1:\tleaq 128(%%rsp), %%rsp"
                              : "+D"(save), "+S"(to)
                              :
                              : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
                                "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                                "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                                "xmm14", "xmm15", "memory", "cc");
}

#endif
