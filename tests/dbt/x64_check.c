/* Zydis as the judge: mnemonic, operands, masks, rounding, and that no shorter form was at hand. */
#include "tests/dbt/x64_case.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

static ZydisDecoder decoder;

static const char *
check_name(const struct x64_case *c, const ZydisDecodedInstruction *d)
{
	char name[32];

	x64_case_name(c, d->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX, name, sizeof(name));
	return strcmp(name, ZydisMnemonicGetString(d->mnemonic)) ? "mnemonic" : NULL;
}

static const char *
check_register(const struct x64_case *c, unsigned i, const ZydisDecodedOperand *o)
{
	ZydisRegisterClass class = ZydisRegisterGetClass(o->reg.value);
	int n = ZydisRegisterGetId(o->reg.value);
	unsigned width = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, o->reg.value);

	if (o->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return "not a register";
	if (c->o[i].kind == 'r') {
		if (class < ZYDIS_REGCLASS_GPR8 || class > ZYDIS_REGCLASS_GPR64)
			return "not a general register";
		if (width != x64_case_width(c, i))
			return "register width";
		/* Zydis counts ah, ch, dh, bh, which come with no REX, between bl and spl. */
		if (class == ZYDIS_REGCLASS_GPR8 && n >= 4)
			n = n < 8 ? -1 : n - 4;
	} else if (c->o[i].kind == 'v') {
		if (class < ZYDIS_REGCLASS_XMM || class > ZYDIS_REGCLASS_ZMM)
			return "not a vector";
	} else if (class != ZYDIS_REGCLASS_MASK) {
		return "not a mask";
	}
	return n == (int)c->o[i].n ? NULL : "register";
}

static ZydisRegister
gpr64(unsigned n)
{
	return n == X64_NO_REG ? ZYDIS_REGISTER_NONE : n == X64_RIP ? ZYDIS_REGISTER_RIP : ZYDIS_REGISTER_RAX + n;
}

static const char *
check_memory(const struct x64_buf *b, const struct x64_case *c, unsigned i, const ZydisDecodedOperand *o, const uint8_t *end)
{
	struct x64_mem m = c->o[i].m;
	unsigned width = x64_op_shape(c->op) <= X64_SHAPE_NM ? x64_case_width(c, i) : 0;
	int64_t disp = m.base == X64_RIP ? m.disp - (end - b->start) : m.disp;

	if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
		return "not memory";
	if (o->mem.base != gpr64(m.base) || o->mem.index != gpr64(m.index))
		return "base or index";
	if (m.index != X64_NO_REG && o->mem.scale != 1 << m.scale)
		return "scale";
	if ((o->mem.disp.has_displacement ? o->mem.disp.value : 0) != disp)
		return "displacement";
	return width && o->size != width ? "memory width" : NULL;
}

/* Immediates are equal as far as the operation's width sees them. */
static const char *
check_imm(const struct x64_case *c, unsigned i, const ZydisDecodedOperand *o)
{
	unsigned width = x64_op_shape(c->op) <= X64_SHAPE_RMI ? x64_case_width(c, 0) : 8;
	uint64_t mask = width == 64 ? ~0ull : (1ull << width) - 1;

	if (o->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return "not an immediate";
	return ((uint64_t)c->o[i].imm & mask) == (o->imm.value.u & mask) ? NULL : "immediate";
}

static const char *
check_operands(const struct x64_buf *b, const struct x64_case *c, const ZydisDecodedInstruction *d,
	       const ZydisDecodedOperand *o, const uint8_t *end)
{
	unsigned want = c->kinds[0] == '0' ? 0 : strlen(c->kinds), i = 0;
	const char *bad;

	for (unsigned k = 0; k < d->operand_count_visible; k++) {
		if (o[k].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN || o[k].encoding == ZYDIS_OPERAND_ENCODING_MASK)
			continue;
		if (i == want && x64_op_shape(c->op) == X64_SHAPE_SH && o[k].reg.value == ZYDIS_REGISTER_CL)
			continue;
		if (i == want && strstr(x64_forms[x64_op_id(c->op)].name, "_cl") && o[k].reg.value == ZYDIS_REGISTER_CL)
			continue;
		if (i == want && !strcmp(x64_forms[x64_op_id(c->op)].name, "sha256rnds2"))
			continue; /* xmm0 */
		if (i == want)
			return "more operands";
		if (c->kinds[i] == 'm')
			bad = check_memory(b, c, i, &o[k], end);
		else if (c->kinds[i] == 'i')
			bad = check_imm(c, i, &o[k]);
		else
			bad = check_register(c, i, &o[k]);
		if (bad)
			return bad;
		i++;
	}
	return i == want ? NULL : "fewer operands";
}

/* The unit of disp8, by the form's own word: a wrong one has already given a wrong displacement. */
static unsigned
disp_unit(const struct x64_case *c, const ZydisDecodedInstruction *d)
{
	if (d->encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX)
		return 0;
	if (d->avx.broadcast.mode != ZYDIS_BROADCAST_MODE_INVALID && !d->avx.broadcast.is_static)
		return c->op >> X64_BIT_BCAST & 3;
	return (c->op >> X64_BIT_D8 & 7) + (c->op >> X64_BIT_D8L & 1 ? c->op >> (X64_BIT_MOD + 1) & 3 : 0);
}

static const char *
check_length(const struct x64_case *c, const ZydisDecodedInstruction *d, const struct x64_mem *m)
{
	unsigned unit = disp_unit(c, d);
	int64_t disp = m ? (int64_t)m->disp >> unit : 0;
	bool small = m && disp == (int8_t)disp && disp * (1 << unit) == m->disp;
	bool byte = c->op & X64_8 || x64_op_shape(c->op) == X64_SHAPE_MB || x64_op_shape(c->op) == X64_SHAPE_RMB;

	if (m && m->base < 16 && d->raw.modrm.mod == 2 && small)
		return "disp32 for disp8";
	if (m && m->base < 16 && d->raw.modrm.mod == 1 && m->disp == 0 && (m->base & 7) != X64_RBP)
		return "a displacement of 0";
	if (m && m->base < 16 && m->index == X64_NO_REG && (m->base & 7) != X64_RSP && d->attributes & ZYDIS_ATTRIB_HAS_SIB)
		return "needless SIB";
	if (d->attributes & ZYDIS_ATTRIB_HAS_REX && !byte && !(d->raw.rex.W | d->raw.rex.R | d->raw.rex.X | d->raw.rex.B))
		return "needless REX";
	if (d->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX && d->raw.vex.size == 3 && d->raw.vex.m_mmmm == 1 &&
	    !d->raw.vex.W && d->raw.vex.X && d->raw.vex.B)
		return "long VEX for a short one";
	return NULL;
}

/* Prefixes, mask, rounding, broadcast, vector length. */
static const char *
check_modifiers(const struct x64_case *c, const ZydisDecodedInstruction *d)
{
	static const char rounding[] = { ZYDIS_ROUNDING_MODE_RN, ZYDIS_ROUNDING_MODE_RD, ZYDIS_ROUNDING_MODE_RU,
					 ZYDIS_ROUNDING_MODE_RZ };
	bool vector = x64_op_shape(c->op) > X64_SHAPE_NM, b = c->op >> X64_BIT_B & 1, mem = strchr(c->kinds, 'm');
	unsigned k = c->op >> X64_BIT_K & 7, len = c->op >> (X64_BIT_MOD + 1) & 3;
	bool er = c->op >> X64_BIT_ALLOW & X64_A_ER;

	if (!vector)
		return !(c->op & X64_LOCK) == !(d->attributes & ZYDIS_ATTRIB_HAS_LOCK) ? NULL : "lock";
	if (d->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY)
		return NULL;
	if (d->avx.vector_length != 128u << len && c->op >> X64_BIT_ALLOW & (X64_A_256 | X64_A_512) &&
	    x64_op_shape(c->op) != X64_SHAPE_KKK)
		return "vector length";
	if (d->encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX)
		return k || b || c->op & X64_Z ? "not EVEX" : NULL;
	if (d->avx.mask.reg != ZYDIS_REGISTER_K0 + k && (k || d->avx.mask.reg != ZYDIS_REGISTER_NONE))
		return "mask";
	if (!(c->op & X64_Z) != !d->raw.evex.z)
		return "zeroing";
	if ((d->avx.broadcast.mode != ZYDIS_BROADCAST_MODE_INVALID && !d->avx.broadcast.is_static) != (b && mem))
		return "broadcast";
	if (d->avx.has_sae != (b && !mem))
		return "sae";
	if (d->avx.rounding.mode != (b && !mem && er ? (ZydisRoundingMode)rounding[c->op >> X64_BIT_RC & 3] : ZYDIS_ROUNDING_MODE_INVALID))
		return "rounding";
	return NULL;
}

/* How the name of Zydis's instruction set begins, by the feature that our line claims. */
static const char *const feature_sets[X64_F_COUNT] = {
	[X64_F_BMI1] = "BMI1", [X64_F_BMI2] = "BMI2", [X64_F_LZCNT] = "LZCNT", [X64_F_POPCNT] = "POPCNT",
	[X64_F_MOVBE] = "MOVBE", [X64_F_CX16] = "CMPXCHG16B", [X64_F_CRC32] = "SSE42", [X64_F_RDRAND] = "RDRAND",
	[X64_F_RDSEED] = "RDSEED", [X64_F_PREFETCHW] = "PREFETCH_NOP", [X64_F_SHA] = "SHA", [X64_F_AVX] = "AVX",
	[X64_F_AVX2] = "AVX", /* that of 256 bits; 128 bits are AVX's */
	[X64_F_FMA] = "FMA", [X64_F_F16C] = "F16C", [X64_F_AES] = "AVXAES", [X64_F_PCLMUL] = "AVX", [X64_F_GFNI] = "AVX",
	[X64_F_VAES] = "AVX512_VAES", [X64_F_VPCLMUL] = "AVX512_VPCLMUL", [X64_F_AVX512F] = "AVX512F",
	[X64_F_AVX512BW] = "AVX512BW", [X64_F_AVX512DQ] = "AVX512DQ", [X64_F_AVX512CD] = "AVX512CD",
	[X64_F_VBMI] = "AVX512_VBMI_", [X64_F_VBMI2] = "AVX512_VBMI2", [X64_F_BITALG] = "AVX512_BITALG",
	[X64_F_VPOPCNTDQ] = "AVX512_VPOPCNTDQ", [X64_F_VNNI] = "AVX512_VNNI", [X64_F_IFMA] = "AVX512_IFMA",
	[X64_F_BF16] = "AVX512_BF16",
};

/* A host is given an instruction by its line's feature. */
static const char *
check_feature(const struct x64_case *c, const ZydisDecodedInstruction *d)
{
	const struct x64_form *f = &x64_forms[x64_op_id(c->op)];
	bool evex = d->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX;
	enum x64_feature feature = evex ? f->evex_feature : f->feature;
	const char *set = ZydisISASetGetString(d->meta.isa_set);

	if (feature == X64_F_BASE)
		return evex || !strncmp(set, "AVX", 3) ? "feature missing" : NULL;
	if (feature == X64_F_AVX && strcmp(set, "AVX"))
		return "feature is not AVX";
	if (feature == X64_F_AES || feature == X64_F_PCLMUL)
		set = d->avx.vector_length == 128 ? set : feature_sets[feature]; /* 256 bits: EVEX's feature without EVEX */
	return strncmp(set, feature_sets[feature], strlen(feature_sets[feature])) ? "feature" : NULL;
}

const char *
x64_case_check(const struct x64_buf *b, const struct x64_case *c, const uint8_t *code, unsigned n)
{
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction d;
	const struct x64_mem *m = NULL;
	const char *bad;

	if (!decoder.stack_width)
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, n, &d, o)))
		return "no instruction";
	if (d.length != n)
		return "length";
	for (unsigned i = 0; c->kinds[i]; i++)
		if (c->kinds[i] == 'm')
			m = &c->o[i].m;
	bad = check_name(c, &d);
	if (!bad)
		bad = check_operands(b, c, &d, o, code + n);
	if (!bad)
		bad = check_modifiers(c, &d);
	if (!bad)
		bad = check_feature(c, &d);
	return bad ? bad : check_length(c, &d, m);
}
