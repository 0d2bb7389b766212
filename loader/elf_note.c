/*
 * Notes and the interpreter's name.
 */
#include "loader/elf_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static uint32_t
word_at(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v); /* only little-endian files come this far */
	return v;
}

static int
note_keep(struct elf_reader *r, const char *name, uint32_t namesz, uint32_t type, const char *desc,
	  uint32_t descsz)
{
	struct image *img = r->img;
	struct image_note *n;

	if (img->nnote >= ELF_NOTE_COUNT)
		return elf_fail(r, -ENOEXEC, "notes: more than %u", ELF_NOTE_COUNT);
	/* Room for 16, then 32, 64 ... */
	if (img->nnote == 0 || (img->nnote >= 16 && (img->nnote & (img->nnote - 1)) == 0)) {
		n = realloc(img->note, (img->nnote == 0 ? 16 : 2 * img->nnote) * sizeof *n);
		if (n == NULL)
			return elf_fail(r, -ENOMEM, "no memory");
		img->note = n;
	}
	n = &img->note[img->nnote++];
	*n = (struct image_note){
	    .type = type, .desclen = descsz, .desc0 = descsz >= 4 ? word_at(desc) : 0};
	memcpy(n->owner, name,
	       strnlen(name, namesz < sizeof n->owner ? namesz : sizeof n->owner - 1));
	return 0;
}

/* One segment's notes.  Name and descriptor are each padded to @align. */
static int
notes_walk(struct elf_reader *r, uint32_t index, const char *buf, uint64_t size, uint64_t align)
{
	uint64_t at = 0;

	while (size - at >= 12) {
		uint32_t namesz = word_at(buf + at), descsz = word_at(buf + at + 4),
			 type = word_at(buf + at + 8);
		uint64_t desc = at + ((12 + (uint64_t)namesz + align - 1) & ~(align - 1));
		int e;

		if (namesz > size - at - 12)
			return elf_fail(r, -ENOEXEC,
					"segment %u: note at %#llx: a name of %#x bytes runs past "
					"the end at %#llx",
					index, (ull)at, namesz, (ull)size);
		if (descsz > 0 && (desc > size || descsz > size - desc))
			return elf_fail(r, -ENOEXEC,
					"segment %u: note at %#llx: a descriptor of %#x bytes runs "
					"past the end at %#llx",
					index, (ull)at, descsz, (ull)size);
		/* Padding between and behind notes reads as a note without name. */
		if (namesz > 0) {
			e = note_keep(r, buf + at + 12, namesz, type, descsz > 0 ? buf + desc : buf,
				      descsz);
			if (e < 0)
				return e;
		}
		at = (desc + descsz + align - 1) & ~(align - 1);
		if (at >= size)
			return 0;
	}
	return 0;
}

int
elf_read_notes(struct elf_reader *r, uint32_t index)
{
	const GElf_Phdr *p = &r->ph[index];
	char *buf;
	int e;

	if (!elf_in_file(r, p->p_offset, p->p_filesz))
		return elf_fail(
		    r, -ENOEXEC,
		    "segment %u: notes of %#llx bytes at %#llx do not fit in a file of %#llx bytes",
		    index, (ull)p->p_filesz, (ull)p->p_offset, (ull)r->size);
	if (p->p_filesz > ELF_NOTES_MAX)
		return elf_fail(r, -ENOEXEC,
				"segment %u: notes of %#llx bytes, at most %#x are read", index,
				(ull)p->p_filesz, ELF_NOTES_MAX);
	e = elf_read_new(r, p->p_offset, p->p_filesz, "notes", &buf);
	if (e < 0)
		return e;
	e = notes_walk(r, index, buf, p->p_filesz, p->p_align == 8 ? 8 : 4);
	free(buf);
	return e;
}

int
elf_read_interp(struct elf_reader *r, uint32_t index)
{
	const GElf_Phdr *p = &r->ph[index];
	char *name;
	int e;

	if (r->img->interp != NULL)
		return elf_fail(r, -ENOEXEC, "segment %u: a second interpreter; the first is %s",
				index, r->img->interp);
	if (!elf_in_file(r, p->p_offset, p->p_filesz))
		return elf_fail(r, -ENOEXEC,
				"segment %u: interpreter's name of %#llx bytes at %#llx does not "
				"fit in a file of %#llx bytes",
				index, (ull)p->p_filesz, (ull)p->p_offset, (ull)r->size);
	if (p->p_filesz < 2 || p->p_filesz > ELF_INTERP_MAX)
		return elf_fail(
		    r, -ENOEXEC,
		    "segment %u: interpreter's name of %llu bytes, 2 to %u are possible", index,
		    (ull)p->p_filesz, ELF_INTERP_MAX);
	e = elf_read_new(r, p->p_offset, p->p_filesz, "interpreter", &name);
	if (e < 0)
		return e;
	if (name[p->p_filesz - 1] != '\0')
		e = elf_fail(
		    r, -ENOEXEC,
		    "segment %u: interpreter's name does not end with NUL after %llu bytes", index,
		    (ull)p->p_filesz);
	else if (name[0] == '\0')
		e = elf_fail(r, -ENOEXEC, "segment %u: interpreter's name is empty", index);
	if (e < 0) {
		free(name);
		return e;
	}
	r->img->interp = name;
	return 0;
}
