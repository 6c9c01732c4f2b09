/* switch — x86-64, System V ABI; see switch.h, and switch_x86_64.h for the switch itself */

        .text

/* The first frame of a task, whose argument and function lie on its stack. A backtrace ends here. */
        .type   entry, @function
        .p2align 4
entry:
        .cfi_startproc
        .cfi_undefined %rip
        endbr64
        popq    %rdi
        popq    %rax                    /* rsp is now the top, and aligned for the call */
        callq   *%rax
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
        movq    %rsi, -8(%rdi)          /* the function */
        movq    %rdx, -16(%rdi)         /* its argument */
        movq    %rax, -24(%rdi)
        movq    $0, -32(%rdi)           /* rbp */
        leaq    -32(%rdi), %rax
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
