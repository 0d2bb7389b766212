/*
 * Between C and translated code.  Homes of registers are those of lower.c and lower_vec.c; each entry exists for both host
 * levels.  Translated code runs on the prediction stack.
 */
#include "dbt/state.h"

#define F(off) (off) - DBT_BIAS(%rbp)
#define X(n)   (8 * (n)) - DBT_BIAS(%rbp)
#define V(n)   (DBT_S_V + 16 * (n)) - DBT_BIAS(%rbp)

.macro gprs load
	.if \load
	mov X(0), %rdi
	mov X(1), %rsi
	mov X(2), %r8
	mov X(3), %r9
	mov X(4), %r10
	mov X(5), %r11
	mov X(6), %rdx
	mov X(7), %r15
	mov X(19), %rbx
	mov X(20), %r12
	mov X(21), %r13
	mov X(31), %r14
	.else
	mov %rdi, X(0)
	mov %rsi, X(1)
	mov %r8, X(2)
	mov %r9, X(3)
	mov %r10, X(4)
	mov %r11, X(5)
	mov %rdx, X(6)
	mov %r15, X(7)
	mov %rbx, X(19)
	mov %r12, X(20)
	mov %r13, X(21)
	mov %r14, X(31)
	.endif
.endm

.macro vec1 load, guest, host
	.if \load
	vmovdqa V(\guest), %xmm\host
	.else
	vmovdqa %xmm\host, V(\guest)
	.endif
.endm

.macro vec1_high load, guest, host
	.if \load
	vmovdqa32 V(\guest), %xmm\host
	.else
	vmovdqa32 %xmm\host, V(\guest)
	.endif
.endm

.macro vectors_v4 load
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12
	vec1 \load, \n, \n
	.endr
	.irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vec1_high \load, \n, \n
	.endr
	.if \load /* lower_fp.h: one lane, two lanes */
	mov $1, %ecx
	kmovw %ecx, %k7
	mov $3, %ecx
	kmovw %ecx, %k6
	.endif
.endm

.macro vectors_v3 load
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	vec1 \load, \n, \n
	.endr
	vec1 \load, 16, 8
	vec1 \load, 17, 9
	vec1 \load, 18, 10
	vec1 \load, 19, 11
.endm

.macro entry name
	.globl \name
	.hidden \name
	.type \name, @function
	.balign 16
\name:
.endm

.macro level v

/* void dbt_enter(struct dbt_state *, uint64_t host): until translated code leaves. */
entry dbt_enter_\v
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	sub $8, %rsp
	lea DBT_BIAS(%rdi), %rbp
	mov %rsp, F(DBT_S_HOST_RSP)
	stmxcsr F(DBT_S_HOST_MXCSR)
	mov %rsi, %rax
/* A signal in here makes it come back at once: the handler looks for the window. */
entry dbt_enter_window_\v
	mov F(DBT_S_WAKE), %rcx
	cmpl $0, (%rcx)
	jne dbt_not_entered_\v
	ldmxcsr F(DBT_S_MXCSR)
	vectors_\v 1
	gprs 1
	mov F(DBT_S_GUEST_RSP), %rsp
	jmp *%rax
entry dbt_enter_window_end_\v

entry dbt_not_entered_\v
	movq $DBT_WHY_WAKE, F(DBT_S_WHY)
	mov F(DBT_S_HOST_RSP), %rsp
	jmp dbt_back_\v

/* Translated code knows no translation for the address in rax. */
entry dbt_lookup_stub_\v
	mov $DBT_WHY_LOOKUP, %ecx
	jmp dbt_exit_stub_\v

/* An exit that is not linked yet: its number in eax. */
entry dbt_link_stub_\v
	mov %rax, F(DBT_S_LINK)
	mov $DBT_WHY_LINK, %ecx

/* Leave: rax is the guest's pc, ecx why. */
entry dbt_exit_stub_\v
	mov %rax, F(DBT_S_PC)
	mov %rcx, F(DBT_S_WHY)
	gprs 0
	vectors_\v 0
	mov %rsp, F(DBT_S_GUEST_RSP)
	mov F(DBT_S_HOST_RSP), %rsp
	stmxcsr F(DBT_S_MXCSR)
entry dbt_back_\v
	ldmxcsr F(DBT_S_HOST_MXCSR)
	vzeroupper
	cld
	add $8, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

/* The interpreter faulted on guest memory: registers are in the state already. */
entry dbt_exit_call_\v
	movq $0, F(DBT_S_CALLING)
	mov F(DBT_S_HOST_RSP), %rsp
	jmp dbt_back_\v

/* Translated code calls the interpreter: rax is the operation.  All but rax, rcx and EFLAGS come back. */
entry dbt_call_stub_\v
	gprs 0
	vectors_\v 0
	mov %rax, F(DBT_S_CALLING)
	mov %rsp, F(DBT_S_GUEST_RSP)
	mov F(DBT_S_HOST_RSP), %rsp
	stmxcsr F(DBT_S_MXCSR)
	lea -DBT_BIAS(%rbp), %rdi
	mov %rax, %rsi
	vzeroupper
	cld
	call dbt_call
	movq $0, F(DBT_S_CALLING)
	ldmxcsr F(DBT_S_MXCSR)
	vectors_\v 1
	gprs 1
	mov F(DBT_S_GUEST_RSP), %rsp
	mov F(DBT_S_WAKE), %rcx
	cmpl $0, (%rcx)
	jne dbt_call_wake_\v
	ret
/* Signalled meanwhile: the handler of this trap takes the thread out as if the signal had come behind the call. */
entry dbt_call_wake_\v
	int3
	ret
.endm

	.text
	level v4
	level v3

	.section .note.GNU-stack, "", @progbits
