"""
The decoder and the disassembler agree with LLVM's on words of every line and on random words.
agree.py A64DIS DIFFERENCES WORDS_A_LINE RANDOM_WORDS [SEED]
A line of DIFFERENCES: our name or UNDEFINED | LLVM's text as a pattern, or - for none | why ours is right (Arm ARM section).
"""
import collections
import os
import re
import subprocess
import sys
import tempfile
import time

import alias
import llvm

A64DIS, DIFFERENCES, LINES, RANDOM = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
SEED = int(sys.argv[5]) if len(sys.argv) > 5 else int(time.time() * 1000) % (1 << 31)
CHUNK = 500000


def differences():
    found = collections.defaultdict(list)
    for text in open(DIFFERENCES, encoding="utf-8"):
        if text.strip() and not text.startswith("#"):
            name, pattern, reason = [x.strip() for x in text.split(" | ")]
            found[name].append((None if pattern == "-" else re.compile(pattern), reason))
    return found


KNOWN = differences()


def explained(name, theirs):
    for pattern, _ in KNOWN[name]:
        if pattern is None and theirs is None or pattern and theirs and pattern.match(theirs):
            return True
    return False


def wrong(ours, theirs):
    """What is wrong with a line of a64dis beside LLVM's text; None if nothing is."""
    word, name, text = ours.split(" ", 2)
    mine = None if name == "UNDEFINED" else text
    if theirs is not None:
        theirs = alias.canonical(theirs, text)
    if mine == theirs or explained(name, theirs):
        return None
    return f"{word} {name}: {mine!r}, LLVM says {theirs!r}"


def compare(folder):
    words = open(os.path.join(folder, "words"), "rb").read()
    ours = subprocess.run([A64DIS, "-f", os.path.join(folder, "words")], capture_output=True, text=True, check=True)
    theirs = llvm.disassemble(words, os.path.join(folder, "words.o"))
    bad = [b for b in map(wrong, ours.stdout.split("\n"), theirs) if b]
    return len(theirs), bad


def say(name, total, bad):
    print(f"{'not ok' if bad or not total else 'ok'} {name}" + (f": {len(bad)} of {total} words differ" if bad else ""))
    for b in bad[:40]:
        print("  " + b)
    return not bad and total > 0


def run(name, mode, count, folder):
    """Words of one kind, in chunks: every line's, neighbours of valid words, random ones."""
    total, bad = 0, []
    chunk = CHUNK if mode != "-g" else count
    for n in range(0, count, chunk):
        subprocess.run([A64DIS, mode, str(min(chunk, count - n)), str(SEED + n), os.path.join(folder, "words")], check=True)
        more, wrong_ones = compare(folder)
        total, bad = total + more, bad + wrong_ones
    return say(name, total, bad)


def main():
    if not llvm.tool():
        print(f"SKIP: no llvm-objdump of LLVM {llvm.NEEDED} or newer")
        return 77
    print(f"seed {SEED}, {llvm.tool()}")
    with tempfile.TemporaryDirectory() as folder:
        good = [run("words_of_every_line", "-g", LINES, folder), run("neighbours_of_valid_words", "-m", RANDOM, folder),
                run("random_words", "-r", RANDOM, folder)]
    return not all(good)


sys.exit(main())
