/*
 * Reading directories: every entry exactly once, whatever the buffer.
 * Source: FreeBSD manual getdirentries(2), dir(5); layouts: sys/dirent.h.
 */
#include "../kit/files.h"
#include "../kit/threads.h"

struct dirent11 {
	uint32_t fileno;
	uint16_t reclen;
	uint8_t type, namlen;
	char name[256];
};

enum { MANY = 3000 };
static char buf[65536], seen[MANY];

/* The name of entry @id: four letters, and x up to a length of 4 to 255. */
static const char *
entry_name(char *name, int id)
{
	int len = id % 7 == 0 ? 255 : 4 + id * 37 % 80;

	memset(name, 'x', (size_t)len);
	for (int i = 3; i >= 0; i--, id /= 26)
		name[i] = (char)('a' + id % 26);
	name[len] = 0;
	return name;
}

static int
entry_id(const char *name)
{
	int id = 0;

	for (int i = 0; i < 4; i++)
		id = id * 26 + name[i] - 'a';
	return id;
}

static void
make_many(int64_t dir)
{
	char name[256];

	for (int i = 0; i < MANY; i++)
		sys(SYS_close, sys(SYS_openat, dir, entry_name(name, i), O_CREAT | O_WRONLY, 0600));
}

/* One record: is it well formed and new?  The count of entries it stands for, or -1. */
static int
take(const char *name, uint64_t namlen, uint8_t type, uint64_t fileno)
{
	char want[256];
	int id;

	if (strlen(name) != namlen || fileno == 0)
		return -1;
	if (name[0] == '.')
		return type == 4 ? 0 : -1;
	id = entry_id(name);
	if (id < 0 || id >= MANY || seen[id] || type != 8 || strcmp(name, entry_name(want, id)))
		return -1;
	seen[id] = 1;
	return 1;
}

/* Take all records of a buffer; how many, or -1. */
static int
take_all(int64_t n, bool old)
{
	int total = 0, r;
	int64_t at = 0;

	while (at < n) {
		if (old) {
			struct dirent11 *d = (void *)(buf + at);

			r = d->reclen % 4 ? -1 : take(d->name, d->namlen, d->type, d->fileno);
			at += d->reclen;
		} else {
			struct dirent *d = (void *)(buf + at);

			r = d->reclen % 8 || d->pad0 || d->pad1 ? -1 : take(d->name, d->namlen, d->type, d->fileno);
			at += d->reclen;
		}
		if (r < 0)
			return -1;
		total += r;
	}
	return at == n ? total : -1;
}

static int64_t
read_all(int64_t dir, uint64_t size, bool old)
{
	int64_t n;
	int total = 0, r;

	memset(seen, 0, sizeof(seen));
	sys(SYS_lseek, dir, 0, 0);
	while ((n = sys(old ? SYS_getdents11 : SYS_getdirentries, dir, buf, size, 0)) > 0) {
		if (n > (int64_t)size)
			return -1000;
		r = take_all(n, old);
		if (r < 0)
			return -2000;
		total += r;
	}
	return n < 0 ? n : total;
}

static int64_t
open_many(void)
{
	sys(SYS_mkdir, P("many"), 0755);
	return sys(SYS_open, P("many"), O_RDONLY | O_DIRECTORY, 0);
}

static void
no_entry_is_lost_or_repeated(void)
{
	static const unsigned sizes[] = {280, 281, 287, 288, 300, 372, 376, 400, 512, 1000, 1024, 4096, 8192, 32768, 65536};
	int64_t dir = open_many();

	make_many(dir);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK_EQ(read_all(dir, sizes[i], false), MANY);
		CHECK_EQ(read_all(dir, sizes[i], true), MANY);
	}
	sys(SYS_close, dir);
}

static void
too_small_is_an_error_and_loses_nothing(void)
{
	int64_t dir = open_many(), n, total = 0;

	memset(seen, 0, sizeof(seen));
	/* 40 bytes hold a short name; whoever gets EINVAL comes again with more. */
	for (;;) {
		n = sys(SYS_getdirentries, dir, buf, 40, 0);
		if (n == -EINVAL)
			n = sys(SYS_getdirentries, dir, buf, 280, 0);
		if (n <= 0)
			break;
		n = take_all(n, false);
		CHECK(n >= 0);
		total += n;
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(total, MANY);
	sys(SYS_lseek, dir, 0, 0);
	CHECK_ERR(EINVAL, SYS_getdirentries, dir, buf, 8, 0);
	CHECK_ERR(EINVAL, SYS_getdirentries, dir, buf, 0, 0);
	sys(SYS_close, dir);
}

/* d_off is where reading goes on; so is what lseek tells, and what basep had before the next read. */
static void
offsets_are_places(void)
{
	int64_t dir = open_many(), base = -1, before, n, m;
	static char first[4096];
	struct dirent *d;

	CHECK_EQ(sys(SYS_getdirentries, dir, buf, 4096, &base) > 0, 1);
	CHECK_EQ(base, 0);
	before = sys(SYS_lseek, dir, 0, 1);
	n = sys(SYS_getdirentries, dir, buf, 4096, &base);
	CHECK(n > 0);
	CHECK_EQ(base, before);
	memcpy(first, buf, 4096);
	sys(SYS_lseek, dir, base, 0);
	CHECK_EQ(sys(SYS_getdirentries, dir, buf, 4096, 0), n);
	CHECK(!memcmp(first, buf, (size_t)n));
	/* After the first record of the block. */
	d = (void *)first;
	CHECK_EQ(sys(SYS_lseek, dir, d->off, 0), d->off);
	m = sys(SYS_getdirentries, dir, buf, 4096, 0);
	CHECK(m > 0);
	CHECK(!strcmp(((struct dirent *)(void *)buf)->name, ((struct dirent *)(void *)(first + d->reclen))->name));
	CHECK_ERR(EFAULT, SYS_getdirentries, dir, 8, 4096, 0);
	sys(SYS_lseek, dir, d->off, 0);
	CHECK(sys(SYS_getdirentries11, dir, buf, 4096, &base) > 0);
	CHECK_EQ(base, d->off);
	CHECK(!strcmp(((struct dirent11 *)(void *)buf)->name, ((struct dirent *)(void *)(first + d->reclen))->name));
	CHECK(sys(SYS_getdents11, dir, buf, 4096) > 0);
	sys(SYS_close, dir);
}

enum { READERS = 4 };
static volatile uint32_t ready;

struct reader {
	struct kthread k;
	int64_t dir, total, end;
	uint64_t size;
	char buf[1024];
	char seen[MANY];
};

static void
reader_main(void *arg)
{
	struct reader *r = arg;

	__sync_fetch_and_add(&ready, 1);
	while (ready < READERS)
		;
	while ((r->end = sys(SYS_getdirentries, r->dir, r->buf, r->size, 0)) > 0)
		for (int64_t at = 0; at < r->end; at += ((struct dirent *)(void *)(r->buf + at))->reclen) {
			const struct dirent *d = (void *)(r->buf + at);

			if (d->name[0] == '.')
				continue;
			r->seen[entry_id(d->name)]++;
			r->total++;
		}
}

/* Some read entry by entry, some more at a time: together they see each entry once. */
static void
threads_share_a_descriptor(void)
{
	static struct reader r[READERS];
	static const unsigned sizes[] = {280, 296, 340, 1024};
	int64_t dir = open_many();

	for (int round = 0; round < 4; round++) {
		int64_t total = 0;

		sys(SYS_lseek, dir, 0, 0);
		ready = 0;
		memset(r, 0, sizeof(r));
		for (int i = 0; i < READERS; i++) {
			r[i].dir = dir;
			r[i].size = sizes[(i + round) % READERS];
			CHECK_EQ(spawn(&r[i].k, reader_main, &r[i]), 0);
		}
		for (int i = 0; i < READERS; i++)
			join(&r[i].k);
		for (int i = 0; i < READERS; i++) {
			CHECK_EQ(r[i].end, 0);
			total += r[i].total;
		}
		CHECK_EQ(total, MANY);
		for (int id = 0; id < MANY; id++)
			CHECK_EQ(r[0].seen[id] + r[1].seen[id] + r[2].seen[id] + r[3].seen[id], 1);
	}
	sys(SYS_close, dir);
}

/* What is there all the time is seen once, while others come and go. */
static void
others_may_come_and_go(void)
{
	int64_t dir = open_many(), pid = sys(SYS_fork), n;
	int status, total = 0;

	if (pid == 0) {
		char name[8] = ".new000";

		for (int i = 0; i < 400; i++) {
			name[4] = (char)('0' + i / 100), name[5] = (char)('0' + i / 10 % 10), name[6] = (char)('0' + i % 10);
			sys(SYS_close, sys(SYS_openat, dir, name, O_CREAT | O_WRONLY, 0600));
			if (i % 2)
				sys(SYS_unlinkat, dir, name, 0);
		}
		call(SYS_exit, 0);
	}
	memset(seen, 0, sizeof(seen));
	while ((n = sys(SYS_getdirentries, dir, buf, 512, 0)) > 0)
		for (int64_t at = 0; at < n; at += ((struct dirent *)(void *)(buf + at))->reclen) {
			struct dirent *d = (void *)(buf + at);

			if (d->name[0] == '.')
				continue;
			CHECK_EQ(take(d->name, d->namlen, d->type, d->fileno), 1);
			total++;
		}
	CHECK_EQ(n, 0);
	CHECK_EQ(total, MANY);
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
	sys(SYS_close, dir);
}

static void
only_directories_are_read(void)
{
	int64_t fd = files_make(P("f"), "x");
	int fds[2];

	CHECK_ERR(EINVAL, SYS_getdirentries, fd, buf, 4096, 0);
	CHECK_ERR(EBADF, SYS_getdirentries, 777, buf, 4096, 0);
	CHECK_ERR(EBADF, SYS_getdirentries11, 777, buf, 4096, 0);
	CHECK_ERR(EINVAL, SYS_getdirentries11, fd, buf, 4096, 0);
	CHECK_ERR(EBADF, SYS_getdents11, 777, buf, 4096);
	CHECK_ERR(EINVAL, SYS_getdents11, fd, buf, 4096);
	CHECK_ERR(EISDIR, SYS_read, sys(SYS_open, kit_dir(), O_RDONLY, 0), buf, 10);
	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_ERR(EINVAL, SYS_getdirentries, fds[0], buf, 4096, 0);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

/* The monitor's descriptors are not the program's. */
static void
hidden_descriptors_are_not_listed(void)
{
	int64_t dir = sys(SYS_open, "/dev/fd", O_RDONLY | O_DIRECTORY, 0), n;

	if (dir < 0)
		return; /* a host without it */
	while ((n = sys(SYS_getdirentries, dir, buf, 4096, 0)) > 0)
		for (int64_t at = 0; at < n; at += ((struct dirent *)(void *)(buf + at))->reclen) {
			const char *name = ((struct dirent *)(void *)(buf + at))->name;
			int64_t fd = 0;

			if (name[0] == '.')
				continue;
			for (; *name; name++)
				fd = fd * 10 + *name - '0';
			CHECK_OK(SYS_fcntl, fd, F_GETFD, 0);
		}
	CHECK_EQ(n, 0);
	sys(SYS_close, dir);
}

static void
clean_up(void)
{
	int64_t dir = open_many(), n;

	do {
		sys(SYS_lseek, dir, 0, 0);
		n = sys(SYS_getdirentries, dir, buf, sizeof(buf), 0);
		for (int64_t at = 0; at < n; at += ((struct dirent *)(void *)(buf + at))->reclen)
			sys(SYS_unlinkat, dir, ((struct dirent *)(void *)(buf + at))->name, 0);
	} while (n > 100);
	sys(SYS_close, dir);
	CHECK_OK(SYS_rmdir, P("many"));
}

const struct test tests[] = {
    {"no_entry_is_lost_or_repeated", no_entry_is_lost_or_repeated},
    {"too_small_is_an_error_and_loses_nothing", too_small_is_an_error_and_loses_nothing},
    {"offsets_are_places", offsets_are_places},
    {"threads_share_a_descriptor", threads_share_a_descriptor},
    {"others_may_come_and_go", others_may_come_and_go},
    {"only_directories_are_read", only_directories_are_read},
    {"hidden_descriptors_are_not_listed", hidden_descriptors_are_not_listed},
    {"clean_up", clean_up},
    {0},
};
