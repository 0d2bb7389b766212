"""Each sample has the digest and the end that MANIFEST says; its output is not lost when it dies.  samples.py DRAGOMAN"""
import hashlib
import os
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "sample-bins")
bad = 0
for line in open(os.path.join(FOLDER, "MANIFEST"), encoding="utf-8"):
    if line.startswith("#"):
        continue
    name, _, _, size, digest, _, status, *args = line.split()
    path = os.path.join(FOLDER, name)
    data = open(path, "rb").read()
    p = subprocess.run([sys.argv[1], path, *args], capture_output=True, text=True, env={"A": "1", "B": "two"}, timeout=30)
    ended = p.returncode if p.returncode >= 0 else 128 - p.returncode
    expect = {"hello": "hello from FreeBSD/amd64\nargument: one\nargument: two\n", "env": "A=1\nB=two\n",
              "fault": "about to fault\n"}[name.split("-")[0]]
    good = (len(data) == int(size) and hashlib.sha256(data).hexdigest() == digest and ended == int(status) and
            p.stdout == expect)
    print(f"{'ok' if good else 'not ok'} sample_{name}" + ("" if good else f": status {ended}, output {p.stdout!r}"))
    bad += not good
sys.exit(bad != 0)
