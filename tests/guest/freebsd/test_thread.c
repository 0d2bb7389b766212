/*
 * Threads, scheduling classes, processor sets, segment bases.
 * Sources: FreeBSD thr_new(2), thr_exit(2), thr_self(2), thr_suspend(2), thr_set_name(2), rtprio(2), cpuset_getaffinity(2),
 * sched_get_priority_max(2), amd64_get_fsbase(3); sys/kern/kern_thr.c for what the manuals leave out.
 */
#include "../kit/threads.h"

enum { NR_rtprio = 166, NR_sched_setparam = 327, NR_sched_getparam, NR_sched_setscheduler, NR_sched_getscheduler,
       NR_sched_max = 332, NR_sched_min, NR_sched_rr, NR_cpuset = 484, NR_cpuset_setid, NR_cpuset_getid, NR_getaffinity,
       NR_setaffinity, NR_getdomain = 561, NR_setdomain, NR_getcpu = 581 };

static volatile uint32_t stage;

static void
thread_ids_are_above_process_ids(void)
{
	long id = 0;

	CHECK_EQ(sys(SYS_thr_self, &id), 0);
	CHECK(id >= 100000);
	CHECK_ERR(EFAULT, SYS_thr_self, 8);
}

struct seen {
	long child, parent, self;
	uint64_t rsp, fs, zero;
};

static void
look_around(void *arg)
{
	struct seen *s = arg;

	__asm__ volatile("rdfsbase %0" : "=r"(s->fs));
	sys(SYS_thr_self, &s->self);
	stage = 1;
	sys(NR_thr_exit, 0);
}

/* rsp = ((base + size) & ~15) - 8, there a zero; rdi the argument, rbp 0. */
uint64_t entry_rsp, entry_rbp, entry_word; /* named by the assembly below */
void raw_entry(void *);
__asm__("	.text\n"
        "raw_entry:\n"
        "	mov	%rsp, entry_rsp(%rip)\n"
        "	mov	%rbp, entry_rbp(%rip)\n"
        "	mov	(%rsp), %rax\n"
        "	mov	%rax, entry_word(%rip)\n"
        "	jmp	look_around_asm\n");
void look_around_asm(void *);
void
look_around_asm(void *arg)
{
	look_around(arg);
}

static void
thr_new_starts_where_it_is_told(void)
{
	char *stack = (char *)sys(SYS_mmap, 0, STACK_SIZE, 3, MAP_PRIVATE | MAP_ANON, -1, 0);
	struct seen s = {0};
	struct thr_param p = {.start = raw_entry, .arg = &s, .stack = stack, .stack_size = STACK_SIZE - 5, .tls = &s,
	                      .tls_size = 8, .child_tid = &s.child, .parent_tid = &s.parent};

	stage = 0;
	entry_word = 1;
	CHECK_EQ(sys(NR_thr_new, &p, sizeof(p)), 0);
	CHECK(s.parent >= 100000); /* stored before the call returns */
	until(&stage, ~0u, 1);
	CHECK_EQ(s.child, s.parent);
	CHECK_EQ(s.self, s.parent);
	CHECK_EQ(s.fs, (uint64_t)&s);
	CHECK_EQ(entry_rsp, (((uint64_t)stack + STACK_SIZE - 5) & ~15ull) - 8);
	CHECK_EQ(entry_rbp, 0);
	CHECK_EQ(entry_word, 0);
}

static void
thr_new_refuses(void)
{
	struct thr_param p = {.start = raw_entry, .child_tid = (long *)16};
	uint16_t realtime_32[2] = {2, 32}, unknown[2] = {7, 0};
	long before = (long)self();

	CHECK_ERR(EINVAL, NR_thr_new, &p, -1);
	CHECK_ERR(EINVAL, NR_thr_new, &p, 105);
	CHECK_ERR(EFAULT, NR_thr_new, 16, 104);
	CHECK_ERR(EFAULT, NR_thr_new, &p, 104); /* nowhere to store the id: nothing starts */
	p.child_tid = 0;
	p.parent_tid = (long *)16;
	CHECK_ERR(EFAULT, NR_thr_new, &p, 104);
	p.parent_tid = 0;
	p.rtp = unknown;
	CHECK_ERR(EINVAL, NR_thr_new, &p, 104);
	p.rtp = realtime_32;
	CHECK_EQ(sys(NR_thr_new, &p, 104), sys(SYS_getuid) == 0 ? -EINVAL : -EPERM);
	p.rtp = 0;
	p.tls = (void *)0x800000000000ull;
	CHECK_ERR(EINVAL, NR_thr_new, &p, 104);
	CHECK_EQ(self(), before);
}

/* ucontext_t: mcontext at 16; in it rdi at 8, rip at 160, rsp at 184. */
static void
thr_create_takes_a_context(void)
{
	static uint64_t uc[880 / 8];
	char *stack = (char *)sys(SYS_mmap, 0, STACK_SIZE, 3, MAP_PRIVATE | MAP_ANON, -1, 0);
	struct seen s = {0};
	long id = 0;

	CHECK_EQ(sys(SYS_getcontext, uc), 0);
	uc[(16 + 8) / 8] = (uint64_t)&s;
	uc[(16 + 160) / 8] = (uint64_t)raw_entry;
	uc[(16 + 184) / 8] = (uint64_t)stack + STACK_SIZE - 8;
	stage = 0;
	CHECK_EQ(sys(NR_thr_create, uc, &id, 0), 0);
	until(&stage, ~0u, 1);
	CHECK_EQ(s.self, id);
	CHECK_EQ(entry_rsp, (uint64_t)stack + STACK_SIZE - 8);
	CHECK_ERR(EFAULT, NR_thr_create, 16, &id, 0);
	CHECK_ERR(EFAULT, NR_thr_create, uc, 16, 0);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
thr_exit_stores_one_and_wakes(void)
{
	struct kthread k;

	for (int i = 0; i < 50; i++) {
		CHECK_EQ(spawn(&k, nothing, 0), 0);
		join(&k);
		CHECK_EQ(k.gone, 1);
	}
}

static void
the_last_thread_does_not_exit(void)
{
	/* In a child, where no other thread can be on its way out still. */
	int64_t pid = sys(SYS_fork);
	long state = 0;
	int status = 0;

	if (pid == 0)
		sys(SYS_exit, sys(NR_thr_exit, &state) == 0 && state == 1 ? 33 : 1);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 33 << 8);
}

/* The FPU control words are the parent's. */
static uint32_t child_mxcsr;
static uint16_t child_cw;

static void
read_control(void *arg)
{
	(void)arg;
	__asm__ volatile("stmxcsr %0" : "=m"(child_mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(child_cw));
}

static void
a_thread_inherits_fpu_control(void)
{
	uint32_t up = 0x5f80, def = 0x1f80;
	uint16_t single = 0x007f, ext = 0x037f;
	struct kthread k;

	__asm__ volatile("ldmxcsr %0" : : "m"(up));
	__asm__ volatile("fldcw %0" : : "m"(single));
	int64_t r = spawn(&k, read_control, 0);

	__asm__ volatile("ldmxcsr %0" : : "m"(def));
	__asm__ volatile("fldcw %0" : : "m"(ext));
	CHECK_EQ(r, 0);
	join(&k);
	CHECK_EQ(child_mxcsr, up);
	CHECK_EQ(child_cw, single);
}

static void
suspend_returns_for_a_wake_that_came_first(void)
{
	struct timespec none = {0, 0}, bad = {0, 1000000000}, ms = {0, 1000000};

	CHECK_ERR(ETIMEDOUT, NR_thr_suspend, &none);
	CHECK_ERR(EINVAL, NR_thr_suspend, &bad);
	CHECK_ERR(EFAULT, NR_thr_suspend, 16);
	CHECK_ERR(ETIMEDOUT, NR_thr_suspend, &ms);
	CHECK_EQ(sys(NR_thr_wake, (long)self()), 0);
	CHECK_EQ(sys(NR_thr_suspend, 0), 0);
	CHECK_ERR(ETIMEDOUT, NR_thr_suspend, &none);
	CHECK_ERR(ESRCH, NR_thr_wake, 1);
}

static void
suspend_and_say(void *arg)
{
	*(int64_t *)arg = sys(NR_thr_suspend, 0);
}

static void
another_thread_wakes(void)
{
	int64_t result = -1;
	struct kthread k;

	CHECK_EQ(spawn(&k, suspend_and_say, &result), 0);
	CHECK_EQ(sys(NR_thr_wake, k.tid), 0); /* early or late, both do */
	join(&k);
	CHECK_EQ(result, 0);
}

static void
names(void)
{
	CHECK_EQ(sys(NR_thr_set_name, (long)self(), "a-name-that-is-much-longer-than-nineteen"), 0);
	CHECK_EQ(sys(NR_thr_set_name, (long)self(), 0), 0);
	CHECK_ERR(ESRCH, NR_thr_set_name, 5, "x");
	CHECK_ERR(EFAULT, NR_thr_set_name, (long)self(), 16);
}

static void
rtprio_is_normal_until_set(void)
{
	uint16_t r[2] = {9, 9}, bad[2] = {7, 0};

	CHECK_EQ(sys(NR_rtprio_thread, 0, 0, r), 0);
	CHECK_EQ(r[0], 3);
	CHECK_EQ(sys(NR_rtprio_thread, 1, (long)self(), r), 0);
	CHECK_ERR(ESRCH, NR_rtprio_thread, 0, 5, r);
	CHECK_ERR(EINVAL, NR_rtprio_thread, 2, 0, r);
	CHECK_ERR(EINVAL, NR_rtprio_thread, 1, 0, bad);
	CHECK_ERR(EFAULT, NR_rtprio_thread, 1, 0, 16);
	CHECK_EQ(sys(NR_rtprio, 0, 0, r), 0);
	CHECK_EQ(r[0], 3);
	CHECK_ERR(EINVAL, NR_rtprio, 5, 0, r);
}

static void
sched_classes(void)
{
	uint32_t p = 99, too_much = 32;
	struct timespec ts = {9, 0};

	CHECK_EQ(sys(NR_sched_max, 1), 31);
	CHECK_EQ(sys(NR_sched_max, 3), 31);
	CHECK_EQ(sys(NR_sched_min, 1), 0);
	CHECK_EQ(sys(NR_sched_min, 2), 0);
	CHECK_ERR(EINVAL, NR_sched_max, 0);
	CHECK_ERR(EINVAL, NR_sched_min, 4);
	CHECK_EQ(sys(NR_sched_getscheduler, 0), 2);
	CHECK_EQ(sys(NR_sched_getparam, 0, &p), 0);
	CHECK_EQ(sys(NR_sched_setparam, 0, &p), 0);
	CHECK_ERR(ESRCH, NR_sched_getscheduler, 99999999);
	CHECK_ERR(EPERM, NR_sched_setscheduler, 0, 1, &too_much);
	CHECK_EQ(sys(NR_sched_rr, 0, &ts), 0);
	CHECK_EQ(ts.sec, 0);
	CHECK(ts.nsec > 0);
}

static void
processor_sets(void)
{
	uint8_t mask[256], none[128] = {0}, dom[32];
	uint32_t id = 9, n = 0;

	memset(mask, 0xff, sizeof(mask));
	CHECK_EQ(sys(NR_getaffinity, 3, 2, -1, sizeof(mask), mask), 0); /* not the number of bytes */
	for (unsigned i = 0; i < 2048; i++)
		n += mask[i / 8] >> i % 8 & 1;
	CHECK(n > 0);
	CHECK_EQ(n, kit_aux(AT_NCPUS));
	CHECK_EQ(mask[255], 0);
	CHECK_EQ(sys(NR_getaffinity, 3, 1, -1, 128, mask), 0);
	CHECK_EQ(sys(NR_getaffinity, 1, 2, -1, 128, mask), 0);
	CHECK_EQ(sys(NR_setaffinity, 3, 1, (long)self(), 128, mask), 0);
	CHECK_ERR(ERANGE, NR_getaffinity, 3, 2, -1, 0, mask);
	CHECK_ERR(EINVAL, NR_getaffinity, 4, 2, -1, 128, mask);
	CHECK_ERR(EINVAL, NR_getaffinity, 3, 9, -1, 128, mask);
	CHECK_ERR(ESRCH, NR_getaffinity, 3, 1, 5, 128, mask);
	CHECK_ERR(EFAULT, NR_getaffinity, 3, 1, -1, 128, 16);
	CHECK_ERR(EDEADLK, NR_setaffinity, 3, 1, -1, 128, none);
	CHECK_EQ(sys(NR_cpuset_getid, 2, 2, -1, &id), 0);
	CHECK_EQ(id, 1);
	CHECK_EQ(sys(NR_cpuset_getid, 1, 2, -1, &id), 0);
	CHECK_EQ(id, 0);
	CHECK_ERR(EINVAL, NR_cpuset_getid, 3, 2, -1, &id);
	CHECK_ERR(EINVAL, NR_cpuset_setid, 1, -1, 1);
	CHECK_ERR(ESRCH, NR_cpuset_setid, 2, -1, 4711);
	CHECK_EQ(sys(NR_getdomain, 3, 2, -1, 32, dom, &id), 0);
	CHECK_EQ(dom[0], 1);
	CHECK_ERR(ERANGE, NR_getdomain, 3, 2, -1, 4, dom, &id);
	CHECK(sys(NR_getcpu) >= 0);
}

static void
segment_bases(void)
{
	uint64_t was, now = 0, mine = (uint64_t)&was, far = 0x800000000000ull;

	CHECK_EQ(sys(SYS_sysarch, 128, &was), 0);
	CHECK_EQ(sys(SYS_sysarch, 129, &mine), 0);
	__asm__ volatile("rdfsbase %0" : "=r"(now));
	CHECK_EQ(now, mine);
	now = 0;
	CHECK_EQ(sys(SYS_sysarch, 128, &now), 0);
	CHECK_EQ(now, mine);
	CHECK_ERR(EINVAL, SYS_sysarch, 129, &far);
	CHECK_ERR(EFAULT, SYS_sysarch, 129, 16);
	CHECK_ERR(EINVAL, SYS_sysarch, 77, &now);
	CHECK_EQ(sys(SYS_sysarch, 130, &now), 0);
	CHECK_EQ(now, 0);
	CHECK_EQ(sys(SYS_sysarch, 129, &was), 0);
}

/* exit ends all threads, whatever they do. */
static void
wait_for_ever(void *arg)
{
	stage++;
	for (;;)
		op(arg, OP_WAIT_UINT_PRIVATE, 0, 0, 0);
}

static void
exit_takes_all_threads_along(void)
{
	static uint32_t word;
	static struct kthread k[8];
	int status = 0;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		for (int i = 0; i < 8; i++)
			spawn(&k[i], wait_for_ever, &word);
		sys(SYS_exit, 77);
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 77 << 8);
}

static void
a_forked_child_has_an_id_of_its_own(void)
{
	int status = 0;
	uint32_t mine = self();
	int64_t pid = sys(SYS_fork);

	if (pid == 0)
		sys(SYS_exit, self() == mine);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 0);
}

static volatile uint32_t started;

static void
count(void *arg)
{
	(void)arg;
	__sync_fetch_and_add(&started, 1);
}

static void
a_thousand_threads_come_and_go(void)
{
	static struct kthread k[50];

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++)
			CHECK_EQ(spawn(&k[i], count, 0), 0);
		for (int i = 0; i < 50; i++)
			join(&k[i]);
	}
	CHECK_EQ(started, 1000);
}

const struct test tests[] = {
    {"thread ids are above process ids", thread_ids_are_above_process_ids},
    {"thr_new starts where it is told", thr_new_starts_where_it_is_told},
    {"thr_new refuses", thr_new_refuses},
    {"thr_create takes a context", thr_create_takes_a_context},
    {"thr_exit stores 1 and wakes", thr_exit_stores_one_and_wakes},
    {"the last thread does not exit", the_last_thread_does_not_exit},
    {"a thread inherits FPU control", a_thread_inherits_fpu_control},
    {"suspend returns for a wake that came first", suspend_returns_for_a_wake_that_came_first},
    {"another thread wakes", another_thread_wakes},
    {"names", names},
    {"rtprio is normal until set", rtprio_is_normal_until_set},
    {"sched classes", sched_classes},
    {"processor sets", processor_sets},
    {"segment bases", segment_bases},
    {"exit takes all threads along", exit_takes_all_threads_along},
    {"a forked child has an id of its own", a_forked_child_has_an_id_of_its_own},
    {"a thousand threads come and go", a_thousand_threads_come_and_go},
    {0, 0},
};
