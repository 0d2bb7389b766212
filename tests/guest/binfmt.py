"""The kernel starts FreeBSD programs through us, also below native ones.  binfmt.py DRAGOMAN SAMPLE_FOLDER"""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
dragoman, samples = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SETUP = ["unshare", "-Urm", "sh", os.path.join(os.path.dirname(HERE), "binfmt.sh"), dragoman]
HELLO = "hello from FreeBSD/amd64\n"
bad = 0


def under(*command):
    return subprocess.run([*SETUP, *command], cwd=samples, capture_output=True, text=True, timeout=60, check=False)


def case(name, shell, status, output):
    global bad
    p = under("bash", "-c", shell)
    good = p.returncode == status and p.stdout == output
    print(f"{'ok' if good else 'not ok'} {name}" +
          ("" if good else f": status {p.returncode}, output {p.stdout[:200]!r}, errors {p.stderr[:300]!r}"))
    bad += not good


if not shutil.which("unshare") or under("true").returncode:
    print("SKIP: no binfmt_misc in a user namespace (Linux 6.7)")
    sys.exit(77)
case("by_a_path", "./hello-freebsd-amd64 one", 0, HELLO + "argument: one\n")
case("by_a_name_along_path", "PATH=.:$PATH; cd /; cd -; hello-freebsd-amd64", 0, samples + "\n" + HELLO)
case("arguments_are_no_options", "exec -a -0 ./hello-freebsd-amd64 --help -- x", 0,
     HELLO + "argument: --help\nargument: --\nargument: x\n")
case("without_any_argument_of_its_own", "exec ./hello-freebsd-amd64", 0, HELLO)
case("below_a_native_program", "env nohup ./hello-freebsd-amd64 z 2>&1 </dev/null", 0, HELLO + "argument: z\n")
case("with_a_stack_without_limit", "ulimit -s unlimited; ./hello-freebsd-amd64 deep", 0, HELLO + "argument: deep\n")
case("the_status_is_its_own", "./env-freebsd-amd64 >/dev/null", 3, "")
sys.exit(bad != 0)
