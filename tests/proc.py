"""Run a program with a limit that holds: its whole session ends with it, and output that a grandchild holds open is no wait."""
import os
import signal
import subprocess
import tempfile


def plain_signals():
    """For preexec_fn: what a background job of a shell, or nohup, has ignored does what programs expect."""
    for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(signo, signal.SIG_DFL)


def run(command, seconds, stdin=subprocess.DEVNULL, **how):
    """(status, stdout, stderr) in bytes; the status is None when @seconds were not enough, negative when a signal ended it."""
    how.setdefault("preexec_fn", plain_signals)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        p = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=err, start_new_session=True, **how)
        try:
            status = p.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(p.pid, signal.SIGKILL)  # what it left behind, and itself after the limit
        except (ProcessLookupError, PermissionError):
            pass
        p.wait()
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read()
