/*
 * ioctl on sockets: interfaces, send queues, owners.
 * Source: FreeBSD netintro(4), sys/sockio.h, net/if.h; errors: sys/net/if.c ifioctl() (ENXIO without the interface, EPERM to
 * set), sys/netinet/in.c in_control(), sys/kern/sys_socket.c.  That lo exists at 127.0.0.1/8 is the host's doing.
 */
#include "../kit/files.h"

enum { SYS_ioctl = 54, SYS_socket = 97, SYS_socketpair = 135, AF_UNIX = 1, AF_INET = 2, AF_LINK = 18, AF_INET6 = 28, STREAM = 1, DGRAM = 2, ENXIO = 6 };
#define SIOCGIFCONF    0xc0106924
#define SIOCGIFFLAGS   0xc0206911
#define SIOCSIFFLAGS   0x80206910
#define SIOCGIFINDEX   0xc0206920
#define SIOCGIFADDR    0xc0206921
#define SIOCGIFBRDADDR 0xc0206923
#define SIOCGIFNETMASK 0xc0206925
#define SIOCGIFMTU     0xc0206933
#define FIONWRITE      0x40046677
#define FIONSPACE      0x40046676
#define FIOSETOWN      0x8004667c
#define FIOGETOWN      0x4004667b
#define SIOCGPGRP      0x40047309
#define DIOCGMEDIASIZE 0x40086481

struct ifreq {
	char name[16];
	union {
		unsigned char addr[16];
		int value;
		unsigned short flags[2];
	};
};
struct ifconf {
	int len, pad;
	void *buf;
};

static struct {
	struct ifreq r;
	uint64_t guard;
} lo = {.guard = 0x77};

static struct ifreq *
of(const char *name)
{
	lo.r = (struct ifreq){0};
	for (int i = 0; name[i]; i++)
		lo.r.name[i] = name[i];
	return &lo.r;
}

static int64_t
ask(int64_t s, uint64_t com)
{
	return sys(SYS_ioctl, s, com, of("lo"));
}

static void
one_interface(void)
{
	int64_t s = sys(SYS_socket, AF_INET, DGRAM, 0), u = sys(SYS_socket, AF_UNIX, DGRAM, 0), six = sys(SYS_socket, AF_INET6, DGRAM, 0);
	static const unsigned char here[8] = {16, AF_INET, 0, 0, 127, 0, 0, 1}, mask[8] = {16, AF_INET, 0, 0, 255, 0, 0, 0};

	CHECK(ask(s, SIOCGIFINDEX) == 0 && lo.r.value == 1);
	CHECK(ask(s, SIOCGIFFLAGS) == 0 && (lo.r.flags[0] & 0x9) == 0x9); /* UP, LOOPBACK */
	CHECK(ask(s, SIOCGIFMTU) == 0 && lo.r.value >= 16384);
	CHECK(ask(s, SIOCGIFADDR) == 0 && memcmp(lo.r.addr, here, 8) == 0);
	CHECK(ask(s, SIOCGIFNETMASK) == 0 && memcmp(lo.r.addr, mask, 2) == 0 && memcmp(lo.r.addr + 4, mask + 4, 4) == 0);
	CHECK_ERR(EINVAL, SYS_ioctl, s, SIOCGIFBRDADDR, of("lo")); /* it cannot broadcast */
	CHECK(ask(u, SIOCGIFFLAGS) == 0);
	CHECK_ERR(EOPNOTSUPP, SYS_ioctl, u, SIOCGIFADDR, of("lo"));
	CHECK_ERR(EINVAL, SYS_ioctl, six, SIOCGIFADDR, of("lo"));
	CHECK_ERR(EPERM, SYS_ioctl, s, SIOCSIFFLAGS, of("lo"));
	CHECK_ERR(ENXIO, SYS_ioctl, s, SIOCGIFFLAGS, of("nosuch9"));
	CHECK_ERR(ENXIO, SYS_ioctl, s, SIOCSIFFLAGS, of("nosuch9"));
	CHECK_ERR(EFAULT, SYS_ioctl, s, SIOCGIFFLAGS, 8);
	CHECK(lo.guard == 0x77);
	CHECK_ERR(ENOTTY, SYS_ioctl, sys(SYS_open, "/dev/null", O_RDWR, 0), SIOCGIFFLAGS, of("lo"));
}

/* Entries of 32 bytes, longer ones 16 and the address's length; the link-level address comes first. */
static void
all_interfaces(void)
{
	static unsigned char buf[8192];
	struct ifconf c = {.len = sizeof(buf), .buf = buf};
	int64_t s = sys(SYS_socket, AF_INET, DGRAM, 0);
	bool link = false, inet = false;
	int at = 0;

	CHECK(sys(SYS_ioctl, s, SIOCGIFCONF, &c) == 0);
	while (at + 32 <= c.len) {
		int n = buf[at + 16] <= 16 ? 32 : 16 + buf[at + 16];

		if (memcmp(buf + at, "lo", 3) == 0 && buf[at + 17] == AF_LINK)
			link = !inet && buf[at + 16] == 54;
		if (memcmp(buf + at, "lo", 3) == 0 && buf[at + 17] == AF_INET)
			inet = n == 32 && buf[at + 20] == 127;
		at += n;
	}
	CHECK(at == c.len && link && inet);
	c.len = 40; /* no room for the first, which has 70 */
	CHECK(sys(SYS_ioctl, s, SIOCGIFCONF, &c) == 0 && c.len == 0);
	c.len = 0;
	CHECK_ERR(EINVAL, SYS_ioctl, s, SIOCGIFCONF, &c);
}

static void
queues_and_owners(void)
{
	int p[2], n = -1, space = 0, me = (int)sys(SYS_getpid);

	CHECK(sys(SYS_socketpair, AF_UNIX, STREAM, 0, p) == 0);
	CHECK(sys(SYS_ioctl, p[0], FIONWRITE, &n) == 0 && n == 0);
	CHECK(sys(SYS_ioctl, p[0], FIONSPACE, &space) == 0 && space > 1024);
	CHECK(sys(SYS_ioctl, p[0], FIOGETOWN, &n) == 0 && n == 0);
	CHECK(sys(SYS_ioctl, p[0], FIOSETOWN, &me) == 0);
	CHECK(sys(SYS_ioctl, p[0], FIOGETOWN, &n) == 0 && n == me);
	n = 0;
	CHECK(sys(SYS_ioctl, p[0], SIOCGPGRP, &n) == 0 && n == me);
	CHECK_ERR(EFAULT, SYS_ioctl, p[0], FIOGETOWN, 8);
	CHECK_ERR(ENOTTY, SYS_ioctl, sys(SYS_open, "/dev/null", O_RDWR, 0), DIOCGMEDIASIZE, &space);
}

const struct test tests[] = {
    {"one_interface", one_interface},
    {"all_interfaces", all_interfaces},
    {"queues_and_owners", queues_and_owners},
    {0},
};
