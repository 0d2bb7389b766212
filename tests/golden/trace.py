"""
Traces against tests/golden/trace/NAME.out; numbers that differ from run to run are masked.
trace.py DRAGOMAN PROG NAME ARGUMENTS...    trace.py --rebase ... writes the file instead
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

rebase = sys.argv[1] == "--rebase"
dragoman, prog, name, *args = sys.argv[1 + rebase:]
golden = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trace", name + ".out")
TID_BASE = 100000


def masked(text, pid):
    text = text.replace(prog, "PROG")
    text = re.sub(r"^\[pid (\d+)\]", lambda m: "[pid MAIN]" if int(m[1]) == pid + TID_BASE else "[pid CHILD]", text, flags=re.M)
    text = re.sub(rf"\b{pid}\b", "PID", text)
    text = re.sub(r"si_pid=PID, si_uid=\d+", "si_pid=PID", text)  # root's is 0, which is left out
    text = re.sub(r"^(.*fork.*\) = |.*wait4\()[1-9]\d+", r"\1CHILD", text, flags=re.M)
    text = re.sub(r"(wait4.*\) = )[1-9]\d+", r"\1CHILD", text)
    return re.sub(r"0x[0-9a-f]{6,}", lambda m: m[0] if m[0] in ("0x10000000", "0x10001000", "0x40000000") else "ADDR", text)


with tempfile.TemporaryDirectory() as folder:
    out = os.path.join(folder, "trace")
    p = subprocess.Popen([dragoman, "--strace", "--strace-file", out, prog, *args], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, umask=0o022, env={"A": "1", "B": "two"})
    _, err = p.communicate(timeout=60)
    text = masked(open(out, encoding="utf-8", errors="replace").read(), p.pid) + f"status {p.returncode}\n"
if rebase:
    with open(golden, "w", encoding="utf-8") as f:
        f.write(text)
    sys.exit(0)
want = open(golden, encoding="utf-8").read()
if text != want:
    print("".join(difflib.unified_diff(want.splitlines(True), text.splitlines(True), golden, "this run")))
    print(f"not ok trace_{name}: differs; after a wanted change: meson compile -C BUILD rebase-traces")
    print(err)
    sys.exit(1)
print(f"ok trace_{name}")
