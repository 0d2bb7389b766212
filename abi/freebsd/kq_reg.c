/* Descriptors that a kqueue watches: what they are, and their one registration with epoll. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "abi/core/host.h"
#include "abi/freebsd/kq_impl.h"

#define TCGETS 0x5401

static int
kind_of(struct thread *t, int fd, uint8_t *ret_kind)
{
	uint64_t termios[16];
	struct kq *inner;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	inner = kq_get(t, fd);
	if (inner) {
		kq_put(inner);
		*ret_kind = KQ_FD_KQUEUE;
		return 0;
	}
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFBLK:
		*ret_kind = KQ_FD_FILE;
		break;
	case S_IFSOCK:
		*ret_kind = KQ_FD_SOCKET;
		break;
	case S_IFIFO:
		*ret_kind = KQ_FD_PIPE;
		break;
	default:
		*ret_kind = S_ISCHR(st.st_mode) && host_call(SYS_ioctl, fd, TCGETS, termios) == 0 ? KQ_FD_TTY
		                                                                                   : KQ_FD_OTHER;
	}
	return 0;
}

static int
need_room(struct kq *kq, uint32_t fd)
{
	uint32_t n = kq->nreg ? kq->nreg : 64;
	struct kq_reg **reg;

	if (fd < kq->nreg)
		return 0;
	while (n <= fd)
		n *= 2;
	reg = realloc(kq->reg, n * sizeof(struct kq_reg *));
	if (!reg)
		return -ENOMEM;
	memset(reg + kq->nreg, 0, (n - kq->nreg) * sizeof(struct kq_reg *));
	kq->reg = reg;
	kq->nreg = n;
	return 0;
}

int
kq_reg_get(struct thread *t, struct kq *kq, int fd, struct kq_reg **ret_reg)
{
	struct kq_reg *reg;
	int r = need_room(kq, (uint32_t)fd);

	if (r)
		return r;
	reg = kq->reg[fd];
	if (!reg) {
		reg = calloc(1, sizeof(*reg));
		if (!reg)
			return -ENOMEM;
		r = kind_of(t, fd, &reg->kind);
		if (r) {
			free(reg);
			return r;
		}
		reg->fd = fd;
		reg->gen = ++kq->gen & 0xffffff;
		kq->reg[fd] = reg;
	}
	*ret_reg = reg;
	return 0;
}

int
kq_reg_watch(struct kq *kq, struct kq_reg *reg, uint32_t events, bool *ret_new)
{
	/* RDHUP is told only when asked for, and a failed connect is known by it together with HUP. */
	struct epoll_event ev = {.events = reg->mask | events | EPOLLRDHUP | EPOLLET,
	                         .data.u64 = kq_tag(KQ_SRC_REG, reg->gen, (uint32_t)reg->fd)};
	long r;

	*ret_new = false;
	if ((reg->mask & events) == events)
		return 0;
	r = host_call(SYS_epoll_ctl, kq->epfd, reg->mask ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, reg->fd, &ev);
	if (r == -ELOOP)
		return -EINVAL;
	if (r)
		return (int)r;
	reg->mask |= events;
	*ret_new = true;
	return 0;
}

void
kq_reg_free(struct kq *kq, struct kq_reg *reg)
{
	struct epoll_event ev;

	if (reg->mask)
		host_call(SYS_epoll_ctl, kq->epfd, EPOLL_CTL_DEL, reg->fd, &ev);
	kq->reg[reg->fd] = NULL;
	free(reg);
}
