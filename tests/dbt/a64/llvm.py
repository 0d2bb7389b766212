"""Words through LLVM's disassembler, as an oracle: a program file around them, llvm-objdump, one text a word."""
import re
import shutil
import struct
import subprocess

# LLVM 19 is the first in Debian 12 that knows all that a64.decode declares.
TOOLS = ("llvm-objdump-19", "llvm-objdump-22", "llvm-objdump")
NEEDED = 19
FEATURES = ("v8.6a,+crypto,+aes,+sha2,+sha3,+fullfp16,+fp16fml,+rcpc,+rcpc-immo,+rdm,+complxnum,+jsconv,+dotprod,"
            "+i8mm,+bf16,+flagm,+altnzcv,+fptoint,+dit,+ssbs,+sb,+ccpp,+ccdp,+mops,+cssc,+wfxt,+rand,+lse,+crc,+lor,"
            "-sve,-sve2,-sme,-mte,-pauth,-sm4,-ls64,-tme")
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.*)$")


def version(name):
    text = subprocess.run([name, "--version"], capture_output=True, text=True, check=False).stdout
    m = re.search(r"LLVM version (\d+)", text)
    return int(m[1]) if m else 0


def tool():
    return next((t for t in TOOLS if shutil.which(t) and version(t) >= NEEDED), None)


def program(words, path):
    """An object file for AArch64 (ELF-64) with the words as .text at address 0."""
    names = b"\0.text\0.shstrtab\0"
    at = 64 + len(words)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 1, 183, 1, 0, 0, (at + len(names) + 7) & ~7, 0, 64, 0, 0, 64, 3, 2)
    sections = bytes(64)
    sections += struct.pack("<IIQQQQIIQQ", 1, 1, 6, 0, 64, len(words), 0, 0, 4, 0)
    sections += struct.pack("<IIQQQQIIQQ", 7, 3, 0, 0, at, len(names), 0, 0, 1, 0)
    with open(path, "wb") as f:
        f.write(head + words + names)
        f.write(bytes(-(at + len(names)) % 8) + sections)


def disassemble(words, path, features=FEATURES):
    """The text of each word; None where LLVM knows no instruction."""
    program(words, path)
    p = subprocess.run([tool(), "-d", "--no-show-raw-insn", "--no-print-imm-hex", "-M", "no-aliases", "-z",
                        "--triple=aarch64", "--mattr=+" + features, path], capture_output=True, text=True, check=True)
    out = []
    for line in p.stdout.split("\n"):
        m = LINE.match(line)
        if m:
            if int(m[1], 16) != 4 * len(out):
                raise RuntimeError(f"{line!r} out of order")
            out.append(None if "<unknown>" in m[2] else m[2])
    if len(out) != len(words) // 4:
        raise RuntimeError(f"{len(out)} lines of {len(words) // 4} words: {p.stderr[:300]}")
    return out
