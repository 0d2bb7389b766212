"""Guest structures for the tracer -> C.  Usage: structgen.py PREFIX STRUCTS HEADER SOURCE SETS_HEADER"""
import re
import sys

import specfile

KIND = re.compile(r"([a-z]+)(\d*)(?::(\w+))?(?:\[(\w+)\])?$")
# word -> (field kind, size in bytes or None: from the bits in the word)
KINDS = {"s": ("F_INT", None), "u": ("F_UINT", None), "x": ("F_HEX", None), "o": ("F_OCTAL", None), "be": ("F_BE", None),
         "set": ("F_SET", None), "str": ("F_STR", None), "mode": ("F_MODE", 2), "ptr": ("F_PTR", 8), "fd": ("F_FD", 4),
         "sig": ("F_SIG", 4), "code": ("F_CODE", 4), "limit": ("F_LIMIT", 8), "sigset": ("F_SIGSET", 16), "status": ("F_STATUS", 4),
         "in": ("F_IN4", 4), "insix": ("F_IN6", 16), "struct": ("F_STRUCT", 0), "ref": ("F_REF", 8), "buf": ("F_BUF", 8)}
FORMS = {"strings": "STRUCT_STRINGS", "count": "STRUCT_STRINGS_COUNT"}


class Struct:
    def __init__(self, line, name, size):
        self.line, self.name, self.size = line, name, size
        self.form, self.more, self.sparse, self.least = "STRUCT_FIELDS", 0, 0, 0
        self.fields, self.variants = [], []

    def add(self, line, words):
        if words == ["more"]:
            self.more = 1
        elif words == ["sparse"]:
            self.sparse = 1
        elif len(words) == 1 and words[0] in FORMS:
            self.form = FORMS[words[0]]
        elif words[0] == "bytes" and len(words) == 2:
            self.least = int(words[1])
        elif words[0] == "when" and len(words) == 3:
            self.variants.append((int(words[1]), words[2]))
        elif len(words) == 3 and words[0].isdigit():
            self.field(line, int(words[0]), words[1], words[2])
        else:
            line.fail("not of the form: OFFSET KIND NAME")

    def field(self, line, off, kind, name):
        m = KIND.match(kind)
        if not m or m[1] not in KINDS:
            line.fail(f"{name}: unknown kind {kind!r}")
        c, size = KINDS[m[1]]
        if size is None:
            if not m[2]:
                line.fail(f"{name}: {m[1]} needs a size")
            size = int(m[2]) if m[1] == "str" else int(m[2]) // 8
        if self.size and off + size > self.size:
            line.fail(f"{name}: ends beyond the {self.size} bytes of {self.name}")
        if name == "-":
            self.form = "STRUCT_VALUE"
        self.fields.append((line, name, off, size, c, m[3], m[4]))


def read(path):
    structs = []
    for line in specfile.read(path):
        words = line.text.split()
        if words[0] == "struct" and len(words) == 3 and words[2].isdigit():
            if any(s.name == words[1] for s in structs):
                line.fail(f"struct {words[1]} twice")
            structs.append(Struct(line, words[1], int(words[2])))
        elif structs:
            structs[-1].add(line, words)
        else:
            line.fail("a line before the first struct")
    return structs


def text(value):
    return f'"{value}"' if value else "0"


def source(p, s, names):
    out, fields = [], [f[1] for f in s.fields]
    for _, t in s.variants:
        if t not in names:
            s.line.fail(f"{s.name}: no struct {t}")
    for line, name, off, size, kind, arg, length in s.fields:
        if length and length not in fields:
            line.fail(f"{name}: length {length!r} names no field")
        if kind in ("F_STRUCT", "F_REF") and arg not in names:
            line.fail(f"{name}: no struct {arg!r}")
        of_set = kind == "F_SET"
        out.append("{" + ", ".join([text(None if name == "-" else name), str(off), str(size), kind,
                                    str(fields.index(length) if length else -1), text(None if of_set else arg),
                                    f"&{p}_{arg}_set" if of_set else "0"]) + "}")
    code = [f"/* {s.line.where} */"]
    if out:
        code.append(f"static const struct sys_field {s.name}_fields[] = {{\n\t" + ",\n\t".join(out) + ",\n};")
    if s.variants:
        rows = ", ".join(f'{{{v}, "{t}"}}' for v, t in s.variants)
        code.append(f"static const struct sys_variant {s.name}_variants[] = {{{rows}}};")
    return "\n".join(code) + "\n"


def row(s):
    return (f'\t{{"{s.name}", {s.size}, {s.form}, {s.more}, {s.sparse}, {s.least}, '
            f'{s.name + "_fields" if s.fields else 0}, {len(s.fields)}, '
            f'{s.name + "_variants" if s.variants else 0}, {len(s.variants)}}},\n')


def main():
    p, path, header, target, sets = sys.argv[1:6]
    structs = read(path)
    names = [s.name for s in structs]
    made = f"/* Made by structgen.py from {path.rsplit('/', 1)[-1]}.  Do not edit. */\n"
    with open(header, "w", encoding="utf-8") as f:
        f.write(made + '#pragma once\n\n#include "abi/core/structs.h"\n\n' + f"extern const struct sys_types {p}_types;\n")
    with open(target, "w", encoding="utf-8") as f:
        f.write(made + f'#include "{header.rsplit("/", 1)[-1]}"\n#include "{sets.rsplit("/", 1)[-1]}"\n\n')
        f.write("\n".join(source(p, s, names) for s in structs))
        f.write(f"\nstatic const struct sys_struct structs[] = {{\n{''.join(row(s) for s in structs)}}};\n\n")
        f.write(f"const struct sys_types {p}_types = {{structs, {len(structs)}, {p}_sets, {p.upper()}_NSETS}};\n")


specfile.run(main)
