"""
The second oracle: a sample of every form, printed from the operands alone, is assembled by GNU as; the bytes must be ours.
Where as prefers another encoding of the same instruction, objdump must read both alike.  as.py X64_DUMP [SEED]
"""
import os
import random
import re
import subprocess
import sys
import tempfile

# as has opcodes of its own for these: xchg with rax, vmovq of memory, vpextrw to a register, stores from register to register.
LONGER = ("xchg", "vmovq ", "vpextrw", "vmovss", "vmovsd")
dump = sys.argv[1]
seed = sys.argv[2] if len(sys.argv) > 2 else str(random.randrange(1 << 32))


def run(*args):
    p = subprocess.run(args, capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"{args[0]}: {p.stderr[:2000]}")
    return p.stdout


def assembled(folder, lines):
    """Each line of assembly in sixteen bytes of its own: what objdump makes of them, (bytes, text) each."""
    source, object_ = os.path.join(folder, "a.s"), os.path.join(folder, "a.o")
    with open(source, "w", encoding="utf-8") as f:
        f.write(".intel_syntax noprefix\n" + "".join(f".balign 16, 0x90\n{line}\n" for line in lines) + ".balign 16, 0x90\n")
    run("as", source, "-o", object_)
    text = run("objdump", "-d", "-M", "intel", "--insn-width=16", object_)
    found = {}
    for m in re.finditer(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*(?:\t(.*))?$", text, re.M):
        if int(m[1], 16) % 16 == 0:
            found[int(m[1], 16) // 16] = (m[2].replace(" ", ""), re.sub(r"\s+", " ", m[3] or "").strip())
    return [found[i] for i in range(len(lines))]


try:
    version = run("as", "--version").split("\n", maxsplit=1)[0]
    run("objdump", "--version")
except FileNotFoundError as e:
    print(f"SKIP: {e.filename} is not here")
    sys.exit(77)
print(f"{version}; seed {seed}")
cases = [line.split("\t") for line in run(dump, seed).splitlines()]
bad = 0
with tempfile.TemporaryDirectory() as folder:
    theirs = assembled(folder, [text for _, text in cases])
    other = [(ours, text, t) for (ours, text), t in zip(cases, theirs) if ours != t[0]]
    mine = assembled(folder, [".byte " + ",".join("0x" + o[i:i + 2] for i in range(0, len(o), 2)) for o, _, _ in other])
    for (ours, text, (code, meaning)), (_, our_meaning) in zip(other, mine):
        same = meaning == our_meaning and (len(ours) <= len(code) or text.startswith(LONGER))
        if text.startswith("xchg"):  # in either order
            same = "nop" in meaning or sorted(re.split("[ ,]", meaning)) == sorted(re.split("[ ,]", our_meaning))
        if not same:
            bad += 1
            if bad < 60:
                print(f"{text}: {ours} ({our_meaning}), as makes {code} ({meaning})")
print(f"{len(cases)} instructions, {len(other)} that as encodes in another way, {bad} that mean something else")
sys.exit(bad != 0 or len(cases) < 1000)
