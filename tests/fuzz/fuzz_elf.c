/*
 * Any bytes as a program file: read it, recognise it, list its imports.  libFuzzer's entry;
 * replay.c has a main().
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touch what the image says is there, so that a sanitizer sees a lie. */
static void
check_image(const struct image *img)
{
	for (uint32_t i = 0; i < img->nseg; i++) {
		const struct image_seg *s = &img->seg[i];

		bool inside =
		    s->offset <= img->file_size && s->filesz <= img->file_size - s->offset;

		if (s->filesz > s->memsz || (s->filesz > 0 && !inside) ||
		    s->vaddr + s->memsz < s->vaddr)
			abort();
	}
	for (char **lib = img->needed; lib != NULL && *lib != NULL; lib++)
		if (strlen(*lib) >= 4096)
			abort();
}

static void
read_once(int fd, int (*open_image)(int fd, struct image *img, struct diag *d))
{
	struct diag d = {0};
	struct image img;
	struct brand b;
	struct image_imports imp;
	int e = open_image(dup(fd), &img, &d);

	if (e < 0) {
		if (d.code != e || d.text[0] == '\0')
			abort(); /* every refusal has its message */
		return;
	}
	check_image(&img);
	brand_find(&img, &b);
	if (b.why[0] == '\0')
		abort();
	if (image_imports(&img, &imp, &d) == 0)
		image_imports_free(&imp);
	else if (d.text[0] == '\0')
		abort();
	image_close(&img);
}

static int
as_program(int fd, struct image *img, struct diag *d)
{
	return image_open_fd(fd, "fuzz", img, d);
}

static int
as_any(int fd, struct image *img, struct diag *d)
{
	return image_open_any_fd(fd, "fuzz", img, d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	read_once(fd, as_program);
	read_once(fd, as_any);
	close(fd);
	return 0;
}
