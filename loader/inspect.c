/*
 * The report of inspect.  Text that comes from the file is printed with its control characters made
 * visible.
 */
#include "loader/inspect.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COLUMN "  %-13s "

/* A line's label and text, which the file chose. */
static void
put_text(FILE *out, const char *label, const char *text)
{
	char safe[1024];
	unsigned pos = 0;

	safe[0] = '\0';
	str_add_safe(safe, sizeof safe, &pos, text);
	fprintf(out, COLUMN "%s\n", label, safe);
}

static const char *
type_text(const struct image *img)
{
	if (img->type == ET_EXEC)
		return img->interp != NULL ? "dynamic program at fixed addresses"
					   : "static program at fixed addresses";
	if (img->entry == 0)
		return "shared library";
	return img->interp != NULL ? "dynamic program, position-independent"
				   : "static program, position-independent";
}

/* How each system packs its version into one number: FreeBSD sys/param.h __FreeBSD_version, NetBSD
 * __NetBSD_Version__. */
static void
put_version(FILE *out, const struct image_note *n)
{
	uint32_t v = n->desc0;

	if (n->type != 1 || n->desclen < 4)
		return;
	if (strcmp(n->owner, "FreeBSD") == 0)
		fprintf(out, COLUMN "%u (FreeBSD %u.%u)\n", "ABI version", v, v / 100000,
			v / 1000 % 100);
	else if (strcmp(n->owner, "NetBSD") == 0)
		fprintf(out, COLUMN "%u (NetBSD %u.%u)\n", "ABI version", v, v / 100000000,
			v / 1000000 % 100);
	else if (strcmp(n->owner, "DragonFly") == 0)
		fprintf(out, COLUMN "%u (DragonFly %u.%u)\n", "ABI version", v, v / 100000,
			v / 100 % 1000);
	else if (strcmp(n->owner, "Android") == 0)
		fprintf(out, COLUMN "%u (Android API level)\n", "ABI version", v);
}

static void
put_notes(FILE *out, const struct image *img)
{
	for (uint32_t i = 0; i < img->nnote; i++)
		put_version(out, &img->note[i]);
	for (uint32_t i = 0; i < img->nnote; i++) {
		const struct image_note *n = &img->note[i];
		char text[128];
		unsigned pos = 0;

		str_add_safe(text, sizeof text, &pos, n->owner);
		str_addf(text, sizeof text, &pos, " type %u, %u bytes", n->type, n->desclen);
		fprintf(out, COLUMN "%s\n", i == 0 ? "notes" : "", text);
	}
}

static void
put_segments(FILE *out, const struct image *img)
{
	for (uint32_t i = 0; i < img->nseg; i++) {
		const struct image_seg *s = &img->seg[i];

		fprintf(out, COLUMN "%c%c%c  %#llx to %#llx, %#llx bytes from the file%s\n",
			i == 0 ? "segments" : "", (s->prot & PROT_READ) ? 'r' : '-',
			(s->prot & PROT_WRITE) ? 'w' : '-', (s->prot & PROT_EXEC) ? 'x' : '-',
			(unsigned long long)s->vaddr, (unsigned long long)(s->vaddr + s->memsz),
			(unsigned long long)s->filesz,
			(s->prot & PROT_WRITE) && (s->prot & PROT_EXEC)
			    ? " (writable and executable)"
			    : "");
	}
	if (img->has_tls)
		fprintf(out, COLUMN "yes\n", "TLS");
	if (img->exec_stack)
		fprintf(out, COLUMN "executable\n", "stack");
}

static int
put_imports(const struct inspect *in, const struct image *img, struct diag *d)
{
	struct image_imports imp;
	int e = image_imports(img, &imp, d);

	if (e < 0)
		return e;
	fprintf(in->out, COLUMN "%u undefined, %u of them weak\n", "symbols", imp.n, imp.nweak);
	for (uint32_t i = 0; in->imports && i < imp.n; i++)
		put_text(in->out, "", imp.name[i]);
	image_imports_free(&imp);
	return 0;
}

/* Does the guest find this path, as -L and --sysroot direct? */
static bool
guest_has(const struct inspect *in, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int root = in->root != NULL ? open(in->root, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	long fd = -1;

	if (root >= 0) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof how);
		close(root);
	}
	if (fd >= 0)
		close((int)fd);
	return fd >= 0 || (!in->root_strict && access(path, F_OK) == 0);
}

static void
put_verdict(const struct inspect *in, const struct image *img, const struct brand *b)
{
	static const char label[] = "runs here";
	FILE *out = in->out;

	if (img->type == ET_DYN && img->entry == 0)
		fprintf(out, COLUMN "no: a shared library is no program\n", label);
	else if (b->isa == NULL)
		fprintf(out, COLUMN "no: machine %u is not known here\n", label, img->machine);
	else if (b->os == NULL)
		fprintf(out, COLUMN "no: its system is unknown; --abi names it if you know\n",
			label);
	else if (strcmp(b->os, "Linux") == 0 && strcmp(b->isa, "amd64") == 0)
		fprintf(out, COLUMN "yes: a program of this host, executed natively\n", label);
	else if (!in->has_personality(b->os, b->isa))
		fprintf(out, COLUMN "no: there is no personality for %s %s\n", label, b->os,
			b->isa);
	else if (!in->has_intercept())
		fprintf(
		    out,
		    COLUMN
		    "no: this kernel offers no way to catch system calls (see dragoman doctor)\n",
		    label);
	else if (img->interp != NULL && !in->runs_dynamic)
		fprintf(out, COLUMN "no: programs with a run-time linker are not supported yet\n",
			label);
	else if (img->interp != NULL && !guest_has(in, img->interp))
		fprintf(out,
			COLUMN
			"no: its interpreter is not here; give its system with -L or --sysroot\n",
			label);
	else
		fprintf(out, COLUMN "yes: by the %s %s personality\n", label, b->os, b->isa);
}

static int
put_image(const struct inspect *in, const struct image *img, struct diag *d)
{
	FILE *out = in->out;
	struct brand b;
	int e;

	brand_find(img, &b);
	fprintf(out, COLUMN "%s %s\n", "program for", b.os != NULL ? b.os : "an unknown system",
		b.isa != NULL ? b.isa : "(unknown machine)");
	put_text(out, "why", b.why);
	fprintf(out, COLUMN "%s\n", "type", type_text(img));
	if (img->entry != 0)
		fprintf(out, COLUMN "%#llx\n", "entry point", (unsigned long long)img->entry);
	if (img->interp != NULL)
		put_text(out, "interpreter", img->interp);
	if (img->soname != NULL)
		put_text(out, "own name", img->soname);
	for (char **lib = img->needed; lib != NULL && *lib != NULL; lib++)
		put_text(out, lib == img->needed ? "libraries" : "", *lib);
	e = put_imports(in, img, d);
	if (e < 0)
		return e;
	put_notes(out, img);
	put_segments(out, img);
	put_verdict(in, img, &b);
	return 0;
}

int
inspect_file(const struct inspect *in, const char *path, struct diag *d)
{
	struct image img;
	char name[512];
	unsigned pos = 0;
	int e = image_open_any(path, &img, d);

	if (e < 0)
		return e;
	name[0] = '\0';
	str_add_safe(name, sizeof name, &pos, path);
	fprintf(in->out, "%s\n", name);
	e = put_image(in, &img, d);
	image_close(&img);
	return e;
}

int
inspect_files(const struct inspect *in, char **paths)
{
	int status = 0;

	for (; *paths != NULL; paths++) {
		struct diag d = {0};
		int e = inspect_file(in, *paths, &d);

		if (e < 0) {
			fflush(in->out);
			diag_say("%s", d.text);
			status = e == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
		}
	}
	return status;
}
