/*
 * Program files: each way of being wrong is one row, with the whole message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_sample.h"

enum { BENDS = 5 };

struct row {
	const char *text;    /* the message after "t: " */
	struct bend bend[BENDS];
	uint32_t size;       /* of the file; 0: all of it */
};

static const struct row bad64[] = {
	/* the header */
	{ "not an ELF program: it begins with 7f 45 4c 47", { { 3, 1, 'G' } } },
	{ "ELF header: only 10 bytes of it are there", { { 0 } }, 10 },
	{ "ELF header: 64 bytes long, and the file has only 63", { { 0 } }, 63 },
	{ "ELF header: class 3, known are 1 (32-bit) and 2 (64-bit)", { { EI_CLASS, 1, 3 } } },
	{ "ELF header: byte order 2 (big-endian); only little-endian programs can run", { { EI_DATA, 1, 2 } } },
	{ "ELF header: byte order 0, known are 1 (little) and 2 (big)", { { EI_DATA, 1, 0 } } },
	{ "ELF header: version 0, known is 1", { { EI_VERSION, 1, 0 } } },
	{ "ELF header: file version 2, known is 1", { { EH64(e_version), 2 } } },
	{ "an object file (type 1), not linked into a program yet", { { EH64(e_type), ET_REL } } },
	{ "a core dump (type 4), not a program", { { EH64(e_type), ET_CORE } } },
	{ "ELF header: type 0, programs have 2 or 3", { { EH64(e_type), ET_NONE } } },
	{ "ELF header: type 65024, programs have 2 or 3", { { EH64(e_type), 0xfe00 } } },
	{ "ELF header: class 2 (64-bit), but machine 3 has 32 bits", { { EH64(e_machine), EM_386 } } },
	{ "ELF header: class 2 (64-bit), but machine 40 has 32 bits", { { EH64(e_machine), EM_ARM } } },
	/* the table of program headers */
	{ "ELF header: no program headers", { { EH64(e_phnum), 0 } } },
	{ "ELF header: 1171 program headers, at most 1170 can be loaded", { { EH64(e_phnum), 1171 } } },
	{ "ELF header: 65535 program headers, at most 1170 can be loaded", { { EH64(e_phnum), PN_XNUM } } },
	{ "ELF header: program headers of 32 bytes each, this class has 56", { { EH64(e_phentsize), 32 } } },
	{ "ELF header: 7 program headers at 0x1700 do not fit in a file of 0x1800 bytes", { { EH64(e_phoff), 0x1700 } } },
	{ "ELF header: 7 program headers at 0xffffffffffffffff do not fit in a file of 0x1800 bytes",
	  { { EH64(e_phoff), UINT64_MAX } } },
	{ "program headers: 7, but none loads anything", { { PH64(0, p_type), 0 }, { PH64(1, p_type), 0 } } },
	{ "program headers: 7, but none loads anything",
	  { { PH64(0, p_memsz), 0 }, { PH64(0, p_filesz), 0 }, { PH64(1, p_type), 0 } } },
	/* sizes and places of segments */
	{ "segment 1: 0x800 bytes in the file but only 0x7ff in memory", { { PH64(1, p_memsz), 0x7ff } } },
	{ "segment 1: 0x801 bytes at 0x1000 do not fit in a file of 0x1800 bytes", { { PH64(1, p_filesz), 0x801 } } },
	{ "segment 1: 0x800 bytes at 0xfffffffffffff000 do not fit in a file of 0x1800 bytes",
	  { { PH64(1, p_offset), -0x1000ull } } },
	{ "segment 1: 0xffffffffffffffff bytes at 0x1000 do not fit in a file of 0x1800 bytes",
	  { { PH64(1, p_filesz), UINT64_MAX }, { PH64(1, p_memsz), UINT64_MAX } } },
	{ "segment 1: 0xfffffffffffff000 bytes at address 0x401000 wrap around", { { PH64(1, p_memsz), -0x1000ull } } },
	{ "segment 1: 0x1000 bytes at address 0xfffffffffffff000 wrap around",
	  { { PH64(1, p_vaddr), -0x1000ull } } },
	{ "segment 1: 0xff0 bytes at address 0xfffffffffffff000 wrap around",
	  { { PH64(1, p_vaddr), -0x1000ull }, { PH64(1, p_memsz), 0xff0 } } },
	{ "segment 1: address 0x401008 and file offset 0x1000 differ within the page", { { PH64(1, p_vaddr), 0x401008 } } },
	{ "segment 1: alignment 0x1001 is no power of two", { { PH64(1, p_align), 0x1001 } } },
	{ "segment 1: alignment 0x8000000000000000, at most 0x40000000 can be met", { { PH64(1, p_align), 1ull << 63 } } },
	{ "segment 0: addresses 0 to 0x1000, programs can have 0x10000 to 0x500000000000", { { PH64(0, p_vaddr), 0 } } },
	{ "segment 1: addresses 0x4ffffffff000 to 0x500000001000, programs can have 0x10000 to 0x500000000000",
	  { { PH64(1, p_vaddr), 0x4ffffffff000 }, { PH64(1, p_memsz), 0x2000 } } },
	{ "segment 1: addresses 0xffffffff80000000 to 0xffffffff80001000, programs can have 0x10000 to 0x500000000000",
	  { { PH64(1, p_vaddr), 0xffffffff80000000 } } },
	/* how segments lie to each other */
	{ "segment 1: address 0x400000 lies inside segment 0 (0x400000 to 0x401000)", { { PH64(1, p_vaddr), 0x400000 } } },
	{ "segment 1: address 0x3ff000 is below segment 0 at 0x400000", { { PH64(1, p_vaddr), 0x3ff000 } } },
	{ "segment 1: shares the page at 0x400000 with segment 0, from another file offset",
	  { { PH64(0, p_filesz), 0x700 }, { PH64(0, p_memsz), 0x700 }, { PH64(1, p_vaddr), 0x400700 },
	    { PH64(1, p_offset), 0x1700 }, { PH64(1, p_filesz), 0x100 } } },
	{ "segment 1: shares the page at 0x400000 with segment 0, and one has zeroes there",
	  { { PH64(0, p_filesz), 0x700 }, { PH64(0, p_memsz), 0x701 }, { PH64(1, p_vaddr), 0x400800 },
	    { PH64(1, p_offset), 0x800 } } },
	{ "segment 1: shares the page at 0x400000 with segment 0, and one has zeroes there",
	  { { PH64(0, p_filesz), 0x700 }, { PH64(0, p_memsz), 0x700 }, { PH64(1, p_vaddr), 0x400800 },
	    { PH64(1, p_filesz), 0 } } },
	{ "segments: 0x10000001000 bytes from first to last, at most 0x10000000000 can be placed",
	  { { EH64(e_type), ET_DYN }, { PH64(1, p_vaddr), 0x10000400000 }, { PH64(SEG_DYN, p_type), 0 } } },
	/* the entry */
	{ "entry point 0x401800: in no executable segment", { { EH64(e_entry), 0x401800 } } },
	{ "entry point 0x401000: in no executable segment", { { EH64(e_entry), 0x401000 } } },
	{ "entry point 0: in no executable segment", { { EH64(e_entry), 0 } } },
	{ "entry point 0x400800: in no executable segment", { { PH64(0, p_flags), PF_R } } },
	{ "a shared library (entry point 0), not a program", { { EH64(e_type), ET_DYN }, { EH64(e_entry), 0 } } },
	/* TLS */
	{ "segment 5: 0x21 bytes in the file but only 0x20 in memory", { { PH64(SEG_TLS, p_filesz), 0x21 } } },
	{ "segment 5: 0x10 bytes at 0x17f8 do not fit in a file of 0x1800 bytes", { { PH64(SEG_TLS, p_offset), 0x17f8 } } },
	{ "segment 5: alignment 0x3 is no power of two", { { PH64(SEG_TLS, p_align), 3 } } },
	/* the interpreter */
	{ "segment 2: interpreter's name of 0x15 bytes at 0x17f0 does not fit in a file of 0x1800 bytes",
	  { { PH64(SEG_INTERP, p_offset), 0x17f0 } } },
	{ "segment 2: interpreter's name does not end with NUL after 20 bytes", { { PH64(SEG_INTERP, p_filesz), 20 } } },
	{ "segment 2: interpreter's name of 1 bytes, 2 to 4096 are possible", { { PH64(SEG_INTERP, p_filesz), 1 } } },
	{ "segment 2: interpreter's name of 4097 bytes, 2 to 4096 are possible", { { PH64(SEG_INTERP, p_filesz), 4097 } } },
	{ "segment 2: interpreter's name is empty", { { SAMPLE_INTERP, 1, 0 } } },
	{ "segment 3: a second interpreter; the first is /libexec/ld-elf.so.1", { { PH64(SEG_NOTE, p_type), PT_INTERP } } },
	/* notes */
	{ "segment 3: notes of 0x18 bytes at 0x17f0 do not fit in a file of 0x1800 bytes",
	  { { PH64(SEG_NOTE, p_offset), 0x17f0 } } },
	{ "segment 3: note at 0: a name of 0xd bytes runs past the end at 0x18", { { NOTE64(n_namesz), 13 } } },
	{ "segment 3: note at 0: a name of 0xffffffff bytes runs past the end at 0x18", { { NOTE64(n_namesz), UINT32_MAX } } },
	{ "segment 3: note at 0: a descriptor of 0x5 bytes runs past the end at 0x18", { { NOTE64(n_descsz), 5 } } },
	{ "segment 3: note at 0: a descriptor of 0xffffffff bytes runs past the end at 0x18",
	  { { NOTE64(n_descsz), UINT32_MAX } } },
	/* the dynamic section */
	{ "segment 4: dynamic section of 0x80 bytes at 0x17f0 does not fit in a file of 0x1800 bytes",
	  { { PH64(SEG_DYN, p_offset), 0x17f0 } } },
	{ "segment 4: dynamic section of 0x78 bytes, not a multiple of 16", { { PH64(SEG_DYN, p_filesz), 0x78 } } },
	{ "segment 4: dynamic section of 0 bytes, not a multiple of 16", { { PH64(SEG_DYN, p_filesz), 0 } } },
	{ "segment 4: dynamic section: none of its 7 entries ends it (DT_NULL)", { { PH64(SEG_DYN, p_filesz), 0x70 } } },
	{ "segment 5: a second dynamic section", { { PH64(SEG_TLS, p_type), PT_DYNAMIC } } },
	{ "dynamic section: names, but no string table (DT_STRTAB)", { { DYN64(3, d_tag), DT_DEBUG } } },
	{ "dynamic section: names, but no string table (DT_STRSZ)", { { DYN64(4, d_tag), DT_DEBUG } } },
	{ "dynamic section: string table of 0x4000001 bytes, at most 0x4000000 are read", { { DYN64(4, d_un), 0x4000001 } } },
	{ "dynamic section: string table of 0x2f bytes at address 0x500000 is in no segment", { { DYN64(3, d_un), 0x500000 } } },
	{ "dynamic section: string table of 0x2f bytes at address 0x400ff0 is in no segment", { { DYN64(3, d_un), 0x400ff0 } } },
	{ "dynamic section: string table of 0x2f bytes at address 0x401900 is in no segment", { { DYN64(3, d_un), 0x401900 } } },
	{ "dynamic section: DT_NEEDED at 0x2f of a string table of 0x2f bytes", { { DYN64(0, d_un), STR_SIZE } } },
	{ "dynamic section: DT_SONAME at 0xffffffffffffffff of a string table of 0x2f bytes", { { DYN64(2, d_un), UINT64_MAX } } },
	{ "dynamic section: DT_NEEDED at 0xb runs past the string table's 0xf bytes", { { DYN64(4, d_un), 15 } } },
};

static const struct row bad32[] = {
	{ "ELF header: 52 bytes long, and the file has only 51", { { 0 } }, 51 },
	{ "ELF header: program headers of 56 bytes each, this class has 32", { { EH32(e_phentsize), 56 } } },
	{ "ELF header: 2049 program headers, at most 2048 can be loaded", { { EH32(e_phnum), 2049 } } },
	{ "segment 1: 0xfffff000 bytes at address 0x401000 wrap around", { { PH32(1, p_memsz), 0xfffff000 } } },
	{ "segment 1: 0x1000 bytes at address 0xfffff000 wrap around", { { PH32(1, p_vaddr), 0xfffff000 } } },
	{ "segment 0: addresses 0xf000 to 0x10000, programs can have 0x10000 to 0x100000000", { { PH32(0, p_vaddr), 0xf000 } } },
	{ "segment 3: dynamic section of 0x1c bytes, not a multiple of 8", { { PH32(3, p_filesz), 28 } } },
	{ "entry point 0x401801: in no executable segment", { { EH32(e_entry), 0x401801 } } },
};

static unsigned
check_rows(const struct row *rows, size_t n, void (*make)(struct sample *))
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct diag d = { 0 };
		struct image img;
		struct sample s;
		int e;

		make(&s);
		sample_bend(&s, rows[i].bend, BENDS);
		if (rows[i].size != 0)
			s.size = rows[i].size;
		e = sample_open(&s, &img, &d);
		if (e == 0)
			image_close(&img);
		if (e != -ENOEXEC || strncmp(d.text, "t: ", 3) != 0 || strcmp(d.text + 3, rows[i].text) != 0) {
			printf("row %zu: want \"%s\", got %d \"%s\"\n", i, rows[i].text, e, d.text);
			wrong++;
		}
	}
	return wrong;
}

static void
every_malformed_64_bit_file_is_refused_by_name_part_and_number(void **state)
{
	(void)state;
	assert_int_equal(check_rows(bad64, sizeof bad64 / sizeof bad64[0], sample_make64), 0);
}

static void
every_malformed_32_bit_file_is_refused_by_name_part_and_number(void **state)
{
	(void)state;
	assert_int_equal(check_rows(bad32, sizeof bad32 / sizeof bad32[0], sample_make32), 0);
}

static void
a_good_64_bit_program_is_read_whole(void **state)
{
	struct diag d = { 0 };
	struct image img;
	struct sample s;

	(void)state;
	sample_make64(&s);
	assert_int_equal(sample_open(&s, &img, &d), 0);
	assert_int_equal(img.type, ET_EXEC);
	assert_int_equal(img.machine, EM_X86_64);
	assert_true(img.class64);
	assert_int_equal(img.osabi, ELFOSABI_FREEBSD);
	assert_int_equal(img.entry, SAMPLE_ENTRY);
	assert_int_equal(img.file_size, SAMPLE_SIZE);
	assert_int_equal(img.phnum, SEGS);
	assert_int_equal(img.phdr_vaddr, 0x400040);
	assert_int_equal(img.nseg, 2);
	assert_int_equal(img.seg[0].prot, PROT_READ | PROT_EXEC);
	assert_int_equal(img.seg[1].prot, PROT_READ | PROT_WRITE);
	assert_int_equal(img.seg[1].memsz, 0x1000);
	assert_int_equal(img.seg[1].filesz, 0x800);
	assert_string_equal(img.interp, "/libexec/ld-elf.so.1");
	assert_int_equal(img.nnote, 1);
	assert_string_equal(img.note[0].owner, "FreeBSD");
	assert_int_equal(img.note[0].desc0, 1203000);
	assert_true(img.has_dynamic && img.has_tls && !img.exec_stack);
	assert_string_equal(img.needed[0], "libc.so.7");
	assert_string_equal(img.needed[1], "libm.so.5");
	assert_null(img.needed[2]);
	assert_string_equal(img.soname, "libself.so");
	assert_int_equal(fcntl(img.fd, F_GETFD), FD_CLOEXEC);
	image_close(&img);
	assert_int_equal(img.fd, -1);
	assert_null(img.seg);
}

static void
a_good_32_bit_program_is_read_and_thumb_entry_is_understood(void **state)
{
	struct diag d = { 0 };
	struct image img;
	struct sample s;

	(void)state;
	sample_make32(&s);
	assert_int_equal(sample_open(&s, &img, &d), 0);
	assert_false(img.class64);
	assert_int_equal(img.machine, EM_ARM);
	assert_int_equal(img.eflags, 0x05000400);
	assert_int_equal(img.phdr_vaddr, 0x400034);
	assert_string_equal(img.needed[0], "libc.so.7");
	image_close(&img);
}

static void
odd_layouts_that_lose_nothing_are_accepted(void **state)
{
	static const struct bend rows[][BENDS] = {
		/* both on one page, from one place in the file; the entry lies in the second */
		{ { PH64(0, p_filesz), 0x700 }, { PH64(0, p_memsz), 0x700 }, { PH64(1, p_vaddr), 0x400700 },
		  { PH64(1, p_offset), 0x700 }, { PH64(1, p_flags), PF_R | PF_W | PF_X } },
		/* zeroes alone, at an offset behind the file's end */
		{ { PH64(1, p_filesz), 0 }, { PH64(1, p_offset), 0x123456 }, { PH64(SEG_DYN, p_type), 0 } },
		/* a loadable segment without size between */
		{ { PH64(SEG_TLS, p_type), PT_LOAD }, { PH64(SEG_TLS, p_filesz), 0 }, { PH64(SEG_TLS, p_memsz), 0 } },
		/* no alignment at all */
		{ { PH64(0, p_align), 0 }, { PH64(1, p_align), 1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct diag d = { 0 };
		struct image img;
		struct sample s;

		sample_make64(&s);
		sample_bend(&s, rows[i], BENDS);
		if (sample_open(&s, &img, &d) != 0)
			fail_msg("row %zu: %s", i, d.text);
		assert_int_equal(img.nseg, 2);
		image_close(&img);
	}
}

static void
undefined_symbols_are_listed_and_bad_symbol_tables_refused(void **state)
{
	static const struct row rows[] = {
		{ "hash table: 1048577 symbols, at most 1048576 are read", { { SAMPLE_HASH + 4, 4, 1048577 } } },
		{ "dynamic section: hash table at address 0x400ffc is in no segment", { { DYN64(6, d_un), 0x400ffc } } },
		{ "dynamic section: 4 symbols at address 0x400fb0 are in no segment", { { DYN64(5, d_un), 0x400fb0 } } },
		{ "symbol 2: name at 0x2f of a string table of 0x2f bytes", { { SYM64(2, st_name), STR_SIZE } } },
	};
	struct image_imports imp;
	struct diag d = { 0 };
	struct image img;
	struct sample s;

	(void)state;
	sample_make64(&s);
	assert_int_equal(sample_open(&s, &img, &d), 0);
	assert_int_equal(image_imports(&img, &imp, &d), 0);
	assert_int_equal(imp.n, 2);
	assert_int_equal(imp.nweak, 1);
	assert_string_equal(imp.name[0], "open");
	assert_string_equal(imp.name[1], "weak");
	assert_null(imp.name[2]);
	image_imports_free(&imp);
	image_close(&img);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sample_make64(&s);
		sample_bend(&s, rows[i].bend, BENDS);
		d = (struct diag){ 0 };
		assert_int_equal(sample_open(&s, &img, &d), 0);
		assert_int_equal(image_imports(&img, &imp, &d), -ENOEXEC);
		assert_string_equal(d.text + 3, rows[i].text);
		image_close(&img);
	}
}

static void
what_is_no_elf_file_is_called_by_its_kind(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t n;
		const char *text;
	} rows[] = {
		{ "", 0, "an empty file" },
		{ "#!/bin/sh -e\nexit\n", 18, "a script for \"/bin/sh -e\", not an ELF program" },
		{ "#! /usr/bin/env python3\n", 24, "a script for \"/usr/bin/env python3\", not an ELF program" },
		{ "#!", 2, "a script for \"\", not an ELF program" },
		{ "hello, world\n", 13, "a text file without a #! line, not an ELF program" },
		{ "MZ\x90\0\3", 5, "a Windows or DOS program, not an ELF program" },
		{ "\xcf\xfa\xed\xfe\7\0\0\1", 8, "a macOS program (Mach-O), not an ELF program" },
		{ "!<arch>\ndebian-binary", 21, "an archive of object files (ar), not an ELF program" },
		{ "\x1f\x8b\x08\0", 4, "compressed (gzip), not an ELF program" },
		{ "\0\0\0\0\0\0", 6, "not an ELF program: it begins with 00 00 00 00" },
		{ "\x7f", 1, "not an ELF program: it begins with 7f 00 00 00" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sample s = { .size = rows[i].n };
		struct diag d = { 0 };
		struct image img;

		memcpy(s.bytes, rows[i].bytes, rows[i].n);
		assert_int_equal(sample_open(&s, &img, &d), -ENOEXEC);
		assert_string_equal(d.text + 3, rows[i].text);
	}
}

static void
paths_that_cannot_be_programs_give_their_own_codes(void **state)
{
	char file[] = "/tmp/dragoman-test-XXXXXX";
	struct diag d = { 0 };
	struct image img;
	struct sample s;
	int fd = mkstemp(file);

	(void)state;
	assert_int_equal(image_open("/nonexistent/program", &img, &d), -ENOENT);
	assert_string_equal(d.text, "/nonexistent/program: No such file or directory");
	d = (struct diag){ 0 };
	assert_int_equal(image_open("/dev/null/x", &img, &d), -ENOENT);
	d = (struct diag){ 0 };
	assert_int_equal(image_open("/", &img, &d), -EACCES);
	assert_string_equal(d.text, "/: a directory");
	d = (struct diag){ 0 };
	assert_int_equal(image_open("/dev/null", &img, &d), -EACCES);

	sample_make64(&s);
	assert_true(fd >= 0 && write(fd, s.bytes, s.size) == (ssize_t)s.size);
	close(fd);
	assert_int_equal(chmod(file, 0644), 0);
	d = (struct diag){ 0 };
	assert_int_equal(image_open(file, &img, &d), -EACCES);
	assert_non_null(strstr(d.text, "not executable (chmod +x?)"));
	d = (struct diag){ 0 };
	assert_int_equal(image_open_any(file, &img, &d), 0);
	image_close(&img);
	assert_int_equal(chmod(file, 0755), 0);
	assert_int_equal(image_open(file, &img, &d), 0);
	assert_string_equal(img.path, file);
	image_close(&img);
	unlink(file);
}

static void
a_fifo_is_refused_without_waiting_for_a_writer(void **state)
{
	char dir[] = "/tmp/dragoman-test-XXXXXX", path[64];
	struct diag d = { 0 };
	struct image img;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0755), 0);
	assert_int_equal(image_open(path, &img, &d), -EACCES);
	unlink(path);
	rmdir(dir);
}

/* No single bit of the header part may crash the reader; most are caught, some change nothing that matters. */
static void
every_flipped_bit_of_the_headers_is_survived(void **state)
{
	struct sample good, s;

	(void)state;
	sample_make64(&good);
	for (uint32_t bit = 0; bit < 8 * (sizeof(Elf64_Ehdr) + SEGS * sizeof(Elf64_Phdr)); bit++) {
		struct image_imports imp;
		struct diag d = { 0 };
		struct image img;

		s = good;
		s.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (sample_open(&s, &img, &d) < 0) {
			assert_int_not_equal(d.text[0], '\0');
			continue;
		}
		if (image_imports(&img, &imp, &d) == 0)
			image_imports_free(&imp);
		image_close(&img);
	}
}

static void
a_huge_sparse_file_costs_no_memory(void **state)
{
	struct sample s;
	struct diag d = { 0 };
	struct image img;
	int fd;

	(void)state;
	sample_make64(&s);
	/* Section headers that would need an index of a billion entries. */
	((Elf64_Ehdr *)s.bytes)->e_shoff = 1ull << 20;
	((Elf64_Ehdr *)s.bytes)->e_shentsize = sizeof(Elf64_Shdr);
	((Elf64_Phdr *)(s.bytes + sizeof(Elf64_Ehdr)))[SEG_NOTE].p_filesz = 1ull << 30;
	fd = sample_fd(&s);
	assert_int_equal(ftruncate(fd, 1ll << 40), 0);
	assert_int_equal(image_open_fd(fd, "t", &img, &d), -ENOEXEC);
	assert_string_equal(d.text, "t: segment 3: notes of 0x40000000 bytes, at most 0x100000 are read");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_malformed_64_bit_file_is_refused_by_name_part_and_number),
		cmocka_unit_test(every_malformed_32_bit_file_is_refused_by_name_part_and_number),
		cmocka_unit_test(a_good_64_bit_program_is_read_whole),
		cmocka_unit_test(a_good_32_bit_program_is_read_and_thumb_entry_is_understood),
		cmocka_unit_test(odd_layouts_that_lose_nothing_are_accepted),
		cmocka_unit_test(undefined_symbols_are_listed_and_bad_symbol_tables_refused),
		cmocka_unit_test(what_is_no_elf_file_is_called_by_its_kind),
		cmocka_unit_test(paths_that_cannot_be_programs_give_their_own_codes),
		cmocka_unit_test(a_fifo_is_refused_without_waiting_for_a_writer),
		cmocka_unit_test(every_flipped_bit_of_the_headers_is_survived),
		cmocka_unit_test(a_huge_sparse_file_costs_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
