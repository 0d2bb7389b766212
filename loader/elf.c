/*
 * Program files: the file itself and its header.  Segments are in elf_seg.c, what they hold in
 * elf_note.c, elf_dyn.c and elf_sym.c.  Nothing is mapped here.
 */
#include "loader/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/elf_impl.h"

int
elf_fail(struct elf_reader *r, int code, const char *fmt, ...)
{
	char text[320];
	size_t n = strlen(r->path);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return diag_fail(r->d, code, "%s%s: %s", n > 180 ? "..." : "",
			 n > 180 ? r->path + n - 180 : r->path, text);
}

bool
elf_in_file(const struct elf_reader *r, uint64_t off, uint64_t n)
{
	return off <= r->size && n <= r->size - off;
}

int
elf_read_at(struct elf_reader *r, uint64_t off, void *buf, uint64_t n, const char *what)
{
	uint64_t done = 0;

	while (done < n) {
		ssize_t got = pread(r->fd, (char *)buf + done, n - done, (off_t)(off + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return elf_fail(r, -errno, "%s: cannot read at %#llx: %s", what,
					(unsigned long long)(off + done), strerror(errno));
		if (got == 0)
			return elf_fail(r, -ENOEXEC, "%s: the file ends at %#llx while being read",
					what, (unsigned long long)(off + done));
		done += (uint64_t)got;
	}
	return 0;
}

int
elf_read_new(struct elf_reader *r, uint64_t off, uint64_t n, const char *what, char **ret_buf)
{
	char *buf = malloc(n + 1);
	int e;

	if (buf == NULL)
		return elf_fail(r, -ENOMEM, "%s: no memory for %llu bytes", what,
				(unsigned long long)n);
	e = elf_read_at(r, off, buf, n, what);
	if (e < 0) {
		free(buf);
		return e;
	}
	buf[n] = '\0';
	*ret_buf = buf;
	return 0;
}

uint32_t
elf_entsize(const struct elf_reader *r, Elf_Type type)
{
	return (uint32_t)(r->head[EI_CLASS] == ELFCLASS64 ? elf64_fsize : elf32_fsize)(type, 1,
										       EV_CURRENT);
}

/* The header again, without section headers and with at most one table, which follows it. */
static void
table_head(struct elf_reader *r, char *mem, uint64_t n, Elf_Type type)
{
	uint16_t count = type == ELF_T_PHDR ? (uint16_t)(n / elf_entsize(r, type)) : 0;

	memcpy(mem, r->head, sizeof r->head);
	if (r->head[EI_CLASS] == ELFCLASS64) {
		Elf64_Ehdr *h = (Elf64_Ehdr *)mem;

		h->e_shoff = h->e_shnum = h->e_shstrndx = 0;
		h->e_phoff = count > 0 ? sizeof r->head : 0;
		h->e_phnum = count;
	} else {
		Elf32_Ehdr *h = (Elf32_Ehdr *)mem;

		h->e_shoff = h->e_shnum = h->e_shstrndx = 0;
		h->e_phoff = count > 0 ? sizeof r->head : 0;
		h->e_phnum = count;
	}
}

int
elf_table_open(struct elf_reader *r, uint64_t off, uint64_t n, Elf_Type type, const char *what,
	       struct elf_table *ret)
{
	struct elf_table t = {.mem = malloc(sizeof r->head + n)};
	int e;

	if (t.mem == NULL)
		return elf_fail(r, -ENOMEM, "%s: no memory for %llu bytes", what,
				(unsigned long long)n);
	table_head(r, t.mem, n, type);
	e = elf_read_at(r, off, t.mem + sizeof r->head, n, what);
	if (e < 0) {
		free(t.mem);
		return e;
	}
	elf_version(EV_CURRENT);
	t.elf = elf_memory(t.mem, sizeof r->head + n);
	if (t.elf != NULL && n > 0 && type != ELF_T_PHDR)
		t.data = elf_getdata_rawchunk(t.elf, sizeof r->head, n, type);
	if (t.elf == NULL || (t.data == NULL && n > 0 && type != ELF_T_PHDR)) {
		e = elf_fail(r, -ENOEXEC, "%s: libelf: %s", what, elf_errmsg(-1));
		elf_table_close(&t);
		return e;
	}
	*ret = t;
	return 0;
}

void
elf_table_close(struct elf_table *t)
{
	if (t->elf != NULL)
		elf_end(t->elf);
	free(t->mem);
}

static bool
head_is_text(const uint8_t *b, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (b[i] != '\t' && b[i] != '\n' && b[i] != '\r' && (b[i] < 0x20 || b[i] == 0x7f))
			return false;
	return true;
}

/* Formats that people do hand to a loader, by their first bytes (magic(5)). */
static const struct {
	const char *bytes;
	uint8_t n;
	const char *what;
} formats[] = {
    {"MZ", 2, "a Windows or DOS program"},
    {"\xcf\xfa\xed\xfe", 4, "a macOS program (Mach-O)"},
    {"\xce\xfa\xed\xfe", 4, "a macOS program (Mach-O)"},
    {"\xca\xfe\xba\xbe", 4, "a macOS universal binary or Java class"},
    {"!<arch>\n", 8, "an archive of object files (ar)"},
    {"!<thin>\n", 8, "an archive of object files (ar)"},
    {"\0asm", 4, "a WebAssembly module"},
    {"BC\xc0\xde", 4, "LLVM bitcode"},
    {"\x1f\x8b", 2, "compressed (gzip)"},
    {"\xfd"
     "7zXZ",
     5, "compressed (xz)"},
    {"\x28\xb5\x2f\xfd", 4, "compressed (zstd)"},
    {"PK\3\4", 4, "a zip archive"},
};

static int
head_not_elf(struct elf_reader *r, uint64_t have)
{
	const uint8_t *b = r->head;

	if (have == 0)
		return elf_fail(r, -ENOEXEC, "an empty file");
	if (have >= 2 && b[0] == '#' && b[1] == '!') {
		char line[48] = "";
		unsigned pos = 0;

		for (uint64_t i = 2; i < have && b[i] != '\n' && pos < sizeof line - 1; i++)
			line[pos++] = (char)b[i];
		line[pos] = '\0';
		return elf_fail(r, -ENOEXEC, "a script for \"%s\", not an ELF program",
				line + strspn(line, " \t"));
	}
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (have >= formats[i].n && memcmp(b, formats[i].bytes, formats[i].n) == 0)
			return elf_fail(r, -ENOEXEC, "%s, not an ELF program", formats[i].what);
	if (head_is_text(b, have))
		return elf_fail(r, -ENOEXEC, "a text file without a #! line, not an ELF program");
	return elf_fail(r, -ENOEXEC, "not an ELF program: it begins with %02x %02x %02x %02x", b[0],
			b[1], b[2], b[3]);
}

static int
head_check_ident(struct elf_reader *r, uint64_t have)
{
	const uint8_t *b = r->head;
	unsigned need;

	if (have < SELFMAG || memcmp(b, ELFMAG, SELFMAG) != 0)
		return head_not_elf(r, have);
	if (have < EI_NIDENT)
		return elf_fail(r, -ENOEXEC, "ELF header: only %llu bytes of it are there",
				(unsigned long long)have);
	if (b[EI_CLASS] != ELFCLASS32 && b[EI_CLASS] != ELFCLASS64)
		return elf_fail(r, -ENOEXEC,
				"ELF header: class %u, known are 1 (32-bit) and 2 (64-bit)",
				b[EI_CLASS]);
	if (b[EI_DATA] == ELFDATA2MSB)
		return elf_fail(
		    r, -ENOEXEC,
		    "ELF header: byte order 2 (big-endian); only little-endian programs can run");
	if (b[EI_DATA] != ELFDATA2LSB)
		return elf_fail(r, -ENOEXEC,
				"ELF header: byte order %u, known are 1 (little) and 2 (big)",
				b[EI_DATA]);
	if (b[EI_VERSION] != EV_CURRENT)
		return elf_fail(r, -ENOEXEC, "ELF header: version %u, known is 1", b[EI_VERSION]);
	need = b[EI_CLASS] == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	if (have < need)
		return elf_fail(r, -ENOEXEC,
				"ELF header: %u bytes long, and the file has only %llu", need,
				(unsigned long long)have);
	return 0;
}

static int
head_check_type(struct elf_reader *r)
{
	unsigned type = r->eh.e_type, machine = r->eh.e_machine;

	if (type == ET_REL)
		return elf_fail(r, -ENOEXEC,
				"an object file (type 1), not linked into a program yet");
	if (type == ET_CORE)
		return elf_fail(r, -ENOEXEC, "a core dump (type 4), not a program");
	if (type != ET_EXEC && type != ET_DYN)
		return elf_fail(r, -ENOEXEC, "ELF header: type %u, programs have 2 or 3", type);
	if (r->eh.e_version != EV_CURRENT)
		return elf_fail(r, -ENOEXEC, "ELF header: file version %u, known is 1",
				r->eh.e_version);
	if (r->head[EI_CLASS] == ELFCLASS64 && (machine == EM_386 || machine == EM_ARM))
		return elf_fail(r, -ENOEXEC,
				"ELF header: class 2 (64-bit), but machine %u has 32 bits",
				machine);
	return 0;
}

static int
head_check_table(struct elf_reader *r)
{
	uint64_t off = r->eh.e_phoff, num = r->eh.e_phnum, ent = r->eh.e_phentsize;
	uint32_t want = elf_entsize(r, ELF_T_PHDR);

	if (num == 0)
		return elf_fail(r, -ENOEXEC, "ELF header: no program headers");
	if (ent != want)
		return elf_fail(r, -ENOEXEC,
				"ELF header: program headers of %llu bytes each, this class has %u",
				(unsigned long long)ent, want);
	if (num * ent > ELF_PHDRS_MAX)
		return elf_fail(r, -ENOEXEC,
				"ELF header: %llu program headers, at most %u can be loaded",
				(unsigned long long)num, ELF_PHDRS_MAX / want);
	if (!elf_in_file(r, off, num * ent))
		return elf_fail(
		    r, -ENOEXEC,
		    "ELF header: %llu program headers at %#llx do not fit in a file of %#llx bytes",
		    (unsigned long long)num, (unsigned long long)off, (unsigned long long)r->size);
	return 0;
}

/* The header in both forms: as bytes in r->head and as numbers in r->eh. */
static int
head_read(struct elf_reader *r)
{
	uint64_t have = r->size < sizeof r->head ? r->size : sizeof r->head;
	struct elf_table t;
	int e;

	e = elf_read_at(r, 0, r->head, have, "ELF header");
	if (e == 0)
		e = head_check_ident(r, have);
	if (e < 0)
		return e;
	elf_version(EV_CURRENT);
	t = (struct elf_table){.elf = elf_memory((char *)r->head, sizeof r->head)};
	if (t.elf == NULL || gelf_getehdr(t.elf, &r->eh) == NULL)
		e = elf_fail(r, -ENOEXEC, "ELF header: libelf: %s", elf_errmsg(-1));
	elf_table_close(&t);
	return e;
}

static int
head_to_image(struct elf_reader *r)
{
	struct image *img = r->img;

	img->path = strdup(r->path);
	if (img->path == NULL)
		return elf_fail(r, -ENOMEM, "no memory");
	img->file_size = r->size;
	img->type = r->eh.e_type;
	img->machine = r->eh.e_machine;
	img->class64 = r->head[EI_CLASS] == ELFCLASS64;
	img->osabi = r->head[EI_OSABI];
	img->abiversion = r->head[EI_ABIVERSION];
	img->eflags = r->eh.e_flags;
	img->entry = r->eh.e_entry;
	img->phoff = r->eh.e_phoff;
	img->phnum = r->eh.e_phnum;
	img->phentsize = r->eh.e_phentsize;
	return 0;
}

int
elf_phdrs_read(struct elf_reader *r)
{
	struct elf_table t;
	int e;

	e = elf_table_open(r, r->img->phoff, (uint64_t)r->img->phnum * r->img->phentsize,
			   ELF_T_PHDR, "program headers", &t);
	if (e < 0)
		return e;
	r->nph = r->img->phnum;
	r->ph = calloc(r->nph, sizeof *r->ph);
	if (r->ph == NULL)
		e = elf_fail(r, -ENOMEM, "no memory");
	for (uint32_t i = 0; e == 0 && i < r->nph; i++)
		if (gelf_getphdr(t.elf, (int)i, &r->ph[i]) == NULL)
			e = elf_fail(r, -ENOEXEC, "program header %u: libelf: %s", i,
				     elf_errmsg(-1));
	elf_table_close(&t);
	return e;
}

static int
file_check(struct elf_reader *r)
{
	struct stat st;

	if (fstat(r->fd, &st) < 0)
		return elf_fail(r, -errno, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return elf_fail(r, -EACCES, "a directory");
	if (!S_ISREG(st.st_mode))
		return elf_fail(r, -EACCES, "not a regular file (mode %#o)", st.st_mode);
	r->size = (uint64_t)st.st_size;
	return 0;
}

static int
contents_read(struct elf_reader *r)
{
	int e = elf_read_segments(r);

	for (uint32_t i = 0; e == 0 && i < r->nph; i++) {
		if (r->ph[i].p_type == PT_NOTE)
			e = elf_read_notes(r, i);
		else if (r->ph[i].p_type == PT_INTERP)
			e = elf_read_interp(r, i);
		else if (r->ph[i].p_type == PT_DYNAMIC)
			e = elf_read_dynamic(r, i);
	}
	return e;
}

static int
image_read(int fd, const char *path, bool any, struct image *ret_img, struct diag *d)
{
	struct image img = {.fd = fd};
	struct elf_reader r = {.fd = fd, .path = path, .any = any, .d = d, .img = &img};
	int e;

	e = file_check(&r);
	if (e == 0)
		e = head_read(&r);
	if (e == 0)
		e = head_check_type(&r);
	if (e == 0)
		e = head_check_table(&r);
	if (e == 0)
		e = head_to_image(&r);
	if (e == 0)
		e = elf_phdrs_read(&r);
	if (e == 0)
		e = contents_read(&r);
	free(r.ph);
	if (e < 0) {
		image_close(&img);
		return e;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ret_img = img;
	return 0;
}

static int
path_open(const char *path, bool any, struct image *ret_img, struct diag *d)
{
	struct elf_reader r = {.path = path, .d = d};
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return elf_fail(&r, errno == ENOTDIR ? -ENOENT : -errno, "%s", strerror(errno));
	r.fd = fd;
	if (!any &&
	    (file_check(&r) < 0 || faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)) {
		int code = d->code != 0 ? d->code
					: elf_fail(&r, -errno, "not executable (chmod +x?): %s",
						   strerror(errno));

		close(fd);
		return code;
	}
	return image_read(fd, path, any, ret_img, d);
}

int
image_open(const char *path, struct image *ret_img, struct diag *d)
{
	return path_open(path, false, ret_img, d);
}

int
image_open_any(const char *path, struct image *ret_img, struct diag *d)
{
	return path_open(path, true, ret_img, d);
}

int
image_open_fd(int fd, const char *path, struct image *ret_img, struct diag *d)
{
	return image_read(fd, path, false, ret_img, d);
}

int
image_open_any_fd(int fd, const char *path, struct image *ret_img, struct diag *d)
{
	return image_read(fd, path, true, ret_img, d);
}

void
image_close(struct image *img)
{
	if (img->fd >= 0)
		close(img->fd);
	for (char **p = img->needed; p != NULL && *p != NULL; p++)
		free(*p);
	free(img->needed);
	free(img->path);
	free(img->seg);
	free(img->interp);
	free(img->note);
	free(img->soname);
	*img = (struct image){.fd = -1};
}
