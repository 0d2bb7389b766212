"""
Every implemented call has a guest test that looks at a value of it and at an error of it, or a line in untested.list that
says which of them cannot be looked at, and why.  coverage.py MAP LIST PROGRAM...
--table first: print what each call has, judge nothing.  --shrink first: take what is tested now out of the list.

The evidence is what the compiler put into the guest programs: the kit's macros leave number and kind of every call site
(kit.h, KIT_NOTE), so what was removed as unreachable or stands in a comment does not count.
"""
import os
import struct
import sys

KINDS = ("same", "fast", "both", "call", "part")
PLAIN, VALUE, ERROR = range(3)
SECTION = b".kit.calls\0"
MISSING = {"value": {VALUE}, "error": {ERROR}, "both": {VALUE, ERROR}}


def implemented(path):
    """{number: name} of the map's calls that do something."""
    calls = {}
    for line in open(path, encoding="utf-8"):
        words = line.split("(")[0].split()
        if len(words) == 4 and words[0].isdigit() and words[2].split("=")[0] in KINDS:
            calls[int(words[0])] = words[3]
    return calls


def sites(path):
    """(number, kind) of every call site in the program @path."""
    data = open(path, "rb").read()
    (shoff,) = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    heads = [struct.unpack_from("<IIQQQQ", data, shoff + i * size) for i in range(count)]
    for name, _, _, _, offset, length in heads:
        if data.startswith(SECTION, heads[names][4] + name):
            return list(struct.iter_unpack("<iI", data[offset:offset + length]))
    return []


def listed(path):
    """{name: what it lacks}, and complaints about the list itself."""
    rows, bad = {}, []
    for n, line in enumerate(open(path, encoding="utf-8"), 1):
        text, _, why = line.partition("--")
        words = text.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[1] not in MISSING or words[0] in rows or not why.strip():
            bad.append(f"{path}:{n}: not of the form: NAME value|error|both -- why; or named twice")
        else:
            rows[words[0]] = MISSING[words[1]]
    return rows, bad


def word(kinds):
    return next(w for w, k in MISSING.items() if k == kinds)


def judge(calls, seen, rows):
    bad = []
    for nr, name in sorted(calls.items()):
        lacks = {VALUE, ERROR} - seen.get(nr, set())
        allowed = rows.pop(name, set())
        if lacks - allowed:
            bad.append(f"{nr} {name}: no guest test asserts {word(lacks - allowed)}")
        elif allowed - lacks:
            bad.append(f"{nr} {name}: is tested now ({word(allowed - lacks)}): correct its line in untested.list")
    return bad + [f"{name}: in untested.list, but no implemented call" for name in rows]


def shrink(path, calls, seen):
    """Rewrite the list @path without what is tested."""
    numbers = {name: nr for nr, name in calls.items()}
    lines = open(path, encoding="utf-8").readlines()
    with open(path, "w", encoding="utf-8") as f:
        for line in lines:
            words = line.split()
            if len(words) > 1 and words[0] in numbers and words[1] in MISSING:
                left = MISSING[words[1]] - seen.get(numbers[words[0]], set())
                line = line.replace(" " + words[1], " " + word(left), 1) if left else ""
            f.write(line)


def main(args):
    option = args[0] if args[0].startswith("--") else ""
    table = option == "--table"
    path, known, *programs = args[bool(option):]
    calls, seen = implemented(path), {}
    for program in programs:
        found = sites(program)
        if not found:
            print(f"{program}: no call sites, so nothing was checked")
            return 1
        for nr, kind in found:
            seen.setdefault(nr, set()).add(kind)
            if table and kind != PLAIN:
                print(f"{calls.get(nr, nr)} {('', 'value', 'error')[kind]} {os.path.basename(program)}")
    if not calls:
        print(f"{path}: no call found, so nothing was checked")
        return 1
    if option == "--shrink":
        shrink(known, calls, seen)
    rows, bad = listed(known)
    bad += judge(calls, seen, rows)
    if not table:
        print("\n".join(bad) if bad else f"{len(calls)} calls are tested or listed")
    return bool(bad) and not table


sys.exit(main(sys.argv[1:]))
