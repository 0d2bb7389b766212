"""
Code of the fast lane calls no libc and touches no vector register and no TLS.  fastlane.py ARCHIVE...

Undefined symbols must be defined in one of the archives, or be assembly and data of ours named below.
"""
import re
import subprocess
import sys

OURS = re.compile(r"^(guard_|host_block_|native_|fd_ours_first|fbsd_|vdso_|x64_|__start_host_windows$|__stop_host_windows$|_GLOBAL_OFFSET_TABLE_$)")
LIBC = re.compile(r"^(mem|str|malloc|free|calloc|realloc|printf|pthread_|__errno|__stack_chk)")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


bad, defined, undefined = [], set(), {}
for archive in sys.argv[1:]:
    for line in run("nm", "-g", archive).splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "U":
            undefined.setdefault(words[1], archive)
        elif len(words) == 3:
            defined.add(words[2])
    for line in run("objdump", "-d", "--no-show-raw-insn", archive).splitlines():
        if re.search(r"%[xyz]mm\d|%fs:", line):
            bad.append(f"{archive}: {line.strip()}")
for symbol, archive in sorted(undefined.items()):
    if symbol not in defined and (not OURS.match(symbol) or LIBC.match(symbol)):
        bad.append(f"{archive}: calls {symbol}")
print("\n".join(bad))
sys.exit(bool(bad))
