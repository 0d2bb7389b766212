/*
 * Eight threads make calls from sites that are patched, taken back and written anew under them; every call's result, carry and
 * registers are looked at, with and without a storm of signals and with forks in the middle.
 * Sources: sys/amd64/amd64/vm_machdep.c for what a call leaves in the registers (rcx: where it returns to), intro(2).
 */
#include "../kit/sites.h"

#define THREADS 8
#define EXEC    (PROT_READ | PROT_EXEC)

static uint8_t *area;
static int64_t files[2], null_fd, pid, ppid;
static uint64_t seed;
static volatile uint64_t done;
static volatile uint32_t stop, hold, held, broken;
static volatile uint64_t broken_got, broken_want, broken_site;

static void
map_code(int which)
{
	sys(SYS_mmap, area, BYTES, EXEC, MAP_PRIVATE | MAP_FIXED, files[which], 0);
}

static bool
write_files(void)
{
	bool ok = true;

	for (int i = 0; i < 2; i++)
		ok &= sys(SYS_pwrite, files[i], code[i], BYTES, 0) == BYTES;
	return ok;
}

static void
tell(uint32_t what, uint64_t got, uint64_t want, const struct site *s)
{
	if (__sync_val_compare_and_swap(&broken, 0, what) == 0) {
		broken_got = got;
		broken_want = want;
		broken_site = s->shape * 100 + s->what;
	}
}

/* The interrupted place is one that the code has, not one of a patch. */
static void
look(const struct mcontext *mc)
{
	uint64_t off = mc->rip - (uint64_t)area;

	if (off < BYTES && !boundary[off])
		tell(9, off, 0, &sites[0]);
}

struct worker {
	uint64_t state, tid, scratch[2];
	struct sigset set;
	uint8_t buf[64];
};

static void
set_up(struct worker *w, const struct site *s, struct regs *r)
{
	for (uint32_t i = 0; i < sizeof(*r) / 8; i++)
		((uint64_t *)r)[i] = random_next(&w->state);
	r->fn = (uint64_t)area + s->at;
	r->nr = numbers[s->what][0];
	switch (s->what) {
	case BAD_FD:
		r->rdi = ~0ull;
		break;
	case BAD_HOW:
		r->rdi = 77;
		r->rsi = (uint64_t)&w->set;
		r->rdx = 0;
		break;
	case THREAD:
		r->rdi = (uint64_t)&w->scratch[0];
		w->scratch[0] = 0;
		break;
	case WRITE:
		r->rdi = (uint64_t)null_fd;
		r->rsi = (uint64_t)w->buf;
		r->rdx %= sizeof(w->buf);
		break;
	case BAD_SIGNAL:
		r->rdi = 0;
		r->rsi = r->rdx = 0;
		break;
	default:
		break;
	}
}

static void
judge(struct worker *w, const struct site *s, const struct regs *in, const struct regs *out)
{
	static const uint16_t errors[WHATS] = {[BAD_FD] = EBADF, [BAD_HOW] = EINVAL, [BAD_SIGNAL] = EINVAL};
	uint64_t want = s->what == WRITE ? in->rdx : errors[s->what];

	if (s->what == IDENT ? out->rax != (uint64_t)pid && out->rax != (uint64_t)ppid : out->rax != want)
		tell(1, out->rax, want, s);
	if ((out->carry & 0xff) != (errors[s->what] != 0))
		tell(2, out->carry & 0xff, errors[s->what] != 0, s);
	if (s->what == THREAD && w->scratch[0] != w->tid)
		tell(3, w->scratch[0], w->tid, s);
	if (out->rcx != (uint64_t)area + s->syscall + 2)
		tell(4, out->rcx, (uint64_t)area + s->syscall + 2, s);
	if (out->rdx != in->rdx || out->rsi != in->rsi || out->rdi != in->rdi || out->rbx != in->rbx || out->rbp != in->rbp)
		tell(5, out->rdi, in->rdi, s);
	if (out->r8 != in->r8 || out->r9 != in->r9 || out->r10 != (s->shape == P2 ? in->rcx : in->r10))
		tell(6, out->r10, in->r10, s);
	if (out->r12 != in->r12 || out->r13 != in->r13 || out->r14 != in->r14 || out->r15 != in->r15)
		tell(7, out->r15, in->r15, s);
	if (memcmp(out->vec, in->vec, sizeof(in->vec)))
		tell(8, *(const uint64_t *)out->vec, *(const uint64_t *)in->vec, s);
}

static void
one_call(struct worker *w)
{
	const struct site *s = &sites[random_next(&w->state) % nsites];
	struct regs in, out;

	set_up(w, s, &in);
	out = in;
	stress_enter(&out);
	judge(w, s, &in, &out);
}

static void
work(void *arg)
{
	struct worker w = {.state = stress_stream(seed, (long)arg), .tid = self()};

	while (!stop && !broken) {
		one_call(&w);
		__sync_fetch_and_add(&done, 1);
		if (!hold)
			continue;
		__sync_fetch_and_add(&held, 1);
		while (hold)
			sys(SYS_sched_yield);
		__sync_fetch_and_sub(&held, 1);
	}
	__sync_fetch_and_add(&held, 1000);
}

/* Let the others make @n more calls. */
static void
let_run(uint64_t n)
{
	uint64_t to = done + n;

	while (done < to && !broken)
		sys(SYS_sched_yield);
}

/* A child with all patches in place makes calls of its own. */
static uint32_t
fork_in_the_middle(uint64_t *state)
{
	int64_t child = sys(SYS_fork);

	if (child == 0) {
		struct worker w = {.state = *state, .tid = self()};

		ppid = pid;
		pid = sys(SYS_getpid);
		for (int i = 0; i < 200; i++)
			one_call(&w);
		call(SYS_exit, broken);
	}
	return child < 0 ? 0xffff : (uint32_t)status_of(child, 0);
}

/* Everything else written over the same addresses, while nobody is inside. */
static bool
write_anew(uint64_t *state)
{
	bool ok;

	hold = 1;
	while (held % 1000 != THREADS && !broken)
		sys(SYS_sched_yield);
	build(state);
	ok = write_files();
	map_code(0);
	hold = 0;
	while (held % 1000 != 0 && !broken)
		sys(SYS_sched_yield);
	return ok;
}

static bool
disturb(uint64_t *state, uint64_t round)
{
	uint64_t how = random_next(state);

	if (round % 16 == 15)
		return write_anew(state);
	if (round % 16 == 7)
		return fork_in_the_middle(state) == 0;
	switch (how % 4) {
	case 0:
		return sys(SYS_mprotect, area, BYTES, EXEC) == 0;
	case 1:
		return sys(SYS_mprotect, area + how / 4 % 2 * 4096, 4096, EXEC) == 0;
	default:
		map_code(how / 4 % 2);
		return true;
	}
}

static bool
set_area_up(void)
{
	uint64_t state = seed;

	pid = sys(SYS_getpid);
	ppid = sys(SYS_getppid);
	null_fd = sys(SYS_open, "/dev/null", O_RDWR);
	for (int i = 0; i < 2; i++) {
		static const char *const names[2] = {"/one", "/two"};
		char path[128];
		size_t n = strlen(kit_dir());

		memcpy(path, kit_dir(), n);
		memcpy(path + n, names[i], 5);
		files[i] = sys(SYS_open, path, O_RDWR | O_CREAT | O_TRUNC, 0700);
	}
	area = (uint8_t *)sys(SYS_mmap, 0, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
	build(&state);
	return write_files();
}

static void
take_area_down(void)
{
	for (int i = 0; i < 2; i++)
		sys(SYS_close, files[i]);
	sys(SYS_munmap, area, BYTES);
}

static void
begin(uint32_t from, uint32_t n)
{
	shapes_from = from;
	shapes = n;
	stop = hold = held = broken = 0;
	done = 0;
}

static void
run(uint64_t quick, bool storm)
{
	struct kthread k[THREADS];
	uint64_t rounds = stress_begin(quick, &seed), state = seed ^ 0x5555;
	bool ok = true;

	begin(0, SHAPES);
	CHECK(set_area_up());
	map_code(0);
	if (storm)
		CHECK_EQ(storm_begin(), 0);
	for (long i = 0; i < THREADS; i++)
		CHECK_EQ(spawn(&k[i], work, (void *)i), 0);
	for (uint64_t i = 0; i < rounds && ok && !broken; i++) {
		let_run(1000);
		ok = disturb(&state, i);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		join(&k[i]);
	if (storm)
		CHECK(storm_end() > 0);
	kit_printf("# %ld calls\n", (long)done);
	if (broken)
		kit_printf("# site %ld: 0x%lx, expected 0x%lx\n", (long)broken_site, (unsigned long)broken_got,
		           (unsigned long)broken_want);
	CHECK_EQ(broken, 0);
	CHECK(ok);
	take_area_down();
}

static void
calls_are_exact_while_sites_change(void)
{
	run(32, false);
}

static void
calls_are_exact_while_sites_change_and_signals_come(void)
{
	storm_look = look;
	run(32, true);
}

/* One shape at a time, one thread: signals find it at every instruction there is. */
static void
frames_show_the_programs_own_places(void)
{
	for (uint32_t shape = 0; shape < SHAPES; shape++) {
		uint64_t signals = stress_begin(400, &seed);

		begin(shape, 1);
		CHECK(set_area_up());
		map_code(0);
		storm_look = look;
		CHECK_EQ(storm_begin(), 0);
		while (storm_hits < signals && !broken) {
			for (int i = 0; i < 100; i++)
				stress_again(area + sites[0].at, 100, SYS_getpid);
			map_code(0);
		}
		storm_end();
		CHECK_EQ(broken, 0);
		take_area_down();
	}
}

static volatile uint64_t fault_rip, fault_signo;

static void
step_over(int signo, struct siginfo *si, struct ucontext *uc)
{
	(void)si;
	fault_signo = (uint64_t)signo;
	fault_rip = uc->mc.rip;
	uc->mc.rip += 7;
	uc->mc.rax = SYS_getpid;
}

/* mov 0(%rsi), %rax before the call faults, for the guest, where it stands: patched, patched again, taken back. */
static void
faults_before_a_call_are_at_their_own_place(void)
{
	static const uint64_t nr = SYS_getppid;
	uint64_t rounds = stress_begin(50, &seed);
	uint8_t *p;

	begin(P2, 1);
	CHECK(set_area_up());
	p = code[0] + 4096;
	put(&p, "\x48\x8b\x86\x00\x00\x00\x00\x0f\x05\x41\x0f\x92\xc3\xc3\xcc\xcc", 16);
	p = code[0] + 4096 - 1;
	put(&p, "\xcc", 1);
	CHECK(write_files());
	handle(SIGSEGV, step_over, SA_SIGINFO);
	for (uint64_t i = 0; i < rounds; i++) {
		map_code(0);
		for (int calls = 0; calls < 4; calls++) {
			struct regs r = {.fn = (uint64_t)area + 4096, .rsi = (uint64_t)&nr};

			stress_enter(&r);
			CHECK_EQ(r.rax, ppid);
			r = (struct regs){.fn = (uint64_t)area + 4096, .rsi = 8};
			fault_rip = 0;
			stress_enter(&r);
			CHECK_EQ(r.rax, pid);
			CHECK_EQ(fault_signo, SIGSEGV);
			CHECK_EQ(fault_rip, (uint64_t)area + 4096);
		}
	}
	take_area_down();
}

/* Where the first page of an instruction that crosses two is unmapped and mapped again, the second page is its own again. */
static void
half_a_site_can_go(void)
{
	uint64_t rounds = stress_begin(20, &seed);
	struct worker w = {.state = seed, .tid = self()};
	const struct site *s = NULL;

	begin(P1_IMM32, 1);
	CHECK(set_area_up());
	for (uint32_t i = 0; i < nsites; i++)
		if (sites[i].at == 4096 - 16)
			s = &sites[i];
	CHECK(s != NULL);
	for (uint64_t i = 0; i < rounds; i++) {
		uint32_t gone = i % 2 * 4096, stays = 4096 - gone;

		map_code(0);
		for (int n = 0; n < 8; n++) {
			struct regs in, out;

			set_up(&w, s, &in);
			out = in;
			stress_enter(&out);
			judge(&w, s, &in, &out);
		}
		CHECK_EQ(broken, 0);
		CHECK_EQ(sys(SYS_mmap, area + gone, 4096, EXEC, MAP_PRIVATE | MAP_FIXED, files[1], gone), area + gone);
		CHECK_EQ(memcmp(area + gone, code[1] + gone, 4096), 0);
		CHECK_EQ(memcmp(area + stays, code[0] + stays, 4096), 0);
	}
	take_area_down();
}

const struct test tests[] = {
    {"calls_are_exact_while_sites_change", calls_are_exact_while_sites_change},
    {"calls_are_exact_while_sites_change_and_signals_come", calls_are_exact_while_sites_change_and_signals_come},
    {"frames_show_the_programs_own_places", frames_show_the_programs_own_places},
    {"faults_before_a_call_are_at_their_own_place", faults_before_a_call_are_at_their_own_place},
    {"half_a_site_can_go", half_a_site_can_go},
    {0},
};
