"""Runs of the command line: status, standard output and standard error against what they must be."""
import os
import re
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import proc  # noqa: E402


class Cases:
    def __init__(self, dragoman):
        self.dragoman = dragoman
        self.bad = 0

    def run(self, args, **more):
        also = more.pop("preexec_fn", lambda: None)
        more["preexec_fn"] = lambda: (proc.plain_signals(), also())
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([self.dragoman, *args], text=True, errors="replace", timeout=60, check=False, **more)

    def tell(self, name, wrong):
        print(f"not ok {name}: {wrong}" if wrong else f"ok {name}")
        self.bad += bool(wrong)

    def case(self, name, args, status, err="", out="", no_err=None, **more):
        """@err and @out are texts that must be there, @no_err one that must not; each may be a compiled expression."""
        def has(text, want):
            return want.search(text) if isinstance(want, re.Pattern) else want in text
        p = self.run(args, **more)
        good = p.returncode == status and has(p.stderr or "", err) and has(p.stdout or "", out)
        good = good and not (no_err is not None and has(p.stderr or "", no_err))
        self.tell(name, None if good else
                  f"status {p.returncode}, expected {status}; output {(p.stdout or '')[:300]!r}, errors {(p.stderr or '')[:600]!r}")
        return p


def limit(what, soft, hard=None):
    """For preexec_fn: this limit, the hard one as well."""
    return lambda: resource.setrlimit(what, (soft, soft if hard is None else hard))
