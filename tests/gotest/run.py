"""
Go's own standard library tests, cross-built for FreeBSD and run under dragoman, against the same tests built for Linux.

A package counts when its native test passes in 3 of 3 runs (1 with --quick), and passes when ours does in 1 of 3.  Packages
that do not count are told with the reason, so are tests that run natively but not here.  A failing test wants its reason in
known.list: one without fails the run, as does a rate below the limit.

What the native go command builds and starts comes to us by Go's own way, a go_freebsd_amd64_exec along PATH.  Other native
programs that start FreeBSD ones (sh, nohup) hand them to the kernel: packages marked binfmt run where it has been told of
us (tests/binfmt.sh), if it can be.

run.py DRAGOMAN [--quick] [--short] [--only PKG]... [--from PKG] [--fresh] [--resume]
"""
import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import goroot

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import proc  # noqa: E402

BINFMT = os.path.join(os.path.dirname(HERE), "binfmt.sh")
LIMIT = 98.0  # per cent of the packages that pass natively
TRIES = 3


def rows(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.rstrip("\n") for line in f if line.strip() and not line.startswith("#")]


def marked(word=None):
    """The packages of the list, or those with this mark."""
    found = [line.split() for line in rows("packages.list")]
    return [r[0] for r in found if word is None or word in r[1:]]


def packages(a):
    names = a.only or marked("quick" if a.quick else None)
    return names[names.index(a.start):] if a.start else names


def told_of_us(a):
    """The command before one of ours that lets the kernel start FreeBSD programs, or none."""
    command = ["unshare", "-Urm", "sh", BINFMT, a.dragoman]
    if shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
        return command
    print("no binfmt_misc in a user namespace here: native programs cannot start FreeBSD ones", flush=True)
    return []


def go_exec(a, folder):
    """How the go command starts what it built for FreeBSD."""
    name = os.path.join(folder, "go_freebsd_amd64_exec")
    with open(name, "w", encoding="utf-8") as f:
        f.write(f'#!/bin/sh\nexec {shlex.quote(a.dragoman)} "$@"\n')
    os.chmod(name, 0o755)
    return folder


def limit(package, a):
    return a.timeout * (4 if package in marked("slow") else 1)


def short(package, a):
    return a.short or package in marked("short")


def run(command, package, goos, a):
    """{ok, ran, skipped, failed}: names of top-level tests, and of every test that failed; and the output's end."""
    args = [*command, "-test.v", "-test.timeout", f"{limit(package, a)}s"] + (["-test.short"] if short(package, a) else [])
    where = os.path.join(a.root, "src", package)
    with tempfile.TemporaryDirectory() as tmp:
        os.chmod(tmp, 0o755)  # some tests start programs there as another user
        env = dict(goroot.settings(goos, a.root), TMPDIR=tmp, PWD=where)
        if goos == "freebsd":
            env["PATH"] = go_exec(a, tempfile.mkdtemp(dir=tmp)) + ":" + env["PATH"]
        status, out, err = proc.run(args, limit(package, a) + 30, cwd=where, env=env)
    text = (out + err).decode(errors="replace")
    told = re.findall(r"--- (PASS|FAIL|SKIP): (\S+)", text)
    failed = sorted({name for word, name in told if word == "FAIL"})
    if status != 0 and not failed:
        failed = ["(hung)" if status is None else f"(status {status})"]
    top = [(word, name) for word, name in told if "/" not in name]
    return {"ok": status == 0, "failed": failed, "ran": sorted({n for w, n in top if w != "SKIP"}),
            "skipped": sorted({n for w, n in top if w == "SKIP"})}, text[-20000:]


def digest(*names):
    """Of the files' contents."""
    sha = hashlib.sha256()
    for name in names:
        with open(name, "rb") as f:
            sha.update(hashlib.sha256(f.read()).digest())
    return sha.hexdigest()


def kept(a, package, kind, key, use, make):
    """What make() found when it was last asked with this key, a file for each: a run that was cut goes on from there."""
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    path = os.path.join(a.keep, "results", f"{package.replace('/', '_')}.{kind}.{name}.json")
    if use and os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    result = make()
    with open(path + ".part", "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
    os.rename(path + ".part", path)
    return result


def native(package, program, a):
    """Passes each time?  The answer is kept: the same program on the same machine."""
    def make():
        for _ in range(a.native):
            result, _ = run([program], package, "linux", a)
            if not result["ok"]:
                break
        return result
    key = [digest(program), a.machine, short(package, a), a.native, limit(package, a), goroot.LAYOUT]
    return kept(a, package, "linux", key, not a.fresh, make)


def ours(package, program, a, expected=frozenset()):
    """
    Passes once, or fails in nothing but what is @expected?  Kept for --resume: the same program under the same dragoman on
    the same machine.
    """
    command = [*(a.binfmt if package in marked("binfmt") else []), a.dragoman, program]

    def make():
        failed = set()
        for _ in range(TRIES):
            result, text = run(command, package, "freebsd", a)
            if result["ok"]:
                return dict(result, failed=[])
            failed |= set(result["failed"])
            if expected.issuperset(result["failed"]):
                failed = set(result["failed"])
                break
        with open(os.path.join(a.keep, "logs", package.replace("/", "_") + ".txt"), "w", encoding="utf-8") as f:
            f.write(text)
        return dict(result, failed=sorted(failed))
    key = [digest(a.dragoman, program), a.machine, short(package, a), limit(package, a), goroot.LAYOUT, *command[:-2]]
    return kept(a, package, "freebsd", key, a.resume, make)


def machine():
    """What a kept result holds for: the kernel and the processors."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        models = sorted(line for line in f if line.startswith("model name"))
    return [os.uname().release, os.uname().version, models]


def uncounted(package, base, program, a, reasons):
    """A package that fails natively is in no percentage, but what fails here alone still wants its reason."""
    print(f"does not count: {package}: natively {', '.join(base['failed'][:8]) or 'nothing ran'}", flush=True)
    if not base["ran"]:
        return True
    known = {name[len(package) + 1:] for name in reasons if name.startswith(package + ".")}
    here = sorted(set(ours(package, program, a, known | set(base["failed"]))["failed"]) - set(base["failed"]))
    return explain(package, here, reasons) if here else True


def explain(package, failed, reasons):
    """Tell why each fails; True when all are known to."""
    unknown = [f for f in failed if f"{package}.{f}" not in reasons]
    print(f"{'not ok' if unknown else 'known to fail:'} {package}: {', '.join(failed[:12])}", flush=True)
    for f in failed:
        print(f"    {package}.{f}: {reasons.get(f'{package}.{f}', 'no reason known')}", flush=True)
    return not unknown


def one(package, a, reasons):
    """(counts, passes, reasons complete), telling on the way."""
    programs = {}
    for goos in ("linux", "freebsd"):
        programs[goos], why = goroot.build(goos, package, a.keep)
        if not programs[goos]:
            print(f"does not count: {package}: no test program for {goos}: {why}", flush=True)
            return False, False, True
    base = native(package, programs["linux"], a)
    if not base["ok"] or not base["ran"]:
        return False, False, uncounted(package, base, programs["freebsd"], a, reasons)
    got = ours(package, programs["freebsd"], a)
    note = f"{len(got['ran'])} tests"
    skipped = set(got["skipped"]) & set(base["ran"])
    absent = set(base["ran"]) - set(got["ran"]) - skipped
    if skipped:
        note += f"; skipped only here: {', '.join(sorted(skipped)[:6])}{' ...' if len(skipped) > 6 else ''}"
    if absent and got["ok"]:
        note += f"; {len(absent)} that FreeBSD's build does not have"
    if got["ok"] and got["ran"]:
        print(f"ok {package} ({note})", flush=True)
        return True, True, True
    return True, False, explain(package, got["failed"] or ["(nothing ran)"], reasons)


def options():
    ap = argparse.ArgumentParser()
    ap.add_argument("dragoman", type=os.path.abspath)
    ap.add_argument("--quick", action="store_true", help="the packages marked quick, with -test.short, one native run")
    ap.add_argument("--short", action="store_true", help="with -test.short")
    ap.add_argument("--only", action="append", metavar="PKG")
    ap.add_argument("--from", dest="start", metavar="PKG", help="go on from this package of the list")
    ap.add_argument("--fresh", action="store_true", help="run natively again what is known to pass natively")
    ap.add_argument("--resume", action="store_true", help="go on with a run that was cut: keep what this dragoman has shown")
    ap.add_argument("--timeout", type=int, metavar="SECONDS", 
                    help="of a package: 120 when short, else 600; four times that when marked slow")
    ap.add_argument("--keep", default=os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                                                   "dragoman", "gotest"))
    a = ap.parse_args()
    a.short |= a.quick
    a.machine = machine()
    a.native = 1 if a.quick else TRIES
    a.timeout = a.timeout or (120 if a.short else 600)
    return a


def main():
    a = options()
    if not os.path.exists(goroot.GO):
        print("SKIP: golang-1.19 is not installed")
        return 77
    for folder in ("logs", "results"):
        os.makedirs(os.path.join(a.keep, folder), exist_ok=True)
    a.root = goroot.make(a.keep)
    a.binfmt = told_of_us(a)
    reasons = {line.partition(" ")[0]: line.partition(" ")[2].strip() for line in rows("known.list")}
    counted = passed = 0
    explained = True
    for package in packages(a):
        counts, passes, complete = one(package, a, reasons)
        counted += counts
        passed += passes
        explained &= complete
    percent = 100.0 * passed / counted if counted else 0.0
    least = 0 if a.quick or a.only else LIMIT  # of some packages only the reasons are asked
    print(f"{passed} of {counted} packages that pass natively pass: {percent:.1f} %" +
          (f", the limit is {least} %" if least else ""))
    return 0 if counted and percent >= least and explained else 1


sys.exit(main())
