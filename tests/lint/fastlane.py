"""
Code of the fast lane calls no libc and touches no vector, mask or x87 register and no TLS.

fastlane.py FAST_ARCHIVE... [--full ARCHIVE...] [--also FUNCTION...]

An undefined symbol of the fast archives must be defined in one of them, or in the full archives by assembly of ours (an
object of a .S file) or as data.  Other code of the full archives may be called only where ENDS names it.  --also: functions
of the full archives that fast code reaches through a pointer; they are held to the same rules and may call nothing.
"""
import argparse
import re
import subprocess
import sys

ENDS = {"native_bug"}  # reports a bug of ours and does not return
LINKER = re.compile(r"^(_GLOBAL_OFFSET_TABLE_|__start_\w+|__stop_\w+)$")
FORBIDDEN = re.compile(r"%[xyz]?mm\d|%k[0-7]\b|%st\b|%fs\b|:\s+(f\w+|emms|xsave\w*|xrstor\w*)(\s|$)")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(archive):
    """(object, type, name) of each global symbol."""
    member = archive
    for line in run("nm", "-g", archive).splitlines():
        words = line.split()
        if line.endswith(":"):
            member = line[:-1]
        elif len(words) in (2, 3):
            yield member, words[-2], words[-1]


def instructions(archive):
    """(function, text) of each instruction and relocation."""
    function = "?"
    for line in run("objdump", "-dr", "--no-show-raw-insn", archive).splitlines():
        begin = re.match(r"^[0-9a-f]+ <(.+)>:$", line)
        if begin:
            function = begin[1]
        elif re.match(r"^\s+[0-9a-f]+:\s", line):
            yield function, line.strip()


def check_symbols(fast, full):
    defined, undefined, provided = set(), {}, {}
    for archive in fast:
        for member, kind, name in symbols(archive):
            if kind in "Uw":
                undefined.setdefault(name, member)
            else:
                defined.add(name)
    for archive in full:
        for member, kind, name in symbols(archive):
            if kind not in "Uw":
                provided[name] = "asm" if re.search(r"\.S\.o\W*$", member) else "code" if kind in "TW" else "data"
    for name, member in sorted(undefined.items()):
        if name in defined or name in ENDS or LINKER.match(name):
            continue
        how = provided.get(name, "nothing of ours")
        if how not in ("asm", "data"):
            yield f"{member}: refers to {name}, which is {'code of the full lane' if how == 'code' else how}"


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("fast", nargs="+")
    ap.add_argument("--full", nargs="+", default=[])
    ap.add_argument("--also", nargs="+", default=[])
    a = ap.parse_args()
    bad = list(check_symbols(a.fast, a.full))
    seen = set()
    for archive in a.fast:
        for function, text in instructions(archive):
            seen.add(archive)
            if FORBIDDEN.search(text):
                bad.append(f"{archive}: {function}: {text}")
    for archive in a.full:
        for function, text in instructions(archive):
            if function in a.also:
                seen.add(function)
                if FORBIDDEN.search(text) or re.search(r"\bcall\b|R_X86_64_PLT32", text):
                    bad.append(f"{archive}: {function}: {text}")
    for name in (a.fast + a.also):
        if name not in seen:
            bad.append(f"{name}: no code found, so nothing was checked")
    print("\n".join(bad))
    return bool(bad)


sys.exit(main())
