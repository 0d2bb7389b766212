/*
 * ioctl on sockets: interfaces (group 'i'), queues and owners.  A program without privileges reads; what sets is EPERM.
 * Source: FreeBSD sys/sockio.h, sys/filio.h, net/if.h (ifreq, ifconf), manual netintro(4); which error: sys/kern/sys_socket.c
 * soo_ioctl(), sys/net/if.c ifioctl() and ifhwioctl(), sys/netinet/in.c in_control().
 */
#include "abi/freebsd/ifioctl.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/freebsd/netif.h"
#include "abi/freebsd/socket.h"

#define G_SIOCGIFCONF    0xc0106924u
#define G_SIOCGIFFLAGS   0xc0206911u
#define G_SIOCGIFMETRIC  0xc0206917u
#define G_SIOCGIFCAP     0xc020691fu
#define G_SIOCGIFINDEX   0xc0206920u
#define G_SIOCGIFADDR    0xc0206921u
#define G_SIOCGIFDSTADDR 0xc0206922u
#define G_SIOCGIFBRDADDR 0xc0206923u
#define G_SIOCGIFNETMASK 0xc0206925u
#define G_SIOCGIFMTU     0xc0206933u
#define G_SIOCGIFPHYS    0xc0206935u
#define G_SIOCGIFFIB     0xc020695cu
#define G_FIONWRITE      0x40046677u
#define G_FIONSPACE      0x40046676u
#define G_FIOSETOWN      0x8004667cu
#define G_FIOGETOWN      0x4004667bu
#define G_SIOCSPGRP      0x80047308u
#define G_SIOCGPGRP      0x40047309u

/** struct ifreq */
struct fbsd_ifreq {
	char name[16];
	union {
		uint8_t addr[16];
		int32_t value[4];
		uint16_t flags[2]; /* low, high */
	};
};
_Static_assert(sizeof(struct fbsd_ifreq) == 32, "ifreq");

/** struct ifconf */
struct fbsd_ifconf {
	int32_t len, pad;
	uint64_t buf;
};
_Static_assert(sizeof(struct fbsd_ifconf) == 16, "ifconf");

/* ---- the list of all addresses ---- */

struct list {
	uint64_t at;      /* guest address */
	uint32_t used, room;
	bool full, fault;
};

/* An entry has the size of ifreq, or more when the address is longer than what that holds.  Only whole ones fit. */
static void
list_entry(struct list *l, const char *name, const uint8_t *sa, uint32_t n)
{
	uint8_t e[16 + FBSD_SOCKADDR_MAX] = {0};
	uint32_t size = n <= 16 ? sizeof(struct fbsd_ifreq) : 16 + n;

	memcpy(e, name, strnlen(name, 15));
	memcpy(e + 16, sa, n);
	if (l->full || size > l->room - l->used) {
		l->full = true;
		return;
	}
	if (gm_write(l->at + l->used, e, size))
		l->fault = true;
	l->used += size;
}

static void
list_link(struct list *l, const struct ifaddrs *a)
{
	const struct sockaddr_ll *ll = (const void *)a->ifa_addr;
	struct fbsd_sockaddr_dl dl;

	fbsd_sockaddr_dl_make(&dl, ll->sll_ifindex, fbsd_if_type(ll->sll_hatype), a->ifa_name, ll->sll_addr,
	                      ll->sll_hatype == ARPHRD_ETHER ? ll->sll_halen : 0);
	list_entry(l, a->ifa_name, (const uint8_t *)&dl, sizeof(dl));
}

static void
list_address(struct list *l, const struct ifaddrs *a)
{
	struct sockaddr_storage ss = {0};
	uint8_t g[FBSD_SOCKADDR_MAX];
	socklen_t n = a->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	memcpy(&ss, a->ifa_addr, n);
	list_entry(l, a->ifa_name, g, fbsd_sockaddr_make(NULL, &ss, n, g));
}

static long
all_addresses(uint64_t arg)
{
	struct fbsd_ifconf c;
	struct ifaddrs *all;

	if (gm_read(&c, arg, sizeof(c)))
		return -EFAULT;
	if (c.len <= 0)
		return -EINVAL;
	if (getifaddrs(&all))
		return -errno;
	struct list l = {.at = c.buf, .room = (uint32_t)c.len};

	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_PACKET)
			continue;
		list_link(&l, a);
		for (const struct ifaddrs *b = all; b; b = b->ifa_next)
			if (b->ifa_addr && !strcmp(a->ifa_name, b->ifa_name) &&
			    (b->ifa_addr->sa_family == AF_INET || b->ifa_addr->sa_family == AF_INET6))
				list_address(&l, b);
	}
	freeifaddrs(all);
	c.len = (int32_t)l.used;
	return l.fault || gm_write(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

/* ---- one interface ---- */

static long
host_ask(int fd, unsigned long com, const struct fbsd_ifreq *g, struct ifreq *ret)
{
	long r;

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->ifr_name, g->name, sizeof(g->name));
	ret->ifr_name[IFNAMSIZ - 1] = 0;
	r = host_call(SYS_ioctl, fd, com, ret);
	return r == -ENODEV ? -ENXIO : r;
}

/* Addresses are the protocol's: local sockets have none, IPv6 ones refuse the old calls. */
static long
address_of(int fd, unsigned long com, struct fbsd_ifreq *g)
{
	int domain = fbsd_host_option(fd, SOL_SOCKET, SO_DOMAIN, AF_UNIX);
	struct sockaddr_storage ss = {0};
	uint8_t sa[FBSD_SOCKADDR_MAX];
	struct ifreq q;
	long r = host_ask(fd, SIOCGIFINDEX, g, &q);

	if (r)
		return r;
	if (domain != AF_INET)
		return domain == AF_INET6 ? -EINVAL : -EOPNOTSUPP;
	r = host_ask(fd, SIOCGIFFLAGS, g, &q);
	if (r == 0 && com == SIOCGIFBRDADDR && !(q.ifr_flags & IFF_BROADCAST))
		return -EINVAL;
	if (r == 0 && com == SIOCGIFDSTADDR && !(q.ifr_flags & IFF_POINTOPOINT))
		return -EINVAL;
	r = host_ask(fd, com, g, &q);
	if (r)
		return r;
	memcpy(&ss, &q.ifr_addr, sizeof(struct sockaddr_in));
	ss.ss_family = AF_INET;
	fbsd_sockaddr_make(NULL, &ss, sizeof(struct sockaddr_in), sa);
	memcpy(g->addr, sa, sizeof(g->addr));
	return 0;
}

static long
about(int fd, uint32_t com, struct fbsd_ifreq *g)
{
	struct ifreq q;
	long r = host_ask(fd, SIOCGIFINDEX, g, &q);

	if (r)
		return r;
	switch (com) {
	case G_SIOCGIFINDEX:
		g->value[0] = q.ifr_ifindex;
		return 0;
	case G_SIOCGIFFLAGS: {
		uint32_t f;

		r = host_ask(fd, SIOCGIFFLAGS, g, &q);
		f = fbsd_if_flags_out((uint16_t)q.ifr_flags);
		g->flags[0] = (uint16_t)f;
		g->flags[1] = (uint16_t)(f >> 16);
		return r;
	}
	case G_SIOCGIFMTU:
		r = host_ask(fd, SIOCGIFMTU, g, &q);
		g->value[0] = q.ifr_mtu;
		return r;
	case G_SIOCGIFMETRIC:
	case G_SIOCGIFPHYS:
	case G_SIOCGIFFIB:
		g->value[0] = 0;
		return 0;
	case G_SIOCGIFCAP: /* requested, current: none is told */
		g->value[0] = g->value[1] = 0;
		return 0;
	}
	return (com & 0xc0000000u) == 0x80000000u ? -EPERM : -EINVAL;
}

static long
interface(int fd, uint32_t com, uint64_t arg)
{
	struct fbsd_ifreq g;
	long r;

	if (com == G_SIOCGIFCONF)
		return all_addresses(arg);
	if ((com >> 16 & 0x1fff) < sizeof(g.name) || gm_read(&g, arg, sizeof(g)))
		return (com >> 16 & 0x1fff) < sizeof(g.name) ? -EINVAL : -EFAULT;
	switch (com) {
	case G_SIOCGIFADDR:
		r = address_of(fd, SIOCGIFADDR, &g);
		break;
	case G_SIOCGIFDSTADDR:
		r = address_of(fd, SIOCGIFDSTADDR, &g);
		break;
	case G_SIOCGIFBRDADDR:
		r = address_of(fd, SIOCGIFBRDADDR, &g);
		break;
	case G_SIOCGIFNETMASK:
		r = address_of(fd, SIOCGIFNETMASK, &g);
		break;
	default:
		r = about(fd, com, &g);
	}
	if (r == 0 && com & 0x40000000u)
		r = gm_write(arg, &g, sizeof(g));
	return r;
}

/* ---- queues and owners ---- */

static long
send_queue(int fd, uint32_t com, uint64_t arg)
{
	int queued = 0, size = fbsd_host_option(fd, SOL_SOCKET, SO_SNDBUF, 0) / 2;
	long r = host_call(SYS_ioctl, fd, TIOCOUTQ, &queued);

	if (r)
		queued = 0; /* a listener has none */
	return gm_store32(arg, (uint32_t)(com == G_FIONWRITE ? queued : queued < size ? size - queued : 0));
}

static long
owner(int fd, uint32_t com, uint64_t arg)
{
	uint32_t pid;
	long r;

	if (com == G_FIOSETOWN || com == G_SIOCSPGRP) {
		if (gm_load32(arg, &pid))
			return -EFAULT;
		return host_call(SYS_fcntl, fd, 8 /* F_SETOWN */, (int)pid);
	}
	r = host_call(SYS_fcntl, fd, 9 /* F_GETOWN */);
	/* a process group is a small negative number, no error */
	return r < -4095 ? r : gm_store32(arg, (uint32_t)r);
}

long
fbsd_ioctl_socket(int fd, uint32_t com, uint64_t arg)
{
	switch (com) {
	case G_FIONWRITE:
	case G_FIONSPACE:
		return send_queue(fd, com, arg);
	case G_FIOSETOWN:
	case G_FIOGETOWN:
	case G_SIOCSPGRP:
	case G_SIOCGPGRP:
		return owner(fd, com, arg);
	}
	if ((com >> 8 & 0xff) == 'i')
		return interface(fd, com, arg);
	return FBSD_IOCTL_NEXT;
}
