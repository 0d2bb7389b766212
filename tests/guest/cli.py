"""
What the person at the terminal sees: exit status and message of command lines, as man/dragoman.1 has them.
cli.py DRAGOMAN SAMPLE_FOLDER [TOOL]    TOOL: freebsd/tool.c, where it could be built
"""
import os
import re
import resource
import signal
import sys
import tempfile

from clikit import Cases, limit

samples = os.path.abspath(sys.argv[2])
tool = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
hello = os.path.join(samples, "hello-freebsd-amd64")
run = Cases(os.path.abspath(sys.argv[1]))
case = run.case


def status_of_us(folder):
    cut = os.path.join(folder, "cut")
    with open(hello, "rb") as f, open(cut, "wb") as g:
        g.write(f.read()[:1000])
    os.chmod(cut, 0o755)
    case("no_program_is_125", [], 125, "which program?")
    case("unknown_option_is_125", ["--bogus", hello], 125, "--bogus")
    case("missing_program_is_127", ["/nonexistent/x"], 127, "/nonexistent/x: No such file or directory")
    case("not_in_path_is_127", ["no-such-program"], 127, "no-such-program: not found in PATH")
    case("below_a_file_is_127", ["/etc/passwd/x"], 127, "/etc/passwd/x: Not a directory")
    case("not_executable_is_126", ["/etc/passwd"], 126, "/etc/passwd")
    case("directory_is_126", ["/tmp"], 126, "a directory")
    case("truncated_program_is_126", [cut], 126, "segment")
    case("missing_root_is_125", ["-L", "/nonexistent", hello], 125, "-L /nonexistent: No such file or directory")
    case("root_that_is_no_directory_is_125", ["-L", "/etc/passwd", hello], 125, "not a directory")
    case("missing_sysroot_is_125", ["--sysroot", "/nonexistent", hello], 125, "/nonexistent: No such file or directory")
    case("native_program_runs_natively", ["/bin/echo", "native"], 0, "", "native\n")
    case("native_program_is_not_traced_here", ["-o", "/nonexistent/t", "/bin/echo", "native"], 0, "strace(1) can watch it", "native\n")
    case("native_program_can_be_denied", ["--native-exec=deny", "/bin/echo", "x"], 126, "native")
    case("core_is_refused_plainly", ["--core", hello], 125, "--core")
    case("unwritable_log_is_125", ["-D", "/nonexistent/log", hello], 125, "/nonexistent/log: No such file or directory")
    case("unwritable_trace_is_125", ["-o", "/nonexistent/t", hello], 125, "/nonexistent/t: No such file or directory")
    for option in ("-g", "-s", "-B", "-R", "-p", "-cpu"):
        case(f"{option[1:]}_of_qemu_is_refused_with_its_reason", [option, "1", hello], 125, f"{option} is not offered: ")


def found(folder):
    os.symlink(hello, os.path.join(folder, "prog"))
    case("found_along_path", ["prog", "one"], 0, "", "argument: one", env={"PATH": folder})
    case("found_below_the_root", ["-L", folder, "/prog", "two"], 0, "", "argument: two")
    case("sysroot_is_the_whole_world", ["--sysroot", folder, hello], 127, "No such file")
    case("qemu_ld_prefix_is_a_root", ["/prog", "three"], 0, "", "argument: three", env={"QEMU_LD_PREFIX": folder})
    case("run_takes_any_name", ["run", "doctor"], 127, "doctor: not found in PATH", env={"PATH": folder})
    case("two_dashes_end_options", ["--", hello, "-L"], 0, "", "argument: -L")


def commands():
    case("help_lists_options", ["--help"], 0, "", "--strace-file FILE")
    case("version", ["--version"], 0, "", re.compile(r"^dragoman \d"))
    for word in ("--help", "--version", "doctor"):
        with open("/dev/full", "w", encoding="ascii") as full:
            case(f"{word.strip('-')}_on_a_full_disk_is_125", [word], 125, "standard output: No space left", stdout=full)
    p = case("doctor_has_a_line_for_each_fact", ["doctor"], 0, "", "guests can run on this machine")
    lines = p.stdout.splitlines()
    wrong = [line for line in lines[:-1] if not re.match(r"(ok|slow|missing) +\S", line)]
    run.tell("doctor_says_ok_slow_or_missing", wrong or len(lines) < 15)
    case("doctor_takes_no_arguments", ["doctor", "x"], 125, "takes no arguments")
    case("inspect_says_what_it_is", ["inspect", hello], 0, "", re.compile(r"program for +FreeBSD amd64\n.*runs here +yes", re.S))
    case("inspect_knows_native_programs", ["inspect", "/bin/true"], 0, "", re.compile(r"interpreter +/lib64/ld-.*runs here +yes", re.S))
    case("inspect_of_a_missing_file_is_127", ["inspect", "/nonexistent"], 127, "/nonexistent")
    case("inspect_of_no_program_is_126", ["inspect", "/etc/passwd"], 126, "/etc/passwd")
    case("inspect_goes_on_after_an_error", ["inspect", "/nonexistent", hello], 127, "/nonexistent", "FreeBSD amd64")
    case("inspect_lists_symbols", ["inspect", "--imports", "/bin/true"], 0, "", "__libc_start_main")
    case("inspect_wants_a_file", ["inspect"], 125, "which file?")
    case("imports_belong_to_inspect", ["--imports", hello], 125, "inspect")


def status_of_the_guest():
    for n in (0, 1, 42, 125, 126, 127, 255):
        case(f"exit_{n}_is_the_guests", [tool, "exit", str(n)], n)
    case("exit_300_keeps_eight_bits", [tool, "exit", "300"], 300 & 255)
    # FreeBSD's numbers (sys/signal.h), the host's names
    for guest, host in ((1, "HUP"), (3, "QUIT"), (6, "ABRT"), (9, "KILL"), (10, "BUS"), (11, "SEGV"), (12, "SYS"), (13, "PIPE"),
                        (14, "ALRM"), (15, "TERM"), (24, "XCPU"), (25, "XFSZ"), (26, "VTALRM"), (30, "USR1"), (31, "USR2")):
        case(f"death_by_SIG{host}_is_the_guests", [tool, "kill", str(guest)], -signal.Signals[f"SIG{host}"].value)


def what_the_guest_gets():
    env = {"A": "1", "B": "2"}
    case("argv0", ["-0", "myself", tool, "args"], 0, "", "arg myself\narg args\n", env=env)
    case("environment", ["-E", "C=x,y=z", "-U", "A", "-E", "B=3", tool, "args"], 0, "", re.compile("env C=x,y=z\nenv B=3\nok"), env=env)
    case("empty_environment", ["--clearenv", "-E", "D=", tool, "args"], 0, "", re.compile("arg args\nenv D=\nok"), env=env)
    case("options_from_the_environment", [tool, "told"], 0, "", "release 9.9-TEST\n", env={"DRAGOMAN_OSRELEASE": "9.9-TEST"})
    case("bad_option_from_the_environment", [tool, "told"], 125, "DRAGOMAN_CPUS", env={"DRAGOMAN_CPUS": "none"})
    case("release", ["-r", "13.2-X", "--osreldate", "1302001", "--cpus", "3", tool, "told"], 0, "",
         re.compile("release 13.2-X\ndate 1302001\ncpus 3\n"))
    stacks = [run.run([option, tool, "told"]).stdout for option in ("--no-aslr", "--no-aslr", "--seed=5", "--seed=5", "--seed=6")]
    run.tell("addresses_repeat", None if stacks[0] == stacks[1] and stacks[2] == stacks[3] != stacks[4] else stacks)
    case("exec_keeps_the_options", ["-r", "13.2-X", "-U", "A", tool, "exec", tool, "told"], 0, "", "release 13.2-X\n", env=env)
    case("absent_calls_are_named_once", [tool, "absent"], 0, re.compile(r"\A[^\n]*call 1000 \(unknown\) is not provided[^\n]*\n\Z"))
    case("closed_stderr_is_not_the_next_file", [tool, "reopen", os.path.join(tempfile.gettempdir(), f"dg{os.getpid()}")], 0, "",
         "opened 2\n", preexec_fn=lambda: os.close(2))
    path = os.path.join(tempfile.gettempdir(), f"dg{os.getpid()}")
    run.tell("nothing_was_written_into_it", os.path.getsize(path))
    os.unlink(path)


with tempfile.TemporaryDirectory() as place:
    status_of_us(place)
    found(place)
commands()
if tool:
    status_of_the_guest()
    what_the_guest_gets()
stack = resource.getrlimit(resource.RLIMIT_STACK)[1]
case("unlimited_stack_starts_again", [hello], 0, "", "hello", preexec_fn=limit(resource.RLIMIT_STACK, stack))
sys.exit(run.bad != 0)
