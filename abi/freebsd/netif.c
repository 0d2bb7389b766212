/*
 * Interfaces: flags, types and link-level addresses.
 * Source: FreeBSD net/if.h, net/if_dl.h, net/if_types.h.
 */
#include "abi/freebsd/netif.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/freebsd/socket.h"

enum { IFT_OTHER = 1, IFT_ETHER = 6, IFT_PPP = 23, IFT_LOOP = 24, IFT_TUNNEL = 131 };

static const struct {
	uint32_t guest, host;
} if_flags[] = {{0x1, IFF_UP},           {0x2, IFF_BROADCAST}, {0x4, IFF_DEBUG},      {0x8, IFF_LOOPBACK},
                {0x10, IFF_POINTOPOINT}, {0x40, IFF_RUNNING},  {0x80, IFF_NOARP},     {0x100, IFF_PROMISC},
                {0x200, IFF_ALLMULTI},   {0x800, IFF_BROADCAST} /* SIMPLEX */, {0x8000, IFF_MULTICAST}};

uint32_t
fbsd_if_flags_out(uint32_t host)
{
	uint32_t guest = 0;

	for (unsigned i = 0; i < sizeof(if_flags) / sizeof(if_flags[0]); i++)
		if (host & if_flags[i].host)
			guest |= if_flags[i].guest;
	return guest;
}

uint8_t
fbsd_if_type(uint16_t host)
{
	switch (host) {
	case ARPHRD_ETHER:
		return IFT_ETHER;
	case ARPHRD_LOOPBACK:
		return IFT_LOOP;
	case ARPHRD_PPP:
	case ARPHRD_NONE:
		return IFT_PPP;
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
		return IFT_TUNNEL;
	}
	return IFT_OTHER;
}

void
fbsd_sockaddr_dl_make(struct fbsd_sockaddr_dl *ret, int index, uint8_t type, const char *name, const void *addr,
                      uint32_t alen)
{
	size_t nlen = strnlen(name, IFNAMSIZ - 1);

	*ret = (struct fbsd_sockaddr_dl){.len = sizeof(*ret), .family = FBSD_AF_LINK, .index = (uint16_t)index, .type = type};
	ret->nlen = (uint8_t)nlen;
	memcpy(ret->data, name, nlen);
	if (alen > sizeof(ret->data) - nlen)
		alen = 0;
	ret->alen = (uint8_t)alen;
	if (alen)
		memcpy(ret->data + nlen, addr, alen);
}

uint32_t
fbsd_sockaddr_dl(int fd, int index, uint8_t ret[FBSD_SOCKADDR_DL_LEN])
{
	struct fbsd_sockaddr_dl dl;
	struct ifreq q = {.ifr_ifindex = index};
	char name[IFNAMSIZ] = "";
	uint8_t type = IFT_OTHER;

	if (host_call(SYS_ioctl, fd, SIOCGIFNAME, &q) == 0) {
		memcpy(name, q.ifr_name, sizeof(name) - 1);
		if (host_call(SYS_ioctl, fd, SIOCGIFHWADDR, &q) == 0)
			type = fbsd_if_type(q.ifr_hwaddr.sa_family);
	}
	fbsd_sockaddr_dl_make(&dl, index, type, name, NULL, 0);
	memcpy(ret, &dl, sizeof(dl));
	return sizeof(dl);
}
