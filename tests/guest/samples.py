"""
The samples in sample-bins.  samples.py DRAGOMAN: each has the digest and ends as MANIFEST says, with its output complete.
samples.py --rebuild: the sources give the same bytes again, where the compiler is the one that made them.
"""
import filecmp
import hashlib
import os
import subprocess
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "sample-bins")
sys.path.insert(0, FOLDER)
TEXT = "first line\n" + "x" * 10000 + "\nno newline at the end"
EXPECT = {"hello": "hello from FreeBSD/amd64\nargument: one\nargument: two\n", "env": "A=1\nB=two\n", "cat": TEXT,
          "threads": "4 threads counted to 400000\n", "fault": "about to fault\n"}


def manifest():
    with open(os.path.join(FOLDER, "MANIFEST"), encoding="utf-8") as f:
        return f.read().splitlines()


def run(dragoman):
    bad = 0
    for line in manifest():
        if line.startswith("#"):
            continue
        name, _, _, size, digest, _, status, *args = line.split()
        path = os.path.join(FOLDER, name)
        with open(path, "rb") as f:
            data = f.read()
        p = subprocess.run([dragoman, path, *args], input=TEXT, capture_output=True, text=True, env={"A": "1", "B": "two"},
                           timeout=30)
        ended = p.returncode if p.returncode >= 0 else 128 - p.returncode
        why = ""
        if len(data) != int(size) or hashlib.sha256(data).hexdigest() != digest:
            why = f"{len(data)} bytes, not those of MANIFEST"
        elif ended != int(status) or p.stdout != EXPECT[name.split("-")[0]]:
            why = f"status {ended}, output {p.stdout[:200]!r}, errors {p.stderr[:200]!r}"
        print(f"not ok sample_{name}: {why}" if why else f"ok sample_{name}")
        bad += why != ""
    return bad != 0


def rebuild():
    import build
    made = next(line for line in manifest() if line.startswith("# made with "))[len("# made with "):]
    try:
        here = build.compiler()
    except (FileNotFoundError, subprocess.CalledProcessError):
        here = "no clang"
    if here != made:
        print(f"SKIP: the samples were made with {made}, here is {here}")
        return 77
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, os.path.join(FOLDER, "build.py"), folder], check=True)
        for name in sorted(os.listdir(folder)):
            same = filecmp.cmp(os.path.join(folder, name), os.path.join(FOLDER, name), shallow=False)
            print(f"ok rebuilt_{name}" if same else f"not ok rebuilt_{name}: other bytes than the committed ones")
            bad += not same
    return bad != 0


sys.exit(rebuild() if sys.argv[1] == "--rebuild" else run(sys.argv[1]))
