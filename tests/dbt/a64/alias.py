"""LLVM's text as ours: without the aliases that its -M no-aliases leaves, symbols, remarks."""
import re

MOV = re.compile(r"mov\t(\w+), #(-?\d+)$")
WIDE = re.compile(r"(mov[zn])\t([wx])(\w+), #(\d+)(?:, lsl #(\d+))?$")
ORR_ZR = re.compile(r"orr\t(\w+), [wx]zr, #(0x[0-9a-f]+)$")
FIELD = re.compile(r"(\w+)\t([wx])(\w+), (?:([wx]\w+), )?#(\d+)(?:, #(\d+))?$")
SPREAD = re.compile(r"(sxtb|sxth|sxtw|uxtb|uxth)\t([wx])(\w+), (\w+)$")
SYSREG = re.compile(r"^msr\t(\w+), x|^mrs\tx\w+, (\w+)$")
SYS = re.compile(r"(ic|dc|at|tlbi|cfp|dvp|cpp)\t")
GENERIC = re.compile(r"S\d_\d_C\d+_C\d+_\d")
HINTS = {0: "nop", 1: "yield", 2: "wfe", 3: "wfi", 4: "sev", 5: "sevl", 16: "esb", 17: "psb\tcsync", 18: "tsb\tcsync",
         20: "csdb"}
WIDTH = re.compile(r"^(movi\t\w+(?:\.2d)?, )#(0x[0-9a-f]+|0{16})$")  # LLVM counts the 0x as two of 16 digits
LANE = re.compile(r"mov\t[bhsd]\d+, v\d+\.")
TOP = {"b": 7, "h": 15, "w": 31}


def value(text):
    """Register and number that a move of an immediate stands for."""
    m = WIDE.match(text)
    if m:
        n, bits = int(m[4]) << int(m[5] or 0), 32 if m[2] == "w" else 64
        return m[2] + m[3], (~n if m[1] == "movn" else n) % (1 << bits)
    m = ORR_ZR.match(text)
    return (m[1], int(m[2], 16)) if m else None


def field(m):
    """SBFM, BFM or UBFM of an alias; None for another instruction."""
    name, bits = m[1], 32 if m[2] == "w" else 64
    kind = {"asr": "sbfm", "sbfx": "sbfm", "sbfiz": "sbfm", "lsr": "ubfm", "lsl": "ubfm", "ubfx": "ubfm", "ubfiz": "ubfm",
            "bfi": "bfm", "bfxil": "bfm", "bfc": "bfm"}.get(name)
    if kind is None:
        return None
    a, b = int(m[5]), int(m[6] or 0)
    if name in ("asr", "lsr"):
        r, s = a, bits - 1
    elif name == "lsl":
        r, s = -a % bits, bits - 1 - a
    elif name in ("sbfx", "ubfx", "bfxil"):
        r, s = a, a + b - 1
    else:
        r, s = -a % bits, b - 1
    return f"{kind}\t{m[2]}{m[3]}, {m[4] or m[2] + 'zr'}, #{r}, #{s}"


def plain(text):
    return re.sub(r"(?<=\w), #0(?=\]$)", "", re.sub(r"\s*//.*$|\s*<[^>]*>", "", text).rstrip())


def canonical(text, ours):
    """LLVM's text, or ours when LLVM's is an alias of it."""
    text = plain(text)
    text = WIDTH.sub(lambda m: f"{m[1]}#0x{int(m[2], 16):016x}", text)
    if re.sub(r", lsl #\d\]$", "]", text) == ours:
        return ours  # LLVM writes the shift where there is none
    m = MOV.match(text)
    if m:
        same = value(ours) == (m[1], int(m[2]) % (1 << (32 if m[1][0] == "w" else 64)))
        return ours if same else text
    if LANE.match(text):
        return "dup" + text[3:]
    if text.startswith("hint\t#"):
        return HINTS.get(int(text[6:]), text)
    if SYS.match(text) and ours.startswith("sys\t"):
        return ours
    m = SYSREG.search(text)
    if m:
        name = SYSREG.search(ours)
        return text.replace(m[1] or m[2], name[1] or name[2]) if name and not GENERIC.search(text) else text
    m = SPREAD.match(text)
    if m:
        other = m[4] if m[4][0] == m[2] else m[2] + m[4][1:]
        return f"{m[1][0]}bfm\t{m[2]}{m[3]}, {other}, #0, #{TOP[m[1][-1]]}"
    m = FIELD.match(text)
    return (field(m) if m else None) or text
