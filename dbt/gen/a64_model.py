"""*.decode files as fields, operands and instructions, with every check."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "syscall-maps", "gen"))
import specfile  # noqa: E402
from a64_expr import Expr  # noqa: E402

NZCV = {"-": 0, "r": 1, "w": 2, "rw": 3}
CLASSES = ("int", "fp", "simd", "load", "store", "rmw", "prefetch", "branch", "bcond", "call", "ret", "trap", "priv",
           "barrier", "system", "hint")
NAME = re.compile(r"[A-Z][A-Za-z0-9_]*$")
BITS = re.compile(r"[01]+$")
SHOULD = re.compile(r"\([01]+\)$")
HOLE = re.compile(r"\{([^{}]*)\}")


class Field:
    def __init__(self, line, name, place):
        m = re.match(r"(\d+)(?::(\d+))?$", place)
        if not m:
            line.fail(f"field {name}: its place is HIGH:LOW or one bit")
        self.line, self.name, self.hi, self.lo = line, name, int(m[1]), int(m[2] or m[1])
        if not 31 >= self.hi >= self.lo:
            line.fail(f"field {name}: bits {place} do not exist")
        self.width, self.used = self.hi - self.lo + 1, False


class Operand:
    def __init__(self, line, name, reads):
        self.line, self.name, self.used = line, name, False
        self.takes = bool(reads) and reads[0] == "*"
        self.reads = reads[1:] if self.takes else reads


class Insn:
    """One line: its words are those with (word & mask) == bits, less those of `undef` and of the lines that go over it."""

    def __init__(self, line, spec):
        self.line = line
        head, *rest = [part.strip() for part in re.split(r" \| ", line.text)]
        if len(rest) < 2:
            line.fail("not of the form: NAME PATTERN | NZCV CLASS FEATURE | TEXT [| undef CONDITION] [| over NAMES]")
        self.name, *tokens = head.split()
        if not NAME.match(self.name):
            line.fail(f"{self.name}: not the name of an instruction")
        self.fields, self.undef, self.over, self.under = {}, None, [], []
        self.pattern(tokens, spec)
        self.facts(rest[0].split(), spec)
        shown = self.template(rest[1], spec)
        for part in rest[2:]:
            self.option(part)
        shown |= set(self.undef.names if self.undef else ())
        for name in self.fields:
            if name not in shown:
                line.fail(f"{self.name}: field {name} is in no operand and no condition")

    def pattern(self, tokens, spec):
        at, self.mask, self.bits = 32, 0, 0
        for token in tokens:
            if BITS.match(token):
                at -= len(token)
                if at < 0:
                    break
                self.mask |= ((1 << len(token)) - 1) << at
                self.bits |= int(token, 2) << at
            elif SHOULD.match(token):
                at -= len(token) - 2
            else:
                at -= self.place(token, at, spec)
        if at != 0:
            self.line.fail(f"{self.name}: {32 - at} bits, 32 expected")

    def place(self, token, at, spec):
        f = spec.fields.get(token)
        if f is None:
            self.line.fail(f"{self.name}: unknown field {token}")
        if f.hi != at - 1:
            self.line.fail(f"{self.name}: field {token} begins at bit {f.hi}, here it stands at bit {at - 1}")
        f.used = True
        self.fields[token] = f
        return f.width

    def facts(self, words, spec):
        if len(words) != 3 or words[0] not in NZCV or words[1] not in CLASSES:
            self.line.fail(f"{self.name}: NZCV ({' '.join(NZCV)}), class ({' '.join(CLASSES)}) and feature expected")
        self.nzcv, self.cls, self.feature = words
        if self.feature not in spec.features:
            self.line.fail(f"{self.name}: unknown feature {self.feature}")
        spec.features[self.feature].used = True

    def template(self, text, spec):
        """The items of the disassembly: text, or (operand, field or None)."""
        self.items, shown, end = [], set(), 0
        for m in HOLE.finditer(text):
            if m.start() > end:
                self.items.append(text[end:m.start()])
            end = m.end()
            self.items.append(self.hole(m[1].split(), spec, shown))
        if end < len(text):
            self.items.append(text[end:])
        return shown

    def hole(self, words, spec, shown):
        op = spec.operands.get(words[0]) if words else None
        if op is None:
            self.line.fail(f"{self.name}: unknown operand {{{' '.join(words)}}}")
        if len(words) != 1 + op.takes:
            self.line.fail(f"{self.name}: operand {op.name} takes {'one field' if op.takes else 'no field'}")
        op.used = True
        for name in op.reads + words[1:]:
            if name not in self.fields:
                self.line.fail(f"{self.name}: operand {op.name} needs field {name}")
            shown.add(name)
        return op, (self.fields[words[1]] if op.takes else None)

    def option(self, part):
        word, _, rest = part.partition(" ")
        if word == "undef" and self.undef is None:
            self.undef = Expr(self.line, rest.strip(), self.fields)
        elif word == "over" and not self.over:
            self.over = rest.split()
        else:
            self.line.fail(f"{self.name}: {part!r}: one `undef CONDITION` and one `over NAMES` may follow the text")

    def meets(self, other):
        if (self.mask & other.mask) & (self.bits ^ other.bits):
            return False
        mask, bits = self.mask | other.mask, self.bits | other.bits
        return not any(i.undef and i.undef.truth(mask, bits) for i in (self, other))


class Spec:
    def __init__(self, path):
        self.fields, self.operands, self.features, self.insns, self.by_name, self.files = {}, {}, {}, [], {}, []
        self.read(path)
        self.orders()
        for kind, table in (("field", self.fields), ("operand", self.operands), ("feature", self.features)):
            for item in table.values():
                if not item.used:
                    item.line.fail(f"{kind} {item.name} is used by no instruction")

    def read(self, path):
        self.files.append(path)
        for line in specfile.read(path):
            words = line.text.split()
            if words[0] == "include":
                self.read(os.path.join(os.path.dirname(path), words[1]))
            elif words[0] in ("field", "operand", "feature"):
                self.declare(line, words)
            else:
                self.add(line)

    def declare(self, line, words):
        table = {"field": self.fields, "operand": self.operands, "feature": self.features}[words[0]]
        if len(words) < 2 or words[0] == "field" and len(words) != 3:
            line.fail(f"{words[0]}: a name{' and a place' if words[0] == 'field' else ''} expected")
        if words[1] in table:
            line.fail(f"{words[0]} {words[1]} is declared twice, first at {table[words[1]].line.where}")
        for name in words[2:] if words[0] == "operand" else ():
            if name != "*" and name not in self.fields:
                line.fail(f"operand {words[1]}: unknown field {name}")
        table[words[1]] = Field(line, *words[1:]) if words[0] == "field" else Operand(line, words[1], words[2:])

    def add(self, line):
        insn = Insn(line, self)
        if insn.name in self.by_name:
            line.fail(f"{insn.name} is named twice, first at {self.by_name[insn.name].line.where}")
        self.by_name[insn.name] = insn
        self.insns.append(insn)

    def orders(self):
        """Two lines that share a word need an explicit order, and an order needs a shared word."""
        for insn in self.insns:
            for name in insn.over:
                other = self.by_name.get(name)
                if other is None:
                    insn.line.fail(f"{insn.name}: over {name}, which is no instruction")
                if not insn.meets(other):
                    insn.line.fail(f"{insn.name}: over {name}, but they share no word")
                other.under.append(insn.name)
        for i, a in enumerate(self.insns):
            for b in self.insns[i + 1:]:
                ordered = (b.name in a.over) + (a.name in b.over)
                if a.meets(b) and ordered != 1:
                    b.line.fail(f"{b.name} shares words with {a.name} ({a.line.where}), and not one of them goes over the other")
