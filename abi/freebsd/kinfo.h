/* What a descriptor is, as fcntl(F_KINFO) and sysctl kern.proc.filedesc tell it. */
#pragma once

#include <stddef.h>

#include "abi/core/path.h"
#include "abi/freebsd/fbsd.h"

/** Source: sys/user.h, struct kinfo_file (members of kf_un.kf_file). */
struct fbsd_kinfo_file {
	int32_t structsize, type, fd, ref_count, flags, pad0;
	int64_t offset;
	int32_t vnode_type, sock_domain, sock_type, sock_protocol;
	uint64_t spare64[30];
	uint64_t file_fsid, file_rdev, file_fileid, file_size;
	uint32_t fsid11, rdev11;
	uint16_t file_mode, file_pad0;
	uint32_t file_pad1;
	uint16_t status, pad1;
	int32_t ispare0;
	uint64_t cap_rights[2], cap_spare;
	char path[PATH_BYTES];
};
_Static_assert(sizeof(struct fbsd_kinfo_file) == 1392, "kinfo_file");
_Static_assert(offsetof(struct fbsd_kinfo_file, file_fsid) == 288 && offsetof(struct fbsd_kinfo_file, status) == 336 &&
                   offsetof(struct fbsd_kinfo_file, path) == 368,
               "kinfo_file layout");

/** Fill for descriptor @fd of the guest.  0 or -EBADF. */
int fbsd_kinfo_fill(struct thread *t, int fd, struct fbsd_kinfo_file *ret);
