"""Hand-written files of at most 500 lines, functions of at most 60.  sizes.py SOURCE_ROOT"""
import os
import re
import sys

root = sys.argv[1]
FILE, FUNCTION = 500, 60
START = re.compile(r"^\w[\w ]*\(.*$")
bad = []
found = 0
for folder in ("abi", "loader", "dbt", "tests", "sample-bins", "syscall-maps"):
    for here, _, names in os.walk(os.path.join(root, folder)):
        for name in sorted(names):
            if not name.endswith((".c", ".h", ".S", ".py")):
                continue
            found += 1
            path = os.path.relpath(os.path.join(here, name), root)
            lines = open(os.path.join(here, name), encoding="utf-8").read().split("\n")
            if len(lines) - 1 > FILE:
                bad.append(f"{path}: {len(lines) - 1} lines, {FILE} allowed")
            if not name.endswith(".c"):
                continue
            begin = None
            for i, line in enumerate(lines):
                if line == "{":
                    begin = i
                elif line == "}" and begin is not None:
                    if i - begin - 1 > FUNCTION:
                        bad.append(f"{path}:{begin + 1}: a function of {i - begin - 1} lines, {FUNCTION} allowed")
                    begin = None
if not found:
    bad.append(f"{root}: no file found, so nothing was checked")
print("\n".join(bad))
sys.exit(bool(bad))
