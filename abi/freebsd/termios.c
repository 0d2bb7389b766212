/* Terminal attributes: flag words by table, control characters by index, speeds as plain numbers (termios2). */
#include "abi/freebsd/termios.h"

#include <asm/termbits.h>
#include <stdbool.h>
#include <string.h>

struct bit {
	uint32_t guest, host;
};

static const struct bit iflags[] = {{0x1, IGNBRK}, {0x2, BRKINT},  {0x4, IGNPAR},   {0x8, PARMRK},  {0x10, INPCK},
                                    {0x20, ISTRIP}, {0x40, INLCR},  {0x80, IGNCR},   {0x100, ICRNL}, {0x200, IXON},
                                    {0x400, IXOFF}, {0x800, IXANY}, {0x2000, IMAXBEL}, {0x4000, IUTF8}};
static const struct bit oflags[] = {{0x1, OPOST}, {0x2, ONLCR}, {0x4, XTABS}, {0x10, OCRNL}, {0x20, ONOCR}, {0x40, ONLRET}};
static const struct bit cflags[] = {{0x400, CSTOPB}, {0x800, CREAD}, {0x1000, PARENB}, {0x2000, PARODD},
                                    {0x4000, HUPCL}, {0x8000, CLOCAL}, {0x30000, CRTSCTS}};
static const struct bit lflags[] = {{0x1, ECHOKE},  {0x2, ECHOE},    {0x4, ECHOK},     {0x8, ECHO},
                                    {0x10, ECHONL}, {0x20, ECHOPRT}, {0x40, ECHOCTL},  {0x80, ISIG},
                                    {0x100, ICANON}, {0x400, IEXTEN}, {0x800, EXTPROC}, {0x400000, TOSTOP},
                                    {0x800000, FLUSHO}, {0x20000000, PENDIN}, {0x80000000, NOFLSH}};
#define N(a) (sizeof(a) / sizeof((a)[0]))
/* What a program cannot set in this way (not in TTYSUP_LFLAG): EXTPROC, PENDIN. */
#define LFLAGS_READ_ONLY 0x20000800u
/* Control flags and speeds stay as they are. */
#define CIGNORE_GUEST    0x1u
#define CSIZE_GUEST      0x300u

/* Guest index -> host index; the rest (VDSUSP 11, VSTATUS 18) the host does not have. */
static const int8_t cc_host[20] = {VEOF, VEOL, VEOL2, VERASE, VWERASE, VKILL, VREPRINT, -1,       VINTR, VQUIT,
                                   VSUSP, -1,  VSTART, VSTOP, VLNEXT,  VDISCARD, VMIN,  VTIME, -1,    -1};
#define POSIX_VDISABLE_GUEST 0xff

static uint32_t
out_bits(const struct bit *b, unsigned n, uint32_t host)
{
	uint32_t g = 0;

	for (unsigned i = 0; i < n; i++)
		if ((host & b[i].host) == b[i].host)
			g |= b[i].guest;
	return g;
}

/* "Discard any unsupported bits": sys/kern/tty.c, TIOCSETA.  So this is not where an unknown flag is an error. */
static uint32_t
in_bits(const struct bit *b, unsigned n, uint32_t guest)
{
	uint32_t host = 0;

	for (unsigned i = 0; i < n; i++)
		if ((guest & b[i].guest) == b[i].guest)
			host |= b[i].host;
	return host;
}

void
fbsd_termios_out(const struct termios2 *h, struct fbsd_termios *g)
{
	memset(g, 0, sizeof(*g));
	g->iflag = out_bits(iflags, N(iflags), h->c_iflag);
	g->oflag = out_bits(oflags, N(oflags), h->c_oflag);
	g->cflag = out_bits(cflags, N(cflags), h->c_cflag) | (h->c_cflag & CSIZE) << 4; /* CS5..CS8: 0..0x30 and 0..0x300 */
	g->lflag = out_bits(lflags, N(lflags), h->c_lflag);
	for (int i = 0; i < 20; i++) {
		uint8_t c = cc_host[i] >= 0 ? h->c_cc[cc_host[i]] : 0;
		bool count = i == 16 || i == 17;

		g->cc[i] = count || c ? c : POSIX_VDISABLE_GUEST;
	}
	g->ispeed = h->c_ispeed;
	g->ospeed = h->c_ospeed;
}

void
fbsd_termios_in(const struct fbsd_termios *g, struct termios2 *h)
{
	h->c_iflag = in_bits(iflags, N(iflags), g->iflag);
	h->c_oflag = in_bits(oflags, N(oflags), g->oflag);
	h->c_lflag = in_bits(lflags, N(lflags), g->lflag & ~LFLAGS_READ_ONLY);
	if (!(g->cflag & CIGNORE_GUEST)) {
		h->c_cflag = in_bits(cflags, N(cflags), g->cflag) | (g->cflag & CSIZE_GUEST) >> 4 | BOTHER | BOTHER << IBSHIFT;
		h->c_ispeed = g->ispeed ? g->ispeed : g->ospeed;
		h->c_ospeed = g->ospeed;
	}
	for (int i = 0; i < 20; i++)
		if (cc_host[i] >= 0)
			h->c_cc[cc_host[i]] = g->cc[i] == POSIX_VDISABLE_GUEST && i != 16 && i != 17 ? 0 : g->cc[i];
}
