/*
 * net.routetable: interfaces, their addresses and multicast groups as routing messages.
 * Source: FreeBSD net/if.h, net/if_dl.h, net/route.h; sysctl(3) PF_ROUTE.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/freebsd/netif.h"
#include "abi/freebsd/socket.h"
#include "abi/freebsd/sysctl.h"

#define RTM_VERSION  5
#define RTM_NEWADDR  0xc
#define RTM_IFINFO   0xe
#define RTM_NEWMADDR 0xf
#define RTA_NETMASK  0x4
#define RTA_IFP      0x10
#define RTA_IFA      0x20
#define RTA_BRD      0x80
#define IFT_ETHER    6
#define IFT_LOOP     24
#define IF_DATA      152u

enum { RT_IFLIST = 3, RT_IFMALIST = 4, RT_IFLISTL = 5 };

struct if_data {
	uint8_t type, physical, addrlen, hdrlen, link_state, vhid;
	uint16_t datalen;
	uint32_t mtu, metric;
	uint8_t counters[136];
};
_Static_assert(sizeof(struct if_data) == IF_DATA, "if_data");

struct message {
	uint8_t b[1024];
	uint32_t n;
};

static void
put(struct message *m, const void *p, uint32_t n)
{
	memcpy(m->b + m->n, p, n);
	m->n += n;
}

static void
put16(struct message *m, uint32_t v)
{
	uint16_t w = (uint16_t)v;

	put(m, &w, 2);
}

static void
put32(struct message *m, uint32_t v)
{
	put(m, &v, 4);
}

/* Addresses are padded to 8 bytes. */
static void
put_address(struct message *m, const uint8_t *sa, uint32_t n)
{
	static const uint8_t zero[8];

	put(m, sa, n);
	put(m, zero, (8 - n % 8) % 8);
}

static void
put_ip(struct message *m, const struct sockaddr *sa)
{
	struct sockaddr_storage ss;
	uint8_t g[FBSD_SOCKADDR_MAX];
	socklen_t len = sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, sa, len);
	if (sa->sa_family == AF_INET6) {
		/* The kernel form: a link-local address carries its scope in the second 16-bit word. */
		struct sockaddr_in6 *s6 = (void *)&ss;

		if (IN6_IS_ADDR_LINKLOCAL(&s6->sin6_addr)) {
			s6->sin6_addr.s6_addr[2] = (uint8_t)(s6->sin6_scope_id >> 8);
			s6->sin6_addr.s6_addr[3] = (uint8_t)s6->sin6_scope_id;
		}
		s6->sin6_scope_id = 0;
	}
	put_address(m, g, fbsd_sockaddr_make(NULL, &ss, len, g));
}

static void
put_link(struct message *m, const char *name, uint32_t index, const struct sockaddr_ll *ll)
{
	uint16_t type = ll ? ll->sll_hatype : ARPHRD_LOOPBACK;
	struct fbsd_sockaddr_dl dl;

	fbsd_sockaddr_dl_make(&dl, (int)index, fbsd_if_type(type), name, ll ? ll->sll_addr : NULL,
	                      type == ARPHRD_ETHER ? ll->sll_halen : 0);
	put_address(m, (const uint8_t *)&dl, sizeof(dl));
}

static uint32_t
mtu_of(const char *name)
{
	struct ifreq q;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t mtu = 0;

	memset(&q, 0, sizeof(q));
	strncpy(q.ifr_name, name, sizeof(q.ifr_name) - 1);
	if (fd >= 0 && ioctl(fd, SIOCGIFMTU, &q) == 0)
		mtu = (uint32_t)q.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

static void
finish(struct message *m, struct sysctl_out *o)
{
	uint16_t n = (uint16_t)m->n;

	memcpy(m->b, &n, 2);
	sysctl_bytes(o, m->b, m->n);
}

static void
begin(struct message *m, int type, uint32_t addrs, uint32_t flags, uint32_t index)
{
	m->n = 0;
	put16(m, 0);
	m->b[m->n++] = RTM_VERSION;
	m->b[m->n++] = (uint8_t)type;
	put32(m, addrs);
	put32(m, flags);
	put16(m, index);
	put16(m, 0);
}

static void
put_if_data(struct message *m, const struct ifaddrs *a, bool ether)
{
	struct if_data d = {.type = ether ? IFT_ETHER : IFT_LOOP,
	                    .addrlen = ether ? 6 : 0,
	                    .link_state = a->ifa_flags & IFF_RUNNING ? 2 : 1,
	                    .datalen = IF_DATA,
	                    .mtu = mtu_of(a->ifa_name)};

	put(m, &d, sizeof(d));
}

/* The long forms tell where the data is. */
static void
put_long_head(struct message *m, bool l, uint32_t head)
{
	if (!l)
		return;
	put16(m, head + IF_DATA);
	put16(m, head);
}

static void
interface(const struct ifaddrs *a, bool l, struct sysctl_out *o)
{
	const struct sockaddr_ll *ll = (const void *)a->ifa_addr;
	struct message m;

	begin(&m, RTM_IFINFO, RTA_IFP, fbsd_if_flags_out(a->ifa_flags), (uint32_t)ll->sll_ifindex);
	put_long_head(&m, l, 24);
	if (l)
		put32(&m, 0);
	put_if_data(&m, a, ll->sll_hatype == 1);
	put_link(&m, a->ifa_name, (uint32_t)ll->sll_ifindex, ll);
	finish(&m, o);
}

static void
address(const struct ifaddrs *a, uint32_t index, bool l, struct sysctl_out *o)
{
	bool brd = a->ifa_flags & IFF_BROADCAST && a->ifa_broadaddr;
	struct message m;

	begin(&m, RTM_NEWADDR, (a->ifa_netmask ? RTA_NETMASK : 0) | RTA_IFP | RTA_IFA | (brd ? RTA_BRD : 0), 0, index);
	put_long_head(&m, l, 24);
	put32(&m, 0); /* metric */
	if (l)
		put_if_data(&m, a, false);
	if (a->ifa_netmask)
		put_ip(&m, a->ifa_netmask);
	put_link(&m, a->ifa_name, index, NULL);
	put_ip(&m, a->ifa_addr);
	if (brd)
		put_ip(&m, a->ifa_broadaddr);
	finish(&m, o);
}

static bool
wanted(const struct sockaddr *sa, int32_t af)
{
	int host = fbsd_family_in(af);

	return sa && (sa->sa_family == AF_INET || sa->sa_family == AF_INET6) && (af == 0 || host == sa->sa_family);
}

static int
list_interfaces(int32_t af, uint32_t only, bool l, struct sysctl_out *o)
{
	struct ifaddrs *all;

	if (getifaddrs(&all))
		return -errno;
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		uint32_t index = if_nametoindex(a->ifa_name);

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_PACKET || (only && only != index))
			continue;
		interface(a, l, o);
		for (struct ifaddrs *b = all; b; b = b->ifa_next)
			if (!strcmp(a->ifa_name, b->ifa_name) && wanted(b->ifa_addr, af))
				address(b, index, l, o);
	}
	freeifaddrs(all);
	return 0;
}

static void
group(const char *name, const struct sockaddr *sa, uint32_t only, struct sysctl_out *o)
{
	uint32_t index = if_nametoindex(name);
	struct message m;

	if (!index || (only && only != index))
		return;
	begin(&m, RTM_NEWMADDR, RTA_IFP | RTA_IFA, 0, index);
	put_link(&m, name, index, NULL);
	put_ip(&m, sa);
	finish(&m, o);
}

/* /proc/net/igmp: a line for an interface, then its groups as numbers in host order. */
static void
groups4(uint32_t only, struct sysctl_out *o)
{
	FILE *f = fopen("/proc/net/igmp", "re");
	char line[256], name[64] = "";
	struct sockaddr_in sin = {.sin_family = AF_INET};

	while (f && fgets(line, sizeof(line), f)) {
		unsigned addr;

		if (line[0] != '\t' && sscanf(line, "%*u %63[^: \t]", name) == 1)
			continue;
		if (line[0] == '\t' && sscanf(line, " %8x", &addr) == 1) {
			sin.sin_addr.s_addr = addr;
			group(name, (struct sockaddr *)&sin, only, o);
		}
	}
	if (f)
		fclose(f);
}

static void
groups6(uint32_t only, struct sysctl_out *o)
{
	FILE *f = fopen("/proc/net/igmp6", "re");
	char line[256], name[64], hex[33];
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*u %63s %32s", name, hex) != 2 || strlen(hex) != 32)
			continue;
		for (int i = 0; i < 16; i++) {
			unsigned byte;

			sscanf(hex + 2 * i, "%2x", &byte);
			sin6.sin6_addr.s6_addr[i] = (uint8_t)byte;
		}
		group(name, (struct sockaddr *)&sin6, only, o);
	}
	if (f)
		fclose(f);
}

/* What follows 4.17: protocol (0), family, operation, argument. */
int
sysctl_routetable(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	if (n != 4 || mib[0] != 0)
		return -EINVAL;
	switch (mib[2]) {
	case RT_IFLIST:
	case RT_IFLISTL:
		return list_interfaces(mib[1], (uint32_t)mib[3], mib[2] == RT_IFLISTL, o);
	case RT_IFMALIST:
		if (mib[1] == 0 || mib[1] == 2)
			groups4((uint32_t)mib[3], o);
		if (mib[1] == 0 || mib[1] == FBSD_AF_INET6)
			groups6((uint32_t)mib[3], o);
		return 0;
	}
	return -EINVAL;
}
