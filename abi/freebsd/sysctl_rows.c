/* The leaves.  Numbers: sys/sysctl.h (fixed ones); those from 1000 up are ours, found by name, as on FreeBSD. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/sysctl.h"

#define RELEASE "15.0-RELEASE"

static int
put_int(struct sysctl_out *o, int64_t v)
{
	int32_t i = (int32_t)v;

	sysctl_bytes(o, &i, 4);
	return 0;
}

static int
put_long(struct sysctl_out *o, uint64_t v)
{
	sysctl_bytes(o, &v, 8);
	return 0;
}

static int
ncpu(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	cpu_set_t set;

	if (t->task->cpus)
		return put_int(o, t->task->cpus);
	return put_int(o, sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set));
}

static int
maxcpus(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	return put_int(o, 1024);
}

static int
osrelease(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	sysctl_string(o, t->task->osrelease ? t->task->osrelease : RELEASE);
	return 0;
}

static int
version(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	char text[128];

	snprintf(text, sizeof(text), "FreeBSD %s GENERIC\n", t->task->osrelease ? t->task->osrelease : RELEASE);
	sysctl_string(o, text);
	return 0;
}

static int
osreldate(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	return put_int(o, t->task->osreldate);
}

static int
hostname(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	struct utsname u;

	uname(&u);
	sysctl_string(o, u.nodename);
	return 0;
}

static int
domainname(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	struct utsname u;

	uname(&u);
	sysctl_string(o, strcmp(u.domainname, "(none)") ? u.domainname : "");
	return 0;
}

static int
boottime(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	struct timespec now, up;
	int64_t tv[2];

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	tv[0] = now.tv_sec - up.tv_sec;
	tv[1] = 0;
	sysctl_bytes(o, tv, sizeof(tv));
	return 0;
}

static int
clockrate(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	static const int32_t ci[5] = {1000, 1000, 0, 127, 8126}; /* hz, tick, spare, stathz, profhz */

	sysctl_bytes(o, ci, sizeof(ci));
	return 0;
}

static int
maxfiles(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	return put_int(o, fd_guest_limit());
}

static int
usrstack(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	return put_long(o, t->task->stack_top);
}

static int
ps_strings(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	return put_long(o, t->task->ps_strings);
}

static int
arandom(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	uint8_t bytes[256];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	sysctl_bytes(o, bytes, sizeof(bytes));
	return 0;
}

static int
physmem(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	struct sysinfo si;

	sysinfo(&si);
	return put_long(o, (uint64_t)si.totalram * si.mem_unit);
}

static int
availpages(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	struct sysinfo si;

	sysinfo(&si);
	return put_long(o, (uint64_t)si.totalram * si.mem_unit / 4096);
}

static int
freepages(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	struct sysinfo si;

	sysinfo(&si);
	return put_int(o, (int64_t)((uint64_t)si.freeram * si.mem_unit / 4096));
}

static int
somaxconn(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	FILE *f = fopen("/proc/sys/net/core/somaxconn", "re");
	int v = 128;

	if (f) {
		if (fscanf(f, "%d", &v) != 1)
			v = 128;
		fclose(f);
	}
	return put_int(o, v);
}

static int
loadavg(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	struct {
		uint32_t avg[3], pad;
		uint64_t scale;
	} la = {.scale = 2048};
	struct sysinfo si;

	sysinfo(&si);
	for (int i = 0; i < 3; i++)
		la.avg[i] = (uint32_t)(si.loads[i] >> (16 - 11));
	sysctl_bytes(o, &la, sizeof(la));
	return 0;
}

#define S(nm, txt, ...) {.name = nm, .oid = {__VA_ARGS__}, .depth = sizeof((int[]){__VA_ARGS__}) / 4, .kind = 'A', .text = txt}
#define I(nm, v, ...)   {.name = nm, .oid = {__VA_ARGS__}, .depth = sizeof((int[]){__VA_ARGS__}) / 4, .kind = 'I', .value = v}
#define L(nm, v, ...)   {.name = nm, .oid = {__VA_ARGS__}, .depth = sizeof((int[]){__VA_ARGS__}) / 4, .kind = 'L', .value = v}
#define F(nm, k, f, ...) {.name = nm, .oid = {__VA_ARGS__}, .depth = sizeof((int[]){__VA_ARGS__}) / 4, .kind = k, .fn = f}

/* clang-format off */
const struct sysctl_row sysctl_rows[] = {
    S("kern.ostype", "FreeBSD", 1, 1),
    F("kern.osrelease", 'A', osrelease, 1, 2),
    I("kern.osrevision", 199506, 1, 3),
    F("kern.version", 'A', version, 1, 4),
    I("kern.maxproc", 32768, 1, 6),
    F("kern.maxfiles", 'I', maxfiles, 1, 7),
    I("kern.argmax", 524288, 1, 8),
    I("kern.securelevel", -1, 1, 9),
    F("kern.hostname", 'A', hostname, 1, 10),
    I("kern.hostid", 0, 1, 11),
    F("kern.clockrate", 'S', clockrate, 1, 12),
    F("kern.proc.args", 'N', sysctl_proc_args, 1, 14, 7),
    F("kern.proc.pathname", 'N', sysctl_proc_pathname, 1, 14, 12),
    F("kern.proc.env", 'N', sysctl_proc_env, 1, 14, 35),
    F("kern.proc.auxv", 'N', sysctl_proc_auxv, 1, 14, 36),
    F("kern.proc.osrel", 'N', sysctl_proc_osrel, 1, 14, 40),
    F("kern.proc.cwd", 'N', sysctl_proc_cwd, 1, 14, 42),
    F("kern.proc.nfds", 'N', sysctl_proc_nfds, 1, 14, 43),
    I("kern.posix1version", 200112, 1, 17),
    I("kern.ngroups", 1023, 1, 18),
    I("kern.job_control", 1, 1, 19),
    I("kern.saved_ids", 0, 1, 20),
    F("kern.boottime", 'S', boottime, 1, 21),
    F("kern.domainname", 'A', domainname, 1, 22),
    F("kern.osreldate", 'I', osreldate, 1, 24),
    S("kern.bootfile", "/boot/kernel/kernel", 1, 25),
    F("kern.maxfilesperproc", 'I', maxfiles, 1, 27),
    I("kern.maxprocperuid", 32768, 1, 28),
    F("kern.ipc.somaxconn", 'I', somaxconn, 1, 30, 3),
    F("kern.ps_strings", 'L', ps_strings, 1, 32),
    F("kern.usrstack", 'L', usrstack, 1, 33),
    I("kern.iov_max", 1024, 1, 35),
    S("kern.hostuuid", "00000000-0000-0000-0000-000000000000", 1, 36),
    F("kern.arandom", 'S', arandom, 1, 37),
    F("kern.smp.maxcpus", 'I', maxcpus, 1, 1000, 1),
    F("kern.smp.cpus", 'I', ncpu, 1, 1000, 2),
    F("kern.ipc.soacceptqueue", 'I', somaxconn, 1, 30, 1001),
    I("kern.ipc.maxsockbuf", 2097152, 1, 30, 1),
    S("kern.sched.name", "ULE", 1, 1001, 1),
    S("kern.elf64.fallback_brand", "-1", 1, 1002, 1),
    L("vm.kmem_size", 1ll << 30, 2, 1000),
    I("vm.overcommit", 0, 2, 1001),
    F("vm.loadavg", 'S', loadavg, 2, 2),
    F("vm.stats.vm.v_free_count", 'I', freepages, 2, 1002, 1, 1),
    I("vm.stats.vm.v_page_size", 4096, 2, 1002, 1, 2),
    F("net.routetable", 'N', sysctl_routetable, 4, 17),
    S("hw.machine", "amd64", 6, 1),
    S("hw.model", "dragoman", 6, 2),
    F("hw.ncpu", 'I', ncpu, 6, 3),
    I("hw.byteorder", 1234, 6, 4),
    F("hw.physmem", 'L', physmem, 6, 5),
    F("hw.usermem", 'L', physmem, 6, 6),
    I("hw.pagesize", 4096, 6, 7),
    I("hw.floatingpoint", 1, 6, 10),
    S("hw.machine_arch", "amd64", 6, 11),
    F("hw.realmem", 'L', physmem, 6, 12),
    F("hw.availpages", 'L', availpages, 6, 1000),
    I("p1003_1b.asynchronous_io", 0, 9, 1),
    I("p1003_1b.mapped_files", 200112, 9, 2),
    I("p1003_1b.fsync", 200112, 9, 3),
    I("p1003_1b.pagesize", 4096, 9, 15),
    I("security.jail.jailed", 0, 14, 1000, 1),
};
/* clang-format on */
const uint32_t sysctl_nrows = sizeof(sysctl_rows) / sizeof(sysctl_rows[0]);
