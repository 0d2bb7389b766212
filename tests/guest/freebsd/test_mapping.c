/*
 * Mapped files, what a child inherits, odd ranges, locks.
 * Source: FreeBSD manual mmap(2), munmap(2), mincore(2), minherit(2), mlock(2), madvise(2); sys/vm/vm_mmap.c for the errors.
 */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

enum { NR_mmap6 = 197 };
#define PAGE 4096
#define RW   (PROT_READ | PROT_WRITE)

static int64_t
anon(uint64_t len, int flags)
{
	return sys(SYS_mmap, 0, len, RW, flags | MAP_ANON, -1, 0);
}

/* A new file of @pages pages, each filled with its number plus 'a'; unlinked. */
static int64_t
file_of(int pages, int mode)
{
	static char name[128], page[PAGE];
	size_t n = strlen(kit_dir());
	int64_t fd, again;

	memcpy(name, kit_dir(), n);
	memcpy(name + n, "/m", 3);
	fd = sys(SYS_open, name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i, PAGE);
		sys(SYS_write, fd, page, PAGE);
	}
	again = sys(SYS_open, name, mode, 0);
	sys(SYS_close, fd);
	sys(SYS_unlink, name);
	return again;
}

/* How a child ends that runs @fn; the signal, or 0x100 and the status. */
static int
child(void (*fn)(char *), int64_t p)
{
	int status = -1;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		fn((char *)p);
		call(SYS_exit, 9);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	return status & 0x7f ? status & 0x7f : 0x100 | status >> 8;
}

static void
read_it(char *p)
{
	call(SYS_exit, *(volatile char *)p);
}

static void
write_it(char *p)
{
	*(volatile char *)p = 'W';
	call(SYS_exit, 1);
}

static void
private_writes_stay_private(void)
{
	int64_t fd = file_of(2, O_RDWR), p = sys(SYS_mmap, 0, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	char c = 0;

	CHECK(p > 0);
	CHECK_EQ(*(char *)(p + PAGE), 'b');
	*(char *)p = 'X';
	CHECK_EQ(sys(SYS_pread, fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'a');
	CHECK_OK(SYS_munmap, p, 2 * PAGE);
	CHECK_OK(SYS_close, fd);
}

static void
shared_writes_reach_the_file(void)
{
	int64_t fd = file_of(2, O_RDWR), p = sys(SYS_mmap, 0, PAGE, RW, MAP_SHARED | MAP_NOSYNC, fd, PAGE);
	char c = 0;

	CHECK(p > 0);
	CHECK_EQ(*(char *)p, 'b');
	CHECK_OK(SYS_close, fd); /* the mapping stays */
	*(char *)p = 'X';
	CHECK_OK(SYS_msync, p, PAGE, 0);
	CHECK_EQ(*(char *)p, 'X');
	CHECK_OK(SYS_munmap, p, PAGE);

	fd = file_of(1, O_RDWR);
	p = sys(SYS_mmap, 0, PAGE, RW, MAP_SHARED, fd, 0);
	*(char *)p = 'Y';
	CHECK_EQ(sys(SYS_pread, fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'Y');
	CHECK_EQ(sys(SYS_pwrite, fd, "Z", 1, 1), 1);
	CHECK_EQ(((volatile char *)p)[1], 'Z');
	CHECK_OK(SYS_munmap, p, PAGE);
	CHECK_OK(SYS_close, fd);
}

/* An offset inside a page: the result has the same remainder, and MAP_FIXED asks for one that has. */
static void
offsets_need_not_be_aligned(void)
{
	int64_t fd = file_of(2, O_RDONLY), p = sys(SYS_mmap, 0, 100, PROT_READ, MAP_PRIVATE, fd, PAGE - 8);

	CHECK(p > 0);
	CHECK_EQ(p & (PAGE - 1), PAGE - 8);
	CHECK_EQ(*(char *)p, 'a');
	CHECK_EQ(*(char *)(p + 8), 'b');
	CHECK_ERR(EINVAL, SYS_mmap, p & ~(int64_t)(PAGE - 1), 100, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 8);
	CHECK_EQ(sys(SYS_mmap, p, 100, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE - 8), p);
	CHECK_OK(SYS_munmap, p, 100);
	CHECK_OK(SYS_close, fd);
}

static void
files_are_mapped_as_they_were_opened(void)
{
	int64_t r = file_of(1, O_RDONLY), w = file_of(1, O_WRONLY), p;
	struct ret ends = call(SYS_pipe10);

	CHECK_ERR(EACCES, SYS_mmap, 0, PAGE, RW, MAP_SHARED, r, 0);
	CHECK_ERR(EACCES, SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, w, 0);
	CHECK_ERR(EACCES, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, w, 0);
	p = sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, r, 0);
	CHECK(p > 0);
	CHECK_ERR(EACCES, SYS_mprotect, p, PAGE, RW);
	CHECK_OK(SYS_munmap, p, PAGE);
	p = sys(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, r, 0);
	CHECK(p > 0);
	CHECK_OK(SYS_munmap, p, PAGE);
	CHECK_ERR(ENODEV, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, ends.val, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, 0, r, 0); /* neither shared nor private, P_OSREL_MAP_FSTRICT */
	CHECK_ERR(EBADF, SYS_mmap, 0, PAGE, PROT_READ, 0, 999, 0);
	for (int i = 0; i < 4; i++)
		CHECK_OK(SYS_close, i == 0 ? r : i == 1 ? w : i == 2 ? (int64_t)ends.val : (int64_t)ends.val2);
}

static void
flags_that_change_nothing_visible(void)
{
	static const int flags[] = {MAP_NOCORE, MAP_NOSYNC, MAP_HASSEMAPHORE, MAP_PREFAULT_READ, MAP_NOCORE | MAP_PREFAULT_READ};
	int64_t fd = file_of(2, O_RDONLY);

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int64_t p = anon(2 * PAGE, MAP_PRIVATE | flags[i]);
		int64_t q = sys(SYS_mmap, 0, 2 * PAGE, PROT_READ, MAP_SHARED | flags[i], fd, 0);

		CHECK(p > 0 && q > 0);
		CHECK_EQ(*(char *)(p + PAGE), 0);
		CHECK_EQ(*(char *)(q + PAGE), 'b');
		CHECK_OK(SYS_munmap, p, 2 * PAGE);
		CHECK_OK(SYS_munmap, q, 2 * PAGE);
	}
	CHECK_OK(SYS_close, fd);
}

static void
stack_memory_is_writable(void)
{
	int64_t p = sys(SYS_mmap, 0, 64 * PAGE, RW, MAP_STACK, -1, 12345); /* the offset is ignored */

	CHECK(p > 0);
	*(char *)(p + 64 * PAGE - 1) = 1;
	CHECK_OK(SYS_munmap, p, 64 * PAGE);
}

static void
faults_kill_with_the_right_signal(void)
{
	int64_t fd = file_of(1, O_RDONLY), p = anon(4 * PAGE, MAP_PRIVATE), f, g;

	CHECK_OK(SYS_mprotect, p, PAGE, PROT_NONE);
	CHECK_OK(SYS_mprotect, p + PAGE, PAGE, PROT_READ);
	CHECK_OK(SYS_munmap, p + 2 * PAGE, PAGE);
	CHECK_EQ(child(read_it, p), SIGSEGV);
	CHECK_EQ(child(read_it, p + PAGE), 0x100);
	CHECK_EQ(child(write_it, p + PAGE), SIGSEGV);
	CHECK_EQ(child(read_it, p + 2 * PAGE), SIGSEGV);
	CHECK_EQ(child(write_it, p + 3 * PAGE), 0x101);
	f = sys(SYS_mmap, 0, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK_EQ(child(read_it, f), 0x100 | 'a');
	CHECK_EQ(child(read_it, f + PAGE), SIGBUS); /* behind the end of the file */
	g = sys(SYS_mmap, 0, PAGE, PROT_NONE, MAP_GUARD, -1, 0);
	CHECK_EQ(child(read_it, g), SIGSEGV);
	CHECK_OK(SYS_munmap, p, 4 * PAGE);
	CHECK_OK(SYS_munmap, f, 2 * PAGE);
	CHECK_OK(SYS_munmap, g, PAGE);
	CHECK_OK(SYS_close, fd);
}

static void
children_inherit_as_asked(void)
{
	int64_t p = anon(4 * PAGE, MAP_PRIVATE), s = anon(PAGE, MAP_SHARED);

	for (int i = 0; i < 4; i++)
		*(char *)(p + i * PAGE) = 'o';
	*(char *)s = 'o';
	CHECK_OK(SYS_minherit, p + PAGE, PAGE, INHERIT_NONE);
	CHECK_OK(SYS_minherit, p + 2 * PAGE, PAGE, INHERIT_ZERO);
	CHECK_EQ(child(read_it, p), 0x100 | 'o');
	CHECK_EQ(child(write_it, p), 0x101);
	CHECK_EQ(*(volatile char *)p, 'o'); /* copied */
	CHECK_EQ(child(read_it, p + PAGE), SIGSEGV);
	CHECK_EQ(child(read_it, p + 2 * PAGE), 0x100);
	CHECK_EQ(*(volatile char *)(p + 2 * PAGE), 'o');
	CHECK_EQ(child(write_it, s), 0x101);
	CHECK_EQ(*(volatile char *)s, 'W'); /* shared */
	CHECK_OK(SYS_minherit, p + PAGE, 2 * PAGE, INHERIT_COPY);
	CHECK_EQ(child(read_it, p + PAGE), 0x100 | 'o');
	CHECK_EQ(child(read_it, p + 2 * PAGE), 0x100 | 'o');
	CHECK_ERR(EINVAL, SYS_minherit, p, PAGE, 99);
	CHECK_ERR(EINVAL, SYS_minherit, p, ~0ull - PAGE, INHERIT_COPY);
	CHECK_OK(SYS_munmap, p, 4 * PAGE);
	CHECK_OK(SYS_munmap, s, PAGE);
}

/* munmap(2): the range is widened to pages; what is not mapped does not matter; nothing at all does. */
static void
ranges_are_widened_to_pages(void)
{
	int64_t p = anon(4 * PAGE, MAP_PRIVATE);
	char vec[4];

	CHECK_OK(SYS_munmap, p + PAGE + 1, 1);
	CHECK_ERR(ENOMEM, SYS_mincore, p, 4 * PAGE, vec);
	CHECK_OK(SYS_mincore, p, PAGE, vec);
	CHECK_OK(SYS_munmap, p + PAGE, PAGE); /* nothing there any more */
	CHECK_OK(SYS_mprotect, p + 2 * PAGE + 8, 8, PROT_READ);
	CHECK_EQ(child(write_it, p + 2 * PAGE), SIGSEGV);
	CHECK_EQ(child(write_it, p + 3 * PAGE), 0x101);
	CHECK_ERR(EINVAL, SYS_munmap, p, 0);
	CHECK_ERR(EINVAL, SYS_munmap, p, ~0ull - PAGE);
	CHECK_ERR(EINVAL, SYS_mprotect, p, PAGE, 0x80);
	CHECK_ERR(ENOTSUP, SYS_mprotect, p, PAGE, RW | PROT_MAX(PROT_READ));
	CHECK_ERR(EINVAL, SYS_mprotect, p, ~0ull - PAGE, PROT_READ);
	CHECK_OK(SYS_munmap, p, 4 * PAGE);
}

static void
mincore_and_msync_tell_of_holes(void)
{
	int64_t p = anon(PAGE, MAP_SHARED);

	CHECK_ERR(EFAULT, SYS_mincore, p, PAGE, 8);
	CHECK_OK(SYS_munmap, p, PAGE);
	CHECK_ERR(ENOMEM, SYS_mincore, p, PAGE, &p);
	CHECK_ERR(ENOMEM, SYS_msync, p, PAGE, 0);
}

static void
advice_is_taken(void)
{
	int64_t p = anon(2 * PAGE, MAP_PRIVATE);

	*(char *)p = 1;
	for (int advice = MADV_NORMAL; advice <= MADV_CORE; advice++) {
		if (advice == MADV_FREE)
			continue;
		CHECK_OK(SYS_madvise, p, 2 * PAGE, advice);
		CHECK_EQ(*(char *)p, 1);
	}
	CHECK_OK(SYS_madvise, p, 2 * PAGE, MADV_FREE);
	*(char *)p = 2; /* written after the call: stays */
	CHECK_EQ(*(volatile char *)p, 2);
	CHECK_ERR(EINVAL, SYS_madvise, p, PAGE, -1);
	CHECK_ERR(EINVAL, SYS_madvise, p, ~0ull - PAGE, MADV_NORMAL);
	CHECK_OK(SYS_munmap, p, 2 * PAGE);
}

static void
locks_take_and_check(void)
{
	int64_t p = anon(2 * PAGE, MAP_PRIVATE), all;

	CHECK_OK(SYS_mlock, p, PAGE);
	CHECK_OK(SYS_munlock, p, PAGE);
	CHECK_ERR(EINVAL, SYS_mlockall, 0);
	CHECK_ERR(EINVAL, SYS_mlockall, 8);
	all = sys(SYS_mlockall, 1 /* MCL_CURRENT */);
	CHECK(all == 0 || all == -ENOMEM); /* the limit may be small */
	CHECK_EQ(sys(SYS_mlockall, 2 /* MCL_FUTURE */), 0);
	CHECK_EQ(sys(SYS_munlockall), 0);
	CHECK_OK(SYS_munmap, p, 2 * PAGE);
	CHECK_ERR(ENOMEM, SYS_mlock, p, PAGE);
	CHECK_ERR(ENOMEM, SYS_munlock, p, PAGE);
	CHECK_ERR(EINVAL, SYS_mlock, p, ~0ull - PAGE);
	CHECK_ERR(EINVAL, SYS_munlock, p, ~0ull - PAGE);
	CHECK_ERR(ENOMEM, SYS_mlock, 0x7f0000000000, PAGE);
	CHECK_OK(SYS_mlock, p, 0);
}

/* mmap of FreeBSD 6 has a pad before its offset, which a stub passes on the stack. */
static void
the_old_call_has_a_pad(void)
{
	int64_t fd = sys(SYS_open, (void *)kit_aux(AT_EXECPATH), O_RDONLY, 0), p, q;

	p = sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	q = sys(NR_mmap6, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0x5555, PAGE);
	CHECK(p > 0 && q > 0 && p != q);
	CHECK(!memcmp((void *)p, (void *)q, PAGE));
	CHECK_OK(SYS_munmap, q, PAGE);
	CHECK_EQ(sys(NR_mmap6, q, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0x5555, 0), q);
	CHECK(!memcmp((void *)q, "\177ELF", 4));
	CHECK_ERR(EINVAL, NR_mmap6, 0, 0, PROT_READ, MAP_PRIVATE, fd, 0, 0);
	CHECK_ERR(EBADF, NR_mmap6, 0, PAGE, PROT_READ, MAP_PRIVATE, 777, 0, 0);
	sys(SYS_munmap, p, PAGE), sys(SYS_munmap, q, PAGE), sys(SYS_close, fd);
}

static void
huge_lengths_do_not_wrap(void)
{
	CHECK_ERR(ENOMEM, SYS_mmap, 0, ~0ull, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK_ERR(ENOMEM, SYS_mmap, 0, 1ull << 62, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0x7fffff000, 1ull << 62, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0x80000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED | MAP_32BIT, -1, 0);
}

const struct test tests[] = {
    {"private_writes_stay_private", private_writes_stay_private},
    {"shared_writes_reach_the_file", shared_writes_reach_the_file},
    {"offsets_need_not_be_aligned", offsets_need_not_be_aligned},
    {"files_are_mapped_as_they_were_opened", files_are_mapped_as_they_were_opened},
    {"flags_that_change_nothing_visible", flags_that_change_nothing_visible},
    {"stack_memory_is_writable", stack_memory_is_writable},
    {"faults_kill_with_the_right_signal", faults_kill_with_the_right_signal},
    {"children_inherit_as_asked", children_inherit_as_asked},
    {"ranges_are_widened_to_pages", ranges_are_widened_to_pages},
    {"mincore_and_msync_tell_of_holes", mincore_and_msync_tell_of_holes},
    {"advice_is_taken", advice_is_taken},
    {"locks_take_and_check", locks_take_and_check},
    {"the_old_call_has_a_pad", the_old_call_has_a_pad},
    {"huge_lengths_do_not_wrap", huge_lengths_do_not_wrap},
    {0},
};
