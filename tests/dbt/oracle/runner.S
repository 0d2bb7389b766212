/*
 * Reads records (record.h) from standard input, runs each word with the registers and memory that it names, writes the
 * record back with what they are then.  A static AArch64 Linux program without a library; its code is writable.
 */
#define WORD 0
#define NZCV 4
#define FPCR 8
#define FPSR 12
#define X    16
#define V    272
#define DATA 784
#define SIZE 4880
#define WINDOW 0x20000000

.macro each what
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\what q\n, [x0, #V + 16 * \n]
	.endr
.endm

	.globl _start
	.section .run, "awx", @progbits
_start:
	mov x0, #WINDOW
	mov x1, #4096
	mov x2, #3      /* PROT_READ | PROT_WRITE */
	mov x3, #0x32   /* MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS */
	mov x4, #-1
	mov x5, #0
	mov x8, #222    /* mmap */
	svc #0
next:
	adr x1, record
	mov x2, #SIZE
1:	mov x0, #0
	mov x8, #63     /* read */
	svc #0
	cmp x0, #0
	b.le done
	add x1, x1, x0
	subs x2, x2, x0
	b.ne 1b
	b run
ran:
	adr x1, record
	mov x2, #SIZE
2:	mov x0, #1
	mov x8, #64     /* write */
	svc #0
	cmp x0, #0
	b.le done
	add x1, x1, x0
	subs x2, x2, x0
	b.ne 2b
	b next
done:
	mov x0, #0
	mov x8, #94     /* exit_group */
	svc #0

run:
	adr x28, record
	mov x0, sp
	adr x1, saved
	str x0, [x1]
	add x0, x28, #DATA
	mov x1, #WINDOW
	mov x2, #512
3:	ldr x3, [x0], #8
	str x3, [x1], #8
	subs x2, x2, #1
	b.ne 3b
	ldr w0, [x28, #WORD]
	adr x1, slot
	str w0, [x1]
	dc cvau, x1
	dsb ish
	ic ivau, x1
	dsb ish
	isb
	mov x0, x28
	each ldr
	ldr w1, [x0, #FPCR]
	msr fpcr, x1
	ldr w1, [x0, #FPSR]
	msr fpsr, x1
	ldr w1, [x0, #NZCV]
	msr nzcv, x1
	ldr x1, [x0, #X + 8 * 31]
	mov sp, x1
	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldr x\n, [x0, #X + 8 * \n]
	.endr
	ldr x0, [x0, #X]
	b slot
back:
	/* x0 goes where nothing else of ours is */
	msr tpidr_el0, x0
	adr x0, record
	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	str x\n, [x0, #X + 8 * \n]
	.endr
	mrs x1, tpidr_el0
	str x1, [x0, #X]
	mov x1, sp
	str x1, [x0, #X + 8 * 31]
	mrs x1, nzcv
	str w1, [x0, #NZCV]
	mrs x1, fpsr
	str w1, [x0, #FPSR]
	each str
	ldr x1, saved
	mov sp, x1
	add x0, x0, #DATA
	mov x1, #WINDOW
	mov x2, #512
4:	ldr x3, [x1], #8
	str x3, [x0], #8
	subs x2, x2, #1
	b.ne 4b
	b ran

/* Far from code: an emulator translates again what is written next to it. */
	.section .record, "aw", @progbits
	.balign 16
saved:	.quad 0
	.balign 16
record:	.space SIZE

/* Where the interpreter has its word too, so that addresses relative to it agree. */
	.section .slot, "awx", @progbits
slot:
	udf #0
	b back
