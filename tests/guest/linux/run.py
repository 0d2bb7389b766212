"""A freestanding Linux/AArch64 program under dragoman and under qemu-aarch64: status and output are as told, and the same.
run.py DRAGOMAN QEMU|- PROGRAM STATUS OUTPUT [ARGUMENT...]"""
import subprocess
import sys

dragoman, qemu, program, status, output = sys.argv[1:6]
args = [a.replace("@empty", "") for a in sys.argv[6:]]
good = True
for how in [[dragoman]] + ([[qemu]] if qemu != "-" else []):
    r = subprocess.run(how + [program] + args, env={"KEY": "value"}, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if r.returncode != int(status) or r.stdout != output.encode().replace(b"@n", b"\n"):
        print(f"not ok {' '.join(how)}: status {r.returncode}, not {status}; {r.stdout!r}\n{r.stderr.decode(errors='replace')}")
        good = False
print("ok" if good else "not ok")
sys.exit(not good)
