"""What the person at the terminal sees: exit status and message of command lines.  cli.py DRAGOMAN SAMPLE_FOLDER"""
import os
import resource
import subprocess
import sys
import tempfile

dragoman, samples = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
hello = os.path.join(samples, "hello-freebsd-amd64")
bad = 0


def case(name, args, status, message="", output="", **more):
    global bad
    p = subprocess.run([dragoman, *args], capture_output=True, text=True, errors="replace", timeout=60, **more)
    good = p.returncode == status and message in p.stderr and output in p.stdout
    print(f"{'ok' if good else 'not ok'} {name}" +
          ("" if good else f": status {p.returncode}, output {p.stdout[:200]!r}, errors {p.stderr[:300]!r}"))
    bad += not good


with tempfile.TemporaryDirectory() as folder:
    cut = os.path.join(folder, "cut")
    with open(hello, "rb") as f, open(cut, "wb") as g:
        g.write(f.read()[:1000])
    os.chmod(cut, 0o755)
    os.symlink(hello, os.path.join(folder, "prog"))
    case("no_program_is_125", [], 125, "which program?")
    case("unknown_option_is_125", ["--bogus", hello], 125, "--bogus")
    case("missing_program_is_127", ["/nonexistent/x"], 127, "/nonexistent/x: No such file or directory")
    case("not_executable_is_126", ["/etc/passwd"], 126, "/etc/passwd")
    case("directory_is_126", ["/tmp"], 126, "a directory")
    case("truncated_program_is_126", [cut], 126, "segment")
    case("missing_root_is_125", ["-L", "/nonexistent", hello], 125, "-L /nonexistent: No such file or directory")
    case("root_that_is_no_directory_is_125", ["-L", "/etc/passwd", hello], 125, "not a directory")
    case("native_program_runs_natively", ["/bin/echo", "native"], 0, "", "native\n")
    case("native_program_can_be_denied", ["--native-exec=deny", "/bin/echo", "x"], 126, "native")
    case("found_along_path", ["prog", "one"], 0, "", "argument: one", env={"PATH": folder})
    case("found_below_the_root", ["-L", folder, "/prog", "two"], 0, "", "argument: two")
    case("core_is_refused_plainly", ["--core", hello], 125, "--core")
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    case("unlimited_stack_starts_again", [hello], 0, "", "hello",
         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (hard, hard)))
sys.exit(bad != 0)
