/* switch — aarch64, AAPCS64; see switch.h */

        .text

        .globl  gu_switch
        .hidden gu_switch
        .type   gu_switch, %function
        .p2align 4
gu_switch:
        .cfi_startproc
        hint    #34                     /* bti c */
        sub     sp, sp, #160
        .cfi_adjust_cfa_offset 160
        stp     x29, x30, [sp]
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        ldp     x29, x16, [sp]
        add     sp, sp, #160
        .cfi_adjust_cfa_offset -160
        .cfi_restore x29
        .cfi_register x30, x16
        br      x16                     /* x16: allowed to land on a bti c */
        .cfi_endproc
        .size   gu_switch, .-gu_switch

/* The first frame of a task: x19 holds the argument, x20 the function. A backtrace ends here. */
        .type   entry, %function
        .p2align 4
entry:
        .cfi_startproc
        .cfi_undefined x30
        hint    #34
        mov     x29, #0
        mov     x30, #0
        mov     x0, x19
        blr     x20
        brk     #1
        .cfi_endproc
        .size   entry, .-entry

        .globl  gu_switch_prepare
        .hidden gu_switch_prepare
        .type   gu_switch_prepare, %function
        .p2align 4
gu_switch_prepare:
        .cfi_startproc
        hint    #34
        sub     x0, x0, #160
        adr     x9, entry
        stp     xzr, x9, [x0]
        stp     x2, x1, [x0, #16]
        ret
        .cfi_endproc
        .size   gu_switch_prepare, .-gu_switch_prepare

        .globl  gu_switch_restart
        .hidden gu_switch_restart
        .type   gu_switch_restart, %function
        .p2align 4
gu_switch_restart:
        .cfi_startproc
        .cfi_undefined x30
        hint    #34
        mov     sp, x0
        mov     x29, #0
        mov     x30, #0
        mov     x0, x2
        blr     x1
        brk     #1
        .cfi_endproc
        .size   gu_switch_restart, .-gu_switch_restart

        .globl  gu_switch_call
        .hidden gu_switch_call
        .type   gu_switch_call, %function
        .p2align 4
gu_switch_call:
        .cfi_startproc
        hint    #34
        stp     x29, x30, [sp, #-16]!
        .cfi_adjust_cfa_offset 16
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        mov     x29, sp
        .cfi_def_cfa_register x29
        and     x0, x0, #~15
        mov     sp, x0
        mov     x0, x2
        blr     x1
        mov     sp, x29
        .cfi_def_cfa_register sp
        ldp     x29, x30, [sp], #16
        .cfi_adjust_cfa_offset -16
        ret
        .cfi_endproc
        .size   gu_switch_call, .-gu_switch_call

        .section .note.GNU-stack, "", %progbits
