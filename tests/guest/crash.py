"""A guest that dies of a fault: the shell's status, the report's key lines, no lost output.  crash.py DRAGOMAN PROG TABLES|POINTERS"""
import re
import signal
import subprocess
import sys

dragoman, prog, frames = sys.argv[1:4]
CHAIN = ["kit_main", "_start"]
# argument, signal, what the first line says, functions of the call chain that must be there in this order
CASES = [
    ("null", signal.SIGSEGV, r"SIGSEGV: write to 0x8, which is not mapped", ["null_write", *CHAIN]),
    ("jump", signal.SIGSEGV, r"SIGSEGV: jump to 0x1230, which is not mapped", [r"0x1230$", "jump", *CHAIN]),
    ("ud2", signal.SIGILL, r"SIGILL: undefined instruction", ["undefined", *CHAIN]),
    ("divide", signal.SIGFPE, r"SIGFPE: division by zero", ["divide", *CHAIN]),
    ("noncanonical", signal.SIGBUS, r"SIGBUS: general protection", ["noncanonical", *CHAIN]),
    ("smash", signal.SIGBUS, r"SIGBUS: general protection", ["smash"]),
    ("nostack", signal.SIGILL, r"SIGILL: no room on the stack for a signal handler", ["no_stack"]),
    ("overflow", signal.SIGSEGV, r"SIGSEGV: write to 0x[0-9a-f]+, which does not allow it \(stack overflow\)",
     ["deeper", "deeper", r"the same \d+ more times"]),
]
bad = 0


def check(how, signo, first, chain):
    p = subprocess.run([dragoman, prog, how], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if p.returncode != -signo:
        return f"status {p.returncode}, expected death by {signo!r}: {p.stderr}"
    if p.stdout != "about to die\n":
        return f"its output is {p.stdout!r}"
    lines = p.stderr.splitlines()
    if not lines or not re.match(rf"dragoman: .*: thread \d+ of process \d+ dies of {first}", lines[0]):
        return f"first line: {lines[:1]}"
    for name in ("rax", "r15", "rip", "flags"):
        if not re.search(rf"\b{name} [0-9a-f]{{16}}\b", p.stderr):
            return f"no register {name}"
    if how != "jump" and not re.search(r"^  rip 0x[0-9a-f]+ is in .* r-x ", p.stderr, re.M):
        return "no mapping of rip"
    if how != "jump" and not re.search(r"^  code:.* <[0-9a-f]{2}> ", p.stderr, re.M):
        return "no code bytes"
    at = lines.index("  guest call chain:")
    for want in chain:
        at += 1
        while at < len(lines) and not re.search(rf"(^|[ ]){want}(\+0x|$)|{want}", lines[at]):
            at += 1
        if at >= len(lines):
            return f"no {want} in the call chain:\n{p.stderr}"
    return None


for case in CASES:
    wrong = check(*case)
    print(f"not ok crash_{frames}_{case[0]}: {wrong}" if wrong else f"ok crash_{frames}_{case[0]}")
    bad += wrong is not None
sys.exit(bad != 0)
