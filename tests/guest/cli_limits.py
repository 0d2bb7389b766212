"""
Little room: closed descriptors, small limits, no /proc, files that may not be read.  A program runs, or a message and 125 to 127
say why not; never a crash.  cli_limits.py DRAGOMAN SAMPLE_FOLDER [TOOL]
"""
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

from clikit import Cases, limit

samples = os.path.abspath(sys.argv[2])
tool = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
hello, fault, threads = (os.path.join(samples, f"{n}-freebsd-amd64") for n in ("hello", "fault", "threads"))
run = Cases(os.path.abspath(sys.argv[1]))
case = run.case
NOTHING = re.compile(r"\A\Z")


def closed(*numbers):
    return {"preexec_fn": lambda: [os.close(n) for n in numbers]}


def closed_stdio(folder):
    trace = os.path.join(folder, "trace")
    for numbers in ((0,), (1,), (2,), (0, 1, 2)):
        name = "closed_" + "".join(map(str, numbers))
        out = "hello" if 1 not in numbers else ""
        case(f"{name}_runs", [hello], 0, NOTHING, out, **closed(*numbers))
        case(f"{name}_dies_as_the_guest", [fault], -signal.SIGSEGV, "dies of SIGSEGV" if 2 not in numbers else NOTHING, **closed(*numbers))
        case(f"{name}_traces_into_a_file", ["-o", trace, hello], 0, NOTHING, out, **closed(*numbers))
        with open(trace, encoding="utf-8") as f:
            text = f.read()
        end = "exit(0) = ?\n+++ exited with 0 +++\n"
        run.tell(f"{name}_whole_trace", None if text.endswith(end) and text.startswith("write(1, ") else text)
        case(f"{name}_not_found", ["/nonexistent"], 127, "No such file" if 2 not in numbers else NOTHING, **closed(*numbers))
        for word in ("doctor", "--help", "--version"):
            case(f"{name}_{word.strip('-')}", [word], 125 if 1 in numbers else 0,
                 "standard output: Bad file" if 1 in numbers and 2 not in numbers else NOTHING, **closed(*numbers))
    case("closed_2_has_no_place_for_a_trace", ["--strace", hello], 125, NOTHING, **closed(2))


def limits(folder):
    for what, sizes in (("AS", (48 << 20, 256 << 20)), ("STACK", (64 << 10, 1 << 20)), ("NPROC", (1,)), ("MEMLOCK", (0,)), ("CORE", (0,)),
                        ("NOFILE", (32, 64))):
        for size in sizes:
            case(f"limit_{what.lower()}_{size}", [hello], 0, NOTHING, "hello", preexec_fn=limit(getattr(resource, f"RLIMIT_{what}"), size))
    case("too_few_files_is_125", [hello], 125, "the hard limit is 31, and 32 are needed", preexec_fn=limit(resource.RLIMIT_NOFILE, 31))
    case("no_data_is_125", [hello], 125, re.compile(r"\Adragoman: .*no (room|memory)"), preexec_fn=limit(resource.RLIMIT_DATA, 4 << 20))
    nothing = {"preexec_fn": limit(resource.RLIMIT_FSIZE, 0)}
    case("files_of_no_size", [hello], 0, NOTHING, "hello", **nothing)
    case("no_room_for_a_trace_is_125", ["--strace", hello], 125, "limit of file sizes", **nothing)
    case("logs_of_no_size", ["-d", "all", "-D", os.path.join(folder, "log"), hello], 0, NOTHING, "hello", **nothing)
    one = {"preexec_fn": limit(resource.RLIMIT_FSIZE, 65536)}
    with open(os.path.join(folder, "full"), "w", encoding="ascii") as f:
        f.write("x" * 65536)
    with open(os.path.join(folder, "full"), "a", encoding="ascii") as f:
        case("stderr_at_its_limit", ["-c", hello], 0, "", "hello", stderr=f, **one)
    if tool:
        case("exec_with_files_of_no_size", [tool, "exec", tool, "exit", "5"], 5, NOTHING, **nothing)
        case("arguments_arrive_whole", [tool, "exec", tool, "args", "x" * 1000], 0, NOTHING, "arg " + "x" * 1000, **nothing)


def unreadable(folder):
    """As a user who may not: root may read all."""
    def as_nobody():
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
    os.chmod(folder, 0o755)
    secret, closed_folder = os.path.join(folder, "secret"), os.path.join(folder, "closed")
    shutil.copy(hello, secret)
    os.chmod(secret, 0o111)
    os.mkdir(closed_folder)
    shutil.copy(hello, closed_folder)
    os.chmod(closed_folder, 0o600)
    public = shutil.copy(hello, os.path.join(folder, "public"))
    program = os.path.join(folder, "dragoman")
    shutil.copy(run.dragoman, program)
    us = Cases(program)
    us.case("may_execute_but_not_read_is_126", [secret], 126, "secret: Permission denied", preexec_fn=as_nobody)
    us.case("may_not_enter_is_126", [closed_folder + "/hello-freebsd-amd64"], 126, "Permission denied", preexec_fn=as_nobody)
    us.case("may_not_write_the_trace_is_125", ["-o", closed_folder + "/t", public], 125, "Permission denied", preexec_fn=as_nobody)
    us.case("may_not_use_the_root", ["-L", closed_folder, "/hello-freebsd-amd64"], 126, "Permission denied", preexec_fn=as_nobody)
    us.case("inspect_may_not_read", ["inspect", secret], 126, "Permission denied", preexec_fn=as_nobody)
    os.chmod(closed_folder, 0o700)
    run.bad += us.bad


def no_proc():
    """A mount namespace of our own, where the machine lets us have one."""
    command = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode:
        print("SKIP: no mount namespace to hide /proc in")
        return

    def without(name, args, status, err="", out=""):
        p = subprocess.run([*command, run.dragoman, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        good = p.returncode == status and err in p.stderr and out in p.stdout
        run.tell("no_proc_" + name, None if good else f"status {p.returncode}, output {p.stdout[:200]!r}, errors {p.stderr[:300]!r}")
    without("runs", [hello], 0, "", "hello")
    without("threads", [threads], 0, "", "4 threads counted to 400000")
    without("traces", ["--strace", hello], 0, "+++ exited with 0 +++")
    without("crash_report", [fault], -signal.SIGSEGV, "dies of SIGSEGV")
    without("doctor", ["doctor"], 0, "", "missing  /proc")
    without("root_is_refused", ["-L", "/", hello], 125, "/proc")
    if tool:
        without("exec", [tool, "exec", tool, "exit", "5"], 5)


with tempfile.TemporaryDirectory() as place:
    closed_stdio(place)
    limits(place)
    unreadable(place)
no_proc()
sys.exit(run.bad != 0)
