"""
The trace of a program with many threads: whole lines, every call of a thread finished or cut off by its end, the others'
lines marked where they come in between.  trace_threads.py DRAGOMAN PROG
"""
import os
import re
import subprocess
import sys
import tempfile

dragoman, prog = sys.argv[1:3]
LINE = re.compile(r"(?:\[pid (\d+)\] )?(?:(<\.\.\. )?(\w+)( resumed>|\().*?( <unfinished \.\.\.>|\) = .*)|(--- SIG\w+ \{.*\} ---)|(\+\+\+ .* \+\+\+))$")


def wrong(lines):
    open_call = {}
    for n, line in enumerate(lines, 1):
        m = LINE.match(line)
        if not m:
            return f"line {n} is not one of a trace: {line!r}"
        pid, resumed, name, _, end, signal, gone = m.groups()
        if gone:
            open_call.pop(pid, None)
        elif not signal:
            # Before there were two threads, lines had no number.
            before = open_call.pop(None if resumed and pid not in open_call else pid, None)
            if before != (name if resumed else None):
                return f"line {n}: begin and end do not match: {line!r}"
            if end == " <unfinished ...>":
                open_call[pid] = name
    return None


with tempfile.TemporaryDirectory() as folder:
    out = os.path.join(folder, "trace")
    p = subprocess.run([dragoman, "--strace", "--strace-file", out, prog], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=110)
    lines = open(out, encoding="utf-8", errors="replace").read().splitlines()
why = wrong(lines) or (f"the program ended with {p.returncode}: {p.stdout[-2000:]}" if p.returncode else None)
why = why or (None if any(line.endswith("<unfinished ...>") for line in lines) else "no line was ever interrupted")
print(f"not ok trace_threads: {why}" if why else f"ok trace_threads ({len(lines)} lines)")
sys.exit(why is not None)
