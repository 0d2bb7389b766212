/*
 * Recognition: for each system its primary mark and the secondary ones, as real files carry them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "elf_sample.h"

/* One file, by what brand_find() looks at. */
struct file {
	uint8_t osabi;
	const char *owner;   /* note of type 1 */
	uint32_t desclen, desc0;
	uint32_t openbsd_segments;
	const char *interp, *needed;
	const char *os, *why; /* expected */
};

static const struct file files[] = {
	/* FreeBSD: Go's static programs, clang's, old ones without note */
	{ 9, "FreeBSD", 4, 1203000, 0, NULL, NULL, "FreeBSD", "note: owner FreeBSD, type 1, value 1203000" },
	{ 0, "FreeBSD", 4, 1500068, 0, "/libexec/ld-elf.so.1", "libc.so.7", "FreeBSD", "note: owner FreeBSD, type 1, value 1500068" },
	{ 9, NULL, 0, 0, 0, NULL, NULL, "FreeBSD", "header: EI_OSABI 9 (FreeBSD)" },
	{ 0, NULL, 0, 0, 0, "/libexec/ld-elf.so.1", NULL, "FreeBSD", "interpreter: /libexec/ld-elf.so.1" },
	{ 0, NULL, 0, 0, 0, NULL, "libthr.so.3", "FreeBSD", "library: libthr.so.3" },
	/* DragonFly */
	{ 0, "DragonFly", 4, 600400, 0, "/usr/libexec/ld-elf.so.2", NULL, "DragonFly", "note: owner DragonFly, type 1, value 600400" },
	{ 0, NULL, 0, 0, 0, "/usr/libexec/ld-elf.so.2", NULL, "DragonFly", "interpreter: /usr/libexec/ld-elf.so.2" },
	{ 0, NULL, 0, 0, 0, NULL, "libc.so.8", "DragonFly", "library: libc.so.8" },
	/* NetBSD */
	{ 2, "NetBSD", 4, 700000000, 0, NULL, NULL, "NetBSD", "note: owner NetBSD, type 1, value 700000000" },
	{ 2, NULL, 0, 0, 0, NULL, NULL, "NetBSD", "header: EI_OSABI 2 (NetBSD)" },
	{ 0, NULL, 0, 0, 0, "/libexec/ld.elf_so", NULL, "NetBSD", "interpreter: /libexec/ld.elf_so" },
	{ 0, NULL, 0, 0, 0, "/usr/libexec/ld.elf_so", NULL, "NetBSD", "interpreter: /usr/libexec/ld.elf_so" },
	{ 0, NULL, 0, 0, 0, NULL, "libc.so.12", "NetBSD", "library: libc.so.12" },
	/* OpenBSD */
	{ 12, "OpenBSD", 4, 0, 0, "/usr/libexec/ld.so", "libc.so", "OpenBSD", "note: owner OpenBSD, type 1, value 0" },
	{ 0, NULL, 0, 0, 2, NULL, NULL, "OpenBSD", "segments: 2 of OpenBSD's own types" },
	{ 12, NULL, 0, 0, 0, NULL, NULL, "OpenBSD", "header: EI_OSABI 12 (OpenBSD)" },
	{ 0, NULL, 0, 0, 0, "/usr/libexec/ld.so", "libc.so", "OpenBSD", "interpreter: /usr/libexec/ld.so" },
	{ 0, NULL, 0, 0, 0, NULL, "libc.so.97.1", "OpenBSD", "library: libc.so.97.1" },
	/* illumos: Go's have no mark but the interpreter */
	{ 0, NULL, 0, 0, 0, "/lib/amd64/ld.so.1", "libc.so", "illumos", "interpreter: /lib/amd64/ld.so.1" },
	{ 0, NULL, 0, 0, 0, "/usr/lib/amd64/ld.so.1", NULL, "illumos", "interpreter: /usr/lib/amd64/ld.so.1" },
	{ 6, NULL, 0, 0, 0, NULL, NULL, "illumos", "header: EI_OSABI 6 (Solaris)" },
	{ 0, NULL, 0, 0, 0, NULL, "libsocket.so.1", "illumos", "library: libsocket.so.1" },
	/* Linux */
	{ 0, "GNU", 16, 0, 0, "/lib64/ld-linux-x86-64.so.2", "libc.so.6", "Linux", "note: owner GNU, type 1, value 0" },
	{ 0, "Android", 4, 24, 0, "/system/bin/linker64", "libc.so", "Linux", "note: owner Android, type 1, value 24" },
	{ 3, NULL, 0, 0, 0, NULL, NULL, "Linux", "header: EI_OSABI 3 (GNU)" },
	{ 0, NULL, 0, 0, 0, "/lib/ld-musl-aarch64.so.1", NULL, "Linux", "interpreter: /lib/ld-musl-aarch64.so.1" },
	{ 0, NULL, 0, 0, 0, "/lib/ld-linux-armhf.so.3", NULL, "Linux", "interpreter: /lib/ld-linux-armhf.so.3" },
	{ 0, NULL, 0, 0, 0, "/nix/store/abc-glibc/lib/ld-linux-aarch64.so.1", NULL, "Linux", "interpreter: /nix/store/abc-glibc/lib/ld-linux-aarch64.so.1" },
	{ 0, NULL, 0, 0, 0, NULL, "libc.so.6", "Linux", "library: libc.so.6" },
	{ 0, NULL, 0, 0, 0, NULL, NULL, "Linux", "no mark of any system: static Linux programs look so" },
	/* a system's note wins over GNU's OSABI, which only says that GNU extensions are used */
	{ 3, "FreeBSD", 4, 1400097, 0, NULL, NULL, "FreeBSD", "note: owner FreeBSD, type 1, value 1400097" },
	{ 3, NULL, 0, 0, 0, "/libexec/ld-elf.so.1", NULL, "FreeBSD", "interpreter: /libexec/ld-elf.so.1" },
	/* a note too short to be the tag decides nothing */
	{ 9, "NetBSD", 0, 0, 0, NULL, NULL, "FreeBSD", "header: EI_OSABI 9 (FreeBSD)" },
	/* unknown */
	{ 0, NULL, 0, 0, 0, "/boot/system/runtime_loader", NULL, NULL, "no mark: interpreter /boot/system/runtime_loader is of no system known here" },
	{ 7, NULL, 0, 0, 0, NULL, NULL, NULL, "header: EI_OSABI 7 is of no system known here" },
};

static void
each_system_is_known_by_each_of_its_marks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		const struct file *f = &files[i];
		struct image_note note = { .type = 1, .desc0 = f->desc0, .desclen = f->desclen };
		char *needed[2] = { (char *)f->needed, NULL };
		struct image img = { .fd = -1, .class64 = 1, .machine = EM_X86_64, .osabi = f->osabi,
			             .openbsd_segments = f->openbsd_segments, .interp = (char *)f->interp,
			             .needed = f->needed != NULL ? needed : NULL, .note = &note,
			             .nnote = f->owner != NULL };
		struct brand b;

		if (f->owner != NULL)
			strcpy(note.owner, f->owner);
		brand_find(&img, &b);
		assert_string_equal(b.why, f->why);
		if (f->os == NULL)
			assert_null(b.os);
		else
			assert_string_equal(b.os, f->os);
		assert_string_equal(b.isa, "amd64");
	}
}

static void
each_machine_is_known(void **state)
{
	static const struct {
		uint16_t machine;
		uint8_t class64;
		const char *isa;
	} rows[] = {
		{ EM_X86_64, 1, "amd64" }, { EM_X86_64, 0, "x32" },     { EM_386, 0, "i386" },    { EM_AARCH64, 1, "aarch64" },
		{ EM_ARM, 0, "arm" },      { EM_RISCV, 1, "riscv64" }, { EM_RISCV, 0, "riscv32" }, { EM_AARCH64, 0, NULL },
		{ EM_PPC64, 1, NULL },     { 0, 1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct image img = { .fd = -1, .machine = rows[i].machine, .class64 = rows[i].class64 };
		struct brand b;

		brand_find(&img, &b);
		if (rows[i].isa == NULL)
			assert_null(b.isa);
		else
			assert_string_equal(b.isa, rows[i].isa);
	}
}

static void
the_freebsd_note_gives_osreldate(void **state)
{
	struct diag d = { 0 };
	struct image img;
	struct sample s;
	struct brand b;

	(void)state;
	sample_make64(&s);
	assert_int_equal(sample_open(&s, &img, &d), 0);
	brand_find(&img, &b);
	assert_int_equal(b.osreldate, 1203000);
	image_close(&img);
	sample_make32(&s);
	assert_int_equal(sample_open(&s, &img, &d), 0);
	brand_find(&img, &b);
	assert_int_equal(b.osreldate, 0);
	assert_string_equal(b.os, "FreeBSD");
	assert_string_equal(b.isa, "arm");
	image_close(&img);
}

static void
openbsd_segments_are_counted_from_a_file(void **state)
{
	/* PT_OPENBSD_RANDOMIZE and PT_OPENBSD_SYSCALLS instead of the note and the interpreter */
	static const struct bend bends[] = { { EH64(e_ident[EI_OSABI]), 0 }, { PH64(SEG_NOTE, p_type), 0x65a3dbe6 },
		                             { PH64(SEG_INTERP, p_type), 0x65a3dbe9 } };
	struct diag d = { 0 };
	struct image img;
	struct sample s;
	struct brand b;

	(void)state;
	sample_make64(&s);
	sample_bend(&s, bends, 3);
	assert_int_equal(sample_open(&s, &img, &d), 0);
	assert_int_equal(img.openbsd_segments, 2);
	brand_find(&img, &b);
	assert_string_equal(b.os, "OpenBSD");
	image_close(&img);
}

static void
a_long_interpreter_name_does_not_overrun_the_reason(void **state)
{
	char name[4000];
	struct image img = { .fd = -1, .interp = name };
	struct brand b;

	(void)state;
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	brand_find(&img, &b);
	assert_true(strlen(b.why) < sizeof b.why);
	assert_null(b.os);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_system_is_known_by_each_of_its_marks),
		cmocka_unit_test(each_machine_is_known),
		cmocka_unit_test(the_freebsd_note_gives_osreldate),
		cmocka_unit_test(openbsd_segments_are_counted_from_a_file),
		cmocka_unit_test(a_long_interpreter_name_does_not_overrun_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
