/*
 * Numbers that differ between guest and host: flag sets, enumerations, errno, signals.  All by table, made from
 * syscall-maps/ by setgen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** One name.  Bits of a flag set, or one value of a field or enumeration. */
struct set_item {
	const char *name;
	uint64_t guest;      /* value in the guest's numbers */
	uint64_t mask;       /* bits that guest occupies; equals guest for single bits */
	uint64_t host;
	uint8_t have_host;   /* 0: the host has nothing like it */
};

struct set {
	const char *name;
	bool is_enum;            /* one value at a time rather than a union of bits */
	const struct set_item *item;
	uint32_t n;
};

/**
 * Guest flags to host flags.
 * Returns false, and leaves *ret_host alone, when a bit (or the value) is unknown or has no host counterpart.
 */
bool set_to_host(const struct set *s, uint64_t guest, uint64_t *ret_host);
/** Host flags to guest flags; bits without a guest name are left out and returned in *ret_rest (may be NULL). */
uint64_t set_to_guest(const struct set *s, uint64_t host, uint64_t *ret_rest);
/** Enumeration: host value to guest, or @otherwise. */
uint64_t set_value_to_guest(const struct set *s, uint64_t host, uint64_t otherwise);
/** Write "A|B|0x40" (guest names) into buf, always terminated.  Returns what snprintf would. */
int set_print(const struct set *s, uint64_t guest, char *buf, uint32_t size);

/** errno table of one guest: index host errno, value guest errno; 0 where the guest has none (then EIO's). */
struct errno_map {
	const uint16_t *to_guest; /* host errno -> guest errno */
	uint32_t n;
	const uint16_t *to_host;  /* guest errno -> host errno, 0 none */
	uint32_t n_guest;
	const char *const *name;  /* by guest errno: "ENOENT" */
	const char *const *text;  /* by guest errno: "No such file or directory" */
};

/** Signal numbers of one guest. */
struct signal_map {
	const uint8_t *to_guest;  /* 65 entries: host signo -> guest signo, 0 none */
	const uint8_t *to_host;   /* n entries: guest signo -> host signo, 0 none (guest-only signals) */
	uint32_t n;               /* highest guest signo + 1 */
	const char *const *name;  /* by guest signo */
};
