/* EVFILT_USER: events made by the program itself.  Source: kqueue(2), filt_user* of sys/kern/kern_event.c. */
#include "abi/freebsd/kq_impl.h"

#define NOTE_FFAND       0x40000000u
#define NOTE_FFOR        0x80000000u
#define NOTE_FFCOPY      0xc0000000u
#define NOTE_FFCTRLMASK  0xc0000000u
#define NOTE_FFLAGSMASK  0x00ffffffu
#define NOTE_TRIGGER     0x01000000u

/* NOTE_TRIGGER together with the EV_ADD that makes the note has no effect: the kernel looks for it too late. */
static int
user_attach(struct thread *t, struct knote *kn)
{
	kn->u.user.triggered = false;
	return 0;
}

static void
user_detach(struct knote *kn)
{
}

static bool
user_event(struct knote *kn)
{
	return kn->u.user.triggered;
}

static void
clear(struct knote *kn)
{
	kn->u.user.triggered = false;
	kn->kev.data = 0;
	kn->kev.fflags = 0;
}

static void
user_modify(struct knote *kn, struct fbsd_kevent *kev)
{
	uint32_t how = kev->fflags & NOTE_FFCTRLMASK;

	if (kev->fflags & NOTE_TRIGGER)
		kn->u.user.triggered = true;
	kev->fflags &= NOTE_FFLAGSMASK;
	switch (how) {
	case NOTE_FFAND:
		kn->sfflags &= kev->fflags;
		break;
	case NOTE_FFOR:
		kn->sfflags |= kev->fflags;
		break;
	case NOTE_FFCOPY:
		kn->sfflags = kev->fflags;
		break;
	}
	kn->sdata = kev->data;
	if (kev->flags & EV_CLEAR)
		clear(kn);
}

static void
user_process(struct knote *kn, struct fbsd_kevent *ret_kev)
{
	*ret_kev = kn->kev;
	ret_kev->fflags = kn->sfflags;
	ret_kev->data = kn->sdata;
	if (kn->kev.flags & EV_CLEAR)
		clear(kn);
}

const struct kq_filter kq_filter_user = {
    .attach = user_attach,
    .detach = user_detach,
    .event = user_event,
    .modify = user_modify,
    .process = user_process,
};
