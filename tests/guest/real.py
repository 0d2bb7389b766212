"""Run one line of programs.list under dragoman and natively; same status, output and files.  real.py DRAGOMAN NAME"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import fetch  # noqa: E402


def row(name):
    with open(os.path.join(HERE, "programs.list"), encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in line.split("|")]
            if cells[0] == name:
                return cells
    sys.exit(f"real.py: {name} is not in programs.list")


def run(command, args, stdin, folder):
    out = os.path.join(folder, "out")
    os.mkdir(out)
    words = [a.replace("{ts}", "typescript.js").replace("{out}", "out") for a in args.split()]
    with open(stdin or os.devnull, "rb") as f:
        p = subprocess.run(command + words, cwd=folder, stdin=f, capture_output=True, timeout=150)
    files = {name: open(os.path.join(out, name), "rb").read() for name in sorted(os.listdir(out))}
    return p.returncode, p.stdout, p.stderr, files


def main():
    dragoman, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    _, guest, native, args, stdin = row(name)
    stdin = None if stdin == "-" else os.path.join(HERE, "input", stdin)
    try:
        guest, native = fetch.get(guest), fetch.get(native)
        ts = fetch.get("typescript.js") if "{ts}" in args else None
    except fetch.Missing as e:
        print(f"SKIP: {e}")
        sys.exit(77)
    results = []
    for command in ([dragoman, guest], [native]):
        with tempfile.TemporaryDirectory() as folder:
            if ts:
                os.symlink(ts, os.path.join(folder, "typescript.js"))
            results.append(run(command, args, stdin, folder))
    ours, theirs = results
    for what, a, b in zip(("status", "output", "errors", "files"), ours, theirs):
        if a != b:
            print(f"not ok {name}: {what} differ: ours {str(a)[:400]!r}, native {str(b)[:400]!r}")
            sys.exit(1)
    if "{out}" in args and not any(theirs[3].values()):
        print(f"not ok {name}: the native run wrote nothing, so nothing was compared: {theirs[2][:400]!r}")
        sys.exit(1)
    print(f"ok {name} ({sum(len(v) for v in ours[3].values())} bytes of files, {len(ours[1])} of output)")


main()
