"""Run a guest test program; a host that cannot intercept the way that is asked for is a skip.  run.py DRAGOMAN OPTIONS... PROG"""
import subprocess
import sys

dragoman, *options, prog = sys.argv[1:]
try:
    p = subprocess.run([dragoman, *options, prog], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
                       errors="replace")
except subprocess.TimeoutExpired as e:
    print((e.stdout or b"").decode(errors="replace"))
    print(f"not ok hung: {prog} did not end within 100 s")
    sys.exit(1)
if p.returncode == 125 and "no way to catch system calls" in p.stderr:
    print(f"SKIP: {p.stderr.strip()}")
    sys.exit(77)
print(p.stdout)
print(p.stderr, file=sys.stderr)
if p.returncode < 0:
    print(f"not ok died: signal {-p.returncode}")
elif " passed, " not in p.stdout:
    print(f"not ok ended early: status {p.returncode}")
    sys.exit(1)
sys.exit(p.returncode != 0)
