/* The configuration memfd: a fixed header, then strings and the personality's blob. */
#include "loader/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"

#define CONFIG_MAGIC 0x314e4d4f47415244ull /* "DRAGOMN1" */
#define CONFIG_MAX   (1u << 20)
#define NSTRINGS     5

struct exec_config config_current = {.prog_fd = -1, .log_fd = -1, .trace_fd = -1, .trace_shm = -1, .self_fd = -1};

struct header {
	uint64_t magic;
	uint32_t len[NSTRINGS]; /* bytes with NUL; 0: NULL */
	uint32_t blob_len;
	uint32_t argc, envc, args_len; /* after the blob; 0 when the host's exec passes them on */
	int32_t prog_fd, log_fd, trace_fd, trace_shm, self_fd;
	struct native_stats counts;
	uint64_t stack_rlim, seed;
	uint32_t osreldate, cpus, log_mask;
	uint32_t intercept;
	uint8_t root_strict, no_aslr, has_seed, no_patch, no_fast, native_deny, core, strace, summary, stats;
};

static void
strings_of(const struct exec_config *c, const char *ret[NSTRINGS])
{
	ret[0] = c->path;
	ret[1] = c->opt.root;
	ret[2] = c->opt.osrelease;
	ret[3] = c->opt.strace_filter;
	ret[4] = c->trace_call;
}

static int
put(int fd, const void *p, uint64_t n)
{
	return n ? fd_write_all(fd, p, n) : 0;
}

static void
fill(struct header *h, const struct exec_config *c)
{
	const struct options *o = &c->opt;

	*h = (struct header){.magic = CONFIG_MAGIC,
	                     .blob_len = c->blob_len,
	                     .prog_fd = c->prog_fd,
	                     .log_fd = c->log_fd,
	                     .trace_fd = c->trace_fd,
	                     .trace_shm = c->trace_shm,
	                     .self_fd = c->self_fd,
	                     .counts = c->stats,
	                     .stack_rlim = c->stack_rlim,
	                     .seed = o->seed,
	                     .osreldate = o->osreldate,
	                     .cpus = o->cpus,
	                     .log_mask = o->log_mask,
	                     .intercept = o->intercept,
	                     .root_strict = o->root_strict,
	                     .no_aslr = o->no_aslr,
	                     .has_seed = o->has_seed,
	                     .no_patch = o->no_patch,
	                     .no_fast = o->no_fast,
	                     .native_deny = o->native_deny,
	                     .core = o->core,
	                     .strace = o->strace,
	                     .summary = o->summary,
	                     .stats = o->stats};
}

static uint64_t
count_args(char **v, uint32_t *ret_n)
{
	uint64_t bytes = 0;

	for (*ret_n = 0; v && v[*ret_n]; ++*ret_n)
		bytes += strlen(v[*ret_n]) + 1;
	return bytes;
}

static int
put_args(int fd, char **v)
{
	int r = 0;

	for (; v && *v && r == 0; v++)
		r = put(fd, *v, strlen(*v) + 1);
	return r;
}

static int
put_all(int fd, const struct exec_config *c)
{
	const char *str[NSTRINGS];
	struct header h;
	int r;

	fill(&h, c);
	h.args_len = (uint32_t)(count_args(c->argv, &h.argc) + count_args(c->envp, &h.envc));
	strings_of(c, str);
	for (unsigned i = 0; i < NSTRINGS; i++)
		h.len[i] = str[i] ? (uint32_t)strlen(str[i]) + 1 : 0;
	r = put(fd, &h, sizeof(h));
	for (unsigned i = 0; i < NSTRINGS && r == 0; i++)
		r = put(fd, str[i], h.len[i]);
	if (r == 0)
		r = put(fd, c->blob, c->blob_len);
	if (r == 0)
		r = put_args(fd, c->argv);
	return r ? r : put_args(fd, c->envp);
}

/* Where the limit of file sizes leaves no room for a memfd: a pipe, which nobody reads before it is full. */
static int
write_pipe(const struct exec_config *c)
{
	uint64_t need = sizeof(struct header) + c->blob_len;
	const char *str[NSTRINGS];
	uint32_t argc, envc;
	int fd[2], r = (int)host_call(SYS_pipe2, fd, O_CLOEXEC);

	if (r < 0)
		return r;
	strings_of(c, str);
	need += count_args(c->argv, &argc) + count_args(c->envp, &envc) + (uint64_t)(argc + envc) * 2;
	for (unsigned i = 0; i < NSTRINGS; i++)
		need += (str[i] ? strlen(str[i]) + 1 : 0) + GM_PAGE; /* each write may begin a page */
	host_call(SYS_fcntl, fd[1], F_SETPIPE_SZ, CONFIG_MAX);
	r = (int)host_call(SYS_fcntl, fd[1], F_GETPIPE_SZ);
	if (r >= 0)
		r = need + 2 * GM_PAGE > (uint64_t)r ? -EFBIG : put_all(fd[1], c);
	host_call(SYS_close, fd[1]);
	if (r == 0)
		return fd[0];
	host_call(SYS_close, fd[0]);
	return r;
}

int
config_write(const struct exec_config *c)
{
	int fd = (int)host_call(SYS_memfd_create, "dragoman-exec", MFD_CLOEXEC | MFD_ALLOW_SEALING), r;

	if (fd < 0)
		return fd;
	r = put_all(fd, c);
	if (r == 0)
		r = (int)host_call(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	if (r == 0)
		return fd;
	host_call(SYS_close, fd);
	return r == -EFBIG ? write_pipe(c) : r;
}

static void
take_options(struct exec_config *c, const struct header *h)
{
	c->opt = (struct options){.command = COMMAND_RUN,
	                          .seed = h->seed,
	                          .osreldate = h->osreldate,
	                          .cpus = h->cpus,
	                          .log_mask = h->log_mask,
	                          .intercept = (enum intercept)h->intercept,
	                          .root_strict = h->root_strict,
	                          .no_aslr = h->no_aslr,
	                          .has_seed = h->has_seed,
	                          .no_patch = h->no_patch,
	                          .no_fast = h->no_fast,
	                          .native_deny = h->native_deny,
	                          .core = h->core,
	                          .strace = h->strace,
	                          .summary = h->summary,
	                          .stats = h->stats,
	                          .exec_config = -1};
	c->prog_fd = h->prog_fd;
	c->log_fd = h->log_fd;
	c->trace_fd = h->trace_fd;
	c->trace_shm = h->trace_shm;
	c->self_fd = h->self_fd;
	if (c->self_fd >= 0)
		host_call(SYS_fcntl, c->self_fd, F_SETFD, FD_CLOEXEC);
	c->stats = h->counts;
	c->stack_rlim = h->stack_rlim;
}

/* @n strings at *at, before @end, as a vector; NULL without memory or with fewer strings. */
static char **
take_args(uint32_t n, char **at, const char *end)
{
	char **v = calloc((size_t)n + 1, sizeof(*v));

	for (uint32_t i = 0; v && i < n; i++) {
		size_t left = (size_t)(end - *at), len = strnlen(*at, left);

		if (len == left) {
			free(v);
			return NULL;
		}
		v[i] = *at;
		*at += len + 1;
	}
	return v;
}

static int
parse(char *text, uint64_t size, struct exec_config *c)
{
	struct header h;
	char *str[NSTRINGS], *p = text + sizeof(h), *end = text + size;

	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, text, sizeof(h));
	if (h.magic != CONFIG_MAGIC)
		return -EINVAL;
	for (unsigned i = 0; i < NSTRINGS; i++) {
		str[i] = h.len[i] ? p : NULL;
		if (h.len[i] > (uint64_t)(end - p) || (h.len[i] && p[h.len[i] - 1]))
			return -EINVAL;
		p += h.len[i];
	}
	if ((uint64_t)h.blob_len + h.args_len != (uint64_t)(end - p) || !str[0])
		return -EINVAL;
	take_options(c, &h);
	c->path = str[0];
	c->opt.root = str[1];
	c->opt.osrelease = str[2];
	c->opt.strace_filter = str[3];
	c->trace_call = str[4];
	c->blob = p;
	c->blob_len = h.blob_len;
	if (!h.args_len)
		return 0;
	p += h.blob_len;
	c->argv = take_args(h.argc, &p, end);
	c->envp = take_args(h.envc, &p, end);
	return c->argv && c->envp ? 0 : -EINVAL;
}

/* All of it, from a memfd or a pipe whose writing end is closed; bytes or -errno. */
static long
read_all(int fd, char *text, uint64_t size)
{
	uint64_t n = 0;
	long r;

	while (n < size && (r = host_call(SYS_read, fd, text + n, size - n)) != 0) {
		if (r < 0 && r != -EINTR)
			return r;
		n += r > 0 ? (uint64_t)r : 0;
	}
	return (long)n;
}

int
config_read(int fd, struct exec_config *ret, struct diag *d)
{
	struct stat st;
	uint64_t size;
	int r = -EINVAL;
	long n;

	if (fstat(fd, &st) || st.st_size > CONFIG_MAX || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))
		return diag_fail(d, -EINVAL, "--exec-config=%d: not a configuration", fd);
	size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : CONFIG_MAX;
	ret->text = malloc(size + 1);
	if (!ret->text)
		return diag_fail(d, -ENOMEM, "--exec-config=%d: no memory", fd);
	if (S_ISREG(st.st_mode))
		lseek(fd, 0, SEEK_SET);
	n = read_all(fd, ret->text, size);
	if (n >= 0)
		r = parse(ret->text, (uint64_t)n, ret);
	close(fd);
	return r ? diag_fail(d, r, "--exec-config=%d: not a configuration", fd) : 0;
}
