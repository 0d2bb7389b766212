"""
Speed against native, paired in one run: calls and esbuild.  run.py DRAGOMAN CALLS_NATIVE CALLS_GUEST [PAIRS]

Prints medians, and for jobs the median of the pairs' ratios with its spread.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import fetch  # noqa: E402

ROUNDS = 7


def lines(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {w[0]: float(w[1]) for w in (line.split() for line in out.splitlines()) if len(w) == 2 and "." in w[1]}


def middle(runs, name):
    return statistics.median(r.get(name, float("nan")) for r in runs)


def over(runs, base):
    d = [r["getppid"] - n["armed"] for r, n in zip(runs, base)]
    q = statistics.quantiles(d, n=4)
    return f"over armed {statistics.median(d):+.1f} ({q[0]:+.1f} to {q[2]:+.1f})"


def calls(dragoman, native, guest):
    """Each round runs native, fast lane and full lane after one another: differences are taken within a round."""
    base, fast, full = [], [], []
    for _ in range(ROUNDS):
        base.append(lines([native]))
        base[-1].setdefault("armed", base[-1]["bare"])  # a kernel without user dispatch
        fast.append(lines([dragoman, guest]))
        full.append(lines([dragoman, "--no-fast", guest]))
    trap = lines([dragoman, "--no-patch", guest, "all", "slow"])
    bare, armed = middle(base, "bare"), middle(base, "armed")
    print(f"Calls, ns (medians of {ROUNDS} rounds, each of 15)")
    print(f"  getppid natively, bare                {bare:8.1f}")
    print(f"  getppid natively, interception armed  {armed:8.1f}   arming alone {armed - bare:+.1f}")
    print(f"  guest, patched site, fast lane        {middle(fast, 'getppid'):8.1f}   {over(fast, base)} (budget 15)")
    print(f"  guest, patched site, full lane        {middle(full, 'getppid'):8.1f}   {over(full, base)} (budget 60)")
    print(f"  guest, trapped each time              {trap['getppid']:8.1f}")
    print(f"  a bare trap by user dispatch          {middle(base, 'trap'):8.1f}")
    print(f"  ptrace                                {middle(base, 'ptrace'):8.1f}")
    print(f"  kill of oneself, with its handler     {middle(fast, 'signal'):8.1f}   natively {middle(base, 'signal'):.1f}")
    print(f"  memory only: getpid {middle(fast, 'getpid'):.1f}, sigprocmask {middle(fast, 'sigprocmask'):.1f}, clock_gettime "
          f"{middle(fast, 'clock_gettime'):.1f} (natively by vDSO {middle(base, 'clock-native'):.1f}, a bare call {bare:.1f})")


def job(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def memory(command, folder):
    p = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(p.pid, 0)
    return usage.ru_maxrss


def pairs(name, ours, theirs, folder, count):
    wall, cpu, delta = [], [], []
    for i in range(count):
        order = [ours, theirs] if i % 2 else [theirs, ours]
        r = {id(c): job(c, folder) for c in order}
        a, b = r[id(ours)], r[id(theirs)]
        wall.append(a[0] / b[0])
        cpu.append(a[1] / b[1])
        delta.append((a[0] - b[0]) * 1000)

    def spread(v):
        q = statistics.quantiles(v, n=4)
        return f"{statistics.median(v):.3f} ({q[0]:.3f} to {q[2]:.3f})"
    print(f"{name}, {count} pairs: CPU {spread(cpu)}x, wall {spread(wall)}x, difference {statistics.median(delta):+.1f} ms")


def main():
    dragoman, native, guest = (os.path.abspath(p) for p in sys.argv[1:4])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 11
    calls(dragoman, native, guest)
    try:
        g, n, ts = fetch.get("esbuild-028-freebsd"), fetch.get("esbuild-028-linux"), fetch.get("typescript.js")
    except fetch.Missing as e:
        print(f"SKIP: {e}")
        return
    with tempfile.TemporaryDirectory() as folder:
        for i in range(4):
            os.symlink(ts, os.path.join(folder, f"t{i}.js"))
        work = [f"t{i}.js" for i in range(4)] + ["--minify", "--sourcemap", "--log-level=error", "--outdir=out",
                                                "--preserve-symlinks"]
        pairs("esbuild, four times typescript.js", [dragoman, g] + work, [n] + work, folder, count)
        pairs("esbuild --version", [dragoman, g, "--version"], [n, "--version"], folder, count)
        a = statistics.median(memory([dragoman, g, "--version"], folder) for _ in range(5))
        b = statistics.median(memory([n, "--version"], folder) for _ in range(5))
        print(f"memory of esbuild --version: {a / 1024:.1f} MiB, native {b / 1024:.1f} MiB, over native {(a - b) / 1024:.1f} MiB (budget 12)")


main()
