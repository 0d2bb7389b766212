/*
 * Freestanding test kit for FreeBSD/amd64 guests: raw calls with carry and both result registers, a little text output, and
 * named tests.  No FreeBSD header exists here: numbers and layouts are written down in kit/fbsd.h from the manual pages and
 * public headers.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a call left: rax, rdx and the carry flag; and what rdx was before it. */
struct ret {
	uint64_t val, val2;
	bool carry;
	uint64_t rdx;
};
_Static_assert(offsetof(struct ret, carry) == 16 && offsetof(struct ret, rdx) == 24, "crt0.S knows the layout");

/** Any call, up to eight arguments (the last two go on the stack, as libc's stubs pass them). */
struct ret kit_call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h);
/*
 * What tests/lint/coverage.py reads: for every call compiled in, its number and whether an assertion looks at its result.  The
 * assertions below shadow kit_asserted for what stands inside their parentheses; arguments of a call are outside again.
 */
enum { KIT_PLAIN, KIT_VALUE, KIT_ERROR, kit_asserted = KIT_PLAIN };
#define KIT_NOTE(n)                                                                                                      \
	__asm__ volatile(".pushsection .kit.calls,\"\",@progbits\n\t.long %c0, %c1\n\t.popsection" ::"i"(              \
	                     __builtin_constant_p(n) ? (n) : -1),                                                        \
	                 "i"(kit_asserted))
#define KIT_X(v) ((uint64_t)(v))
#define KIT_CALL_(n, a, b, c, d, e, f, g, h, ...)                                                                        \
	({                                                                                                               \
		KIT_NOTE(n);                                                                                             \
		enum { kit_asserted = KIT_PLAIN };                                                                       \
		kit_call(n, KIT_X(a), KIT_X(b), KIT_X(c), KIT_X(d), KIT_X(e), KIT_X(f), KIT_X(g), KIT_X(h));             \
	})
#define call(...)                                       KIT_CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0)

/** Value of a call that must succeed, or -errno. */
int64_t kit_value(struct ret r);
#define sys(...) kit_value(call(__VA_ARGS__))

/** vfork must not leave a return address on the shared stack. */
int64_t kit_vfork(void);
#define kit_vfork()           \
	({                    \
		KIT_NOTE(66); \
		(kit_vfork)(); \
	})

void kit_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
/** Value of an environment variable, or NULL. */
const char *kit_env(const char *name);

struct test {
	const char *name;
	void (*fn)(void);
};
/** Begin a line "not ok NAME: ..." for the running test. */
void kit_fail(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/** Has the running test failed so far?  For a child that must pass it on. */
bool kit_has_failed(void);
/** Does @r say that the call failed with @error?  Tells when not. */
bool kit_failed_with(const char *file, int line, const char *what, int error, struct ret r);

#define CHECK(cond)                                            \
	do {                                                   \
		enum { kit_asserted = KIT_VALUE };             \
		if (!(cond)) {                                 \
			kit_fail(__FILE__, __LINE__, "%s", #cond); \
			return;                                \
		}                                              \
	} while (0)
#define CHECK_EQ(a, b)                                                                                            \
	do {                                                                                                      \
		enum { kit_asserted = KIT_VALUE };                                                                \
		int64_t kit_a = (int64_t)(a), kit_b = (int64_t)(b);                                               \
		if (kit_a != kit_b) {                                                                             \
			kit_fail(__FILE__, __LINE__, "%s is %ld, expected %ld", #a, (long)kit_a, (long)kit_b);    \
			return;                                                                                   \
		}                                                                                                 \
	} while (0)
/** The call fails with this errno: carry set, errno in rax, rdx untouched. */
#define CHECK_ERR(errno_, ...)                                                                                \
	do {                                                                                                  \
		enum { kit_asserted = KIT_ERROR };                                                            \
		if (!kit_failed_with(__FILE__, __LINE__, #__VA_ARGS__, (errno_), call(__VA_ARGS__)))          \
			return;                                                                               \
	} while (0)
/** The call succeeds: carry clear.  The value is not looked at. */
#define CHECK_OK(...)                                                                                         \
	do {                                                                                                  \
		enum { kit_asserted = KIT_VALUE };                                                            \
		struct ret kit_r = call(__VA_ARGS__);                                                         \
		if (kit_r.carry) {                                                                            \
			kit_fail(__FILE__, __LINE__, "%s: errno %ld", #__VA_ARGS__, (long)kit_r.val);         \
			return;                                                                               \
		}                                                                                             \
	} while (0)

/** For where no CHECK can return, as in a child: is it so?  Its result must reach a CHECK. */
__attribute__((warn_unused_result)) static inline bool
kit_holds(bool cond)
{
	return cond;
}
#define HOLDS(cond)                                \
	({                                         \
		enum { kit_asserted = KIT_VALUE }; \
		kit_holds(cond);                   \
	})
/** A call that does not come back, such as exit: what it did must reach a CHECK. */
#define ENDS(...)                                  \
	do {                                       \
		enum { kit_asserted = KIT_VALUE }; \
		call(__VA_ARGS__);                 \
		__builtin_trap();                  \
	} while (0)

/** The program's tests; ends with a NULL name. */
extern const struct test tests[];
extern int kit_argc;
extern char **kit_argv, **kit_envp;
/** Address of argc on the initial stack, and rsp as the kernel set it. */
extern uint64_t kit_start, kit_start_rsp;
/** At entry: rax rbx rcx rdx rsi rbp r8-r15, rflags, xmm0, xmm15. */
enum { KIT_REG_FLAGS = 14, KIT_REG_COUNT = 19 };
extern uint64_t kit_start_regs[KIT_REG_COUNT];
/** Auxiliary vector entry, or 0. */
uint64_t kit_aux(uint64_t type);
/** A directory for this run's files, made on first use in $TMPDIR, which the runner empties. */
const char *kit_dir(void);
