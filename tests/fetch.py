"""Real programs by package name and version, kept in a cache: fetch.py LOCAL_NAME -> path.  Raises Missing with the reason."""
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "guest", "packages.list")


class Missing(Exception):
    pass


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(base, "dragoman")
    os.makedirs(path, exist_ok=True)
    return path


def rows():
    with open(LIST, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                yield line.split()


def download(package, version, digest, folder):
    try:
        p = subprocess.run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, capture_output=True, text=True,
                           timeout=180, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise Missing("npm is not installed") from None
    except subprocess.TimeoutExpired:
        raise Missing(f"npm did not answer in time for {package}@{version}") from None
    names = p.stdout.split()
    if p.returncode or not names:
        raise Missing(f"npm has no {package}@{version}, or the registry is out of reach")
    path = os.path.join(folder, names[-1])
    with open(path, "rb") as f:
        found = hashlib.sha256(f.read()).hexdigest()
    if found != digest:
        raise Missing(f"{package}@{version}: sha256 is {found}, not the pinned one")
    return path


def get(name):
    for package, version, digest, wanted, local in rows():
        if local != name:
            continue
        target = os.path.join(cache_dir(), f"{version}-{local}")
        if not os.path.exists(target):
            with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
                with tarfile.open(download(package, version, digest, folder)) as tar:
                    data = tar.extractfile(f"package/{wanted}").read()
                part = os.path.join(folder, "part")
                with open(part, "wb") as f:
                    f.write(data)
                os.chmod(part, 0o755)
                os.rename(part, target)
        return target
    raise Missing(f"{name} is not in packages.list")


if __name__ == "__main__":
    try:
        print(get(sys.argv[1]))
    except Missing as e:
        print(f"SKIP: {e}")
        sys.exit(77)
