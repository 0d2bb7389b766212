"""Run a guest test program; a host that cannot intercept the way that is asked for is a skip.  run.py DRAGOMAN OPTIONS... PROG"""
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import proc  # noqa: E402

SECONDS = int(os.environ.get("GUEST_SECONDS", 280))
dragoman, *options, prog = sys.argv[1:]
with tempfile.TemporaryDirectory(prefix="dg") as folder:
    status, out, err = proc.run([dragoman, *options, prog], SECONDS, env=dict(os.environ, TMPDIR=folder))
out, err = out.decode(errors="replace"), err.decode(errors="replace")
if status == 125 and "no way to catch system calls" in err:
    print(f"SKIP: {err.strip()}")
    sys.exit(77)
print(out)
print(err, file=sys.stderr)
if status is None:
    print(f"not ok hung: {prog} did not end within {SECONDS} s")
    sys.exit(1)
totals = re.findall(r"^(\d+) passed, (\d+) failed$", out, re.M)
if status < 0:
    print(f"not ok died: signal {-status}")
    sys.exit(1)
if not totals:
    print(f"not ok ended early: status {status}")
    sys.exit(1)
# A test that execs the program again has the inner run's lines before its own: the last total is ours.
passed, failed = map(int, totals[-1])
told = len(re.findall(r"^ok ", out, re.M))
if told < passed or (status == 0) != (failed == 0) or passed + failed == 0:
    print(f"not ok count: {passed} passed and {failed} failed, but {told} lines of ok, and status {status}")
    sys.exit(1)
sys.exit(status != 0)
