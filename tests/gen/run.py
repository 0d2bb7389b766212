"""
The generators refuse bad input with the message that stands beside it, and make of the toy map and the toy instruction set what is
committed beside those.
run.py SOURCE_ROOT [rebase]
"""
import os
import subprocess
import sys
import tempfile

root = sys.argv[1]
HERE = os.path.join(root, "tests", "gen")
GEN = os.path.join(root, "syscall-maps", "gen")
DECODE = os.path.join(root, "dbt", "gen", "a64_gen.py")
MAPS = os.path.join(root, "syscall-maps")


def generate(path, folder):
    if path.endswith(".map"):
        args = [os.path.join(GEN, "emit_dispatch.py"), path] + [os.path.join(folder, n) for n in ("t.h", "t.c", "t-fast.c")]
    elif path.endswith(".decode"):
        args = [DECODE, path] + [os.path.join(folder, n) for n in ("d.h", "d.c", "d-text.c")]
    else:
        args = [os.path.join(GEN, "setgen.py"), "freebsd", "toy", path, os.path.join(MAPS, "errno.map"),
                os.path.join(MAPS, "signal.map"), os.path.join(folder, "t.h"), os.path.join(folder, "t.c")]
    return subprocess.run([sys.executable, *args], capture_output=True, text=True)


def refused(name):
    """The exit is 1 and the message begins as expected: a crash of the generator prints a traceback instead."""
    with tempfile.TemporaryDirectory() as folder:
        p = generate(os.path.join(HERE, "bad", name), folder)
    with open(os.path.join(HERE, "bad", name + ".err"), encoding="utf-8") as f:
        want = f.read().strip()
    good = p.returncode == 1 and p.stderr.startswith(want)
    print(f"{'ok' if good else 'not ok'} refuses_{name}" + ("" if good else f": said {p.stderr.strip()!r}, expected {want!r}"))
    return good


def toy(source, outputs, rebase):
    good = True
    with tempfile.TemporaryDirectory() as folder:
        p = generate(os.path.join(HERE, "good", source), folder)
        for name in outputs if p.returncode == 0 else ():
            text = open(os.path.join(folder, name), encoding="utf-8").read()
            golden = os.path.join(HERE, "good", name + ".expected")
            if rebase:
                open(golden, "w", encoding="utf-8").write(text)
            good = good and text == open(golden, encoding="utf-8").read()
    good = good and p.returncode == 0
    print(f"{'ok' if good else 'not ok'} {source.replace('.', '_')}" + ("" if good else f": {p.stderr.strip()} (run.py ROOT rebase, and look at the diff)"))
    return good


names = sorted(n for n in os.listdir(os.path.join(HERE, "bad")) if not n.endswith(".err"))
results = [refused(n) for n in names]
results.append(toy("toy.map", ("t.h", "t.c", "t-fast.c"), "rebase" in sys.argv))
results.append(toy("toy.decode", ("d.h", "d.c", "d-text.c"), "rebase" in sys.argv))
sys.exit(not all(results))
