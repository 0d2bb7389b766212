"""What a program prints against the file that says what it should.  text.py [--rebase] EXPECTED PROGRAM [ARGUMENT...]"""
import difflib
import subprocess
import sys

args = sys.argv[1:]
rebase = args[0] == "--rebase"
expected, program = args[rebase], args[rebase + 1:]
text = subprocess.run(program, capture_output=True, text=True, check=True).stdout
if rebase:
    with open(expected, "w", encoding="utf-8") as f:
        f.write(text)
    sys.exit(0)
with open(expected, encoding="utf-8") as f:
    want = f.read()
sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), text.splitlines(True), expected, "now"))
sys.exit(text != want)
