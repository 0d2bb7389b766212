"""Real programs by package name and version, kept in a cache: fetch.py LOCAL_NAME -> path.  Raises Missing with the reason."""
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "guest", "packages.list")
WAIT = 600  # seconds
NETWORK = re.compile(r"ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|FETCH_ERROR")


class Missing(Exception):
    pass


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(base, "dragoman")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError:
        path = os.path.join(os.path.dirname(HERE), ".cache")
        os.makedirs(path, exist_ok=True)
    return path


def rows():
    with open(LIST, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                yield line.split()


def out_of_reach(reason=None):
    """Many tests want the registry: the first that finds it out of reach spares the others the wait for some minutes."""
    path = os.path.join(cache_dir(), "out-of-reach")
    if reason:
        with open(path, "w", encoding="utf-8") as f:
            f.write(reason)
        raise Missing(reason)
    if os.path.exists(path):
        if time.time() - os.path.getmtime(path) < WAIT:
            with open(path, encoding="utf-8") as f:
                raise Missing(f.read())
        os.unlink(path)


def download(package, version, digest, folder):
    wanted = f"{package}@{version}"
    out_of_reach()
    try:
        # Its own cache, so that a home that cannot be written does not matter.
        env = dict(os.environ, npm_config_cache=os.path.join(folder, "npm"), npm_config_update_notifier="false")
        p = subprocess.run(["npm", "pack", "--json", "--fetch-retries=1", "--fetch-timeout=60000", wanted], cwd=folder,
                           capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL, env=env)
    except FileNotFoundError:
        raise Missing("npm is not installed") from None
    except subprocess.TimeoutExpired:
        out_of_reach(f"npm did not answer in time for {wanted}")
    names = [n for n in os.listdir(folder) if n.endswith(".tgz")]
    if p.returncode or not names:
        if "E404" in p.stdout + p.stderr or "ETARGET" in p.stdout + p.stderr:
            raise Missing(f"npm has no {wanted}")
        why = [line[4:] for line in p.stderr.splitlines() if line.startswith("npm error ") or line.startswith("npm ERR! ")]
        reason = f"npm could not get {wanted}: {(why or ['no reason given'])[0]}"
        if NETWORK.search(p.stdout + p.stderr):
            out_of_reach(reason)
        raise Missing(reason)
    path = os.path.join(folder, names[-1])
    with open(path, "rb") as f:
        found = hashlib.sha256(f.read()).hexdigest()
    if found != digest:
        sys.exit(f"not ok pin: {wanted} has the sha256 {found}, not the pinned one")  # a failure, never a skip
    return path


def get(name):
    for package, version, digest, wanted, local in rows():
        if local != name:
            continue
        target = os.path.join(cache_dir(), f"{version}-{local}")
        if not os.path.exists(target):
            with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
                with tarfile.open(download(package, version, digest, folder)) as tar:
                    # The top folder is "package" in most tarballs, not in all.
                    member = next((m for m in tar if m.isfile() and m.name.partition("/")[2] == wanted), None)
                    if not member:
                        raise Missing(f"{package}@{version} has no file {wanted}")
                    data = tar.extractfile(member).read()
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
