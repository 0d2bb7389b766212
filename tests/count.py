"""Results of the last `meson test` in a build folder as lines "pass|fail|skip NAME [reason]"; cases inside count singly."""
import json
import re
import sys

folder = sys.argv[1]
build = folder.rsplit("/", 1)[-1]
CASE = re.compile(r"^(ok|not ok) ([^:\n#]+)", re.M)
CMOCKA = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (\S+)$", re.M)
WORD = {"OK": "pass", "FAILED": "fail", "SKIPPED": "skip", "ok": "pass", "not ok": "fail"}


def cases(text):
    found = [(WORD[m[1]], m[2].strip()) for m in CMOCKA.finditer(text)]
    return found or [(WORD[m[1]], m[2].strip()) for m in CASE.finditer(text)]


with open(f"{folder}/meson-logs/testlog.json", encoding="utf-8") as f:
    for line in f:
        t = json.loads(line)
        name = f"{build}:{t['name'].split(' / ')[-1].strip()}"
        text = t.get("stdout", "") + "\n" + t.get("stderr", "")
        result = {"OK": "pass", "EXPECTEDFAIL": "pass", "SKIP": "skip"}.get(t["result"], "fail")
        inside = cases(text)
        if result == "skip":
            reason = re.search(r"^SKIP:? (.*)$", text, re.M)
            print(f"skip {name} {reason[1] if reason else 'no reason given'}")
        elif not inside:
            print(f"{result} {name}")
        else:
            for word, case in inside:
                print(f"{word} {name}:{case}")
            if result == "fail" and not any(w == "fail" for w, _ in inside):
                print(f"fail {name} (ended with {t.get('returncode')})")
