"""Maps -> STATUS.md.  Usage: emit_status.py OUT MAP..."""
import sys

import map_model
import specfile

MEANING = {"same": "the host's call, arguments checked", "fast": "ours, on the fast lane", "call": "ours, complete",
           "both": "ours, the simple cases on the fast lane",
           "part": "ours, the note says what is missing", "fail": "refused by design, the note says why",
           "none": "not done yet", "gone": "retired"}
TIERS = {"M": "must", "S": "should", "R": "rare"}


def table(m):
    out = [f"## {m.title}\n\n| | " + " | ".join(TIERS.values()) + " | all | meaning |\n|---|---|---|---|---|---|\n"]
    for kind in map_model.KINDS[:-1]:
        counts = [sum(c.kind == kind and c.tier == t for c in m.calls) for t in TIERS]
        out.append(f"| {kind} | " + " | ".join(map(str, counts)) + f" | {sum(counts)} | {MEANING[kind]} |\n")
    served = [sum(c.kind in ("same", "fast", "both", "call", "part") and c.tier == t for c in m.calls) for t in TIERS]
    total = [sum(c.tier == t for c in m.calls) for t in TIERS]
    out.append("| **served** | " + " | ".join(f"{a} of {b}" for a, b in zip(served, total)) +
               f" | {sum(served)} of {sum(total)} | |\n\n")
    out.append("| nr | call | tier | level | note |\n|---|---|---|---|---|\n")
    for c in m.calls:
        out.append(f"| {c.nr} | {c.name} | {TIERS[c.tier]} | {c.kind} | {(c.note or '').replace('|', chr(92) + '|')} |\n")
    return "".join(out)


def main():
    out, *maps = sys.argv[1:]
    text = ("# System calls\n\nMade by gen/emit_status.py from the maps (`ninja -C build/gcc status`); a test fails when it is stale.\n"
            "Numbers that no line names are gone.\n\n")
    text += "\n".join(table(map_model.Map(path)) for path in maps)
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)


specfile.run(main)
