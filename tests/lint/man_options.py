#!/usr/bin/env python3
"""The man page and the option table name the same options, with the same arguments.

usage: man_options.py loader/options.def man/dragoman.1
"""
import re
import sys

ROW = re.compile(r'^OPT\((\w+), "(.?)", "([\w-]+)", (FLAG|ARG|MAYBE), (?:"(.*?)"|NULL), (\w+),', re.M)
ITEM = re.compile(r'^\.It (?:Fl (\w) , )?Fl -([\w-]+)(.*)$', re.M)


def shape(kind, arg):
    if kind == 'FLAG':
        return ''
    return ' Ns Op = Ns Ar ' + arg if kind == 'MAYBE' else ' Ar ' + arg.replace('=', ' Ns = Ns Ar ')


def main():
    with open(sys.argv[1]) as table, open(sys.argv[2]) as page:
        want = {(m[2], m[3], shape(m[4], m[5])) for m in ROW.finditer(table.read()) if m[6] != 'INTERNAL'}
        have = {(m[1] or '', m[2], m[3]) for m in ITEM.finditer(page.read())}
    for row in sorted(want - have):
        print(f'{sys.argv[2]}: lacks --{row[1]}, as ".It {"Fl " + row[0] + " , " if row[0] else ""}Fl -{row[1]}{row[2]}"')
    for row in sorted(have - want):
        print(f'{sys.argv[2]}: --{row[1]} is not so in {sys.argv[1]}')
    if not want:
        print(f'{sys.argv[1]}: no options found')
    return want != have or not want


sys.exit(main())
