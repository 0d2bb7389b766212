/*
 * One row a fact: is it there, and what follows when it is not.
 */
#include "loader/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "abi/core/cpu_x64.h"
#include "abi/core/fd.h"
#include "abi/core/gm.h"
#include "loader/probe.h"

enum state { OK, SLOW, MISSING, FATAL }; /* FATAL: missing, and no guest can run */

struct finding {
	enum state state;
	char text[160];
};

static void __attribute__((format(printf, 3, 4)))
find(struct finding *f, enum state state, const char *fmt, ...)
{
	va_list ap;

	f->state = state;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
}

static void
check_kernel(struct finding *f)
{
	struct utsname u;

	uname(&u);
	find(f, strcmp(u.machine, "x86_64") == 0 ? OK : FATAL, "%s %s on %s", u.sysname, u.release,
	     u.machine);
}

static void
check_inclusive(struct finding *f)
{
	int e = probe_sud_inclusive();

	if (e == 0)
		find(f, OK, "the best way to catch system calls");
	else
		find(f, MISSING, "%s (Linux 6.17 has it); the next way is taken", strerror(-e));
}

static void
check_exclusive(struct finding *f)
{
	int e = probe_sud_exclusive();

	if (e == 0)
		find(f, OK, "catches system calls as fast as inclusive mode");
	else
		find(f, MISSING, "%s (Linux 5.11 has it); the next way is taken", strerror(-e));
}

static void
check_seccomp(struct finding *f)
{
	int e = probe_seccomp();
	bool better = probe_sud_inclusive() == 0 || probe_sud_exclusive() == 0;

	if (e < 0)
		find(f, better ? MISSING : FATAL, "%s; %s", strerror(-e),
		     better ? "not needed, user dispatch is there"
			    : "no way is left to catch system calls");
	else if (better)
		find(f, OK, "not needed, user dispatch is there");
	else
		find(f, SLOW,
		     "the only way to catch system calls here: each host call costs about 150 ns "
		     "more");
}

static void
check_fsgsbase(struct finding *f)
{
	if (probe_fsgsbase())
		find(f, OK, "guest and monitor swap FS without a system call");
	else
		find(f, FATAL,
		     "Linux 5.9 and a CPU of 2012 or later have it; guests cannot run without");
}

static void
check_vectors(struct finding *f)
{
	uint64_t xcr0 = x64_xcr0();
	bool avx512 = (xcr0 & 0xe0) == 0xe0;

	if (avx512 && !probe_avx512bw())
		find(f, FATAL, "AVX-512 without AVX-512BW is not supported");
	else
		find(f, OK, "XCR0 %#llx: %s is saved on the full lane", (unsigned long long)xcr0,
		     avx512	  ? "AVX-512 state"
		     : (xcr0 & 4) ? "AVX state"
				  : "SSE state");
}

static void
check_xgetbv1(struct finding *f)
{
	if (probe_xgetbv1())
		find(f, OK, "only vector state in use is saved");
	else
		find(f, SLOW, "all enabled vector state is saved at each full-lane call");
}

static void
check_layout(struct finding *f)
{
	uint64_t low = probe_lowest_mapping();

	if (low == 0)
		find(f, OK, "nothing of ours lies below %#llx", GM_HI);
	else
		find(f, FATAL, "a mapping of ours lies at %#llx, below %#llx",
		     (unsigned long long)low, GM_HI);
}

static void
check_min_addr(struct finding *f)
{
	long long min = probe_number("/proc/sys/vm/mmap_min_addr", 0);

	if (min <= (long long)GM_LO)
		find(f, OK, "vm.mmap_min_addr is %lld", min);
	else
		find(
		    f, MISSING,
		    "vm.mmap_min_addr is %lld: programs linked below that address cannot be loaded",
		    min);
}

static void
check_proc(struct finding *f)
{
	if (access("/proc/self/maps", R_OK) == 0)
		find(f, OK, "mounted");
	else
		find(f, MISSING, "/proc/self/maps: %s: guests can start no programs, -L and --sysroot do not work",
		     strerror(errno));
}

static void
check_nofile(struct finding *f)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		find(f, FATAL, "%s", strerror(errno));
	else if (l.rlim_max < FD_HARD_LEAST)
		find(f, FATAL, "hard limit %llu: %u are needed (ulimit -Hn)",
		     (unsigned long long)l.rlim_max, FD_HARD_LEAST);
	else if (l.rlim_max < 1024)
		find(f, SLOW, "hard limit %llu: a guest gets few of these (ulimit -Hn)",
		     (unsigned long long)l.rlim_max);
	else
		find(f, OK, "soft limit %llu, hard limit %llu", (unsigned long long)l.rlim_cur,
		     (unsigned long long)l.rlim_max);
}

static void
by_result(struct finding *f, long r, enum state without, const char *with_text,
	  const char *without_text)
{
	if (r >= 0)
		find(f, OK, "%s", with_text);
	else
		find(f, without, "%s: %s", strerror(errno), without_text);
}

static void
check_memfd(struct finding *f)
{
	int fd = memfd_create("dragoman-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	by_result(f, fd, FATAL, "with sealing", "code slabs and exec need it");
	if (fd >= 0)
		close(fd);
}

static void
check_pidfd(struct finding *f)
{
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	by_result(f, fd, MISSING, "process events and descriptors work",
		  "kqueue's process events do not work (Linux 5.3)");
	if (fd >= 0)
		close((int)fd);
}

static void
check_openat2(struct finding *f)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);

	by_result(f, fd, MISSING, "-L and --sysroot work",
		  "-L and --sysroot do not work (Linux 5.6)");
	if (fd >= 0)
		close((int)fd);
}

static void
check_close_range(struct finding *f)
{
	/* An empty range far above any descriptor. */
	by_result(f, syscall(SYS_close_range, ~0u - 1, ~0u - 1, 0), SLOW,
		  "closing many descriptors is one call",
		  "descriptors are closed one by one (Linux 5.9)");
}

static void
check_execveat(struct finding *f)
{
	/* An empty path on a bad descriptor: EBADF where the call exists. */
	syscall(SYS_execveat, -1, "", NULL, NULL, AT_EMPTY_PATH);
	by_result(f, errno == ENOSYS ? -1 : 0, MISSING, "guests can start programs",
		  "guests cannot start programs");
}

static void
check_membarrier(struct finding *f)
{
	long have = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (have >= 0 && (have & MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) == 0) {
		have = -1;
		errno = EOPNOTSUPP;
	}
	by_result(f, have, SLOW, "call sites are patched under running threads",
		  "call sites of multi-threaded programs stay on the trap");
}

static void
check_userns(struct finding *f)
{
	int e = probe_userns();

	errno = -e;
	by_result(f, e, MISSING, "isolation without root is possible", "no isolation without root");
}

static void
check_binfmt(struct finding *f)
{
	by_result(f, access("/proc/sys/fs/binfmt_misc/register", F_OK), MISSING,
		  "the kernel can start foreign programs through us",
		  "foreign programs start only as arguments of dragoman");
}

static void
check_yama(struct finding *f)
{
	long long scope = probe_number("/proc/sys/kernel/yama/ptrace_scope", 0);

	find(f, scope == 0 ? OK : SLOW, "kernel.yama.ptrace_scope is %lld: %s", scope,
	     scope == 0 ? "debuggers may attach to a running guest"
			: "debuggers must start the guest, or be root");
}

static void
check_perf(struct finding *f)
{
	long long level = probe_number("/proc/sys/kernel/perf_event_paranoid", 3);

	find(f, level <= 2 ? OK : MISSING,
	     "kernel.perf_event_paranoid is %lld: perf %s profile guests", level,
	     level <= 2 ? "can" : "cannot");
}

static const struct {
	const char *name;
	void (*check)(struct finding *f);
} rows[] = {
    {"kernel", check_kernel},
    {"user dispatch, inclusive", check_inclusive},
    {"user dispatch, exclusive", check_exclusive},
    {"seccomp filters", check_seccomp},
    {"FSGSBASE", check_fsgsbase},
    {"vector registers", check_vectors},
    {"XGETBV of state in use", check_xgetbv1},
    {"address layout", check_layout},
    {"lowest address", check_min_addr},
    {"/proc", check_proc},
    {"open files", check_nofile},
    {"memfd_create", check_memfd},
    {"pidfd_open", check_pidfd},
    {"openat2", check_openat2},
    {"close_range", check_close_range},
    {"execveat", check_execveat},
    {"membarrier SYNC_CORE", check_membarrier},
    {"user namespaces", check_userns},
    {"binfmt_misc", check_binfmt},
    {"ptrace", check_yama},
    {"perf", check_perf},
};

int
doctor_run(FILE *out)
{
	static const char *const words[] = {"ok", "slow", "missing", "missing"};
	unsigned fatal = 0;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct finding f;

		fflush(out); /* probes fork */
		rows[i].check(&f);
		fatal += f.state == FATAL;
		fprintf(out, "%-8s %-25s %s\n", words[f.state], rows[i].name, f.text);
	}
	if (fatal == 0)
		fprintf(out, "guests can run on this machine\n");
	else
		fprintf(out, "no guest can run on this machine: %u things it needs are missing\n",
			fatal);
	return fatal == 0 ? 0 : 1;
}
