#include "elf_sample.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char strings[] = "\0libc.so.7\0libm.so.5\0libself.so\0open\0weak\0mine";

_Static_assert(sizeof strings == STR_SIZE, "the enum gives the offsets");

static void
put_parts(struct sample *s)
{
	/* FreeBSD's ABI note, as Go writes it: 12.3. */
	static const uint32_t note[] = {8, 4, 1, 0x65657246, 0x00445342, 1203000};

	s->size = SAMPLE_SIZE;
	strcpy((char *)s->bytes + SAMPLE_INTERP, "/libexec/ld-elf.so.1");
	memcpy(s->bytes + SAMPLE_NOTE, note, sizeof note);
	memcpy(s->bytes + SAMPLE_STR, strings, sizeof strings);
}

void
sample_make64(struct sample *s)
{
	static const Elf64_Ehdr eh = {
	    .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_FREEBSD},
	    .e_type = ET_EXEC,
	    .e_machine = EM_X86_64,
	    .e_version = EV_CURRENT,
	    .e_entry = SAMPLE_ENTRY,
	    .e_phoff = sizeof eh,
	    .e_ehsize = sizeof eh,
	    .e_phentsize = sizeof(Elf64_Phdr),
	    .e_phnum = SEGS,
	};
	static const Elf64_Phdr ph[SEGS] = {
	    [SEG_TEXT] = {PT_LOAD, PF_R | PF_X, 0, 0x400000, 0, 0x1000, 0x1000, 0x1000},
	    [SEG_DATA] = {PT_LOAD, PF_R | PF_W, 0x1000, 0x401000, 0, 0x800, 0x1000, 0x1000},
	    [SEG_INTERP] = {PT_INTERP, PF_R, SAMPLE_INTERP, 0, 0, 21, 21, 1},
	    [SEG_NOTE] = {PT_NOTE, PF_R, SAMPLE_NOTE, 0, 0, 24, 24, 4},
	    [SEG_DYN] = {PT_DYNAMIC, PF_R, SAMPLE_DYN, 0x401000, 0, 8 * sizeof(Elf64_Dyn), 0, 8},
	    [SEG_TLS] = {PT_TLS, PF_R, 0x1700, 0x401700, 0, 0x10, 0x20, 8},
	    [SEG_STACK] = {PT_GNU_STACK, PF_R | PF_W},
	};
	static const Elf64_Dyn dyn[8] = {
	    {DT_NEEDED, {STR_LIBC}},
	    {DT_NEEDED, {STR_LIBM}},
	    {DT_SONAME, {STR_SELF}},
	    {DT_STRTAB, {0x400000 + SAMPLE_STR}},
	    {DT_STRSZ, {STR_SIZE}},
	    {DT_SYMTAB, {0x400000 + SAMPLE_SYM}},
	    {DT_HASH, {0x400000 + SAMPLE_HASH}},
	    {DT_NULL, {0}},
	};
	static const Elf64_Sym sym[4] = {
	    {0},
	    {.st_name = STR_OPEN, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)},
	    {.st_name = STR_WEAK, .st_info = ELF64_ST_INFO(STB_WEAK, STT_FUNC)},
	    {.st_name = STR_MINE, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1},
	};
	static const uint32_t hash[] = {1, 4, 1, 0, 2, 3, 0};

	memset(s, 0, sizeof *s);
	put_parts(s);
	memcpy(s->bytes, &eh, sizeof eh);
	memcpy(s->bytes + sizeof eh, ph, sizeof ph);
	memcpy(s->bytes + SAMPLE_SYM, sym, sizeof sym);
	memcpy(s->bytes + SAMPLE_HASH, hash, sizeof hash);
	memcpy(s->bytes + SAMPLE_DYN, dyn, sizeof dyn);
}

void
sample_make32(struct sample *s)
{
	static const Elf32_Ehdr eh = {
	    .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
	    .e_type = ET_EXEC,
	    .e_machine = EM_ARM,
	    .e_version = EV_CURRENT,
	    .e_entry = SAMPLE_ENTRY + 1,
	    .e_flags = 0x05000400,
	    .e_phoff = sizeof eh,
	    .e_ehsize = sizeof eh,
	    .e_phentsize = sizeof(Elf32_Phdr),
	    .e_phnum = 4,
	};
	static const Elf32_Phdr ph[4] = {
	    {PT_LOAD, 0, 0x400000, 0, 0x1000, 0x1000, PF_R | PF_X, 0x1000},
	    {PT_LOAD, 0x1000, 0x401000, 0, 0x800, 0x1000, PF_R | PF_W, 0x1000},
	    {PT_INTERP, SAMPLE_INTERP, 0, 0, 21, 21, PF_R, 1},
	    {PT_DYNAMIC, SAMPLE_DYN, 0x401000, 0, 4 * sizeof(Elf32_Dyn), 0, PF_R, 4},
	};
	static const Elf32_Dyn dyn[4] = {
	    {DT_NEEDED, {STR_LIBC}},
	    {DT_STRTAB, {0x400000 + SAMPLE_STR}},
	    {DT_STRSZ, {STR_SIZE}},
	};

	memset(s, 0, sizeof *s);
	put_parts(s);
	memcpy(s->bytes, &eh, sizeof eh);
	memcpy(s->bytes + sizeof eh, ph, sizeof ph);
	memcpy(s->bytes + SAMPLE_DYN, dyn, sizeof dyn);
}

void
sample_bend(struct sample *s, const struct bend *b, uint32_t max)
{
	for (uint32_t i = 0; i < max && b[i].size != 0; i++)
		memcpy(s->bytes + b[i].off, &b[i].value, b[i].size);
}

int
sample_fd(const struct sample *s)
{
	int fd = memfd_create("sample", 0);

	if (fd < 0 || write(fd, s->bytes, s->size) != (ssize_t)s->size)
		abort();
	return fd;
}

int
sample_open(const struct sample *s, struct image *ret, struct diag *d)
{
	return image_open_fd(sample_fd(s), "t", ret, d);
}
