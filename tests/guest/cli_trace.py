"""
Watching: --strace, -e, -c, -o, -d, --stats, in the forms of strace(1).  cli_trace.py DRAGOMAN SAMPLE_FOLDER [TOOL]
"""
import os
import re
import signal
import subprocess
import sys
import tempfile

from clikit import Cases

samples = os.path.abspath(sys.argv[2])
tool = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
hello = os.path.join(samples, "hello-freebsd-amd64")
run = Cases(os.path.abspath(sys.argv[1]))
case = run.case
WRITE = 'write(1, "hello from FreeBSD/amd64\\n", 25) = 25\n'
END = "exit(0) = ?\n+++ exited with 0 +++\n"


def traces(folder):
    case("strace", ["--strace", hello], 0, WRITE + END, "hello")
    case("strace_as_qemu_spells_it", ["-strace", hello], 0, WRITE + END)
    case("strace_by_qemus_variable", [hello], 0, WRITE + END, env={"QEMU_STRACE": ""})
    case("strace_by_our_variable", [hello], 0, re.compile(r"\Aexit"), env={"DRAGOMAN_STRACE": "exit"})
    case("variable_with_0_is_off", [hello], 0, re.compile(r"\A\Z"), env={"DRAGOMAN_STRACE": "0"})
    case("filter", ["--strace=exit", hello], 0, re.compile(r"\A" + re.escape(END)))
    for option in (["-e", "trace=exit"], ["-e", "exit"], ["-etrace=exit"], ["--trace=exit"], ["-f", "-e", "trace=exit"],
                   ["--strace=!write"], ["-e", "trace=!write"], ["-e", "trace=%process"], ["--strace=process"], ["-e", "exit", "--strace"]):
        case("filter_" + "_".join(option).strip("-"), [*option, hello], 0, re.compile(r"\A" + re.escape(END)))
    case("unknown_filter_is_125", ["--strace=opne", hello], 125, '"opne" is neither a call of freebsd-amd64 nor a class')
    case("other_expressions_are_125", ["-e", "signal=none", hello], 125, "only trace=FILTER")
    out = os.path.join(folder, "trace")
    for option in (["-o", out], ["--strace", "--strace-file", out], ["-e", "trace=write,exit", "-o", out]):
        case("file_" + str(len(option)), [*option, hello], 0, re.compile(r"\A\Z"))
        with open(out, encoding="utf-8") as f:
            run.tell(f"file_{len(option)}_has_the_trace", f.read() != WRITE + END)
    with open("/dev/full", "w", encoding="ascii") as full:
        case("full_disk_is_told_once", ["-o", "/dev/full", hello], 0, re.compile(r"\Adragoman: the trace has gaps: No space left on device\n\Z"),
             "hello")
        case("full_disk_for_the_table", ["-c", "-o", "/dev/full", hello], 0, "the trace has gaps: No space left on device\n", "hello")
        case("full_disk_behind_stderr", ["--strace", hello], 0, "", "hello", stderr=full)
        case("full_disk_for_logs", ["-d", "all", "-D", "/dev/full", hello], 0, "", "hello")
    reading, writing = os.pipe()
    os.close(reading)
    case("nobody_reads_the_trace", ["--strace", hello], 0, "", "hello", stderr=writing)
    os.close(writing)


def summary():
    p = case("summary", ["-c", hello, "x"], 0, re.compile(
        r"\A% time     seconds  usecs/call     calls    errors syscall\n(------ ----------- ----------- --------- --------- -+)\n"
        r"( *[\d.]+ +[\d.]+ +\d+ +\d+ +(\d+ )?[a-z]+\n)+\1\n *100\.00 +[\d.]+ +\d+ +5 +total\n\Z"), "hello")
    run.tell("summary_counts", None if re.search(r" 4 +write\n", p.stderr) and re.search(r" 1 +exit\n", p.stderr) else p.stderr)
    case("summary_of_a_filter", ["-c", "-e", "trace=exit", hello], 0, re.compile(r" 1 +total\n\Z"), no_err="write")
    case("summary_and_trace", ["-c", "--strace", hello], 0, re.compile(re.escape(END) + "% time"))
    case("stats", ["--stats", hello], 0, re.compile(r"process \d+: 0 calls on the fast lane, \d+ on the full lane; .*calls caught by "))


def logs(folder):
    out = os.path.join(folder, "log")
    case("log_file", ["-d", "loader,mm,proc", "-D", out, hello], 0, re.compile(r"\A\Z"))
    with open(out, encoding="utf-8") as f:
        text = f.read()
    for what, want in (("loader", r"hello-freebsd-amd64: FreeBSD amd64 \(.*calls caught by"), ("mm", r"map 0x[0-9a-f]+ bytes at"),
                       ("proc", r"process \d+ ends: status 0, signal 0")):
        run.tell("log_" + what, None if re.search(want, text) else text)
    case("log_syscall", ["-d", "syscall", hello], 0, re.compile(r"call 4 write\(0x1, 0x[0-9a-f]+, 0x19\) = 25\n"))
    case("unknown_log_is_125", ["-d", "nonsense", hello], 125, '"nonsense" is none of: loader syscall signal mm patch proc unknown all')


def with_tool():
    case("trace_of_a_death", ["-e", "kill", tool, "kill", "15"], -signal.SIGTERM,
         re.compile(r"kill\(\d+, SIGTERM\) = 0\n--- SIGTERM \{si_signo=SIGTERM, si_code=SI_USER, si_pid=\d+(, si_uid=\d+)?\} ---\n\+\+\+ killed by SIGTERM \+\+\+\n"))
    case("log_signal", ["-d", "signal", tool, "kill", "15"], -signal.SIGTERM, "signal 15 ends process")
    case("trace_goes_on_after_exec", ["-e", "execve,exit", tool, "exec", tool, "exit", "7"], 7,
         re.compile(r'execve\("[^"]+", \["[^"]+"(\.\.\.)?, "exit", "7"\], 0x[0-9a-f]+ /\* \d+ vars? \*/\) = 0\nexit\(7\) = \?\n'))
    case("exec_of_a_native_program_is_written", ["-e", "execve", tool, "exec", "/bin/true"], 0, re.compile(r'execve\("/bin/true"'))
    case("absent_calls_are_in_the_trace", ["-e", "swapon", tool, "absent"], 0, "syscall_1000(")
    p = case("counts_add_up_over_exec", ["-c", tool, "exec", tool, "exit", "3"], 3, "total\n")
    case("a_table_before_a_native_program", ["-c", tool, "exec", "/bin/true"], 0, re.compile(r" 1 +execve\n.* 1 +total\n\Z", re.S))
    run.tell("one_table", p.stderr.count("% time") != 1 or not re.search(r" 1 +execve\n", p.stderr))


with tempfile.TemporaryDirectory() as place:
    traces(place)
    logs(place)
summary()
if tool:
    with_tool()
# The program is not stopped by a reader that goes away.
with subprocess.Popen([run.dragoman, "--strace", hello], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
    child.stderr.close()
    text = child.stdout.read()
run.tell("a_reader_that_goes_away", None if child.returncode == 0 and b"hello" in text else (child.returncode, text))
sys.exit(run.bad != 0)
