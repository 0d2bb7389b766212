/* Terminal attributes between the two systems.  Source: FreeBSD sys/_termios.h, sys/ttycom.h. */
#pragma once

#include <stdint.h>

struct fbsd_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t cc[20];
	uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct fbsd_termios) == 44, "termios");

struct termios2;
void fbsd_termios_out(const struct termios2 *h, struct fbsd_termios *g);
/** @h holds what is in force; flags that cannot be set are left out, as FreeBSD leaves them out. */
void fbsd_termios_in(const struct fbsd_termios *g, struct termios2 *h);
