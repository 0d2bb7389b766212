/* What the tests of the file family share.  Sources: sys/fcntl.h, sys/stat.h, sys/dirent.h, sys/errno.h, sys/syscall.h. */
#pragma once

#include "fbsd.h"
#include "kit.h"

enum {
	SYS_mknod11 = 14, SYS_chown = 16, SYS_access = 33, SYS_chflags = 34, SYS_fchflags = 35, SYS_fchdir = 13, SYS_chroot = 61,
	SYS_fsync = 95, SYS_fchmod = 124, SYS_fchown = 123, SYS_flock = 131, SYS_utimes = 138, SYS_pread6 = 173, SYS_pwrite6 = 174,
	SYS_stat11 = 188, SYS_fstat11 = 189, SYS_lstat11 = 190, SYS_pathconf = 191, SYS_fpathconf = 192, SYS_getdirentries11 = 196,
	SYS_lseek6 = 199, SYS_truncate6 = 200, SYS_ftruncate6 = 201, SYS_futimes = 206, SYS_lchown = 254, SYS_getdents11 = 272,
	SYS_lchmod = 274, SYS_lutimes = 276, SYS_nstat11 = 278, SYS_nfstat11 = 279, SYS_nlstat11 = 280, SYS_preadv = 289,
	SYS_pwritev = 290, SYS_extattr_set_file = 356, SYS_extattr_get_file, SYS_extattr_delete_file, SYS_extattr_set_fd = 371,
	SYS_extattr_get_fd, SYS_extattr_delete_fd, SYS_eaccess = 376, SYS_lchflags = 391, SYS_getfsstat11 = 395, SYS_statfs11,
	SYS_fstatfs11, SYS_extattr_set_link = 412, SYS_extattr_get_link, SYS_extattr_delete_link, SYS_extattr_list_fd = 437,
	SYS_extattr_list_file, SYS_extattr_list_link, SYS_truncate = 479, SYS_shm_open12 = 482, SYS_shm_unlink,
	SYS_fchmodat = 490, SYS_fchownat, SYS_fexecve, SYS_fstatat11, SYS_futimesat, SYS_linkat, SYS_mkdirat, SYS_mkfifoat,
	SYS_mknodat11, SYS_readlinkat = 500, SYS_renameat, SYS_symlinkat, SYS_closefrom = 509, SYS_lpathconf = 513,
	SYS_posix_fallocate = 530, SYS_posix_fadvise, SYS_chflagsat = 540, SYS_futimens = 546, SYS_utimensat, SYS_fdatasync = 550,
	SYS_statfs = 555, SYS_fstatfs, SYS_getfsstat, SYS_mknodat = 559, SYS_funlinkat = 568, SYS_copy_file_range,
	SYS_shm_open2 = 571, SYS_shm_rename, SYS___realpathat = 574, SYS_close_range, SYS_fspacectl = 580, SYS_fchroot = 590,
	SYS_renameat2 = 602, SYS_sync = 36, SYS_getdtablesize = 89, 
	SYS___specialfd = 577, SYS_kcmp = 588, SYS_inotify_add_watch_at = 593, SYS_inotify_rm_watch, SYS_thr_exit_file = 431, SYS_aio_read = 255, SYS_aio_write, SYS_lio_listio, SYS_aio_return = 314,
	SYS_aio_suspend, SYS_aio_cancel, SYS_aio_error, SYS_aio_waitcomplete = 359, SYS_aio_fsync = 465, SYS_aio_writev = 578,
	SYS_aio_readv,
};

enum { EXDEV = 18, ENOSPC = 28, EFBIG = 27, EROFS = 30, EINPROGRESS = 36, EOPNOTSUPP = 45, EFTYPE = 79, ECANCELED = 85,
       ENOATTR = 87, ENOTCAPABLE = 93 };
enum { O_SHLOCK = 0x10, O_EXLOCK = 0x20, O_ASYNC = 0x40, O_SYNC = 0x80, O_EXEC = 0x40000, O_TTY_INIT = 0x80000, O_VERIFY = 0x200000,
       O_PATH = 0x400000, O_RESOLVE_BENEATH = 0x800000, O_DSYNC = 0x1000000, O_EMPTY_PATH = 0x2000000 };
enum { AT_EACCESS = 0x100, AT_SYMLINK_NOFOLLOW = 0x200, AT_SYMLINK_FOLLOW = 0x400, AT_REMOVEDIR = 0x800, AT_RESOLVE_BENEATH = 0x2000,
       AT_EMPTY_PATH = 0x4000 };
enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETOWN, F_SETOWN, F_OGETLK, F_OSETLK, F_OSETLKW, F_DUP2FD, F_GETLK, F_SETLK,
       F_SETLKW, F_SETLK_REMOTE, F_READAHEAD, F_RDAHEAD, F_DUPFD_CLOEXEC, F_DUP2FD_CLOEXEC, F_ADD_SEALS, F_GET_SEALS,
       F_ISUNIONSTACK, F_KINFO };
enum { F_RDLCK = 1, F_UNLCK, F_WRLCK };
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };
enum { S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000,
       S_IFSOCK = 0140000 };

struct flock {
	int64_t start, len;
	int pid;
	short type, whence;
	int sysid;
};
_Static_assert(sizeof(struct flock) == 32, "flock");

struct stat {
	uint64_t dev, ino, nlink;
	uint16_t mode;
	int16_t pad0;
	uint32_t uid, gid, pad1;
	uint64_t rdev;
	struct timespec atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags;
	uint64_t gen, filerev, spare[9];
};
_Static_assert(sizeof(struct stat) == 224, "stat");

struct dirent {
	uint64_t fileno;
	int64_t off;
	uint16_t reclen;
	uint8_t type, pad0;
	uint16_t namlen, pad1;
	char name[256];
};

/** The file @name in this run's directory; each letter has a buffer of its own, so that two fit in one call. */
static inline const char *
files_path(char *buf, const char *name)
{
	size_t n = strlen(kit_dir());

	memcpy(buf, kit_dir(), n);
	buf[n] = '/';
	memcpy(buf + n + 1, name, strlen(name) + 1);
	return buf;
}
static char files_buf[3][512];
#define P(name) files_path(files_buf[0], name)
#define Q(name) files_path(files_buf[1], name)
#define R(name) files_path(files_buf[2], name)

/** Make a file of @n bytes of @text; its descriptor, open for both. */
static inline int64_t
files_make(const char *path, const char *text)
{
	int64_t fd = sys(SYS_open, path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	sys(SYS_write, fd, text, strlen(text));
	return fd;
}
