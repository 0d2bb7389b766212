/* Guest I/O vectors. */
#pragma once

#include <sys/uio.h>

#include "abi/freebsd/fbsd.h"

#define FBSD_IOV_MAX 1024

/** Copy and check a vector of 1..FBSD_IOV_MAX parts; total bytes, -EINVAL or -EFAULT. */
long fbsd_iov_get(uint64_t at, uint32_t n, struct iovec *iov);
/** writev of a checked vector; quiet on a socket with SO_NOSIGPIPE. */
long fbsd_write_vector(struct thread *t, int fd, const struct iovec *iov, uint32_t n);
