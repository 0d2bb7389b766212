"""Run one line of programs.list under dragoman and natively; same status, output, errors and files.  real.py DRAGOMAN NAME"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import fetch  # noqa: E402
import proc  # noqa: E402

SECONDS = 150
# Same surroundings for both, and none of this machine's: no colours, no configuration, dates that do not move.
SETTINGS = {"LANG": "C.UTF-8", "NO_COLOR": "1", "CI": "1", "TURBO_TELEMETRY_DISABLED": "1", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "1700000000 +0000",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": "1700000000 +0000",
            "npm_config_update_notifier": "false"}
TIMES = re.compile(rb"\b\d+(\.\d+)?( seconds|ms|s)\b *")


def row(name):
    with open(os.path.join(HERE, "programs.list"), encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in line.split("|")]
            if cells[0] == name:
                return cells[1:]
    sys.exit(f"not ok {name}: not in programs.list")


def prepare(top, program, ts, setup, env):
    """The folder TOP/work, made anew at the same path for either run, and a copy of the program beside it."""
    work = os.path.join(top, "work")
    shutil.rmtree(top, ignore_errors=True)
    os.makedirs(os.path.join(top, "home"))
    shutil.copy(program, os.path.join(top, "prog"))
    if setup == "-":
        os.makedirs(os.path.join(work, "out"))
    else:
        shutil.copytree(os.path.join(HERE, "input", setup), work)
        for words in (["init", "-q", "."], ["add", "-A"], ["commit", "-q", "-m", "first"]):
            subprocess.run(["git", *words], cwd=work, env=env, check=True, stdin=subprocess.DEVNULL)
    if ts:
        os.symlink(ts, os.path.join(work, "typescript.js"))
    return work


def files_of(work):
    """Every file but git's own and package folders; of git's, the hooks."""
    found = {}
    for here, folders, names in os.walk(work):
        folders[:] = [d for d in folders if d not in ("node_modules", ".turbo")]
        for name in names:
            path = os.path.join(here, name)
            relative = os.path.relpath(path, work)
            inside_git = relative.startswith(".git/")
            if os.path.islink(path) or inside_git and (not relative.startswith(".git/hooks/") or name.endswith(".sample")):
                continue
            with open(path, "rb") as f:
                found[relative] = f.read()
    return found


def run(dragoman, program, top, cells, ts):
    _, _, setup, args, stdin, _ = cells
    env = {**{k: os.environ[k] for k in ("PATH",) if k in os.environ}, **SETTINGS, "HOME": os.path.join(top, "home"), "TMPDIR": top}
    work = prepare(top, program, ts, setup, env)
    words = [a.replace("{ts}", "typescript.js").replace("{out}", "out") for a in shlex.split(args)]
    before = files_of(work)
    with open(os.devnull if stdin == "-" else os.path.join(HERE, "input", stdin), "rb") as f:
        status, *told = proc.run([*dragoman, os.path.join(top, "prog"), *words], SECONDS, stdin=f, cwd=work, env=env)
    if setup != "-":
        told = [TIMES.sub(b"TIME", t) for t in told]
    made = {k: v for k, v in files_of(work).items() if before.get(k) != v}
    return status, told[0], told[1], made


def difference(ours, theirs):
    if None in (ours[0], theirs[0]):
        return f"{'ours' if ours[0] is None else 'the native run'} did not end within {SECONDS} s"
    for what, a, b in zip(("status", "output", "errors"), ours, theirs):
        if a != b:
            return f"{what}: ours {str(a)[:600]!r}, native {str(b)[:600]!r}"
    if ours[3].keys() != theirs[3].keys():
        return f"files: ours {sorted(ours[3])}, native {sorted(theirs[3])}"
    for name, data in theirs[3].items():
        if ours[3][name] != data:
            at = next((i for i, (x, y) in enumerate(zip(ours[3][name], data)) if x != y), min(len(ours[3][name]), len(data)))
            return f"file {name}: {len(ours[3][name])} bytes against {len(data)}, different from byte {at}"
    return None


def main():
    dragoman, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    cells = row(name)
    try:
        guest, native = fetch.get(cells[0]), fetch.get(cells[1])
        ts = fetch.get("typescript.js") if "{ts}" in cells[3] else None
        for tool in {"hooks": ["git"], "mono": ["git", "npm"]}.get(cells[2], []):
            if not shutil.which(tool):
                raise fetch.Missing(f"{tool} is not installed")
    except fetch.Missing as e:
        print(f"SKIP: {e}")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        top = os.path.join(folder, "t")
        theirs = run([], native, top, cells, ts)
        ours = run([dragoman], guest, top, cells, ts)
    bad = difference(ours, theirs)
    if theirs[0] != int(cells[5]):
        bad = f"the native run ended with {theirs[0]} instead of {cells[5]}: {theirs[2][:400]!r}"
    elif "{out}" in cells[3] and not any(theirs[3].values()):
        bad = "the native run wrote nothing, so nothing was compared"
    if bad:
        print(f"not ok {name}: {bad}")
        sys.exit(1)
    print(f"ok {name}")
    print(f"{len(ours[3])} files of {sum(len(v) for v in ours[3].values())} bytes, {len(ours[1])} bytes of output")


main()
