/* Memory calls.  Source: FreeBSD manual mmap(2), munmap(2), mprotect(2), madvise(2), msync(2), mincore(2), minherit(2). */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

#define PAGE 4096

static int64_t
map(uint64_t addr, uint64_t len, int prot, int flags)
{
	return sys(SYS_mmap, addr, len, prot, flags, -1, 0);
}

static void
anonymous_memory_is_zero_and_writable(void)
{
	int64_t p = map(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON);

	CHECK(p > 0 && p % PAGE == 0);
	CHECK_EQ(*(char *)(p + PAGE), 0);
	*(char *)(p + 2 * PAGE) = 1;
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

static void
arguments_are_checked(void)
{
	CHECK_ERR(EINVAL, SYS_mmap, 0, 0, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON, 0, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_SHARED | MAP_ANON, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | 0x100000, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, 0x80, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_EXCL, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, MAP_GUARD, -1, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, MAP_STACK, -1, 0);
	CHECK_ERR(EBADF, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 999, 0);
	CHECK_ERR(ENOTSUP, SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE | PROT_MAX(PROT_READ), MAP_PRIVATE | MAP_ANON, -1, 0);
}

static void
fixed_replaces_and_excl_refuses(void)
{
	int64_t p = map(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON);

	*(char *)p = 7;
	CHECK_EQ(map(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED), p);
	CHECK_EQ(*(char *)p, 0);
	CHECK_ERR(ENOMEM, SYS_mmap, p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED | MAP_EXCL, -1, 0);
	CHECK_EQ(sys(SYS_munmap, p, 2 * PAGE), 0);
	CHECK_EQ(map(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED | MAP_EXCL), p);
	sys(SYS_munmap, p, PAGE);
}

static void
hints_are_honoured_when_free(void)
{
	CHECK_EQ(map(0xc000000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON), 0xc000000000);
	CHECK(map(0xc000000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON) != 0xc000000000);
	sys(SYS_munmap, 0xc000000000, PAGE);
}

static void
alignment_is_given(void)
{
	int64_t p = map(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_ALIGNED(16));
	int64_t q = map(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_ALIGNED(1)); /* MAP_ALIGNED_SUPER */

	CHECK_EQ(p & 0xffff, 0);
	CHECK_EQ(q & 0x1fffff, 0);
	CHECK_ERR(EINVAL, SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_ALIGNED(5), -1, 0);
	sys(SYS_munmap, p, PAGE);
	sys(SYS_munmap, q, PAGE);
}

static void
low_memory_on_request(void)
{
	int64_t p = map(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_32BIT);

	CHECK(p > 0 && p < 0x80000000);
	sys(SYS_munmap, p, PAGE);
}

static void
guard_can_be_mapped_over(void)
{
	int64_t p = sys(SYS_mmap, 0, 4 * PAGE, 0, MAP_GUARD, -1, 0);

	CHECK(p > 0);
	CHECK_EQ(map(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED), p + PAGE);
	*(char *)(p + PAGE) = 1;
	CHECK_EQ(sys(SYS_munmap, p, 4 * PAGE), 0);
}

static void
prot_max_limits_mprotect(void)
{
	int64_t p = map(0, PAGE, PROT_READ | PROT_MAX(PROT_READ), MAP_PRIVATE | MAP_ANON);

	CHECK(p > 0);
	CHECK_ERR(EACCES, SYS_mprotect, p, PAGE, PROT_READ | PROT_WRITE);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_NONE), 0);
	sys(SYS_munmap, p, PAGE);
}

static void
dontneed_keeps_the_contents(void)
{
	int64_t p = map(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON);

	*(char *)p = 9;
	CHECK_EQ(sys(SYS_madvise, p, PAGE, 4), 0); /* MADV_DONTNEED is only a hint */
	CHECK_EQ(*(char *)p, 9);
	CHECK_ERR(EINVAL, SYS_madvise, p, PAGE, 99);
	sys(SYS_munmap, p, PAGE);
}

static void
mincore_tells_residency(void)
{
	int64_t p = map(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON);
	char vec[2] = {9, 9};

	*(char *)p = 1;
	CHECK_EQ(sys(SYS_mincore, p, 2 * PAGE, vec), 0);
	CHECK_EQ(vec[0] & 1, 1);
	CHECK_EQ(vec[1], 0);
	sys(SYS_munmap, p, 2 * PAGE);
}

static void
msync_checks_flags(void)
{
	int64_t p = map(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON);

	CHECK_EQ(sys(SYS_msync, p, PAGE, 0), 0);
	CHECK_ERR(EINVAL, SYS_msync, p, PAGE, 3);
	CHECK_ERR(EINVAL, SYS_msync, p, PAGE, 8);
	sys(SYS_munmap, p, PAGE);
}

static void
break_moves(void)
{
	int64_t now = sys(SYS_break, 0);

	CHECK(now > 0);
	CHECK(sys(SYS_break, now + 3 * PAGE) >= 0);
	*(char *)(now + 2 * PAGE) = 5;
	CHECK_ERR(ENOMEM, SYS_break, now + (1ll << 44));
	CHECK_EQ(sys(SYS_break, 0), now + 3 * PAGE);
	CHECK(sys(SYS_break, now) >= 0);
}

static void
the_monitor_is_out_of_reach(void)
{
	CHECK_ERR(EINVAL, SYS_mmap, 0x7f0000000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	CHECK_ERR(EINVAL, SYS_munmap, 0x7f0000000000, PAGE);
	CHECK_ERR(EFAULT, SYS_write, 1, 0x7f0000000000, 1);
	CHECK_ERR(EFAULT, SYS_read, 0, 0x555555554000, 1);
}

const struct test tests[] = {
    {"anonymous_memory_is_zero_and_writable", anonymous_memory_is_zero_and_writable},
    {"arguments_are_checked", arguments_are_checked},
    {"fixed_replaces_and_excl_refuses", fixed_replaces_and_excl_refuses},
    {"hints_are_honoured_when_free", hints_are_honoured_when_free},
    {"alignment_is_given", alignment_is_given},
    {"low_memory_on_request", low_memory_on_request},
    {"guard_can_be_mapped_over", guard_can_be_mapped_over},
    {"prot_max_limits_mprotect", prot_max_limits_mprotect},
    {"dontneed_keeps_the_contents", dontneed_keeps_the_contents},
    {"mincore_tells_residency", mincore_tells_residency},
    {"msync_checks_flags", msync_checks_flags},
    {"break_moves", break_moves},
    {"the_monitor_is_out_of_reach", the_monitor_is_out_of_reach},
    {0},
};
