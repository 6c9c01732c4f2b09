/* switch — x86-64, System V ABI; see switch.h */

        .text

        .globl  gu_switch
        .hidden gu_switch
        .type   gu_switch, @function
        .p2align 4
gu_switch:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        movq    %rsp, (%rdi)            /* both stacks have this layout here, */
        movq    %rsi, %rsp              /* so what the CFI says holds on */
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        popq    %rdx
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rdx
        jmp     *%rdx
        .cfi_endproc
        .size   gu_switch, .-gu_switch

/* The first frame of a task: r12 holds the argument, r13 the function. A backtrace ends here. */
        .type   entry, @function
        .p2align 4
entry:
        .cfi_startproc
        .cfi_undefined %rip
        endbr64
        xorl    %ebp, %ebp
        movq    %r12, %rdi
        callq   *%r13
        ud2
        .cfi_endproc
        .size   entry, .-entry

        .globl  gu_switch_prepare
        .hidden gu_switch_prepare
        .type   gu_switch_prepare, @function
        .p2align 4
gu_switch_prepare:
        .cfi_startproc
        endbr64
        leaq    entry(%rip), %rax
        movq    %rax, -8(%rdi)          /* popped last: rsp is then top, and aligned for the call */
        movq    $0, -16(%rdi)           /* rbp */
        movq    $0, -24(%rdi)           /* rbx */
        movq    %rdx, -32(%rdi)         /* r12 */
        movq    %rsi, -40(%rdi)         /* r13 */
        movq    $0, -48(%rdi)           /* r14 */
        movq    $0, -56(%rdi)           /* r15 */
        leaq    -56(%rdi), %rax
        ret
        .cfi_endproc
        .size   gu_switch_prepare, .-gu_switch_prepare

        .globl  gu_switch_restart
        .hidden gu_switch_restart
        .type   gu_switch_restart, @function
        .p2align 4
gu_switch_restart:
        .cfi_startproc
        .cfi_undefined %rip
        endbr64
        movq    %rdi, %rsp
        xorl    %ebp, %ebp
        movq    %rdx, %rdi
        callq   *%rsi
        ud2
        .cfi_endproc
        .size   gu_switch_restart, .-gu_switch_restart

        .globl  gu_switch_call
        .hidden gu_switch_call
        .type   gu_switch_call, @function
        .p2align 4
gu_switch_call:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        movq    %rdi, %rsp
        andq    $-16, %rsp
        movq    %rdx, %rdi
        callq   *%rsi
        movq    %rbp, %rsp
        .cfi_def_cfa_register %rsp
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        ret
        .cfi_endproc
        .size   gu_switch_call, .-gu_switch_call

        .section .note.GNU-stack, "", @progbits
