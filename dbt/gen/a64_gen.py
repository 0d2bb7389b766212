"""
The decoder of A64, the facts of each line, and what the disassembler prints, from the *.decode files.
a64_gen.py a64.decode a64-decode.h a64-decode.c a64-text.c [DEPENDENCIES]
"""
import os
import sys

from a64_model import CLASSES, NZCV, Spec
from a64_tree import Tree
import specfile


def head(spec):
    return f"/* Made by dbt/gen/a64_gen.py from {os.path.basename(spec.files[0])}.  Do not edit. */\n"


def header(spec):
    out = [head(spec), "#pragma once\n\n#include <stdint.h>\n\nenum a64_op {\n\tA64_UNDEFINED,"]
    out += [f"\tA64_{i.name}, /* {i.line.where} */" for i in spec.insns]
    out += ["\tA64_OPS\n};\n", "/* Every line: X(NAME). */\n#define A64_EACH(X) \\", *[f"\tX({i.name}) \\" for i in spec.insns], ""]
    out += ["enum a64_class {", *[f"\tA64_CLASS_{c.upper()}," for c in CLASSES], "};\n"]
    out += ["enum a64_feature {", *[f"\tA64_FEAT_{f}," for f in spec.features], "\tA64_FEATS\n};\n"]
    for f in spec.fields.values():
        expr = f"(w >> {f.lo}) & {(1 << f.width) - 1:#x}" if f.lo else f"w & {(1 << f.width) - 1:#x}"
        out.append(f"/* {f.line.where} */\nstatic inline uint32_t\na64_{f.name}(uint32_t w)\n{{\n\treturn {expr};\n}}\n")
    out.append("struct a64_text;\n")
    for op in spec.operands.values():
        args = ", uint32_t f" if op.takes else ""
        out.append(f"void a64_show_{op.name}(struct a64_text *t, uint32_t w{args});")
    return "\n".join(out) + "\n"


def checks(tree):
    """Conditions that words must be asked for, each once: text in C -> number from 1."""
    found = {}
    for i, check in filter(None, tree.lists):
        if check:
            found.setdefault(i.undef.c, (len(found) + 1, i))
    return found


def decoder(spec):
    tree = Tree(spec.insns)
    tests = checks(tree)
    out = [head(spec), f"#include \"dbt/a64/a64.h\"\n\n/* At most {tree.longest} lines are tried for a word. */"]
    out.append("struct try {\n\tuint32_t mask, bits;\n\tuint16_t op, check;\n};\n")
    out.append("static const struct try tries[] = {")
    for entry in tree.lists:
        if entry is None:
            out.append("\t{0, 0, A64_UNDEFINED, 0},")
        else:
            i, check = entry
            n = tests[i.undef.c][0] if check else 0
            out.append(f"\t{{{i.mask:#010x}, {i.bits:#010x}, A64_{i.name}, {n}}}, /* {i.line.where} */")
    out.append("};\n\nstatic const struct {\n\tuint16_t shift, mask;\n\tuint32_t base;\n} nodes[] = {")
    out += [f"\t{{{s}, {m:#x}, {b}}}," for s, m, b in tree.nodes]
    out.append("};\n\nstatic const uint16_t cells[] = {")
    out += ["\t" + " ".join(f"{c}," for c in tree.cells[n:n + 16]) for n in range(0, len(tree.cells), 16)]
    out.append("};\n")
    for c, (n, i) in tests.items():
        out.append(f"/* {i.line.where} */\nstatic int\nundef_{n}(uint32_t w)\n{{\n\treturn {c};\n}}\n")
    out.append("static int\nrefused(unsigned check, uint32_t w)\n{\n\tswitch (check) {")
    out += [f"\tcase {n}:\n\t\treturn undef_{n}(w);" for _, (n, _) in tests.items()]
    out.append("\tdefault:\n\t\treturn 0;\n\t}\n}\n")
    out.append("""enum a64_op
a64_decode(uint32_t w)
{
	unsigned c = cells[w >> 21];

	while (c & 0x8000) {
		unsigned n = c & 0x7fff;

		c = cells[nodes[n].base + ((w >> nodes[n].shift) & nodes[n].mask)];
	}
	for (const struct try *t = &tries[c]; t->op != A64_UNDEFINED; t++)
		if ((w & t->mask) == t->bits && (t->check == 0 || !refused(t->check, w)))
			return t->op;
	return A64_UNDEFINED;
}
""")
    out.append('const struct a64_info a64_info[A64_OPS] = {\n\t[A64_UNDEFINED] = {"UNDEFINED", 0, 0, 0, A64_CLASS_TRAP, 0},')
    for i in spec.insns:
        out.append(f'\t[A64_{i.name}] = {{"{i.name}", {i.mask:#010x}, {i.bits:#010x}, {NZCV[i.nzcv]}, '
                   f"A64_CLASS_{i.cls.upper()}, A64_FEAT_{i.feature}}}, /* {i.line.where} */")
    out.append("};\n\nconst char *const a64_feature_name[A64_FEATS] = {")
    out += [f'\t"{f}",' for f in spec.features]
    return "\n".join(out) + "\n};\n"


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def item(i):
    if isinstance(i, str):
        return f"{{{c_string(i)}, NULL, NULL, 0, 0}}"
    op, f = i
    if f is None:
        return f"{{NULL, a64_show_{op.name}, NULL, 0, 0}}"
    return f"{{NULL, NULL, a64_show_{op.name}, {f.lo}, {(1 << f.width) - 1:#x}}}"


def text(spec):
    out = [head(spec), '#include <stddef.h>\n\n#include "dbt/a64/show.h"\n\nconst struct a64_item a64_items[] = {\n\t{0},']
    first, at = [], 1
    for i in spec.insns:
        first.append((i, at))
        at += len(i.items) + 1
        out += [f"\t{item(x)}," for x in i.items] + [f"\t{{0}}, /* {i.line.where} {i.name} */"]
    out.append("};\n\nconst uint16_t a64_first_item[A64_OPS] = {")
    out += [f"\t[A64_{i.name}] = {at}," for i, at in first]
    return "\n".join(out) + "\n};\n"


def main():
    spec = Spec(sys.argv[1])
    for path, make in zip(sys.argv[2:5], (header, decoder, text)):
        with open(path, "w", encoding="utf-8") as f:
            f.write(make(spec))


specfile.run(main)
