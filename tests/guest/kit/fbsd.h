/* FreeBSD numbers that the tests use.  Sources: sys/syscall.h, sys/errno.h, sys/mman.h, sys/signal.h, sys/fcntl.h. */
#pragma once

enum { SYS_exit = 1, SYS_fork = 2, SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_close = 6, SYS_wait4 = 7, SYS_link = 9,
       SYS_unlink = 10, SYS_chdir = 12, SYS_chmod = 15, SYS_break = 17, SYS_getpid = 20, SYS_getuid = 24, SYS_kill = 37, SYS_getppid = 39,
       SYS_dup = 41, SYS_pipe10 = 42, SYS_sigaltstack = 53, SYS_symlink = 57, SYS_readlink = 58, SYS_execve = 59,
       SYS_umask = 60, SYS_msync = 65, SYS_munmap = 73, SYS_mprotect = 74, SYS_madvise = 75, SYS_mincore = 78,
       SYS_dup2 = 90, SYS_fcntl = 92, SYS_readv = 120, SYS_writev = 121, SYS_rename = 128, SYS_mkfifo = 132, SYS_mkdir = 136,
       SYS_rmdir = 137, SYS_sysarch = 165, SYS_getrlimit = 194, SYS_setrlimit = 195, SYS___syscall = 198, SYS___sysctl = 202,
       SYS_minherit = 250, SYS_rfork = 251, SYS_issetugid = 253, SYS_sched_yield = 331, SYS_sigprocmask = 340, SYS_sigsuspend = 341,
       SYS_sigpending = 343, SYS_sigtimedwait = 345, SYS_sigaction = 416, SYS_sigreturn = 417, SYS_getcontext = 421,
       SYS_setcontext = 422, SYS_swapcontext = 423, SYS_sigwait = 429, SYS_thr_self = 432, SYS_sigqueue = 456, SYS_pread = 475, SYS_pwrite = 476,
       SYS_mmap = 477, SYS_lseek = 478, SYS_ftruncate = 480, SYS_faccessat = 489, SYS_openat = 499, SYS_unlinkat = 503, SYS_pdfork = 518, SYS_pdgetpid = 520,
       SYS_wait6 = 532, SYS_poll = 209, SYS_mlock = 203, SYS_munlock = 204, SYS_mlockall = 324, SYS_munlockall = 325,
       SYS_pipe2 = 542, SYS_fstat = 551, SYS_fstatat = 552, SYS_getdirentries = 554, SYS___sysctlbyname = 570, SYS___getcwd = 326 };

enum { EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO, E2BIG = 7, ENOEXEC = 8, EBADF = 9, ECHILD = 10, EDEADLK = 11, ENOMEM = 12, EACCES = 13,
       EFAULT = 14, EEXIST = 17, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENOTTY = 25, ESPIPE = 29, EMLINK = 31, ERANGE = 34, EAGAIN = 35, ENOTSUP = 45,
       ELOOP = 62, ENAMETOOLONG = 63, ENOTEMPTY = 66, ENOSYS = 78 };

enum { PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 4 };
#define PROT_MAX(p) ((p) << 16)
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_STACK = 0x400, MAP_ANON = 0x1000, MAP_GUARD = 0x2000, MAP_EXCL = 0x4000,
       MAP_HASSEMAPHORE = 0x200, MAP_NOSYNC = 0x800, MAP_NOCORE = 0x20000, MAP_PREFAULT_READ = 0x40000, MAP_32BIT = 0x80000 };
enum { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE, MADV_NOSYNC, MADV_AUTOSYNC, MADV_NOCORE,
       MADV_CORE };
enum { INHERIT_SHARE, INHERIT_COPY, INHERIT_NONE, INHERIT_ZERO };
#define MAP_ALIGNED(n) ((n) << 24)

enum { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK = 4, O_APPEND = 8, O_NOFOLLOW = 0x100, O_CREAT = 0x200, O_TRUNC = 0x400, O_EXCL = 0x800,
       O_DIRECTORY = 0x20000, O_CLOEXEC = 0x100000 };
#define AT_FDCWD (-100)

enum { SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGEMT, SIGFPE, SIGKILL, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE, SIGALRM,
       SIGTERM, SIGURG, SIGSTOP, SIGTSTP, SIGCONT, SIGCHLD, SIGINFO = 29, SIGUSR1 = 30, SIGUSR2 = 31, SIGRTMIN = 65 };
enum { SA_ONSTACK = 1, SA_RESTART = 2, SA_RESETHAND = 4, SA_NODEFER = 0x10, SA_SIGINFO = 0x40 };
enum { SIG_BLOCK = 1, SIG_UNBLOCK, SIG_SETMASK };
#define SI_USER  0x10001
#define SI_QUEUE 0x10002

struct sigset {
	unsigned bits[4];
};
struct sigaction {
	void *handler;
	int flags;
	struct sigset mask;
};
struct timespec {
	long sec, nsec;
};
struct siginfo {
	int signo, error, code, pid;
	unsigned uid;
	int status;
	void *addr;
	long value;
	char reason[40];
};

_Static_assert(sizeof(struct sigset) == 16 && sizeof(struct timespec) == 16, "sys/_sigset.h, sys/_timespec.h");
_Static_assert(sizeof(struct sigaction) == 32 && sizeof(struct siginfo) == 80, "sys/signal.h");

#define SIGSET(n) ((struct sigset){{(n) <= 32 ? 1u << ((n)-1) : 0, (n) > 32 && (n) <= 64 ? 1u << ((n)-33) : 0, (n) > 64 && (n) <= 96 ? 1u << ((n)-65) : 0, (n) > 96 ? 1u << ((n)-97) : 0}})

enum { AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_EXECPATH = 15, AT_CANARY, AT_CANARYLEN, AT_OSRELDATE,
       AT_NCPUS, AT_PAGESIZES, AT_PAGESIZESLEN, AT_STACKPROT = 23, AT_ARGC = 28, AT_ARGV, AT_ENVC, AT_ENVV, AT_PS_STRINGS, AT_USRSTACKBASE = 35,
       AT_USRSTACKLIM };
