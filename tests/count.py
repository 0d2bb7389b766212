"""
Results of the last `meson test` in a build folder as lines "pass|fail|skip NAME [(reason)]"; cases inside count singly.
count.py BUILD_FOLDER; ends with 1 when there is no record, or one of no tests.
"""
import json
import re
import sys

CASE = re.compile(r"^(ok|not ok) ([^:\n#(]+)[:( ]*(.*)$", re.M)
CMOCKA = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (\S+)$", re.M)
WORD = {"OK": "pass", "FAILED": "fail", "SKIPPED": "skip", "ok": "pass", "not ok": "fail"}


def cases(text):
    """(word, name, reason) of each test that the output names."""
    found = [(WORD[m[1]], m[2].strip(), "") for m in CMOCKA.finditer(text)]
    return found or [(WORD[m[1]], m[2].strip(), m[3].strip()[:200] if m[1] == "not ok" else "") for m in CASE.finditer(text)]


def show(word, name, reason=""):
    print(f"{word} {name}" + (f" ({reason})" if reason else ""))


def count(build, test):
    name = f"{build}:{test['name'].split(' / ')[-1].strip()}"
    text = test.get("stdout", "") + "\n" + test.get("stderr", "")
    result = {"OK": "pass", "EXPECTEDFAIL": "pass", "SKIP": "skip"}.get(test["result"], "fail")
    if result == "skip":
        reason = re.search(r"^SKIP:? (.*)$", text, re.M)
        return show("skip", name, reason[1] if reason else "no reason given")
    inside = cases(text)
    for word, case, reason in inside:
        show(word, f"{name}:{case}", reason)
    if not inside or (result == "fail" and not any(word == "fail" for word, _, _ in inside)):
        show(result, name, f"{test['result'].lower()}, status {test.get('returncode')}" if result == "fail" else "")


def main():
    folder = sys.argv[1]
    try:
        with open(f"{folder}/meson-logs/testlog.json", encoding="utf-8") as f:
            tests = [json.loads(line) for line in f]
    except FileNotFoundError:
        return 1
    for test in tests:
        count(folder.rsplit("/", 1)[-1], test)
    return not tests


sys.exit(main())
