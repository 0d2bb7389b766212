/*
 * Which system and machine a program was built for.
 *
 * Strongest mark first: a note of the system, OpenBSD's own segment types, a system's EI_OSABI, the
 * interpreter, the libraries.  What carries no mark at all and needs no interpreter is how static
 * Linux programs look.
 */
#include "loader/image.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define NOTE_ABI_TAG 1 /* the same type with every owner below */

static const char *
isa_find(const struct image *img)
{
	switch (img->machine) {
	case EM_X86_64:
		return img->class64 ? "amd64" : "x32";
	case EM_386:
		return "i386";
	case EM_AARCH64:
		return img->class64 ? "aarch64" : NULL;
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return img->class64 ? "riscv64" : "riscv32";
	default:
		return NULL;
	}
}

/* The GNU tag's first word names the kernel (glibc, elf/elf.h: ELF_NOTE_OS_*). */
static const char *
gnu_tag_os(uint32_t word)
{
	return word == ELF_NOTE_OS_LINUX      ? "Linux"
	       : word == ELF_NOTE_OS_SOLARIS2 ? "illumos"
					      : NULL;
}

static const struct {
	const char *owner, *os;
} note_owners[] = {
    {"FreeBSD", "FreeBSD"},	{"NetBSD", "NetBSD"}, {"OpenBSD", "OpenBSD"},
    {"DragonFly", "DragonFly"}, {"Android", "Linux"},
};

static bool
by_note(const struct image *img, struct brand *b)
{
	for (uint32_t i = 0; i < img->nnote; i++) {
		const struct image_note *n = &img->note[i];
		const char *os = NULL;

		if (n->type != NOTE_ABI_TAG || n->desclen < 4)
			continue;
		if (strcmp(n->owner, "GNU") == 0 && n->desclen >= 16)
			os = gnu_tag_os(n->desc0);
		for (size_t k = 0; os == NULL && k < sizeof note_owners / sizeof note_owners[0];
		     k++)
			if (strcmp(n->owner, note_owners[k].owner) == 0)
				os = note_owners[k].os;
		if (os == NULL)
			continue;
		b->os = os;
		if (strcmp(n->owner, "FreeBSD") == 0)
			b->osreldate = n->desc0;
		snprintf(b->why, sizeof b->why, "note: owner %s, type 1, value %u", n->owner,
			 n->desc0);
		return true;
	}
	return false;
}

static bool
by_segments(const struct image *img, struct brand *b)
{
	if (img->openbsd_segments == 0)
		return false;
	b->os = "OpenBSD";
	snprintf(b->why, sizeof b->why, "segments: %u of OpenBSD's own types",
		 img->openbsd_segments);
	return true;
}

static const struct {
	uint8_t osabi;
	const char *name, *os;
} osabis[] = {
    {ELFOSABI_NETBSD, "NetBSD", "NetBSD"},
    {ELFOSABI_SOLARIS, "Solaris", "illumos"},
    {ELFOSABI_FREEBSD, "FreeBSD", "FreeBSD"},
    {ELFOSABI_OPENBSD, "OpenBSD", "OpenBSD"},
};

static bool
by_osabi(const struct image *img, struct brand *b)
{
	for (size_t i = 0; i < sizeof osabis / sizeof osabis[0]; i++)
		if (img->osabi == osabis[i].osabi) {
			b->os = osabis[i].os;
			snprintf(b->why, sizeof b->why, "header: EI_OSABI %u (%s)", img->osabi,
				 osabis[i].name);
			return true;
		}
	return false;
}

/* A path ending in '*' is a prefix; one without a slash is compared with the last component. */
static const struct {
	const char *path, *os;
} interps[] = {
    {"/libexec/ld-elf.so.1", "FreeBSD"},
    {"/libexec/ld-elf32.so.1", "FreeBSD"},
    {"/usr/libexec/ld-elf.so.1", "FreeBSD"},
    {"/usr/libexec/ld-elf.so.2", "DragonFly"},
    {"/libexec/ld-elf.so.2", "DragonFly"},
    {"/libexec/ld.elf_so*", "NetBSD"},
    {"/usr/libexec/ld.elf_so*", "NetBSD"},
    {"/usr/libexec/ld.so", "OpenBSD"},
    {"/lib/amd64/ld.so.1", "illumos"},
    {"/usr/lib/amd64/ld.so.1", "illumos"},
    {"/lib/64/ld.so.1", "illumos"},
    {"/usr/lib/64/ld.so.1", "illumos"},
    {"/lib/ld.so.1", "illumos"},
    {"/usr/lib/ld.so.1", "illumos"},
    {"ld-linux*", "Linux"},
    {"ld-musl-*", "Linux"},
    {"ld-uClibc*", "Linux"},
    {"linker", "Linux"},
    {"linker64", "Linux"},
};

static bool
path_matches(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);
	const char *last = strrchr(path, '/');

	if (strchr(pattern, '/') == NULL && last != NULL)
		path = last + 1;
	return pattern[n - 1] == '*' ? strncmp(pattern, path, n - 1) == 0
				     : strcmp(pattern, path) == 0;
}

static bool
by_interp(const struct image *img, struct brand *b)
{
	if (img->interp == NULL)
		return false;
	for (size_t i = 0; i < sizeof interps / sizeof interps[0]; i++)
		if (path_matches(interps[i].path, img->interp)) {
			b->os = interps[i].os;
			snprintf(b->why, sizeof b->why, "interpreter: %.100s", img->interp);
			return true;
		}
	return false;
}

/* Library names that one system alone has; %: digits. */
static const struct {
	const char *pattern, *os;
} libs[] = {
    {"libc.so.6", "Linux"},	    {"libc.musl-*", "Linux"},	{"ld-linux*", "Linux"},
    {"ld-musl-*", "Linux"},	    {"libc.so.7", "FreeBSD"},	{"libthr.so.3", "FreeBSD"},
    {"libc.so.12", "NetBSD"},	    {"libc.so.8", "DragonFly"}, {"libsocket.so*", "illumos"},
    {"libsendfile.so*", "illumos"}, {"libc.so.1", "illumos"},
};

/* OpenBSD's have two numbers: libc.so.97.1 */
static bool
lib_is_openbsd(const char *name)
{
	unsigned major, minor;
	int end = 0;

	return sscanf(name, "libc.so.%u.%u%n", &major, &minor, &end) == 2 && name[end] == '\0';
}

static bool
by_libs(const struct image *img, struct brand *b)
{
	for (char **lib = img->needed; lib != NULL && *lib != NULL; lib++) {
		const char *os = lib_is_openbsd(*lib) ? "OpenBSD" : NULL;

		for (size_t i = 0; os == NULL && i < sizeof libs / sizeof libs[0]; i++)
			if (path_matches(libs[i].pattern, *lib))
				os = libs[i].os;
		if (os != NULL) {
			b->os = os;
			snprintf(b->why, sizeof b->why, "library: %.100s", *lib);
			return true;
		}
	}
	return false;
}

static void
by_default(const struct image *img, struct brand *b)
{
	if (img->osabi == ELFOSABI_LINUX) {
		b->os = "Linux";
		snprintf(b->why, sizeof b->why, "header: EI_OSABI 3 (GNU)");
	} else if (img->osabi != ELFOSABI_NONE) {
		snprintf(b->why, sizeof b->why, "header: EI_OSABI %u is of no system known here",
			 img->osabi);
	} else if (img->interp != NULL) {
		snprintf(b->why, sizeof b->why,
			 "no mark: interpreter %.80s is of no system known here", img->interp);
	} else {
		b->os = "Linux";
		snprintf(b->why, sizeof b->why,
			 "no mark of any system: static Linux programs look so");
	}
}

void
brand_find(const struct image *img, struct brand *ret)
{
	*ret = (struct brand){.isa = isa_find(img)};
	if (!by_note(img, ret) && !by_segments(img, ret) && !by_osabi(img, ret) &&
	    !by_interp(img, ret) && !by_libs(img, ret))
		by_default(img, ret);
}
