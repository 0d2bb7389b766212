/*
 * How a call site can be patched: reads guest code with Zydis, changes nothing.
 *
 * Boundaries are trusted when decoding forwards from the start of the function arrives at the site: the start is an
 * aligned address after padding or a return.  Without one, all decodings that begin in the preceding bytes and arrive
 * at the site must agree, and the instruction must have loaded the very number that was called.
 */
#include <Zydis/Zydis.h>
#include <string.h>

#include "abi/core/gm.h"
#include "loader/patch_impl.h"

#define LOOK_BACK  2048u
#define LOOK_AHEAD 2048u
#define SYNC_BYTES 40u

struct code {
	const uint8_t *bytes; /* of [lo, hi) */
	uint64_t lo, hi;
	ZydisDecoder dec;
};

static bool
decode(const struct code *c, uint64_t at, ZydisDecodedInstruction *ret)
{
	return at >= c->lo && at < c->hi &&
	       ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&c->dec, NULL, c->bytes + (at - c->lo), c->hi - at, ret));
}

static uint8_t
byte_at(const struct code *c, uint64_t at)
{
	return c->bytes[at - c->lo];
}

/* Decode forwards from `from`; true when an instruction begins exactly at `to`, the one before it in *ret_last. */
static bool
reaches(const struct code *c, uint64_t from, uint64_t to, uint64_t *ret_last)
{
	ZydisDecodedInstruction in;
	uint64_t last = 0;

	while (from < to) {
		if (!decode(c, from, &in))
			return false;
		last = from;
		from += in.length;
	}
	*ret_last = last;
	return from == to && last != 0;
}

/* Where functions begin: aligned, after int3, a return, or a padding nop. */
static bool
looks_like_start(const struct code *c, uint64_t at)
{
	uint8_t before;

	if (at & 15 || at <= c->lo + 1)
		return false;
	before = byte_at(c, at - 1);
	return before == 0xcc || before == 0xc3 || (before == 0x90 && byte_at(c, at - 2) == 0x90) ||
	       (before == 0 && (byte_at(c, at - 2) == 0 || byte_at(c, at - 2) == 0x44));
}

static bool
function_start(const struct code *c, uint64_t site, uint64_t *ret_start, uint64_t *ret_last)
{
	uint64_t low = site - c->lo > LOOK_BACK ? site - LOOK_BACK : c->lo;

	for (uint64_t at = site & ~15ull; at > low; at -= 16) {
		if (looks_like_start(c, at) && at < site && reaches(c, at, site, ret_last)) {
			*ret_start = at;
			return true;
		}
	}
	return false;
}

/* No start in sight: do all decodings that arrive agree on the instruction before? */
static bool
agreed_last(const struct code *c, uint64_t site, uint64_t *ret_last)
{
	uint64_t low = site - c->lo > SYNC_BYTES ? site - SYNC_BYTES : c->lo, agreed = 0, last;
	unsigned arrived = 0;

	for (uint64_t at = low; at + PATCH_MAX_INSN < site; at++) {
		if (!reaches(c, at, site, &last))
			continue;
		if (agreed && last != agreed)
			return false;
		agreed = last;
		arrived++;
	}
	*ret_last = agreed;
	return arrived >= 8;
}

/* Does a direct branch of the neighbourhood lead strictly inside [lo, hi)? */
static bool
branched_into(const struct code *c, uint64_t from, uint64_t site, uint64_t lo, uint64_t hi)
{
	uint64_t end = c->hi - site > LOOK_AHEAD ? site + LOOK_AHEAD : c->hi;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];

	for (uint64_t at = from; at < end;) {
		uint64_t target;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&c->dec, c->bytes + (at - c->lo), c->hi - at, &in, op))) {
			at++;
			continue;
		}
		if (in.raw.imm[0].is_relative && in.operand_count_visible > 0 &&
		    ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&in, &op[0], at, &target)) && target > lo && target < hi)
			return true;
		at += in.length;
	}
	return false;
}

static bool
movable(const ZydisDecodedInstruction *in)
{
	if (in->raw.imm[0].is_relative || in->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE)
		return false;
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_SYSCALL:
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_INT:
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_RET:
	case ZYDIS_MNEMONIC_CALL:
		return false;
	default:
		return true;
	}
}

/*
 * Five bytes of int3 before an aligned start, where the call does not return to.  Not of nop: who stands there when they come
 * back would run on.
 */
static bool
find_padding(const struct code *c, uint64_t site, uint64_t *ret_pad)
{
	for (uint64_t at = site + 2; at + 5 <= site + 2 + 127 && at + 6 < c->hi; at++) {
		unsigned n = 0;

		while (at + n < c->hi && byte_at(c, at + n) == 0xcc)
			n++;
		if (n >= 5 && at != site + 2 && ((at + n) & 15) == 0) {
			*ret_pad = at;
			return true;
		}
		at += n ? n - 1 : 0;
	}
	return false;
}

static void
take_insn(const struct code *c, uint64_t at, const ZydisDecodedInstruction *in, struct patch_plan *ret)
{
	ret->at = at;
	ret->insn_len = in->length;
	memcpy(ret->insn, c->bytes + (at - c->lo), in->length);
	ret->disp_at = -1;
	if (in->attributes & ZYDIS_ATTRIB_IS_RELATIVE && in->raw.disp.size == 32)
		ret->disp_at = (int8_t)in->raw.disp.offset;
}

static bool
plan_before(const struct code *c, uint64_t site, uint64_t last, uint64_t from, struct patch_plan *ret)
{
	ZydisDecodedInstruction in;

	if (!decode(c, last, &in) || !movable(&in))
		return false;
	if (branched_into(c, from, site, last, last + in.length))
		return false;
	take_insn(c, last, &in, ret);
	if (in.length >= 5) {
		ret->shape = SHAPE_P1;
		ret->at_len = 5;
	} else if (in.length == 3 || in.length == 4) {
		ret->shape = in.length == 3 ? SHAPE_P2 : SHAPE_P2_4;
		ret->at_len = 5;
	} else {
		return false;
	}
	return true;
}

bool
patch_plan(uint64_t site, uint64_t lo, uint64_t hi, uint32_t nr, struct patch_plan *ret, const char **ret_why)
{
	struct code c = {.bytes = (const uint8_t *)lo, .lo = lo, .hi = hi};
	uint64_t start, last, imm;

	memset(ret, 0, sizeof(*ret));
	ZydisDecoderInit(&c.dec, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	*ret_why = "not a syscall instruction";
	if (site < lo + 5 || site + 2 > hi || byte_at(&c, site) != 0x0f || byte_at(&c, site + 1) != 0x05)
		return false;
	*ret_why = "instruction boundaries are uncertain";
	if (!function_start(&c, site, &start, &last)) {
		if (!agreed_last(&c, site, &last))
			return false;
		/* Without a function's start the number itself is asked for as a witness. */
		memcpy(&imm, c.bytes + (site - 4 - lo), 4);
		if (last != site - 5 || byte_at(&c, last) != 0xb8 || (uint32_t)imm != nr)
			return false;
		start = last;
	}
	if (plan_before(&c, site, last, start, ret))
		return true;
	*ret_why = "no room for a jump";
	memset(ret, 0, sizeof(*ret)); /* nothing is displaced */
	ret->shape = SHAPE_P3;
	ret->at_len = 2;
	return find_padding(&c, site, &ret->at);
}
