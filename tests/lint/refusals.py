"""The lints refuse what they exist for, and say where.  refusals.py CC..."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CC = sys.argv[1:]
FAST = ["-c", "-O2", "-mgeneral-regs-only", "-fno-stack-protector", "-ffreestanding", "-fno-pic"]
bad = 0


def told(name, args, want):
    """The lint @name ends with 1 and says @want; or with 0 when that is None."""
    global bad
    p = subprocess.run([sys.executable, os.path.join(HERE, name + ".py"), *args], capture_output=True, text=True)
    return p.returncode == (want is not None) and (want is None or want in p.stdout), (p.stdout + p.stderr).strip()


def case(title, lint, args, want):
    global bad
    good, said = told(lint, args, want)
    bad += not good
    print(f"ok {title}" if good else f"not ok {title}: wanted {want!r}, it said {said!r}")


def archive(folder, name, text, flags=FAST, suffix=".c"):
    source, object_ = os.path.join(folder, name + suffix), os.path.join(folder, name + suffix + ".o")
    with open(source, "w", encoding="utf-8") as f:
        f.write(text)
    subprocess.run([*CC, *flags, source, "-o", object_], check=True)
    path = os.path.join(folder, f"lib{name}.a")
    subprocess.run(["ar", "rcs", path, object_], check=True)
    return path


def fastlane(folder):
    full = archive(folder, "full", "int full(void) { return 1; } int table[4] = {1}; int far_(int i) { return full() + i; }"
                   "int near_(int i) { return i; }", ["-c", "-O0", "-fno-pic"])
    asm = archive(folder, "asm", ".globl asm_ok\nasm_ok: ret\n", ["-c"], ".S")
    decl = "int full(void), asm_ok(void), other(void), puts(const char *); extern int table[4]; "
    vector = ["-c", "-O2", "-fno-stack-protector", "-msse2", "-ffreestanding", "-fno-pic"]
    rows = [
        ("own_code_assembly_and_data_pass", decl + "int f(int i) { return asm_ok() + table[i]; }", FAST, None),
        ("libc_is_refused", decl + "int f(void) { return puts(\"x\"); }", FAST, "refers to puts, which is nothing of ours"),
        ("full_lane_code_is_refused", decl + "int f(void) { return full() + 1; }", FAST, "refers to full, which is code of the full"),
        ("vectors_are_refused", "double f(double a) { return a * 2; }", vector, "mm"),
        ("x87_is_refused", "void f(void) { __asm__ volatile(\"fninit\"); }", FAST, "fninit"),
        ("thread_storage_is_refused", "_Thread_local int v; int f(void) { return v; }", FAST, "%fs"),
        ("an_empty_archive_is_refused", "int only_data = 1;", FAST, "nothing was checked"),
    ]
    for title, text, flags, want in rows:
        case("fastlane_" + title, "fastlane", [archive(folder, title, text, flags), "--full", full, asm], want)
    fast = archive(folder, "plain", "int f(int i) { return i; }")
    case("fastlane_pointer_targets_call_nothing", "fastlane", [fast, "--full", full, "--also", "far_"], "far_: ")
    case("fastlane_pointer_targets_that_call_nothing_pass", "fastlane", [fast, "--full", full, "--also", "near_"], None)
    case("fastlane_pointer_targets_must_exist", "fastlane", [fast, "--full", full, "--also", "gone"], "gone: no code found")


def tree(folder, files):
    for path, text in files.items():
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
            f.write(text)
    return [folder]


def layers():
    rows = [
        ("downwards_passes", {"loader/a.c": '#include "abi/abi.h"\n', "abi/core/b.c": '#include "abi/core/b.h"\n'}, None),
        ("core_knows_no_system", {"abi/core/a.c": '#include "abi/freebsd/fbsd.h"\n'}, "abi/core/a.c may not include"),
        ("nobody_includes_the_loader", {"abi/freebsd/a.c": '#include "loader/run.h"\n'}, "abi/freebsd/a.c may not include"),
        ("loader_sees_no_insides", {"loader/a.c": '#include "abi/freebsd/fbsd.h"\n'}, "loader/a.c may not include"),
        ("paths_that_climb_are_refused", {"abi/core/a.c": '#include "../freebsd/fbsd.h"\n'}, "abi/core/a.c may not include"),
        ("libraries_stay_at_their_owner", {"abi/core/a.c": "#include <libelf.h>\n"}, "abi/core/a.c may not use libelf.h"),
        ("systems_do_not_meet", {"abi/netbsd/a.c": '#include "abi/freebsd/fbsd.h"\n', "abi/core/a.c": ""},
         "abi/netbsd: no rule"),
        ("the_emitter_knows_no_guest", {"dbt/x64/a.c": '#include "dbt/a64/a.h"\n'}, "dbt/x64/a.c may not include"),
        ("the_emitter_knows_no_memory", {"dbt/x64/a.h": '#include "abi/core/gm.h"\n'}, "dbt/x64/a.h may not include"),
    ]
    for title, files, want in rows:
        with tempfile.TemporaryDirectory() as folder:
            case("layers_" + title, "layers", tree(folder, files), want)


def sizes():
    long = "int\nf(void)\n{\n" + "\t;\n" * 61 + "}\n"
    fits = "int\nf(void)\n{\n" + "\t;\n" * 60 + "}\n"
    rows = [
        ("what_fits_passes", {"abi/a.c": fits, "abi/b.h": "\n" * 500}, None),
        ("a_long_function_is_refused", {"loader/a.c": "\n" + long}, "loader/a.c:4: a function of 61 lines"),
        ("a_long_file_is_refused", {"tests/a.c": "\n" * 501}, "tests/a.c: 501 lines"),
        ("tables_may_be_long", {"syscall-maps/a.map": "\n" * 900, "loader/a.def": "\n" * 900, "abi/a.c": ""}, None),
        ("an_empty_tree_is_refused", {"README.md": ""}, "no file found"),
    ]
    for title, files, want in rows:
        with tempfile.TemporaryDirectory() as folder:
            case("sizes_" + title, "sizes", tree(folder, files), want)


def coverage(folder):
    """A map of two calls; programs whose notes are (number, kind): 1 a value, 2 an error."""
    table = os.path.join(folder, "two.map")
    with open(table, "w", encoding="utf-8") as f:
        f.write("last 9\n  3 M same read(fd fd) -> size @wait\n  4 M part write(fd fd) -> size -- note\n  5 R none open() -> fd -- no\n")
    write = [(4, 1), (4, 2)]
    rows = [
        ("value_and_error_pass", [(3, 1), (3, 2), *write], "", None),
        ("a_call_without_a_test_is_refused", write, "", "3 read: no guest test asserts both"),
        ("a_call_that_nobody_looks_at_is_refused", [(3, 0), *write], "", "3 read: no guest test asserts both"),
        ("a_value_alone_is_refused", [(3, 1), *write], "", "3 read: no guest test asserts error"),
        ("what_is_listed_passes", [(3, 1), *write], "read error -- reasons\n", None),
        ("what_is_listed_must_still_be_missing", [(3, 1), (3, 2), *write], "read error -- why\n", "3 read: is tested now"),
        ("half_of_what_is_listed_too", [(3, 1), *write], "read both -- why\n", "3 read: is tested now (value)"),
        ("only_implemented_calls_are_listed", [(3, 1), (3, 2), *write], "open both -- why\n", "open: in untested.list, but no"),
        ("the_list_has_a_form", [(3, 1), *write], "read errors -- why\n", "untested.list:1: not of the form"),
        ("the_list_has_reasons", [(3, 1), *write], "read error\n", "untested.list:1: not of the form"),
        ("a_program_without_notes_is_refused", [], "", "no call sites, so nothing was checked"),
    ]
    for title, notes, known, want in rows:
        text = '.pushsection .kit.calls,"",@progbits\n' if notes else ""
        text += "".join(f".long {nr}, {kind}\n" for nr, kind in notes) + (".popsection\n" if notes else "")
        archive(folder, title, text, ["-c"], ".S")
        with open(os.path.join(folder, "untested.list"), "w", encoding="utf-8") as f:
            f.write(known)
        case("coverage_" + title, "coverage", [table, f.name, os.path.join(folder, title + ".S.o")], want)


with tempfile.TemporaryDirectory() as scratch:
    fastlane(scratch)
    coverage(scratch)
layers()
sizes()
sys.exit(bad != 0)
