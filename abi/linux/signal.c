/* Signal state, and what host signals become. */
#include "abi/linux/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux-sets.h"

/* Numbers that are not here end the process.  Source: signal(7), "Standard signals". */
static const uint8_t classes[GSIG_MAX + 1] = {
    [SIGQUIT] = SIGC_CORE,    [SIGILL] = SIGC_CORE,     [SIGTRAP] = SIGC_CORE,    [SIGABRT] = SIGC_CORE,
    [SIGFPE] = SIGC_CORE,     [SIGBUS] = SIGC_CORE,     [SIGSEGV] = SIGC_CORE,    [SIGSYS] = SIGC_CORE,
    [SIGXCPU] = SIGC_CORE,    [SIGXFSZ] = SIGC_CORE,    [SIGSTOP] = SIGC_STOP,    [SIGTSTP] = SIGC_TTYSTOP,
    [SIGTTIN] = SIGC_TTYSTOP, [SIGTTOU] = SIGC_TTYSTOP, [SIGCONT] = SIGC_CONT,    [SIGURG] = SIGC_IGNORE,
    [SIGCHLD] = SIGC_IGNORE,  [SIGWINCH] = SIGC_IGNORE,
};

/* Codes are the host's; which of them a thread alone is meant by. */
static bool
arrived(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to)
{
	int signo = t->task->pers->signals->to_guest[it->signo];

	if (it->signo == KICK_SIGNO || !signo)
		return false;
	*ret = (struct gsiginfo){ .signo = signo, .code = it->code, .error = it->error, .pid = it->pid, .uid = it->uid,
		                  .status = it->status, .value = it->value, .addr = it->addr, .timerid = it->timer_id,
		                  .overrun = it->overrun, .band = it->band };
	/* SIGPIPE of a write by this thread; tgkill */
	if (it->code == SI_TKILL || (it->signo == SIGPIPE && it->code == SI_USER && it->pid == t->task->pid))
		*ret_to = t;
	return true;
}

static const struct sig_os linux_sig_os = {
    .map = &linux_signals,
    .classes = classes,
    .chld = SIGCHLD,
    .rtmin = 32,
    .coalesce = true,
    .room = SIGQ_MAX,
    .arrived = arrived,
};

void
linux_siginfo_out(const struct gsiginfo *si, struct linux_siginfo *ret)
{
	bool by_cpu = si->signo == SIGSEGV || si->signo == SIGBUS || si->signo == SIGILL || si->signo == SIGTRAP || si->signo == SIGFPE;

	*ret = (struct linux_siginfo){ .signo = si->signo, .error = si->error, .code = si->code };
	if (si->code == SI_TIMER) {
		ret->timer.id = si->timerid;
		ret->timer.overrun = si->overrun;
		ret->timer.value = si->value;
	} else if (si->code > 0 && si->code < SI_KERNEL && by_cpu) {
		ret->addr = si->addr;
	} else if (si->code > 0 && si->code < SI_KERNEL && si->signo == SIGIO) {
		ret->band = si->band;
	} else {
		ret->sent.pid = si->pid;
		ret->sent.uid = si->uid;
		if (si->signo == SIGCHLD && si->code > 0)
			ret->sent.status = si->status;
		else if (si->code < 0)
			ret->sent.value = si->value;
	}
}

struct gsiginfo
linux_siginfo_from(const struct thread *t, int signo, int code)
{
	return (struct gsiginfo){ .signo = signo, .code = code, .pid = t->task->pid, .uid = getuid() };
}

/* What the host ignores for us was ignored by who started us, and is for the guest. */
int
linux_signal_task_init(struct task *task)
{
	struct linux_sigtask *st = calloc(1, sizeof(*st));
	struct sigaction old;

	if (!st)
		return -ENOMEM;
	sig_task_init(task, &st->core, &linux_sig_os);
	for (int s = 1; s <= LINUX_NSIG; s++) {
		int host = sig_host_number(task, s);

		if (host && !sigaction(host, NULL, &old) && old.sa_handler == SIG_IGN) {
			st->act[s].handler = LINUX_SIG_IGN;
			gsig_add(&st->core.refused, s);
		}
	}
	return 0;
}

int
linux_signal_thread_init(struct thread *t, const struct thread *parent)
{
	struct linux_sigthread *st = calloc(1, sizeof(*st));

	if (!st)
		return -ENOMEM;
	st->alt.flags = LINUX_SS_DISABLE;
	sig_thread_init(t, &st->core, parent);
	return 0;
}

void
linux_signal_thread_free(struct thread *t)
{
	struct linux_sigthread *st = linux_sigthread(t);

	if (!st)
		return;
	sig_thread_gone(t);
	t->sig = NULL;
	free(st);
}

void
linux_signal_after_fork(struct thread *t)
{
	sig_after_fork(t);
}

void
linux_signal_vfork_child(struct thread *child, struct linux_sigtask *sig, struct linux_sigthread *thread)
{
	*sig = *linux_sigtask(child);
	*thread = *linux_sigthread(child);
	child->task->sig = &sig->core;
	child->sig = &thread->core;
	sig_after_fork(child);
}

void
linux_mask_begin(struct thread *t, uint64_t mask)
{
	struct sig_thread *st = t->sig;

	if (!st->has_saved) {
		st->saved = st->mask;
		st->has_saved = true;
	}
	sig_set_mask(t, linux_set(mask));
}

/* __kernel_rt_sigreturn, which unwinders know by its words: mov x8, #139; svc #0. */
int
linux_map_sigcode(struct task *task, struct diag *d)
{
	static const uint32_t code[2] = { 0xd2801168, 0xd4000001 };
	struct gm_map_req q = { .addr = task->stack_top,
		                .len = GM_PAGE,
		                .prot = PROT_READ | PROT_EXEC,
		                .host_flags = MAP_PRIVATE | MAP_ANONYMOUS,
		                .fd = -1,
		                .how = GM_FIXED,
		                .kind = GM_OURS,
		                .name = "[vdso]" };
	long at = gm_map(task->gm, &q);

	/* what is ours the guest may not change: the map refuses to, on anybody's behalf */
	if (at < 0 || mprotect((void *)at, GM_PAGE, PROT_READ | PROT_WRITE) || gm_write((uint64_t)at, code, sizeof(code)) ||
	    mprotect((void *)at, GM_PAGE, PROT_READ))
		return diag_fail(d, -ENOMEM, "no room for the page that signal handlers return to");
	task->sigcode = (uint64_t)at;
	return 0;
}
