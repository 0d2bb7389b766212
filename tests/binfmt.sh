#!/bin/sh
# unshare -Urm sh binfmt.sh DRAGOMAN COMMAND...: COMMAND and what it starts run FreeBSD/amd64 programs by their paths.
# Needs Linux 6.7, where binfmt_misc belongs to the user namespace.  Status 77 when the kernel has no such thing.
set -u
dir=/proc/sys/fs/binfmt_misc
dragoman=$1
shift
mount -t binfmt_misc binfmt_misc "$dir" 2>/dev/null || exit 77
id='\x7fELF\x02\x01\x01\x09\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf %s ":freebsd-amd64:M::$id:$mask:$dragoman:PF" 2>/dev/null >"$dir/register" || exit 77
exec "$@"
