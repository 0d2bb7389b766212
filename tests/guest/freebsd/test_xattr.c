/* Extended attributes and shared memory objects.  Source: FreeBSD manual extattr_get_file(2), shm_open(2), memfd_create(3). */
#include "../kit/files.h"

enum { USER = 1, SYSTEM = 2 };
static char buf[256];

static void
attributes_are_kept(void)
{
	int64_t fd = files_make(P("f"), "x");

	if (sys(SYS_extattr_set_fd, fd, USER, "one", "", 0) == -EOPNOTSUPP) {
		sys(SYS_close, fd), sys(SYS_unlink, P("f"));
		return; /* a file system without them */
	}
	CHECK_EQ(sys(SYS_extattr_set_fd, fd, USER, "one", "value", 5), 5);
	CHECK_EQ(sys(SYS_extattr_get_file, P("f"), USER, "one", buf, sizeof(buf)), 5);
	CHECK(!memcmp(buf, "value", 5));
	CHECK_EQ(sys(SYS_extattr_get_file, P("f"), USER, "one", 0, 0), 5);
	memset(buf, '#', sizeof(buf));
	CHECK_EQ(sys(SYS_extattr_get_fd, fd, USER, "one", buf, 2), 2);
	CHECK(!memcmp(buf, "va#", 3));
	CHECK_EQ(sys(SYS_extattr_set_file, P("f"), USER, "two.2", "", 0), 0);
	CHECK_EQ(sys(SYS_extattr_set_link, P("f"), USER, "one", "v", 1), 1);
	CHECK_EQ(sys(SYS_extattr_get_link, P("f"), USER, "one", buf, 9), 1);
	CHECK_EQ(sys(SYS_extattr_list_fd, fd, USER, 0, 0), 10);
	CHECK_EQ(sys(SYS_extattr_list_file, P("f"), USER, buf, sizeof(buf)), 10);
	CHECK(!memcmp(buf, "\003one\005two.2", 10) || !memcmp(buf, "\005two.2\003one", 10));
	CHECK_EQ(sys(SYS_extattr_list_link, P("f"), USER, buf, 3), 3);
	CHECK_EQ(sys(SYS_extattr_delete_fd, fd, USER, "one"), 0);
	CHECK_ERR(ENOATTR, SYS_extattr_get_fd, fd, USER, "one", buf, 9);
	CHECK_ERR(ENOATTR, SYS_extattr_delete_file, P("f"), USER, "one");
	CHECK_OK(SYS_extattr_delete_link, P("f"), USER, "two.2");
	CHECK_ERR(ENOATTR, SYS_extattr_delete_link, P("f"), USER, "two.2");
	CHECK_EQ(sys(SYS_extattr_set_file, P("f"), USER, "three", "3", 1), 1);
	CHECK_EQ(sys(SYS_extattr_delete_file, P("f"), USER, "three"), 0);
	CHECK_ERR(ENOATTR, SYS_extattr_get_link, P("f"), USER, "three", buf, 9);
	CHECK_EQ(sys(SYS_extattr_list_fd, fd, USER, buf, sizeof(buf)), 0);
	CHECK_ERR(EFAULT, SYS_extattr_set_fd, fd, USER, "one", 8, 5);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
name_spaces_are_checked(void)
{
	int64_t fd = files_make(P("f"), "x");

	if (sys(SYS_getuid) != 0)
		CHECK_ERR(EPERM, SYS_extattr_get_fd, fd, SYSTEM, "one", buf, 9);
	CHECK_ERR(EINVAL, SYS_extattr_get_fd, fd, 7, "one", buf, 9);
	CHECK_ERR(EBADF, SYS_extattr_get_fd, 777, USER, "one", buf, 9);
	CHECK_ERR(ENOENT, SYS_extattr_list_file, P("none"), USER, buf, 9);
	CHECK_ERR(ENOENT, SYS_extattr_list_link, P("none"), USER, buf, 9);
	CHECK_ERR(EBADF, SYS_extattr_list_fd, 777, USER, buf, 9);
	CHECK_ERR(ENOENT, SYS_extattr_set_file, P("none"), USER, "one", "x", 1);
	CHECK_ERR(ENOENT, SYS_extattr_set_link, P("none"), USER, "one", "x", 1);
	CHECK_ERR(EFAULT, SYS_extattr_set_file, P("f"), USER, 8, "x", 1);
	CHECK_ERR(ENOENT, SYS_extattr_get_file, P("none"), USER, "one", buf, 9);
	CHECK_ERR(ENOENT, SYS_extattr_get_link, P("none"), USER, "one", buf, 9);
	CHECK_ERR(ENOENT, SYS_extattr_delete_file, P("none"), USER, "one");
	CHECK_ERR(ENOENT, SYS_extattr_delete_link, P("none"), USER, "one");
	CHECK_ERR(EBADF, SYS_extattr_delete_fd, 777, USER, "one");
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

#define SHM_ANON          1
#define F_SEAL_SEAL       1
#define F_SEAL_SHRINK     2
#define F_SEAL_GROW       4
#define F_SEAL_WRITE      8

static void
anonymous_objects_are_files(void)
{
	struct stat st;
	int64_t mask = sys(SYS_umask, 022), fd = sys(SYS_shm_open2, SHM_ANON, O_RDWR | O_CLOEXEC, 0666, 0, 0), map;

	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
	CHECK_OK(SYS_ftruncate, fd, 5000);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_EQ(st.size, 5000);
	CHECK_EQ(st.mode, S_IFREG | 0644);
	map = sys(SYS_mmap, 0, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map > 0);
	((volatile char *)map)[4] = 'q';
	CHECK_EQ(sys(SYS_pread, fd, buf, 1, 4), 1);
	CHECK_EQ(buf[0], 'q');
	CHECK_EQ(sys(SYS_fcntl, fd, F_GET_SEALS, 0), F_SEAL_SEAL);
	CHECK_ERR(EPERM, SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_GROW);
	sys(SYS_munmap, map, 5000), sys(SYS_close, fd);
	CHECK_ERR(EINVAL, SYS_shm_open2, SHM_ANON, O_RDONLY, 0600, 0, 0);
	CHECK_ERR(EINVAL, SYS_shm_open2, SHM_ANON, O_RDWR | O_APPEND, 0600, 0, 0);
	CHECK_ERR(EINVAL, SYS_shm_open2, SHM_ANON, O_RDWR, 0600, 0x100, 0);
	CHECK((fd = sys(SYS_shm_open12, SHM_ANON, O_RDWR, 0600)) >= 0);
	CHECK_ERR(EINVAL, SYS_shm_open12, SHM_ANON, O_RDONLY, 0600);
	CHECK_ERR(ENOENT, SYS_shm_open12, "/no such object", O_RDWR, 0600);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
	sys(SYS_close, fd), sys(SYS_umask, mask);
}

static void
objects_can_be_sealed(void)
{
	int64_t fd = sys(SYS_shm_open2, SHM_ANON, O_RDWR, 0600, 1 /* SHM_ALLOW_SEALING */, 0);

	CHECK_EQ(sys(SYS_fcntl, fd, F_GET_SEALS, 0), 0);
	CHECK_OK(SYS_ftruncate, fd, 100);
	CHECK_OK(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
	CHECK_ERR(EPERM, SYS_ftruncate, fd, 200);
	CHECK_ERR(EPERM, SYS_ftruncate, fd, 50);
	CHECK_EQ(sys(SYS_pwrite, fd, "x", 1, 0), 1);
	CHECK_OK(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE);
	CHECK_ERR(EPERM, SYS_pwrite, fd, "x", 1, 0);
	CHECK_ERR(EINVAL, SYS_fcntl, fd, F_ADD_SEALS, 16);
	CHECK_OK(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GET_SEALS, 0), 15);
	sys(SYS_close, fd);
}

/* A name that no other run has. */
static const char *
object_name(char *out, char tail)
{
	int64_t pid = sys(SYS_getpid);
	int n = 0;

	for (const char *s = "/drag/%on-"; *s; s++)
		out[n++] = *s;
	for (; pid; pid /= 10)
		out[n++] = (char)('0' + pid % 10);
	out[n++] = tail;
	out[n] = 0;
	return out;
}

static void
named_objects_are_shared(void)
{
	char a[64], b[64];
	int64_t fd = sys(SYS_shm_open2, object_name(a, 'a'), O_RDWR | O_CREAT | O_EXCL, 0600, 0, 0), other, again;

	CHECK(fd >= 0);
	CHECK_OK(SYS_ftruncate, fd, 5); /* writes do not make it longer */
	CHECK_EQ(sys(SYS_write, fd, "hello", 5), 5);
	CHECK_ERR(EEXIST, SYS_shm_open2, a, O_RDWR | O_CREAT | O_EXCL, 0600, 0, 0);
	other = sys(SYS_shm_open12, a, O_RDONLY, 0);
	CHECK(other >= 0);
	CHECK_EQ(sys(SYS_read, other, buf, 9), 5);
	CHECK_ERR(EBADF, SYS_write, other, "x", 1);
	CHECK_OK(SYS_shm_rename, a, object_name(b, 'b'), 0);
	CHECK_ERR(ENOENT, SYS_shm_open2, a, O_RDWR, 0, 0, 0);
	CHECK((again = sys(SYS_shm_open2, a, O_RDWR | O_CREAT, 0600, 0, 0)) > fd);
	sys(SYS_close, again);
	CHECK_ERR(EEXIST, SYS_shm_rename, a, b, 1 /* SHM_RENAME_NOREPLACE */);
	CHECK_OK(SYS_shm_rename, a, b, 2 /* SHM_RENAME_EXCHANGE */);
	CHECK_ERR(EINVAL, SYS_shm_rename, a, b, 3);
	CHECK_OK(SYS_shm_unlink, a);
	CHECK_OK(SYS_shm_unlink, b);
	CHECK_ERR(ENOENT, SYS_shm_unlink, a);
	CHECK_ERR(EINVAL, SYS_shm_open2, "noslash", O_RDWR | O_CREAT, 0600, 0, 0);
	CHECK_ERR(EFAULT, SYS_shm_open2, 8, O_RDWR, 0, 0, 0);
	sys(SYS_close, fd), sys(SYS_close, other);
}

/* Without SHM_GROW_ON_WRITE a write ends where the object does (uiomove_object), also by another number of it. */
static void
writes_stop_at_the_end(void)
{
	char text[8] = "1234567";
	struct {
		void *base;
		uint64_t len;
	} v[2] = {{text, 4}, {text, 4}};
	struct stat st;
	int64_t fd = sys(SYS_shm_open2, SHM_ANON, O_RDWR, 0600, 0, 0), dup = sys(SYS_dup, fd);

	CHECK_EQ(sys(SYS_write, fd, text, 8), 0);
	CHECK_OK(SYS_ftruncate, fd, 6);
	CHECK_EQ(sys(SYS_write, dup, text, 8), 6);
	CHECK_EQ(sys(SYS_write, fd, text, 8), 0);
	CHECK_EQ(sys(SYS_pwrite, fd, text, 8, 4), 2);
	CHECK_EQ(sys(SYS_pwrite, fd, text, 8, 100), 0);
	CHECK_EQ(sys(SYS_pwritev, fd, v, 2, 1), 5);
	CHECK_EQ(sys(SYS_lseek, fd, 1, 0), 1);
	CHECK_EQ(sys(SYS_writev, fd, v, 2), 5);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_EQ(st.size, 6);
	sys(SYS_close, fd), sys(SYS_close, dup);
	fd = sys(SYS_shm_open2, SHM_ANON, O_RDWR, 0600, 2 /* SHM_GROW_ON_WRITE */, 0);
	CHECK_EQ(sys(SYS_write, fd, text, 8), 8);
	CHECK_EQ(sys(SYS_pwrite, fd, text, 8, 8), 8);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_EQ(st.size, 16);
	sys(SYS_close, fd);
	CHECK_ERR(ENOTTY, SYS_shm_open2, SHM_ANON, O_RDWR, 0600, 4 /* SHM_LARGEPAGE */, 0);
}

const struct test tests[] = {
    {"attributes_are_kept", attributes_are_kept},
    {"name_spaces_are_checked", name_spaces_are_checked},
    {"anonymous_objects_are_files", anonymous_objects_are_files},
    {"objects_can_be_sealed", objects_can_be_sealed},
    {"named_objects_are_shared", named_objects_are_shared},
    {"writes_stop_at_the_end", writes_stop_at_the_end},
    {0},
};
