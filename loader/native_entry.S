/*
 * Crossing between guest and monitor on the CPU.
 *
 * In:   native_entry        from patched call sites: rcx = address after the call, everything else the guest's
 *       native_redirected   from our signal handler's edited frame: registers already in the thread block
 * Out:  native_fast_exit    back to the guest after a fast-lane call
 *       native_enter        (and native_full_exit in it) back to the guest with everything restored
 *
 * GS points to struct nthread throughout.  Both exits begin by testing t->wake and can be started over at any
 * instruction before they have left: the signal handler does that when it lands between their labels.
 */
#include "abi/core/host_errno.h"
#include "abi/core/vec_x64.h"
#include "loader/native.h"

#define FL_STATUS 0x8d5		/* OF SF ZF AF PF CF */
#define FL_CARRY  1
#define FL_PLAIN  0x202		/* IF and the constant bit */
#define FL_RARE   0x44500	/* AC NT DF TF: must not reach C */

	.text
	.macro EXPORT name
	.globl \name
	.hidden \name
	.type \name, @function
	.endm

/* Call-saved registers of the guest, still in the CPU when the full lane begins. */
	.macro SAVE_REST
	mov	%rbx, %gs:NT_CPU_RBX
	mov	%rbp, %gs:NT_CPU_RBP
	mov	%r12, %gs:NT_CPU_R12
	mov	%r13, %gs:NT_CPU_R13
	mov	%r14, %gs:NT_CPU_R14
	mov	%r15, %gs:NT_CPU_R15
	.endm

/* Our MXCSR and FS base; rdi = the thread's vectors. */
	.macro OUR_STATE
	cmpl	$X64_MXCSR_DEFAULT, VEC_MXCSR(%rdi)
	je	1f
	mov	%gs:NT_HOST_RSP, %rsp
	movl	$X64_MXCSR_DEFAULT, -8(%rsp)
	ldmxcsr	-8(%rsp)
1:	mov	%gs:NT_HOST_FS, %rax
	wrfsbase %rax
	.endm

	.macro TO_MONITOR
	mov	%gs:NT_SELF, %rdi
	add	$NT_VEC, %rdi
	VEC_SAVE
	rdfsbase %rax
	mov	%rax, %gs:NT_CPU_FSBASE
	OUR_STATE
	.endm

	EXPORT	native_entry
	.balign 64
native_entry:
	mov	%rsp, %gs:NT_CPU_RSP
	mov	%gs:NT_HOST_RSP, %rsp
	pushfq
	mov	%rax, %gs:NT_CPU_RAX
	mov	%rdi, %gs:NT_CPU_RDI
	mov	%rsi, %gs:NT_CPU_RSI
	mov	%rdx, %gs:NT_CPU_RDX
	mov	%r10, %gs:NT_CPU_R10
	mov	%r8, %gs:NT_CPU_R8
	mov	%r9, %gs:NT_CPU_R9
	mov	%rcx, %gs:NT_CPU_RIP
	pop	%r11
	mov	%r11, %gs:NT_CPU_RFLAGS
	test	$FL_RARE, %r11d
	jnz	.Lrare_flags
.Lflags_plain:
	mov	%eax, %eax			/* call numbers are 32 bits */
	cmp	%gs:NT_FASTN, %rax
	jae	.Lto_full
	mov	%gs:NT_FASTTAB, %rsi
	mov	(%rsi,%rax,8), %rax
	test	%rax, %rax
	jz	.Lto_full
	mov	%gs:NT_THREAD, %rdi
	mov	%gs:NT_SELF, %rsi
	add	$NT_CPU_RDI, %rsi
	movb	$0, THREAD_HAS_RET2(%rdi)
	call	*%rax
	cmp	$-HOST_ERR_MAX, %rax
	jae	.Lfast_result
	mov	%gs:NT_THREAD, %rdi
	cmpb	$0, THREAD_HAS_RET2(%rdi)
	jne	.Lfast_result
	mov	%rax, %gs:NT_CPU_RAX
	andq	$~FL_CARRY, %gs:NT_CPU_RFLAGS	/* success, for every guest of this engine */
.Lfast_served:
	incq	%gs:NT_NFAST

	EXPORT	native_fast_exit_begin
native_fast_exit_begin:
	mov	%gs:NT_THREAD, %rdi
	cmpl	$0, (%rdi)
	jne	.Lfast_woken
	mov	%gs:NT_CPU_RFLAGS, %r11
	test	$~(FL_STATUS | FL_PLAIN), %r11d
	jnz	.Lfast_popf
	mov	%r11d, %eax
	shl	$8, %eax
	bt	$11, %r11d
	setc	%al
	add	$0x7f, %al			/* overflows, so sets OF, exactly when al was 1 */
	sahf
.Lfast_flags_done:
	mov	%gs:NT_CPU_RAX, %rax
	mov	%gs:NT_CPU_RDI, %rdi
	mov	%gs:NT_CPU_RSI, %rsi
	mov	%gs:NT_CPU_RDX, %rdx
	mov	%gs:NT_CPU_R10, %r10
	mov	%gs:NT_CPU_R8, %r8
	mov	%gs:NT_CPU_R9, %r9
	mov	%gs:NT_CPU_RIP, %rcx
	mov	%gs:NT_CPU_RSP, %rsp
	jmp	*%rcx
.Lfast_popf:
	push	%r11
	popfq
	jmp	.Lfast_flags_done
	EXPORT	native_fast_exit_end
native_fast_exit_end:

.Lrare_flags:
	push	$2
	popfq
	jmp	.Lflags_plain

/* An error or a second result: the personality puts it into the registers, or asks for the full lane. */
.Lfast_result:
	mov	%gs:NT_THREAD, %rdi
	mov	%rax, %rsi
	call	*%gs:NT_FAST
	test	%al, %al
	jnz	.Lfast_served
	jmp	.Lto_full

/* A signal came during a fast call, which is complete: the registers in the block are the guest's. */
.Lfast_woken:
	movl	$WHY_INTERRUPT, %gs:NT_WHY
	movl	$0, %gs:NT_CPU_EXACT
	SAVE_REST
	jmp	.Lstop

/*
 * The full lane: everything of the guest is stored, then C may do anything.  It is called from here, not from the run
 * loop, because each return taken after a host call is a misprediction.
 */
.Lto_full:
	movl	$WHY_SERVED, %gs:NT_WHY
	movl	$0, %gs:NT_CPU_EXACT
	SAVE_REST
	TO_MONITOR
	mov	%gs:NT_THREAD, %rdi
	call	*%gs:NT_FULL
	test	%al, %al
	jnz	native_full_exit_begin
	jmp	.Lleave

/* General registers were stored, and NT_WHY set, by the signal handler; rsp is NT_HOST_RSP. */
	EXPORT	native_redirected
native_redirected:
.Lstop:
	TO_MONITOR
.Lleave:
	mov	%gs:NT_HOST_RSP, %rsp
	add	$136, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/*
 * void native_enter(struct nthread *nt): run the guest; returns at the next stop.
 * The 136 bytes leave rsp aligned for calls.
 */
	EXPORT	native_enter
native_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$136, %rsp
	mov	%rsp, %gs:NT_HOST_RSP

	EXPORT	native_full_exit_begin
native_full_exit_begin:
	mov	%gs:NT_THREAD, %rdi
	cmpl	$0, (%rdi)
	jne	.Lfull_woken
	mov	%gs:NT_SELF, %rdi
	add	$NT_VEC, %rdi
	VEC_LOAD
	mov	%gs:NT_CPU_FSBASE, %rax
	wrfsbase %rax
	mov	%gs:NT_SELF, %rcx
	cmpl	$0, NT_CPU_EXACT(%rcx)
	jne	.Lexact
	mov	NT_CPU_RBX(%rcx), %rbx
	mov	NT_CPU_RBP(%rcx), %rbp
	mov	NT_CPU_R12(%rcx), %r12
	mov	NT_CPU_R13(%rcx), %r13
	mov	NT_CPU_R14(%rcx), %r14
	mov	NT_CPU_R15(%rcx), %r15
	mov	NT_CPU_RFLAGS(%rcx), %r11
	test	$~(FL_STATUS | FL_PLAIN), %r11d
	jnz	.Lfull_popf
	mov	%r11d, %eax
	shl	$8, %eax
	bt	$11, %r11d
	setc	%al
	add	$0x7f, %al
	sahf
.Lfull_flags_done:
	mov	NT_CPU_RAX(%rcx), %rax
	mov	NT_CPU_RDI(%rcx), %rdi
	mov	NT_CPU_RSI(%rcx), %rsi
	mov	NT_CPU_RDX(%rcx), %rdx
	mov	NT_CPU_R10(%rcx), %r10
	mov	NT_CPU_R8(%rcx), %r8
	mov	NT_CPU_R9(%rcx), %r9
	mov	NT_CPU_RSP(%rcx), %rsp
	mov	NT_CPU_RIP(%rcx), %rcx
	jmp	*%rcx

.Lfull_popf:
	push	%r11
	popfq
	jmp	.Lfull_flags_done

.Lexact:
	mov	%rcx, %rax
	mov	%gs:NT_HOST_RSP, %rsp
	pushq	$0x2b				/* user SS and CS of 64-bit Linux */
	pushq	NT_CPU_RSP(%rax)
	pushq	NT_CPU_RFLAGS(%rax)
	pushq	$0x33
	pushq	NT_CPU_RIP(%rax)
	cmpl	$0, NT_CPU_OWNSGS(%rax)
	je	1f
	mov	NT_CPU_GSBASE(%rax), %rcx
	wrgsbase %rcx
1:	mov	NT_CPU_RDI(%rax), %rdi
	mov	NT_CPU_RSI(%rax), %rsi
	mov	NT_CPU_RDX(%rax), %rdx
	mov	NT_CPU_R10(%rax), %r10
	mov	NT_CPU_R8(%rax), %r8
	mov	NT_CPU_R9(%rax), %r9
	mov	NT_CPU_RCX(%rax), %rcx
	mov	NT_CPU_R11(%rax), %r11
	mov	NT_CPU_RBX(%rax), %rbx
	mov	NT_CPU_RBP(%rax), %rbp
	mov	NT_CPU_R12(%rax), %r12
	mov	NT_CPU_R13(%rax), %r13
	mov	NT_CPU_R14(%rax), %r14
	mov	NT_CPU_R15(%rax), %r15
	mov	NT_CPU_RAX(%rax), %rax
	iretq
	EXPORT	native_full_exit_end
native_full_exit_end:

/* The handler may have sent us back here from after the switch to the guest's state. */
.Lfull_woken:
	mov	%gs:NT_SELF, %rdi
	add	$NT_VEC, %rdi
	OUR_STATE
	movl	$WHY_INTERRUPT, %gs:NT_WHY
	jmp	.Lleave

/* Where handlers return to: rt_sigreturn. */
	EXPORT	native_restorer
native_restorer:
	movq	$15, %rax	/* these very bytes are how unwinders know a signal frame */
	syscall

	.section .note.GNU-stack, "", @progbits
