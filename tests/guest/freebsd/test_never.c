/*
 * Calls that are refused whatever their arguments: each with the error that an ordinary user, or a kernel without the option,
 * gives.  Source: FreeBSD manual of each call; sys/conf/NOTES for the options.
 */
#include "../kit/files.h"

struct refused {
	int nr;
	const char *name;
};

/* What takes a privilege. */
static const struct refused eperm[] = {
    {21, "mount"}, {22, "unmount"}, {26, "ptrace"}, {50, "setlogin"}, {51, "acct"}, {55, "reboot"}, {56, "revoke"},
    {85, "swapon"}, {122, "settimeofday"}, {233, "clock_settime"},
    {297, "freebsd4_fhstatfs"}, {298, "fhopen"}, {299, "freebsd11_fhstat"}, {304, "kldload"}, {305, "kldunload"},
    {338, "jail"}, {378, "nmount"}, {398, "freebsd11_fhstatfs"}, {424, "freebsd13_swapoff"}, {436, "jail_attach"},
    {444, "kldunloadf"}, {507, "jail_set"}, {508, "jail_remove"}, {524, "setloginclass"}, {553, "fhstat"},
    {558, "fhstatfs"}, {564, "getfhat"}, {582, "swapoff"}, {591, "setcred"}, {597, "jail_attach_jd"},
    {598, "jail_remove_jd"}, {599, "kexec_load"},
};

/* What the kernel was not built with, or has no module for. */
static const struct refused enosys[] = {
    {44, "profil"}, {45, "ktrace"}, {205, "undelete"}, {241, "ffclock_getcounter"}, {242, "ffclock_setestimate"},
    {243, "ffclock_getestimate"}, {339, "nnpfs_syscall"}, {342, "freebsd4_sigaction"},
    {344, "freebsd4_sigreturn"}, {374, "__setugid"}, {377, "afs3_syscall"}, {384, "__mac_get_proc"},
    {400, "ksem_close"}, {415, "__mac_execve"}, {445, "audit"}, {471, "sctp_peeloff"}, {515, "__cap_rights_get"},
    {516, "cap_enter"}, {525, "rctl_get_racct"}, {533, "cap_rights_limit"}, {534, "cap_ioctls_limit"},
    {535, "cap_ioctls_get"}, {536, "cap_fcntls_limit"}, {537, "cap_fcntls_get"}, {543, "aio_mlock"},
    {576, "rpctls_syscall"}, {589, "getrlimitusage"}, {592, "exterrctl"},
};

/* Nothing of the kind is there: modules, jails. */
static const struct refused enoent[] = {
    {300, "modnext"}, {301, "modstat"}, {302, "modfnext"}, {303, "modfind"}, {306, "kldfind"}, {307, "kldnext"},
    {308, "kldstat"}, {309, "kldfirstmod"}, {337, "kldsym"}, {506, "jail_get"},
};

/* What the file system has not. */
static const struct refused eopnotsupp[] = {
    {148, "quotactl"}, {347, "__acl_get_file"}, {348, "__acl_set_file"}, {349, "__acl_get_fd"}, {350, "__acl_set_fd"},
    {351, "__acl_delete_file"}, {352, "__acl_delete_fd"}, {353, "__acl_aclcheck_file"}, {354, "__acl_aclcheck_fd"},
    {355, "extattrctl"}, {425, "__acl_get_link"}, {426, "__acl_set_link"}, {427, "__acl_delete_link"},
    {428, "__acl_aclcheck_link"},
};

static bool
all_refused(const struct refused *r, unsigned n, int error)
{
	bool good = true;

	for (unsigned i = 0; i < n; i++)
		good = kit_failed_with(__FILE__, __LINE__, r[i].name, error, call(r[i].nr, 0, 0, 0, 0, 0, 0)) && good;
	return good;
}
#define ALL(list, error) all_refused(list, sizeof(list) / sizeof(list[0]), error)

static void
refused_calls_say_why(void)
{
	CHECK(ALL(eperm, EPERM));
	CHECK(ALL(enosys, ENOSYS));
	CHECK(ALL(enoent, ENOENT));
	CHECK(ALL(eopnotsupp, EOPNOTSUPP));
}

const struct test tests[] = {
    {"refused_calls_say_why", refused_calls_say_why},
    {0},
};
