"""Map -> C: prototypes, tables, unpacking, and the whole of `same` calls.  Usage: emit_dispatch.py MAP HEADER FULL FAST"""
import errno
import sys

import map_model
import specfile
from map_model import HANDLED


# Their first argument is the number.
INDIRECT = ("syscall", "__syscall")


def banner(path):
    return f"/* Made by emit_dispatch.py from {path.rsplit('/', 1)[-1]}.  Do not edit. */\n"


def serve_name(m, c):
    return f"{m.prefix}_serve_{c.nr}"


def fast_name(m, c):
    return f"{m.prefix}_fast_{c.c_name}" if c.kind == "both" else serve_name(m, c)


def declare(m, c):
    return f"long {serve_name(m, c)}(struct thread *t, const uint64_t *a);\n"


def header(m, path):
    out = [banner(path), '#pragma once\n\n#include "abi/core/sysent.h"\n#include "abi/core/task.h"\n\n',
           f"extern const struct systab {m.symbol}_tab;\n\n"]
    if any(c.ret == "fd" and c.kind in HANDLED for c in m.calls):
        out.append(f"/* Every new descriptor passes here. */\nlong {m.prefix}_fd_new(struct thread *t, long r);\n\n")
    for c in m.calls:
        if c.kind == "both":
            out.append(f"long {fast_name(m, c)}(struct thread *t, const uint64_t *a);\n")
        if c.kind in HANDLED:
            params = ", ".join(["struct thread *t"] + [f"{a.c} {a.name}" for a in c.args])
            out.append(f"long {m.prefix}_{c.c_name}({params}); /* {c.line.where} */\n")
    return "".join(out)


def define(m, c, body, how=""):
    return (f"/* {c.line.where} */\n{how}long\n{serve_name(m, c)}(struct thread *t, const uint64_t *a)\n{{\n{body}}}\n\n")


def casts(c):
    return "".join(f", ({a.c})a[{i}]" for i, a in enumerate(c.args))


def wrapper(m, c):
    call = f"{m.prefix}_{c.c_name}(t{casts(c)})"
    if c.ret == "fd":
        call = f"{m.prefix}_fd_new(t, {call})"
    return define(m, c, f"\treturn {call};\n")


def check_memory(c, i, a):
    if a.kind == "K_FD":
        return f"\tif (fd_is_ours((int)a[{i}]))\n\t\treturn -EBADF;\n"
    if a.kind not in ("K_BUF", "K_STRUCT"):
        return ""
    n = str(a.size)
    if a.kind == "K_BUF":
        n = a.length if a.length.isdigit() else f"a[{c.names.index(a.length)}]"
    # A count above IOSIZE_MAX is wrong whatever the address: sys_read, kern_readlinkat, kern_recvit.
    error = "-EFAULT" if n.isdigit() else f"(int64_t){n} < 0 ? -EINVAL : -EFAULT"
    return f"\tif (!gm_inside(a[{i}], {n}))\n\t\treturn {error};\n"


def same(m, c):
    checks = "".join(check_memory(c, i, a) for i, a in enumerate(c.args))
    return define(m, c, f"{checks}\treturn host_block(t, SYS_{c.host or c.name}{casts(c)});\n", "HOST_RETURNS ")


def fast_file(m, path, header_name):
    calls = [c for c in m.calls if c.kind in ("same", "fast")]
    out = [banner(path), '#include <errno.h>\n\n#include "abi/core/fd.h"\n#include "abi/core/gm.h"\n'
           f'#include "abi/core/host.h"\n#include "{header_name}"\n\n']
    out += [declare(m, c) for c in calls] + ["\n"]
    out += [same(m, c) if c.kind == "same" else wrapper(m, c) for c in calls]
    return "".join(out)


def arg_row(m, c, a):
    length = a.length or a.count
    index = c.names.index(length) if length in c.names else -1
    fields = [f'"{a.name}"', a.kind, a.dir, str(index), f'"{a.type}"' if a.type else "0",
              f"&{m.prefix}_{a.set}_set" if a.set else "0", length if length and length.isdigit() else "0"]
    return "{" + ", ".join(fields) + "}"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def entry(m, c):
    level = "FAST" if c.kind == "both" else c.kind.upper()
    f = [f'.name = "{c.name}"', f".level = SYS_{level}", f".nargs = {len(c.args)}"]
    f.append(f".err = {getattr(errno, c.ret)}" if c.kind == "fail" else f".ret = {map_model.RESULTS[c.ret]}")
    if c.classes:
        f.append(f".classes = {' | '.join(map_model.CLASSES[w] for w in c.classes)}")
    if c.kind in HANDLED + ("same",):
        f.append(f".serve = {serve_name(m, c)}")
        if len(c.args) <= 6 and c.name not in INDIRECT:
            f.append(".plain = true")
    if c.kind in ("same", "fast", "both"):
        f.append(f".fast = {fast_name(m, c)}")
    if c.args:
        f.append(f".args = args_{c.nr}")
    if c.note:
        f.append(f".note = {quoted(c.note)}")
    f.append(f'.source = "{c.line.where}"')
    return f"\t[{c.nr}] = {{{', '.join(f)}}},\n"


def full_file(m, path, header_name, sets_name):
    fast = [c for c in m.calls if c.kind in ("same", "fast")]
    out = [banner(path), f'#include "{header_name}"\n#include "{sets_name}"\n\n']
    out += [declare(m, c) for c in fast] + ["\n"]
    for c in m.calls:
        if c.kind in ("both", "call", "part"):
            out.append(declare(m, c) + wrapper(m, c))
        if c.args:
            rows = ", ".join(arg_row(m, c, a) for a in c.args)
            out.append(f"static const struct sysarg args_{c.nr}[] = {{{rows}}};\n")
    size = m.last + 1
    out.append(f"\nstatic const struct sysent ent[{size}] = {{\n" + "".join(entry(m, c) for c in m.calls) + "};\n\n")
    rows = "".join(f"\t[{c.nr}] = {fast_name(m, c)},\n" for c in m.calls if c.kind in ("same", "fast", "both"))
    out.append(f"static sys_serve_fn *const fast[{size}] = {{\n{rows}}};\n\n")
    out.append(f'const struct systab {m.symbol}_tab = {{"{m.title}", ent, {size}, fast}};\n')
    return "".join(out)


def main():
    path, header_path, full_path, fast_path = sys.argv[1:5]
    m = map_model.Map(path)
    name = header_path.rsplit("/", 1)[-1]
    sets = f"{m.title.split('-')[0]}-sets.h"
    for target, text in ((header_path, header(m, path)), (full_path, full_file(m, path, name, sets)),
                         (fast_path, fast_file(m, path, name))):
        with open(target, "w", encoding="utf-8") as f:
            f.write(text)


specfile.run(main)
