"""A map file as calls and arguments, with every check."""
import errno
import re

import specfile

# `both`: the fast lane tries PREFIX_fast_NAME on the raw arguments, what it declines the full lane serves
KINDS = ("same", "fast", "both", "call", "part", "fail", "none", "gone")
HANDLED = ("fast", "both", "call", "part")
NEEDS_NOTE = ("part", "fail", "none", "gone")
# word -> (C parameter type, tracer kind, may a `same` call pass it?)
SCALARS = {
    "int": ("int", "K_INT", True), "uint": ("uint32_t", "K_UINT", True), "hex": ("uint32_t", "K_HEX", True),
    "long": ("int64_t", "K_LONG", True), "ulong": ("uint64_t", "K_ULONG", True), "size": ("uint64_t", "K_ULONG", True),
    "off": ("int64_t", "K_LONG", True), "mode": ("uint32_t", "K_OCTAL", True), "pid": ("int", "K_PID", True),
    "uid": ("uint32_t", "K_UID", True), "gid": ("uint32_t", "K_GID", True), "tid": ("int64_t", "K_TID", False),
    "sig": ("int", "K_SIG", False), "fd": ("int", "K_FD", True), "atfd": ("int", "K_ATFD", False),
    "addr": ("uint64_t", "K_ADDR", True), "path": ("uint64_t", "K_PATH", False), "str": ("uint64_t", "K_STR", False),
}
RESULTS = {"int": "K_INT", "uint": "K_UINT", "long": "K_LONG", "fd": "K_FD", "size": "K_ULONG", "off": "K_LONG",
           "pid": "K_PID", "uid": "K_UID", "gid": "K_GID", "tid": "K_TID", "addr": "K_ADDR", "hex": "K_HEX",
           "void": "K_VOID", "pair": "K_PAIR", "mode": "K_OCTAL", "sig": "K_SIG"}
DIRS = {"in": "DIR_IN", "out": "DIR_OUT", "inout": "DIR_INOUT"}
CALL = re.compile(r"\s*(\d+)\s+([MSR])\s+(\w+)(?:=(\w+))?\s+(\w+)\((.*?)\)(?:\s+->\s+(\w+))?((?:\s+@\w+)*)(?:\s+--\s+(.*))?$")
# @word -> what the tracer learns: filter classes, and that the call may sleep
CLASSES = {"network": "SYS_IN_NETWORK", "memory": "SYS_IN_MEMORY", "process": "SYS_IN_PROCESS",
           "signal": "SYS_IN_SIGNAL", "wait": "SYS_WAITS"}
POINTER = re.compile(r"(in|out|inout)(?:\[(\w+)\])?\s+(?:(\w+)(?:\[(\w+)\])?\s+)?(\w+)$")


class Arg:
    def __init__(self, line, text, types):
        self.length = self.type = self.set = self.count = None
        self.dir = "DIR_NONE"
        self.size = 0
        m = POINTER.match(text)
        if m:
            self.pointer(line, m, types)
        else:
            self.scalar(line, text)

    def pointer(self, line, m, types):
        self.dir, self.length, self.type, self.count, self.name = DIRS[m[1]], m[2], m[3], m[4], m[5]
        self.c, self.kind = "uint64_t", "K_STRUCT" if self.type else "K_BUF"
        if not self.type and not self.length:
            line.fail(f"{self.name}: a buffer needs a length, as in out[n] buf")
        self.size, self.same = types.get(self.type, (0, not self.type))

    def scalar(self, line, text):
        words = text.split()
        if len(words) != 2:
            line.fail(f"argument {text!r}: a type and a name expected")
        word, self.name = words
        word, _, self.set = word.partition(":")
        if word == "set":
            word = "hex"
            self.kind_of(line, word)
            self.same = False
        else:
            self.kind_of(line, word)
        if self.set:
            self.kind = "K_SET"

    def kind_of(self, line, word):
        if word not in SCALARS:
            line.fail(f"{self.name}: unknown type {word!r}")
        self.c, self.kind, self.same = SCALARS[word]


class Call:
    def __init__(self, line, types):
        m = CALL.match(line.text)
        if not m:
            line.fail("not of the form: NUMBER TIER KIND NAME(ARGUMENTS) -> RESULT @class -- note")
        self.line, self.nr, self.tier, self.kind, self.host = line, int(m[1]), m[2], m[3], m[4]
        self.name, self.ret, self.note = m[5], m[7] or "int", m[9]
        self.classes = [w[1:] for w in m[8].split()]
        self.args = [Arg(line, a.strip(), types) for a in m[6].split(",")] if m[6].strip() else []
        self.names = [a.name for a in self.args]
        self.c_name = self.name.lstrip("_")
        self.check()

    def check(self):
        fail = self.line.fail
        if self.kind not in KINDS:
            fail(f"unknown kind {self.kind!r}")
        if self.kind in NEEDS_NOTE and not self.note:
            fail(f"{self.name}: {self.kind} needs a note")
        if self.host and self.kind != "same":
            fail(f"{self.name}: only a `same` call names a host call")
        if len(set(self.names)) != len(self.names):
            fail(f"{self.name}: two arguments of one name")
        for word in self.classes:
            if word not in CLASSES:
                fail(f"{self.name}: unknown class @{word}")
        if len(self.args) > 8:
            fail(f"{self.name}: more than 8 arguments")
        if self.kind == "fail" and not hasattr(errno, self.ret):
            fail(f"{self.name}: fail needs a host errno, not {self.ret!r}")
        if self.kind != "fail" and self.ret not in RESULTS:
            fail(f"{self.name}: unknown result {self.ret!r}")
        for a in self.args:
            self.check_arg(a)

    def check_arg(self, a):
        for length in (a.length, a.count):
            if length and not length.isdigit() and length not in self.names:
                self.line.fail(f"{self.name}: length {length!r} names no argument")
        if self.kind == "same" and not a.same:
            self.line.fail(f"{self.name}: `same` cannot pass {a.name}: it needs conversion")


class Map:
    def __init__(self, path):
        self.calls, self.types, self.last = [], {}, None
        for line in specfile.read(path):
            words = line.text.split()
            if words[0] in ("table", "last", "type"):
                self.directive(line, words)
            else:
                self.add(line)
        if self.last is None:
            raise specfile.SpecError(f"{path}: no `last` line")

    def directive(self, line, words):
        if words[0] == "table" and len(words) == 4:
            self.symbol, self.title, self.prefix = words[1:]
        elif words[0] == "last" and len(words) == 2 and words[1].isdigit():
            self.last = int(words[1])
        elif words[0] == "type" and len(words) == 4 and words[2].isdigit() and words[3] in ("same", "differs"):
            if words[1] in self.types:
                line.fail(f"type {words[1]} twice")
            self.types[words[1]] = (int(words[2]), words[3] == "same")
        else:
            line.fail(f"a malformed {words[0]!r} line")

    def add(self, line):
        call = Call(line, self.types)
        if self.calls and call.nr <= self.calls[-1].nr:
            line.fail(f"{call.name}: number {call.nr} does not come after {self.calls[-1].nr}")
        if self.last is not None and call.nr > self.last:
            line.fail(f"{call.name}: number {call.nr} is beyond the last, {self.last}")
        if any(c.name == call.name for c in self.calls):
            line.fail(f"{call.name}: this name twice")
        self.calls.append(call)
