#!/usr/bin/env python3
"""Paths and options that the documents name are there.  docs.py SOURCE_ROOT OPTIONS_DEF"""
import glob
import os
import re
import sys

PLACES = ("", "abi/", "abi/core/", "abi/freebsd/", "loader/", "syscall-maps/", "syscall-maps/gen/", "tests/", "tests/guest/", "tests/guest/freebsd/")
OTHER = {"FreeBSD/amd64", "os/signal", "tests/bench/calls-guest", ".sets", "./esbuild-freebsd"}  # no files of ours
CODE = re.compile(r"`([^`\n]+)`|^    \$ (.+)$", re.M)
LINK = re.compile(r"\]\(([^)#:]+)\)")
PATH = re.compile(r"^\./?[\w./-]+$|^[\w.-]+/[\w./*-]*$|^[\w-]+\.(?:c|h|S|py|md|map|sets|structs|def|list|sh|1|build)$")
OPTION = re.compile(r"(?<![\w-])(--[a-z][\w-]*)")
MADE = ("linux-aarch64", "linux-sets", "build/", "meson-", "freebsd-sets.", "freebsd-amd64-fast.", "a64-text.", "a64-decode.")


def is_there(root, folder, path):
    if path.startswith(MADE) or re.search(r"[A-Z]{4,}", os.path.basename(path).split(".")[0]) and not path.endswith(".md"):
        return True
    return any(glob.glob(os.path.join(root, at, path)) for at in (folder + "/", *PLACES))


def options_of(def_file):
    with open(def_file, encoding="utf-8") as f:
        return set(re.findall(r'^OPT\(\w+, ".?", "([\w-]+)"', f.read(), re.M))


def main():
    root, options = sys.argv[1], options_of(sys.argv[2])
    bad = 0
    for file in sorted(glob.glob(f"{root}/*.md") + glob.glob(f"{root}/*/README.md") + glob.glob(f"{root}/*/*/README.md")):
        name, folder = os.path.relpath(file, root), os.path.relpath(os.path.dirname(file), root)
        with open(file, encoding="utf-8") as f:
            text = f.read()
        pieces = [a or b for a, b in CODE.findall(text)]
        words = [w.rstrip(",;:.") for p in pieces for w in p.split()]
        missing = [w for w in words if PATH.match(w) and w not in OTHER and not is_there(root, folder, w)]
        missing += [link for link in LINK.findall(text) if not os.path.exists(os.path.join(root, folder, link))]
        for w in sorted(set(missing)):
            print(f"{name}: there is no {w}")
        unknown = {o for p in pieces if "dragoman " in p for o in OPTION.findall(p.split("dragoman ", 1)[1])}
        for o in sorted(o for o in unknown if o[2:] not in options and not p_of_guest(text, o)):
            print(f"{name}: dragoman has no option {o}")
            bad += 1
        bad += len(missing)
    return bad != 0


def p_of_guest(text, option):
    """An argument of the guest in an example."""
    return re.search(r"dragoman \./\S+ .*" + option, text)


sys.exit(main())
