"""Run a guest test program; a host that cannot intercept the way that is asked for is a skip.  run.py DRAGOMAN OPTIONS... PROG"""
import os
import re
import subprocess
import sys
import tempfile

dragoman, *options, prog = sys.argv[1:]
with tempfile.TemporaryDirectory(prefix="dg") as folder:
    try:
        p = subprocess.run([dragoman, *options, prog], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
                           errors="replace", env=dict(os.environ, TMPDIR=folder))
    except subprocess.TimeoutExpired as e:
        print((e.stdout or b"").decode(errors="replace"))
        print(f"not ok hung: {prog} did not end within 100 s")
        sys.exit(1)
if p.returncode == 125 and "no way to catch system calls" in p.stderr:
    print(f"SKIP: {p.stderr.strip()}")
    sys.exit(77)
print(p.stdout)
print(p.stderr, file=sys.stderr)
totals = re.findall(r"^(\d+) passed, (\d+) failed$", p.stdout, re.M)
if p.returncode < 0:
    print(f"not ok died: signal {-p.returncode}")
    sys.exit(1)
if not totals:
    print(f"not ok ended early: status {p.returncode}")
    sys.exit(1)
# A test that execs the program again has the inner run's lines before its own: the last total is ours.
passed, failed = map(int, totals[-1])
told = len(re.findall(r"^ok ", p.stdout, re.M))
if told < passed or (p.returncode == 0) != (failed == 0) or passed + failed == 0:
    print(f"not ok count: {passed} passed and {failed} failed, but {told} lines of ok, and status {p.returncode}")
    sys.exit(1)
sys.exit(p.returncode != 0)
