"""
-L ROOT and --sysroot ROOT: lays out a root and the same folder on the host, runs freebsd/test_root.c, looks at the host's side.
root.py DRAGOMAN TEST TOOL
"""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import proc  # noqa: E402

dragoman, test, tool = (os.path.abspath(a) for a in sys.argv[1:4])
bad = 0


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def lay_out(place):
    """(root, folder): the folder is there both below the root and on the host."""
    root, host = os.path.join(place, "root"), os.path.join(place, "folder")
    below = root + host
    for path in (host, below, host + "/hostdir", below + "/rootdir"):
        os.makedirs(path)
    for path, text in ((host + "/both", "host"), (host + "/hostonly", "host"), (host + "/hostdir/f", "host"), (host + "/rootonly2", "host"),
                       (below + "/both", "root"), (below + "/rootonly", "root")):
        write(path, text)
    for name, target in (("rellink", "both"), ("abslink", host + "/both"), ("outlink", host + "/hostonly"), ("loop", "loop"),
                         ("uplink", "../" * 20 + host[1:] + "/both")):
        os.symlink(target, f"{below}/{name}")
    shutil.copy(tool, below + "/tool")
    shutil.copy(test, below + "/self")
    shutil.copy(tool, host + "/hosttool")
    write(below + "/script", f"#!{host}/tool exit\n")
    os.chmod(below + "/script", 0o755)
    return root, host


def tell(name, wrong):
    global bad
    print(f"not ok {name}: {wrong}" if wrong else f"ok {name}")
    bad += bool(wrong)


def run(option, strict, on_host):
    with tempfile.TemporaryDirectory(prefix="dg") as place:
        root, host = lay_out(place)
        program = host + "/self"  # the root's
        status, out, err = proc.run([dragoman, option, root, program], 100, env={"D": host, "STRICT": str(int(strict)), "TMPDIR": host})
        print(out.decode(errors="replace"))
        tell(f"root_{option.strip('-')}", None if status == 0 else f"status {status}, errors {err.decode(errors='replace')[:500]}")
        left = sorted(os.path.relpath(os.path.join(d, f), host) for d, dirs, files in os.walk(host) for f in dirs + files)
        tell(f"root_{option.strip('-')}_leaves_the_host_alone", None if left == sorted(on_host) else left)


was = ["both", "hostdir", "hostdir/f", "hostonly", "hosttool", "rootonly2"]
run("-L", False, [*was, "hostdir/new"])
run("--sysroot", True, was)
sys.exit(bad != 0)
