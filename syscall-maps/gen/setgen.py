"""Sets, errno and signal columns of one guest -> C.  Usage: setgen.py GUEST PREFIX SETS ERRNO SIGNAL HEADER SOURCE"""
import re
import sys

import specfile

NUMBER = re.compile(r"(0x[0-9a-fA-F]+|\d+)$")


def number(line, text):
    if not NUMBER.match(text):
        line.fail(f"{text!r} is not a number")
    return int(text, 0)


class Set:
    def __init__(self, line, name, is_enum):
        self.line, self.name, self.is_enum, self.items = line, name, is_enum, []

    def add(self, line, words):
        if words[0] == "bit" and len(words) == 4:
            name, value, host = words[1], number(line, words[2]), words[3]
            mask = value
        elif words[0] == "value" and len(words) == 5:
            mask, name, value, host = number(line, words[1]), words[2], number(line, words[3]), words[4]
        else:
            line.fail("not of the form: bit NAME VALUE HOST, or value MASK NAME VALUE HOST")
        if value & ~mask:
            line.fail(f"{name}: value 0x{value:x} is not within its mask")
        if any(i[0] == name for i in self.items):
            line.fail(f"{name}: this name twice")
        for other in self.items:
            if mask & other[2] and (mask != other[2] or value == other[1]) and not self.is_enum:
                line.fail(f"{name}: overlaps {other[0]}")
        self.items.append((name, value, mask, host))


def read_sets(path):
    sets, includes = [], []
    for line in specfile.read(path):
        words = line.text.split()
        if words[0] == "include" and len(words) == 2:
            includes.append(words[1])
        elif words[0] in ("set", "enum") and len(words) == 2:
            if any(s.name == words[1] for s in sets):
                line.fail(f"set {words[1]} twice")
            sets.append(Set(line, words[1], words[0] == "enum"))
        elif sets:
            sets[-1].add(line, words)
        else:
            line.fail("a line before the first set")
    return sets, includes


def column(path, guest):
    """Rows (line, host name, guest number or None, text) of a table with a column for each guest."""
    rows, at, width = [], None, 0
    for line in specfile.read(path):
        words = line.text.split(None, 1 + width) if width else line.text.split()
        if words[0] == "columns":
            if guest not in words:
                line.fail(f"no column {guest!r}")
            at, width = words.index(guest), len(words) - 1
            continue
        if at is None:
            line.fail("a row before the columns line")
        skip = 2 if words[0] == "realtime" else 0
        words = line.text.split(None, 1 + width + skip)
        if len(words) < 1 + width + skip:
            line.fail(f"{len(words) - 1} columns, {width} expected")
        cell = words[at + skip]
        text = words[1 + width + skip] if len(words) > 1 + width + skip else ""
        rows.append((line, words, None if cell == "-" else number(line, cell), text.strip()))
    return rows


def errno_tables(p, path, guest):
    to_guest, to_host, names, texts, used = [], [], [], [], {}
    for line, words, value, text in column(path, guest):
        host = None if words[0].startswith("!") else words[0]
        if value is None:
            continue
        if value in used and host:
            to_guest.append(f"\t[{host}] = {value}, /* {line.where} */")
            continue
        if value in used:
            line.fail(f"{words[0]}: {value} is {used[value]} already")
        used[value] = words[0]
        if host:
            to_guest.append(f"\t[{host}] = {value}, /* {line.where} */")
            to_host.append(f"\t[{value}] = {host},")
        names.append(f'\t[{value}] = "{words[0].lstrip("!")}",')
        texts.append(f'\t[{value}] = "{text}",')
    n = max(used) + 1
    return "\n".join(["static const uint16_t errno_to_guest[] = {"] + to_guest + ["};"] +
                     [f"static const uint16_t errno_to_host[{n}] = {{"] + to_host + ["};"] +
                     [f"static const char *const errno_name[{n}] = {{"] + names + ["};"] +
                     [f"static const char *const errno_text[{n}] = {{"] + texts + ["};"] +
                     [f"const struct errno_map {p}_errnos = {{errno_to_guest, sizeof(errno_to_guest) / 2, "
                      f"errno_to_host, {n}, errno_name, errno_text}};\n"])


def signal_tables(p, path, guest):
    to_guest, to_host, names, top = [], [], [], 0
    for line, words, value, _ in column(path, guest):
        if value is None:
            continue
        if words[0] == "realtime":
            low, high = int(words[1]), int(words[2])
            for i in range(high - low + 1):
                to_guest.append(f"\t[{low + i}] = {value + i},")
                to_host.append(f"\t[{value + i}] = {low + i},")
                names.append(f'\t[{value + i}] = "SIGRT{i}",')
            top = max(top, value + high - low)
            continue
        top = max(top, value)
        if not words[0].startswith("!"):
            to_guest.append(f"\t[{words[0]}] = {value}, /* {line.where} */")
            to_host.append(f"\t[{value}] = {words[0]},")
        names.append(f'\t[{value}] = "{words[0].lstrip("!")}",')
    n = max(top + 1, 129 if guest == "freebsd" else 0)
    return "\n".join(["static const uint8_t signal_to_guest[65] = {"] + to_guest + ["};"] +
                     [f"static const uint8_t signal_to_host[{n}] = {{"] + to_host + ["};"] +
                     [f"static const char *const signal_name[{n}] = {{"] + names + ["};"] +
                     [f"const struct signal_map {p}_signals = {{signal_to_guest, signal_to_host, {n}, signal_name}};\n"])


def set_source(p, s):
    rows = []
    for name, value, mask, host in s.items:
        have = 0 if host == "!" else 1
        rows.append(f'\t{{"{name}", 0x{value:x}u, 0x{mask:x}u, {host if have else 0}, {have}}},')
    return "\n".join([f"/* {s.line.where} */", f"static const struct set_item {s.name}_items[] = {{"] + rows +
                     ["};", f'const struct set {p}_{s.name}_set = {{"{s.name}", {int(s.is_enum)}, {s.name}_items, '
                      f"{len(rows)}}};\n"])


def main():
    guest, p, sets_path, errno_path, signal_path, header, source = sys.argv[1:8]
    sets, includes = read_sets(sets_path)
    made = f"/* Made by setgen.py from {sets_path.rsplit('/', 1)[-1]}, errno.map, signal.map.  Do not edit. */\n"
    with open(header, "w", encoding="utf-8") as f:
        f.write(made + '#pragma once\n\n#include "abi/core/sets.h"\n\n')
        f.write(f"extern const struct errno_map {p}_errnos;\nextern const struct signal_map {p}_signals;\n")
        f.writelines(f"extern const struct set {p}_{s.name}_set;\n" for s in sets)
        f.write(f"extern const struct set *const {p}_sets[];\n#define {p.upper()}_NSETS {len(sets)}\n")
    with open(source, "w", encoding="utf-8") as f:
        f.write(made + "#include <errno.h>\n#include <signal.h>\n" + "".join(f"#include <{i}>\n" for i in includes))
        f.write(f'\n#include "{header.rsplit("/", 1)[-1]}"\n\n')
        f.write("\n".join(set_source(p, s) for s in sets) + "\n")
        f.write(f"const struct set *const {p}_sets[] = {{{', '.join(f'&{p}_{s.name}_set' for s in sets)}}};\n\n")
        f.write(errno_tables(p, errno_path, guest) + "\n" + signal_tables(p, signal_path, guest))


specfile.run(main)
