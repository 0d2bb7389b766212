"""STATUS.md is what the maps say.  status.py SOURCE_ROOT"""
import os
import subprocess
import sys
import tempfile

root = sys.argv[1]
maps = os.path.join(root, "syscall-maps")
with tempfile.NamedTemporaryFile(mode="r", suffix=".md") as f:
    subprocess.run([sys.executable, os.path.join(maps, "gen", "emit_status.py"), f.name,
                    os.path.join(maps, "freebsd-amd64.map")], check=True)
    if f.read() != open(os.path.join(maps, "STATUS.md"), encoding="utf-8").read():
        print("syscall-maps/STATUS.md is stale: ninja -C build/gcc status")
        sys.exit(1)
