/*
 * The guest's call chain: libunwind over guest memory by the program's .eh_frame_hdr, and by frame pointers where there
 * is none (Go).  Guest memory is read through gm_read alone, so a smashed stack only ends the chain.
 */
#include <elf.h>
#include <libunwind.h>
#include <string.h>
#include <sys/mman.h>

#include "loader/crash_impl.h"

/* libunwind's search in a binary table, which perf(1) and gdb-likes use as well: exported, but in no header. */
#define search_table UNW_OBJ(dwarf_search_unwind_table)
int search_table(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di, unw_proc_info_t *pi, int need_unwind_info,
                 void *arg);

#define EH_PE_UDATA4        3
#define EH_PE_DATAREL_SDATA4 0x3b
#define EH_PE_PCREL_SDATA4  0x1b

struct walk {
	struct gm *gm;
	struct cpu_x64 cpu;
};

/* .eh_frame_hdr: version, three encodings, address of .eh_frame, count, table. */
static bool
read_table(uint64_t hdr, unw_dyn_info_t *di)
{
	uint8_t b[12];
	uint32_t count;

	if (gm_read(b, hdr, sizeof(b)) || b[0] != 1 || b[1] != EH_PE_PCREL_SDATA4 || b[2] != EH_PE_UDATA4 ||
	    b[3] != EH_PE_DATAREL_SDATA4)
		return false;
	memcpy(&count, b + 8, 4);
	di->format = UNW_INFO_FORMAT_REMOTE_TABLE;
	di->start_ip = crash_program.low;
	di->end_ip = crash_program.high;
	di->u.rti.segbase = hdr;
	di->u.rti.table_data = hdr + 12;
	di->u.rti.table_len = (uint64_t)count * 8 / sizeof(unw_word_t);
	return count != 0;
}

static bool
find_table(uint64_t ip, unw_dyn_info_t *di)
{
	Elf64_Phdr ph;

	if (ip < crash_program.low || ip >= crash_program.high || !crash_program.phdr)
		return false;
	for (uint64_t i = 0; i < crash_program.phnum; i++) {
		if (gm_read(&ph, crash_program.phdr + i * sizeof(ph), sizeof(ph)))
			return false;
		if (ph.p_type == PT_GNU_EH_FRAME)
			return read_table(ph.p_vaddr + crash_program.bias, di);
	}
	return false;
}

static int
find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *pi, int need, void *arg)
{
	unw_dyn_info_t di = {0};

	if (!find_table(ip, &di))
		return -UNW_ENOINFO;
	return search_table(as, ip, &di, pi, need, arg);
}

static void
put_unwind_info(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
}

static int
dyn_info_list(unw_addr_space_t as, unw_word_t *ret, void *arg)
{
	return -UNW_ENOINFO;
}

static int
access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *v, int write, void *arg)
{
	return write || gm_read(v, addr, sizeof(*v)) ? -UNW_EINVAL : 0;
}

static int
access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *v, int write, void *arg)
{
	const struct cpu_x64 *c = &((struct walk *)arg)->cpu;
	const uint64_t r[] = {[UNW_X86_64_RAX] = c->rax, [UNW_X86_64_RDX] = c->rdx, [UNW_X86_64_RCX] = c->rcx,
	                      [UNW_X86_64_RBX] = c->rbx, [UNW_X86_64_RSI] = c->rsi, [UNW_X86_64_RDI] = c->rdi,
	                      [UNW_X86_64_RBP] = c->rbp, [UNW_X86_64_RSP] = c->rsp, [UNW_X86_64_R8] = c->r8,
	                      [UNW_X86_64_R9] = c->r9,   [UNW_X86_64_R10] = c->r10, [UNW_X86_64_R11] = c->r11,
	                      [UNW_X86_64_R12] = c->r12, [UNW_X86_64_R13] = c->r13, [UNW_X86_64_R14] = c->r14,
	                      [UNW_X86_64_R15] = c->r15, [UNW_X86_64_RIP] = c->rip};

	if (write || reg < 0 || (size_t)reg >= sizeof(r) / sizeof(r[0]))
		return -UNW_EBADREG;
	*v = r[reg];
	return 0;
}

static int
access_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *v, int write, void *arg)
{
	return -UNW_EBADREG;
}

static int
no_resume(unw_addr_space_t as, unw_cursor_t *c, void *arg)
{
	return -UNW_EINVAL;
}

static int
no_name(unw_addr_space_t as, unw_word_t addr, char *buf, size_t n, unw_word_t *off, void *arg)
{
	return -UNW_ENOINFO;
}

static bool
is_code(struct gm *gm, uint64_t addr)
{
	struct vma v;

	return gm_find(gm, addr, &v) && v.start <= addr && v.prot & PROT_EXEC;
}

/* Frames by .eh_frame, from w->cpu; leaves in it the registers of the last one. */
static unsigned
by_table(struct walk *w, uint64_t *ip, unsigned max)
{
	unw_accessors_t how = {find_proc_info, put_unwind_info, dyn_info_list, access_mem, access_reg,
	                       access_fpreg,   no_resume,       no_name};
	unw_addr_space_t as = unw_create_addr_space(&how, 0);
	struct walk at_start = *w;
	unw_word_t v, sp, bp, old = 0;
	unw_cursor_t c;
	unsigned n = 0;

	if (!as)
		return 0;
	if (unw_init_remote(&c, as, &at_start) == 0) {
		while (n < max && unw_step(&c) > 0) {
			if (unw_get_reg(&c, UNW_X86_64_RIP, &v) || unw_get_reg(&c, UNW_X86_64_RSP, &sp) ||
			    unw_get_reg(&c, UNW_X86_64_RBP, &bp) || !is_code(w->gm, v) || sp <= old)
				break;
			w->cpu.rip = v;
			w->cpu.rsp = sp;
			w->cpu.rbp = bp;
			old = sp;
			ip[n++] = v;
		}
	}
	unw_destroy_addr_space(as);
	return n;
}

/* Frames by rbp: each points to the caller's rbp, and above that is the return address. */
static unsigned
by_frame_pointer(struct walk *w, uint64_t *ip, unsigned max)
{
	uint64_t frame[2], bp = w->cpu.rbp;
	unsigned n = 0;

	while (n < max && bp >= w->cpu.rsp && !(bp & 7) && gm_read(frame, bp, sizeof(frame)) == 0 &&
	       is_code(w->gm, frame[1])) {
		ip[n++] = frame[1];
		if (frame[0] <= bp)
			break;
		bp = frame[0];
	}
	return n;
}

unsigned
crash_unwind(struct gm *gm, const struct cpu_x64 *cpu, uint64_t ip[CRASH_FRAMES])
{
	struct walk w = {gm, *cpu};
	unsigned n = 1;
	uint64_t ret;

	ip[0] = cpu->rip;
	/* A jump to nowhere was most likely a call: its return address is on top of the stack. */
	if (!is_code(gm, cpu->rip)) {
		if (gm_read(&ret, cpu->rsp, 8) || !is_code(gm, ret))
			return n;
		w.cpu.rip = ip[n++] = ret;
		w.cpu.rsp += 8;
	}
	n += by_table(&w, ip + n, CRASH_FRAMES - n);
	return n + by_frame_pointer(&w, ip + n, CRASH_FRAMES - n);
}
