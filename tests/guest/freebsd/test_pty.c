/*
 * Pseudo terminals and ioctl.
 * Source: FreeBSD manual posix_openpt(2), ptsname(3), ioctl(2), tty(4), filio in sys/filio.h; termios layout: sys/_termios.h.
 */
#include "../kit/files.h"

enum { SYS_ioctl = 54, SYS_posix_openpt = 504, O_NOCTTY = 0x8000, ENXIO = 6 };
#define FIOCLEX       0x20006601
#define FIONCLEX      0x20006602
#define FIONREAD      0x4004667f
#define FIONBIO       0x8004667e
#define TIOCPTMASTER  0x2000741c
#define TIOCGPTN      0x4004740f
#define TIOCGETA      0x402c7413
#define TIOCSETA      0x802c7414
#define TIOCGWINSZ    0x40087468
#define TIOCSWINSZ    0x80087467
#define FIOSEEKDATA   0xc0086661
#define FIOSEEKHOLE   0xc0086662

struct termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t cc[20];
	uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct termios) == 44, "termios");
enum { ECHO = 8, ICANON = 0x100, OPOST = 1 };

static struct {
	struct termios t;
	uint64_t guard;
} now = {.guard = 0x77};

/* The terminal behind a master, as ptsname(3) finds it. */
static int64_t
open_slave(int64_t master)
{
	char path[32] = "/dev/pts/", digits[8];
	int n = -1, k = 0;
	char *at = path + 9;

	if (sys(SYS_ioctl, master, TIOCGPTN, &n) || n < 0)
		return -1;
	do
		digits[k++] = (char)('0' + n % 10);
	while (n /= 10);
	while (k)
		*at++ = digits[--k];
	*at = 0;
	return sys(SYS_open, path, O_RDWR | O_NOCTTY, 0);
}

static void
masters_have_slaves(void)
{
	unsigned short size[4] = {24, 80, 0, 0}, got[4] = {0};
	struct {
		int fd;
		short events, revents;
	} arrives = {.events = 1 /* POLLIN */};
	char buf[8] = {0};
	int64_t master = sys(SYS_posix_openpt, O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	int n = -1;

	CHECK(master > 2);
	CHECK_EQ(sys(SYS_fcntl, master, F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_ioctl, master, TIOCPTMASTER, 0), 0);
	slave = open_slave(master);
	CHECK(slave > 2);
	CHECK_OK(SYS_ioctl, slave, TIOCGETA, &now.t);
	CHECK_EQ(now.guard, 0x77);
	now.t.lflag &= ~(ECHO | ICANON);
	now.t.oflag &= ~OPOST;
	CHECK_OK(SYS_ioctl, slave, TIOCSETA, &now.t);
	memset(&now.t, 0, sizeof(now.t));
	CHECK_OK(SYS_ioctl, slave, TIOCGETA, &now.t);
	CHECK_EQ(now.t.lflag & (ECHO | ICANON), 0);
	CHECK_OK(SYS_ioctl, master, TIOCSWINSZ, size);
	CHECK_OK(SYS_ioctl, slave, TIOCGWINSZ, got);
	CHECK(got[0] == 24 && got[1] == 80);
	CHECK_EQ(sys(SYS_write, master, "in", 2), 2);
	arrives.fd = (int)slave; /* a terminal's input takes its time */
	CHECK_EQ(sys(SYS_poll, &arrives, 1, -1), 1);
	CHECK_EQ(sys(SYS_ioctl, slave, FIONREAD, &n), 0);
	CHECK_EQ(n, 2);
	CHECK_EQ(sys(SYS_read, slave, buf, 8), 2);
	CHECK_EQ(sys(SYS_write, slave, "out", 3), 3);
	CHECK_EQ(sys(SYS_read, master, buf, 8), 3);
	CHECK(!memcmp(buf, "out", 3));
	CHECK(sys(SYS_ioctl, slave, TIOCPTMASTER, 0) < 0); /* only masters are */
	CHECK_ERR(EFAULT, SYS_ioctl, slave, TIOCGETA, 8);
	sys(SYS_close, slave), sys(SYS_close, master);
	CHECK((master = sys(SYS_posix_openpt, O_RDWR)) > 2);
	sys(SYS_close, master);
	CHECK_ERR(EINVAL, SYS_posix_openpt, O_RDWR | O_APPEND);
	CHECK_ERR(EINVAL, SYS_posix_openpt, O_RDWR | O_NONBLOCK);
}

/* tty.c, TIOCSETA: unsupported bits are discarded, CIGNORE leaves control flags and speeds, no input speed is the output's. */
static void
attributes_that_cannot_be_are_left_out(void)
{
	int64_t master = sys(SYS_posix_openpt, O_RDWR | O_NOCTTY), slave = open_slave(master);
	struct termios set, had, got;

	CHECK(slave > 2);
	CHECK_OK(SYS_ioctl, slave, TIOCGETA, &had);
	set = had;
	set.lflag |= 0x800 | 0x20000000 | 0x1000; /* EXTPROC, PENDIN, nothing */
	set.iflag |= 0x80000000;
	set.oflag |= 0x80000000;
	CHECK_OK(SYS_ioctl, slave, TIOCSETA, &set);
	CHECK_OK(SYS_ioctl, slave, TIOCGETA, &got);
	CHECK_EQ(got.lflag, had.lflag);
	CHECK_EQ(got.iflag, had.iflag);
	CHECK_EQ(got.oflag, had.oflag);
	set = had;
	set.cflag = (had.cflag ^ 0x4000) | 1; /* HUPCL, CIGNORE */
	set.ospeed = set.ispeed = 300;
	CHECK_OK(SYS_ioctl, slave, TIOCSETA, &set);
	CHECK_OK(SYS_ioctl, slave, TIOCGETA, &got);
	CHECK_EQ(got.cflag, had.cflag);
	CHECK_EQ(got.ospeed, had.ospeed);
	set = had;
	set.ispeed = 0;
	set.ospeed = 9600;
	CHECK_OK(SYS_ioctl, slave, TIOCSETA, &set);
	CHECK_OK(SYS_ioctl, slave, TIOCGETA, &got);
	CHECK_EQ(got.ispeed, 9600);
	sys(SYS_close, slave), sys(SYS_close, master);
}

/* vop_stdioctl: the offset is taken and given back in the argument, the file's own stays; beyond the end ENXIO. */
static void
holes_and_data_are_found(void)
{
	int64_t fd = files_make(P("f"), "12345"), at = 1, end = 5, was = sys(SYS_lseek, fd, 0, 1), fds[1];

	CHECK_OK(SYS_ioctl, fd, FIOSEEKDATA, &at);
	CHECK_EQ(at, 1);
	CHECK_OK(SYS_ioctl, fd, FIOSEEKHOLE, &at);
	CHECK_EQ(at, 5);
	CHECK_EQ(sys(SYS_lseek, fd, 0, 1), was);
	CHECK_ERR(ENXIO, SYS_ioctl, fd, FIOSEEKDATA, &end);
	end = -1;
	CHECK_ERR(ENXIO, SYS_ioctl, fd, FIOSEEKHOLE, &end);
	CHECK_ERR(EFAULT, SYS_ioctl, fd, FIOSEEKDATA, 8);
	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_ERR(ENOTTY, SYS_ioctl, ((int *)fds)[0], FIOSEEKDATA, &at);
	sys(SYS_close, ((int *)fds)[0]), sys(SYS_close, ((int *)fds)[1]), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
files_know_some_requests(void)
{
	int64_t fd = files_make(P("f"), "12345");
	int on = 1, n = -1, fds[2];

	sys(SYS_lseek, fd, 2, 0);
	CHECK_OK(SYS_ioctl, fd, FIONREAD, &n);
	CHECK_EQ(n, 3);
	CHECK_OK(SYS_ioctl, fd, FIOCLEX, 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
	CHECK_OK(SYS_ioctl, fd, FIONCLEX, 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 0);
	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_OK(SYS_ioctl, fds[0], FIONBIO, &on);
	CHECK_EQ(sys(SYS_fcntl, fds[0], F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
	CHECK_ERR(ENOTTY, SYS_ioctl, fd, TIOCGETA, &now.t);
	CHECK_ERR(ENOTTY, SYS_ioctl, fd, TIOCGWINSZ, &now.t);
	CHECK_ERR(ENOTTY, SYS_ioctl, fd, 0x20001234, 0);
	CHECK_ERR(EBADF, SYS_ioctl, 777, FIONREAD, &n);
	CHECK_ERR(EFAULT, SYS_ioctl, fds[0], FIONREAD, 8);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

const struct test tests[] = {
    {"masters_have_slaves", masters_have_slaves},
    {"attributes_that_cannot_be_are_left_out", attributes_that_cannot_be_are_left_out},
    {"holes_and_data_are_found", holes_and_data_are_found},
    {"files_know_some_requests", files_know_some_requests},
    {0},
};
