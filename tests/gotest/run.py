"""
Go's own standard library tests, cross-built for FreeBSD and run under dragoman, against the same tests built for Linux.

A package counts when its native test passes in 3 of 3 runs, and passes when ours does in 1 of 3.  Every failing test is
named, with its reason from known.list where there is one.  Usage: run.py DRAGOMAN [--quick] [--only PKG]... [--keep DIR]
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
GO = "/usr/lib/go-1.19/bin/go"
SRC = "/usr/share/go-1.19/src"


def packages(quick):
    with open(os.path.join(HERE, "packages.list"), encoding="utf-8") as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return [r[0] for r in rows if not quick or "quick" in r[1:]]


def known():
    reasons = {}
    with open(os.path.join(HERE, "known.list"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.partition(" ")
                reasons[name] = reason.strip()
    return reasons


def build(goos, package, out, cache):
    env = dict(os.environ, GOOS=goos, GOARCH="amd64", CGO_ENABLED="0", GOFLAGS="-mod=mod", GOCACHE=cache, GO111MODULE="off",
               GOPATH=os.path.join(cache, "path"))
    p = subprocess.run([GO, "test", "-c", "-vet=off", "-o", out, package], cwd=SRC, env=env, capture_output=True, text=True,
                       timeout=600)
    return os.path.exists(out), p.stderr


def zones(folder):
    """zoneinfo.zip of the system's time zones, stored uncompressed as Go wants it."""
    os.makedirs(folder)
    base = "/usr/share/zoneinfo"
    with zipfile.ZipFile(os.path.join(folder, "zoneinfo.zip"), "w", zipfile.ZIP_STORED) as z:
        for here, _, names in os.walk(base):
            for name in names:
                path = os.path.join(here, name)
                relative = os.path.relpath(path, base)
                if not relative.startswith(("posix/", "right/")) and open(path, "rb").read(4) == b"TZif":
                    z.write(path, relative)


def goroot(folder):
    """A GOROOT that tests may look into: source by links, and the time zones that Debian leaves out."""
    root = os.path.join(folder, "goroot")
    if not os.path.isdir(root):
        shutil.copytree(SRC, os.path.join(root, "src"), symlinks=True)
        for name in ("VERSION", "test", "api", "misc"):
            path = os.path.join(os.path.dirname(SRC), name)
            if os.path.exists(path):
                os.symlink(path, os.path.join(root, name))
        zones(os.path.join(root, "lib", "time"))
        home = os.path.dirname(os.path.dirname(GO))
        os.symlink(os.path.join(home, "bin"), os.path.join(root, "bin"))
        os.mkdir(os.path.join(root, "pkg"))
        for name in os.listdir(os.path.join(home, "pkg")):
            os.symlink(os.path.join(home, "pkg", name), os.path.join(root, "pkg", name))
        # Tests that import compiled packages find FreeBSD's, as they would there.
        subprocess.run([GO, "install", "std"], cwd=os.path.join(root, "src"), capture_output=True, timeout=1200,
                       env=dict(os.environ, GOROOT=root, GOOS="freebsd", GOARCH="amd64", CGO_ENABLED="0"))
    return root


def run(command, package, root, short, seconds, goos="linux"):
    args = command + ["-test.timeout", f"{seconds}s"] + (["-test.short"] if short else [])
    # Tests that build programs of their own build them for the system under test.
    env = dict(os.environ, GOROOT=root, GOOS=goos, GOARCH="amd64", CGO_ENABLED="0", PATH=os.path.dirname(GO) + ":" + os.environ["PATH"])
    with tempfile.TemporaryDirectory() as tmp:
        env["TMPDIR"] = tmp
        try:
            p = subprocess.run(args, cwd=os.path.join(root, "src", package), env=env, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, errors="replace", timeout=seconds + 30)
        except subprocess.TimeoutExpired as e:
            return False, ["(hung)"], (e.stdout or b"")[-2000:].decode(errors="replace") if e.stdout else ""
    failed = sorted(set(re.findall(r"^\s*--- FAIL: (\S+)", p.stdout, re.M)))
    if p.returncode and not failed:
        failed = [f"(status {p.returncode})"]
    return p.returncode == 0, failed, (p.stdout + p.stderr)[-3000:]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("dragoman")
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--only", action="append")
    ap.add_argument("--full", action="store_true", help="without -test.short")
    ap.add_argument("--timeout", type=int, default=120)
    ap.add_argument("--once", action="store_true", help="one run each, to look around")
    ap.add_argument("--keep", default=os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")),
                                                   "dragoman", "gotest"))
    a = ap.parse_args()
    if not os.path.exists(GO):
        print("SKIP: golang-1.19 is not installed")
        sys.exit(77)
    os.makedirs(a.keep, exist_ok=True)
    dragoman, reasons = os.path.abspath(a.dragoman), known()
    root, cache = goroot(a.keep), os.path.join(a.keep, "cache")
    counted = passed = 0
    for package in a.only or packages(a.quick):
        name = package.replace("/", "_")
        twins = {}
        for goos in ("linux", "freebsd"):
            twins[goos] = os.path.join(a.keep, f"{name}.{goos}")
            if not os.path.exists(twins[goos]):
                ok, err = build(goos, package, twins[goos], cache)
                if not ok:
                    print(f"     {package}: no test for {goos} ({err.strip().splitlines()[-1:] or 'no test files'})")
                    break
        else:
            tries = 1 if a.once else 3
            if not all(run([twins["linux"]], package, root, not a.full, a.timeout)[0] for _ in range(tries)):
                print(f"     {package}: does not pass natively, so it does not count")
                continue
            counted += 1
            for _ in range(tries):
                good, failed, text = run([dragoman, twins["freebsd"]], package, root, not a.full, a.timeout,
                                         "freebsd")
                if good:
                    break
            passed += good
            print(f"{'passes' if good else 'FAILS '} {package}" + ("" if good else ": " + ", ".join(failed[:12])), flush=True)
            for f in failed if not good else []:
                print(f"     {package}.{f}: {reasons.get(f'{package}.{f}', 'reason not known yet')}")
            if not good and a.only:
                print(text)
    percent = 100.0 * passed / counted if counted else 0.0
    print(f"{passed} of {counted} packages that pass natively pass: {percent:.1f} %")
    sys.exit(0 if counted and percent >= (100 if a.quick else 98) else 1)


main()
