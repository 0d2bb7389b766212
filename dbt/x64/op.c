/* The forms' names and features, for messages, dumps and the choice of what a host may be given. */
#include "dbt/x64/op.h"

const struct x64_form x64_forms[X64_FORMS] = {
#define INSN(name, ename, shape, map, pp, opcode, digit, w, enc, allow, d8, feature, efeature) \
	{ X64_##name, #name, #ename, X64_F_##feature, X64_F_##efeature },
#include "dbt/x64/insn.def"
#undef INSN
};
