#!/usr/bin/env python3
"""Make tests/fuzz/corpus/elf: small ELF files, one for each system, machine and way of being wrong.

usage: make_corpus.py DIRECTORY      (the same bytes each time)
"""
import os
import struct
import sys

EXEC, DYN = 2, 3
X86_64, I386, ARM, AARCH64, RISCV = 62, 3, 40, 183, 243
LOAD, DYNAMIC, INTERP, NOTE, PHDR, TLS, STACK = 1, 2, 3, 4, 6, 7, 0x6474e551
NEEDED, HASH, STRTAB, SYMTAB, STRSZ, SONAME, GNU_HASH = 1, 4, 5, 6, 10, 14, 0x6ffffef5
BASE = 0x400000


def note(owner, kind, desc, align=4):
    def pad(b):
        return b + b'\0' * (-len(b) % align)
    name = owner.encode() + b'\0'
    return pad(struct.pack('<III', len(name), len(desc), kind) + name) + pad(desc)


def u32(*v):
    return struct.pack('<%dI' % len(v), *v)


class Elf:
    """A program of one text segment that holds everything; 'bend' overwrites fields of it at the end."""

    def __init__(self, machine=X86_64, bits=64, kind=EXEC, osabi=0, interp=None, notes=b'', libs=(), soname=None,
                 imports=(), gnu_hash=False, extra=(), entry=None, tls=False, flags=0):
        self.bits, self.fields, self.body = bits, {}, bytearray()
        self.base = BASE if kind == EXEC else 0
        self.head, self.ent = (64, 56) if bits == 64 else (52, 32)
        self.count = 2 + bool(interp) + bool(notes) + bool(libs or soname or imports) + len(extra) + tls
        self.at = self.head + self.count * self.ent
        headers = []
        if interp:
            headers.append((INTERP, 4, *self.put(interp.encode() + b'\0'), 1))
        if notes:
            headers.append((NOTE, 4, *self.put(notes), 4))
        if libs or soname or imports:
            headers.append((DYNAMIC, 6, *self.dynamic(libs, soname, imports, gnu_hash), 8))
        if tls:
            headers.append((TLS, 4, *self.put(b'\1' * 16), 8))
        headers.extend((t, 4, 0, 0, 0, 1) for t in extra)
        self.put(b'\xc3' * 16)
        headers.insert(0, (LOAD, 5, 0, self.at, self.at, 0x1000))
        headers.append((STACK, 6, 0, 0, 0, 16))
        entry = self.base + self.at - 16 if entry is None else entry
        self.headers(machine, kind, osabi, entry, flags, headers)

    def put(self, data):
        self.body += b'\0' * (-(self.at) % 8)
        self.at += -self.at % 8
        where = self.at
        self.body += data
        self.at += len(data)
        return where, len(data), len(data)

    def dynamic(self, libs, soname, imports, gnu_hash):
        names, table = [*libs, *([soname] if soname else []), *imports], b'\0'
        place = {}
        for n in names:
            place[n] = len(table)
            table += n.encode() + b'\0'
        wide = self.bits == 64
        syms = b'\0' * (24 if wide else 16)
        for n in imports:
            syms += struct.pack('<IBBHQQ', place[n], 0x12, 0, 0, 0, 0) if wide else \
                struct.pack('<IIIBBH', place[n], 0, 0, 0x12, 0, 0)
        count = 1 + len(imports)
        strings, symbols = self.put(table)[0], self.put(syms)[0]
        hashes = self.put(u32(1, count, 1, 6) + b'\0' * 12 if gnu_hash else u32(1, count, 0) + u32(*[0] * count))[0]
        rows = [(NEEDED, place[n]) for n in libs] + ([(SONAME, place[soname])] if soname else [])
        rows += [(STRTAB, self.base + strings), (STRSZ, len(table)), (SYMTAB, self.base + symbols),
                 (GNU_HASH if gnu_hash else HASH, self.base + hashes), (0, 0)]
        return self.put(b''.join(struct.pack('<QQ' if wide else '<II', *r) for r in rows))

    def headers(self, machine, kind, osabi, entry, flags, headers):
        wide = self.bits == 64
        ident = b'\x7fELF' + bytes([2 if wide else 1, 1, 1, osabi]) + b'\0' * 8
        self.bytes = bytearray(ident + struct.pack('<HHIQQQIHHHHHH' if wide else '<HHIIIIIHHHHHH', kind, machine, 1,
                                                   entry, self.head, 0, flags, self.head, self.ent, len(headers),
                                                   0, 0, 0))
        for t, prot, off, filesz, memsz, align in headers:
            vaddr = self.base + off
            self.bytes += struct.pack('<IIQQQQQQ', t, prot, off, vaddr, vaddr, filesz, memsz, align) if wide else \
                struct.pack('<IIIIIIII', t, off, vaddr, vaddr, filesz, memsz, prot, align)
        self.bytes += self.body

    def bend(self, off, fmt, value):
        struct.pack_into('<' + fmt, self.bytes, off, value)
        return self

    def ph(self, index, field, value):
        """A field of a 64-bit program header."""
        off, fmt = {'type': (0, 'I'), 'flags': (4, 'I'), 'offset': (8, 'Q'), 'vaddr': (16, 'Q'), 'filesz': (32, 'Q'),
                    'memsz': (40, 'Q'), 'align': (48, 'Q')}[field]
        return self.bend(64 + 56 * index + off, fmt, value)


def systems():
    tag = u32(1203000)
    yield 'freebsd-static', Elf(osabi=9, notes=note('FreeBSD', 1, tag))
    yield 'freebsd-pie', Elf(kind=DYN, osabi=9, interp='/libexec/ld-elf.so.1', notes=note('FreeBSD', 1, u32(1500068)) +
                             note('FreeBSD', 4, u32(1)), libs=['libthr.so.3', 'libc.so.7'], imports=['open', 'read'],
                             tls=True)
    yield 'freebsd-gnu-hash', Elf(kind=DYN, libs=['libc.so.7'], imports=['a', 'b', 'c'], gnu_hash=True)
    yield 'freebsd-library', Elf(kind=DYN, entry=0, soname='libx.so', libs=['libc.so.7'], imports=['x'])
    yield 'freebsd-arm64', Elf(AARCH64, osabi=9, notes=note('FreeBSD', 1, tag))
    yield 'freebsd-i386', Elf(I386, 32, osabi=9, interp='/libexec/ld-elf.so.1', libs=['libc.so.7'], imports=['open'])
    yield 'netbsd', Elf(osabi=2, notes=note('NetBSD', 1, u32(700000000)) + note('PaX', 3, u32(0)))
    yield 'openbsd', Elf(osabi=12, interp='/usr/libexec/ld.so', notes=note('OpenBSD', 1, u32(0)), libs=['libc.so'],
                         extra=(0x65a3dbe6, 0x65a3dbe9))
    yield 'dragonfly', Elf(interp='/usr/libexec/ld-elf.so.2', notes=note('DragonFly', 1, u32(600400)))
    yield 'illumos', Elf(interp='/lib/amd64/ld.so.1', libs=['libc.so', 'libsocket.so'], imports=['___errno'])
    yield 'linux', Elf(kind=DYN, interp='/lib64/ld-linux-x86-64.so.2', notes=note('GNU', 1, u32(0, 3, 2, 0)))
    yield 'linux-static', Elf(notes=note('Go', 4, b'x' * 83))
    yield 'linux-arm', Elf(ARM, 32, flags=0x05000400, interp='/lib/ld-linux-armhf.so.3', libs=['libc.so.6'])
    yield 'linux-arm64', Elf(AARCH64, interp='/lib/ld-musl-aarch64.so.1')
    yield 'linux-riscv', Elf(RISCV)
    yield 'unknown', Elf(osabi=7)


def wrong():
    def new(**more):
        return Elf(osabi=9, interp='/libexec/ld-elf.so.1', notes=note('FreeBSD', 1, u32(1203000)), libs=['libc.so.7'],
                   imports=['open'], **more)
    big, top = 1 << 62, (1 << 64) - 1
    yield 'bad-class', new().bend(4, 'B', 3)
    yield 'bad-order', new().bend(5, 'B', 2)
    yield 'bad-type', new().bend(16, 'H', 1)
    yield 'bad-phentsize', new().bend(54, 'H', 32)
    yield 'bad-phnum', new().bend(56, 'H', 0xffff)
    yield 'bad-phoff', new().bend(32, 'Q', top)
    yield 'bad-shoff', new().bend(40, 'Q', 64).bend(58, 'H', 64).bend(60, 'H', 0)
    yield 'bad-entry', new().bend(24, 'Q', 0x10)
    yield 'bad-memsz', new().ph(0, 'memsz', 1)
    yield 'bad-filesz', new().ph(0, 'filesz', big).ph(0, 'memsz', big)
    yield 'bad-offset', new().ph(0, 'offset', top - 0xfff)
    yield 'bad-vaddr', new().ph(0, 'vaddr', top - 0xfff)
    yield 'bad-align', new().ph(0, 'align', 3)
    yield 'bad-noload', new().ph(0, 'type', 0)
    yield 'bad-interp', new().ph(1, 'filesz', 3)
    yield 'bad-interp-offset', new().ph(1, 'offset', big)
    yield 'bad-note', new().ph(2, 'filesz', 20)
    yield 'bad-note-size', new().ph(2, 'filesz', big)
    yield 'bad-dynamic', new().ph(3, 'filesz', 24)
    yield 'bad-dynamic-end', new().ph(3, 'filesz', 16)
    yield 'bad-second-interp', new().ph(2, 'type', INTERP)
    yield 'bad-second-dynamic', new(tls=True).ph(4, 'type', DYNAMIC)
    yield 'bad-strings', new(extra=(0x65a3dbe7,)).ph(0, 'filesz', 0x180)


def plain():
    yield 'empty', b''
    yield 'script', b'#!/bin/sh\nexit 0\n'
    yield 'text', b'no program\n'
    yield 'magic-only', b'\x7fELF'
    yield 'header-only', bytes(Elf().bytes[:64])
    yield 'header-cut', bytes(Elf().bytes[:63])
    yield 'header32-cut', bytes(Elf(ARM, 32).bytes[:51])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, data in [*((n, bytes(e.bytes)) for n, e in [*systems(), *wrong()]), *plain()]:
        with open(os.path.join(sys.argv[1], name), 'wb') as f:
            f.write(data)


main()
