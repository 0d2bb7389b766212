"""The table of translator functions: each line of a64.decode with the a64_tr_*() that serves it.

a64_tr.py A64_DECODE_H OUT.c SOURCE.c...   A function a64_tr_NAME() serves the line NAME, and A64_TR_ALSO(NAME, "pattern")
lets it serve every line whose whole name matches.
"""
import re
import sys

header, out = sys.argv[1], sys.argv[2]
names = re.findall(r"^\tA64_(\w+), /\*", open(header, encoding="utf-8").read(), re.M)
if not names:
    sys.exit(f"{header}: no lines")
serves, home = {}, {}


def take(name, function, where):
    if name in serves:
        sys.exit(f"{where}: {name} is served twice, by a64_tr_{serves[name]} ({home[name]}) and a64_tr_{function}")
    serves[name], home[name] = function, where


for path in sys.argv[3:]:
    text = open(path, encoding="utf-8").read()
    for name in re.findall(r"^a64_tr_(\w+)\(", text, re.M):
        if name not in names:
            sys.exit(f"{path}: a64_tr_{name} serves no line of a64.decode")
        take(name, name, path)
    for function, pattern in re.findall(r'^A64_TR_ALSO\((\w+),\s*"([^"]+)"\);', text, re.M):
        hits = [n for n in names if re.fullmatch(pattern, n) and n != function]
        if not hits:
            sys.exit(f"{path}: A64_TR_ALSO({function}): no line matches {pattern}")
        for name in hits:
            take(name, function, path)
with open(out, "w", encoding="utf-8") as f:
    f.write("/* Made by dbt/gen/a64_tr.py from the translator functions.  Do not edit. */\n\n#include \"dbt/a64/tr.h\"\n\n")
    f.write("a64_tr_fn *const a64_tr[A64_OPS] = {\n")
    for name in names:
        if name in serves:
            f.write(f"\t[A64_{name}] = a64_tr_{serves[name]},\n")
    f.write("};\n")
