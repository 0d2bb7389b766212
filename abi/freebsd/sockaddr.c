/*
 * Socket addresses, families and message flags.
 * Source: FreeBSD sys/socket.h, netinet/in.h, sys/un.h; unix(4).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "abi/freebsd/socket.h"

static const struct {
	uint8_t guest, host;
} families[] = {{0, AF_UNSPEC}, {1, AF_UNIX}, {2, AF_INET}, {FBSD_AF_INET6, AF_INET6}};

int
fbsd_family_in(int guest)
{
	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].guest == guest)
			return families[i].host;
	return -1;
}

int
fbsd_family_out(int host)
{
	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].host == host)
			return families[i].guest;
	return 0;
}

int
fbsd_sockaddr_in(struct thread *t, uint64_t addr, uint32_t len, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	uint8_t g[FBSD_SOCKADDR_MAX];
	int family;

	memset(ret, 0, sizeof(*ret));
	if (len < 2 || len > sizeof(g))
		return -EINVAL;
	if (gm_read(g, addr, len))
		return -EFAULT;
	/* The length byte is what the call says; old programs leave it zero, and the family first. */
	family = fbsd_family_in(g[1]);
	if (family < 0)
		return -EAFNOSUPPORT;
	memcpy(ret, g, len);
	ret->ss_family = (sa_family_t)family;
	*ret_len = len;
	if (family == AF_UNIX) {
		struct sockaddr_un *un = (void *)ret;
		uint32_t n = len - 2 < FBSD_SUN_PATH ? len - 2 : FBSD_SUN_PATH;

		/* No abstract names on FreeBSD: an empty path is ENOENT; the host wants the terminating NUL. */
		if (n == 0 || !un->sun_path[0])
			return -ENOENT;
		*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strnlen(un->sun_path, n) + 1);
	}
	return 0;
}

uint32_t
fbsd_sockaddr_make(const struct sockaddr_storage *ss, socklen_t len, uint8_t *ret)
{
	uint32_t n = len < FBSD_SOCKADDR_MAX ? len : FBSD_SOCKADDR_MAX;

	memset(ret, 0, FBSD_SOCKADDR_MAX);
	if (n < 2)
		n = 2;
	memcpy(ret, ss, n);
	if (len >= 2 && ss->ss_family == AF_UNIX && n > 2) {
		/* sun_len counts up to the last character of the path. */
		n = 2 + (uint32_t)strnlen((const char *)ret + 2, n - 2);
		if (n == 2)
			n = 16; /* unnamed: sizeof(struct sockaddr), all zero */
	} else if (len < 2 || (ss->ss_family == AF_UNIX && len == 2)) {
		n = 16;
		ret[1] = 1;
	}
	ret[0] = (uint8_t)n;
	ret[1] = (uint8_t)fbsd_family_out(len >= 2 ? ss->ss_family : AF_UNIX);
	return n;
}

int
fbsd_sockaddr_out(const struct sockaddr_storage *ss, socklen_t len, uint64_t addr, uint64_t lenp)
{
	uint8_t g[FBSD_SOCKADDR_MAX];
	uint32_t room, n;

	if (!addr || !lenp)
		return 0;
	if (gm_load32(lenp, &room))
		return -EFAULT;
	n = fbsd_sockaddr_make(ss, len, g);
	if (gm_write(addr, g, n < room ? n : room))
		return -EFAULT;
	return gm_store32(lenp, n < room ? n : room);
}

static const struct {
	int guest, host;
} msgs[] = {{0x1, MSG_OOB},        {0x2, MSG_PEEK},        {0x4, MSG_DONTROUTE},   {0x8, MSG_EOR},
            {0x10, MSG_TRUNC},     {0x20, MSG_CTRUNC},     {0x40, MSG_WAITALL},    {0x80, MSG_DONTWAIT},
            {0x20000, MSG_NOSIGNAL}, {0x40000, MSG_CMSG_CLOEXEC}, {0x80000, MSG_WAITFORONE}};

bool
fbsd_msg_in(int guest, int *ret_host)
{
	int host = 0;

	for (unsigned i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++) {
		if (guest & msgs[i].guest)
			host |= msgs[i].host;
		guest &= ~msgs[i].guest;
	}
	*ret_host = host;
	return guest == 0;
}

int
fbsd_msg_out(int host)
{
	int guest = 0;

	for (unsigned i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++)
		if (host & msgs[i].host)
			guest |= msgs[i].guest;
	return guest;
}
