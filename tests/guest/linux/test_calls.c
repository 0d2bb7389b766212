/*
 * Files and memory as the generic table has them, with the numbers of flags that are AArch64's own.
 * Source: Linux manual section 2; arch/arm64/include/uapi/asm/fcntl.h; include/uapi/asm-generic/stat.h.
 */
#include "kit.h"

enum { AT_FDCWD = -100, O_DIRECTORY = 0x4000, O_NOFOLLOW = 0x8000, O_CLOEXEC = 0x80000, O_NONBLOCK = 0x800 };
enum { EBADF = 9, EAGAIN = 11, ENOMEM = 12, EFAULT = 14, ENOTDIR = 20, EINVAL = 22, ENOSYS = 38, ELOOP = 40 };
enum { PROT_RW = 3, MAP_PRIVATE = 2, MAP_ANON = 0x20 };

struct stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad1;
	int64_t size;
	int32_t blksize, pad2;
	int64_t blocks, times[6];
	uint32_t unused[2];
};

struct utsname {
	char sys[65], node[65], release[65], version[65], machine[65], domain[65];
};

static void
files(void)
{
	struct stat st, by_fd;
	char buf[4096];
	int fd[2];
	long r;

	CHECK(CALL(NR_fstatat, AT_FDCWD, "/dev/null", &st, 0) == 0);
	CHECK((st.mode & 0170000) == 0020000 && st.rdev == 0x103 && st.nlink == 1);
	r = CALL(NR_openat, AT_FDCWD, "/", O_DIRECTORY | O_CLOEXEC, 0);
	CHECK(r >= 0 && CALL(NR_fstat, r, &by_fd) == 0 && (by_fd.mode & 0170000) == 0040000);
	CHECK(CALL(NR_close, r) == 0 && CALL(NR_close, r) == -EBADF);
	CHECK(CALL(NR_openat, AT_FDCWD, "/dev/null", O_DIRECTORY, 0) == -ENOTDIR);
	CHECK(CALL(NR_openat, AT_FDCWD, "/proc/mounts", O_NOFOLLOW, 0) == -ELOOP);
	CHECK(CALL(NR_readlinkat, AT_FDCWD, "/proc/self/exe", buf, sizeof(buf)) > 0 && buf[0] == '/');
	CHECK(CALL(NR_getcwd, buf, sizeof(buf)) == (long)length(buf) + 1 && buf[0] == '/');
	CHECK(CALL(NR_getcwd, buf, 1) == -34);
	CHECK(CALL(NR_pipe2, fd, O_NONBLOCK | O_CLOEXEC) == 0);
	CHECK(CALL(NR_read, fd[0], buf, 1) == -EAGAIN);
	CHECK(CALL(NR_write, fd[1], "abc", 3) == 3 && CALL(NR_read, fd[0], buf, 8) == 3 && buf[2] == 'c');
	CHECK(CALL(NR_write, fd[1], 16, 3) == -EFAULT);
	CHECK(CALL(NR_lseek, fd[0], 0, 0) == -29);
	CHECK(CALL(NR_readlinkat, AT_FDCWD, "/proc/self/exe", buf, 0) == -EINVAL);
	CHECK(CALL(500) == -ENOSYS);
}

static void
memory(void)
{
	uint64_t end = (uint64_t)CALL(NR_brk, 0), now;
	uint8_t *p = (uint8_t *)CALL(NR_mmap, 0, 3 * 4096, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0);

	now = (uint64_t)CALL(NR_brk, end + 10000);
	CHECK(now == end + 10000);
	*(volatile uint8_t *)(now - 1) = 7;
	CHECK((uint64_t)CALL(NR_brk, 1) == now);
	CHECK((uint64_t)CALL(NR_brk, end) == end);
	CHECK((long)p > 0 && (uint64_t)p % 4096 == 0 && p[8191] == 0);
	CHECK(CALL(NR_mmap, 0, 0, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0) == -EINVAL);
	CHECK(CALL(NR_mprotect, p + 1, 4096, 1) == -EINVAL);
	CHECK(CALL(NR_munmap, p + 4096, 4096) == 0);
	CHECK(CALL(NR_mprotect, p, 3 * 4096, 1) == -ENOMEM);
	CHECK(CALL(NR_mprotect, p + 8192, 4096, 1) == 0);
	CHECK(CALL(NR_getrandom, p + 8192, 8, 0) == -EFAULT);
	CHECK(CALL(NR_munmap, p, 3 * 4096) == 0);
}

int
test(uint64_t *start)
{
	struct utsname u;

	files();
	memory();
	CHECK(CALL(NR_uname, &u) == 0 && same(u.sys, "Linux") && same(u.machine, "aarch64"));
	CHECK(CALL(NR_gettid) == CALL(NR_getpid) && CALL(NR_set_tid_address, start) == CALL(NR_getpid));
	say("ok\n");
	return 0;
}
