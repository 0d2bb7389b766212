"""Go 1.19 as Debian has it: a GOROOT that tests may look into, and test programs built from it."""
import os
import re
import shutil
import subprocess

GO = "/usr/lib/go-1.19/bin/go"
SRC = "/usr/share/go-1.19/src"
LAYOUT = "goroot-5"  # a new name when make() does something else


def settings(goos, root=None):
    env = dict(os.environ, GOOS=goos, GOARCH="amd64", CGO_ENABLED="0", PATH=os.path.dirname(GO) + ":" + os.environ["PATH"])
    return dict(env, GOROOT=root) if root else env


ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|.)")
PLAIN = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def unquote(m):
    text = m[1]
    if text[:1] == b"x":
        return bytes([int(text[1:], 16)])
    if text[:1] == b"u":
        return chr(int(text[1:], 16)).encode()
    return PLAIN.get(text, text)


def zones(folder):
    """
    zoneinfo.zip, which Debian leaves out.  The time tests compare it with the copy inside time/tzdata, so the zones of the
    system, which are newer, will not do: the copy is read out of its Go source.
    """
    os.makedirs(folder)
    with open(os.path.join(SRC, "time", "tzdata", "zipdata.go"), "rb") as f:
        source = f.read()
    quoted = re.findall(rb'"((?:[^"\\\n]|\\.)*)"', source[source.index(b"const zipdata = "):])
    with open(os.path.join(folder, "zoneinfo.zip"), "wb") as f:
        f.write(ESCAPE.sub(unquote, b"".join(quoted)))


def tools(root, home):
    """The commands.  net/http's tests look for names in the go command, which Debian strips: we build it once more."""
    folder = os.path.join(root, "bin")
    os.mkdir(folder)
    os.symlink(os.path.join(home, "bin", "gofmt"), os.path.join(folder, "gofmt"))
    subprocess.run([GO, "build", "-o", os.path.join(folder, "go"), "cmd/go"], cwd=SRC, capture_output=True, timeout=1200,
                   check=True, env=dict(settings("linux"), GO111MODULE="off"))


def make(folder):
    """The GOROOT: a copy of the sources, for tests that write beside them, and the time zones."""
    root = os.path.join(folder, LAYOUT)
    if os.path.isdir(root):
        return root
    part = root + ".part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(SRC, os.path.join(part, "src"), symlinks=True)
    for name in ("VERSION", "test", "api", "misc"):
        for top in (os.path.dirname(SRC), os.path.dirname(os.path.dirname(GO))):
            if os.path.exists(os.path.join(top, name)):
                os.symlink(os.path.join(top, name), os.path.join(part, name))
                break
    zones(os.path.join(part, "lib", "time"))
    home = os.path.dirname(os.path.dirname(GO))
    tools(part, home)
    os.mkdir(os.path.join(part, "pkg"))
    for name in os.listdir(os.path.join(home, "pkg")):
        os.symlink(os.path.join(home, "pkg", name), os.path.join(part, "pkg", name))
    # Tests that import compiled packages find FreeBSD's, as they would there.
    subprocess.run([GO, "install", "std"], cwd=os.path.join(part, "src"), capture_output=True, timeout=1200, check=True,
                   env=settings("freebsd", part))
    os.rename(part, root)
    return root


def build(goos, package, folder):
    """(path of the package's test program, or None; what the compiler said)."""
    out = os.path.join(folder, f"{package.replace('/', '_')}.{goos}")
    if os.path.exists(out):
        return out, ""
    cache = os.path.join(folder, "cache")
    env = dict(settings(goos), GOFLAGS="-mod=mod", GOCACHE=cache, GO111MODULE="off", GOPATH=os.path.join(cache, "path"))
    p = subprocess.run([GO, "test", "-c", "-vet=off", "-o", out, package], cwd=SRC, env=env, capture_output=True, text=True,
                       timeout=600)
    return (out, "") if os.path.exists(out) else (None, (p.stderr.strip().splitlines() or ["no test files"])[-1])
