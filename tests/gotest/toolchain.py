"""
Go's own toolchain as FreeBSD programs: go build starts compilers and a linker, which are FreeBSD programs too, many at a
time; go vet and gofmt.  toolchain.py DRAGOMAN.  Expected: what Debian's toolchain makes of the same sources, byte by byte.
"""
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import goroot  # noqa: E402

TOOLS = ("compile", "link", "asm", "buildid", "vet")
PROGRAM = """package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

func main() {
	done := make(chan string)
	go func() {
		b, _ := json.Marshal(map[string]int{http.MethodGet: len(os.Args)})
		done <- string(b)
	}()
	fmt.Println(<-done)
}
"""
MESSY = "package  main\nfunc main( ) {x:=1\n_ = x}\n"


def build_tools(root, cache):
    """A GOROOT whose commands are FreeBSD's; the sources are Debian's."""
    home = os.path.dirname(os.path.dirname(goroot.GO))
    place = os.path.join(root, "pkg", "tool", "freebsd_amd64")
    os.makedirs(place)
    os.makedirs(os.path.join(root, "bin"))
    os.symlink(goroot.SRC, os.path.join(root, "src"))
    os.symlink(os.path.join(home, "pkg", "include"), os.path.join(root, "pkg", "include"))
    os.symlink(os.path.join(home, "VERSION"), os.path.join(root, "VERSION"))
    env = dict(goroot.settings("freebsd"), GO111MODULE="off", GOCACHE=cache)
    for name, out in [("go", "bin"), ("gofmt", "bin")] + [(t, place) for t in TOOLS]:
        subprocess.run([goroot.GO, "build", "-o", os.path.join(root, out, name), f"cmd/{name}"], cwd=goroot.SRC, env=env, check=True,
                       timeout=1200)


def check(name, ok, why=""):
    print(f"ok {name}" if ok else f"not ok {name}: {why}", flush=True)
    return ok


def run(dragoman, folder):
    root, work = os.path.join(folder, "goroot"), os.path.join(folder, "work")
    caches = [os.path.join(folder, f"cache{i}") for i in range(2)]
    build_tools(root, caches[0])
    os.mkdir(work)
    for name, text in (("program.go", PROGRAM), ("messy.txt", MESSY)):
        with open(os.path.join(work, name), "w", encoding="utf-8") as f:
            f.write(text)
    flags = ["build", "-trimpath", "-ldflags=-buildid=", "-o"]
    native = dict(goroot.settings("freebsd"), GO111MODULE="off", HOME=folder, GOCACHE=caches[0])
    guest = dict(os.environ, GOROOT=root, GO111MODULE="off", CGO_ENABLED="0", HOME=folder, GOCACHE=caches[1])
    subprocess.run([goroot.GO] + flags + ["native", "program.go"], cwd=work, env=native, check=True, timeout=1200)

    def ours(*command, **more):
        return subprocess.run([dragoman, os.path.join(root, "bin", command[0])] + list(command[1:]), cwd=work, env=guest, timeout=2400,
                              capture_output=True, text=True, **more)
    p = ours("go", *flags, "ours", "program.go")
    good = check("go_build_ends_well", p.returncode == 0, p.stderr[-400:])
    good &= check("go_build_makes_the_same_bytes", good and filecmp.cmp(os.path.join(work, "native"), os.path.join(work, "ours"), False),
                  "the files differ")
    p = subprocess.run([dragoman, os.path.join(work, "ours"), "a"], capture_output=True, text=True, timeout=60)
    good &= check("what_it_made_runs", p.stdout == '{"GET":2}\n', p.stdout + p.stderr)
    p = ours("go", "vet", "program.go")
    good &= check("go_vet_finds_nothing", p.returncode == 0 and not p.stdout + p.stderr, p.stderr[-400:])
    want = subprocess.run([os.path.join(os.path.dirname(goroot.GO), "gofmt")], input=MESSY, capture_output=True, text=True, check=True)
    p = ours("gofmt", input=MESSY)
    good &= check("gofmt_formats_as_natively", p.stdout == want.stdout, p.stdout + p.stderr)
    return good


def main():
    if not os.path.exists(goroot.GO):
        print(f"SKIP: {goroot.GO} is not installed")
        return 77
    folder = tempfile.mkdtemp(prefix="dragoman-toolchain-")
    try:
        return 0 if run(os.path.abspath(sys.argv[1]), folder) else 1
    finally:
        shutil.rmtree(folder)


sys.exit(main())
