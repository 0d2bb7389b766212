"""Who may include whom (design style.md 5.3): every #include of ours against the table.  layers.py SOURCE_ROOT"""
import os
import re
import sys

root = sys.argv[1]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# folder -> prefixes that its files may include
ALLOWED = {
    "abi/core": ("abi/core/",),
    "abi/freebsd": ("abi/core/", "abi/freebsd/", "abi/abi.h", "freebsd-"),
    "abi": ("abi/abi.h", "abi/core/"),
    "loader": ("loader/", "abi/core/", "abi/abi.h", "dbt/dbt.h", "dbt/a64/a64.h"),
    "abi/linux": ("abi/core/", "abi/linux/", "abi/abi.h", "linux-", "dbt/a64/cpu_id.h"),
    "dbt": ("dbt/", "abi/core/gm.h", "abi/core/cpu_", "abi/core/diag.h"),
    "dbt/x64": ("dbt/x64/", "dbt/ir.h", "dbt/ir.def", "dbt/state.h", "abi/core/diag.h"),
    "dbt/fp": ("dbt/fp/", "abi/core/cpu_a64.h"),
    "dbt/a64": ("dbt/a64/", "dbt/ir.h", "a64-", "abi/core/cpu_a64.h"),
    "dbt/gen": (),
}
# The dispatcher and the path rules of the bottom layer see the personality's door, not a personality.
EXTRA = {f"abi/core/{name}": ("abi/abi.h",) for name in ("sysent.c", "sig.c", "sigpost.c")}
LIBRARIES = {"libelf.h": "loader/elf", "gelf.h": "loader/elf", "libunwind.h": "loader/crash", "Zydis/Zydis.h": "loader/patch"}
bad = []
# A folder of ours without a rule would be a hole.
for top in ("abi", "dbt"):
    here = os.path.join(root, top)
    for name in sorted(os.listdir(here)) if os.path.isdir(here) else []:
        if os.path.isdir(os.path.join(here, name)) and f"{top}/{name}" not in ALLOWED:
            bad.append(f"{top}/{name}: no rule for this folder")
for folder, prefixes in ALLOWED.items():
    if not os.path.isdir(os.path.join(root, folder)):
        continue  # git keeps no empty folder
    for name in sorted(os.listdir(os.path.join(root, folder))):
        if not name.endswith((".c", ".h", ".S", ".def")):
            continue
        path = f"{folder}/{name}"
        text = open(os.path.join(root, path), encoding="utf-8").read()
        for include in INCLUDE.findall(text):
            if not include.startswith(prefixes + EXTRA.get(path, ())):
                bad.append(f"{path} may not include {include}")
        for library, owner in LIBRARIES.items():
            if f"<{library}>" in text and not path.startswith(owner):
                bad.append(f"{path} may not use {library}")
print("\n".join(bad))
sys.exit(bool(bad))
