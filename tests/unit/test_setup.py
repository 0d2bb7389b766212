"""tests/setup.sh: what it would install on Debian, what it names elsewhere.  test_setup.py SETUP_SH"""
import os
import subprocess
import sys
import tempfile

setup = os.path.abspath(sys.argv[1])
bad = 0

# Commands that only say how they were called; dpkg-query knows gcc alone.
FAKES = {"apt-get": 'echo "apt-get $*" >>"$LOG"', "dpkg-query": 'case "$*" in *" gcc") echo "install ok installed" ;; *) exit 1 ;; esac',
         "sudo": 'echo sudo >>"$LOG"; while case $1 in *=*) true ;; *) false ;; esac; do shift; done; exec "$@"', "id": 'echo "$FAKE_UID"'}


def run(folder, release, groups, uid, leave_out=()):
    """(status, output, what the fakes were asked)"""
    tools = tempfile.mkdtemp(dir=folder)
    for name, text in FAKES.items():
        if name not in leave_out:
            with open(os.path.join(tools, name), "w", encoding="ascii") as f:
                f.write(f"#!/bin/sh\n{text}\n")
            os.chmod(os.path.join(tools, name), 0o755)
    os.symlink("/bin/grep", os.path.join(tools, "grep"))
    told = os.path.join(tools, "os-release")
    if release is not None:
        with open(told, "w", encoding="ascii") as f:
            f.write(release)
    log = os.path.join(tools, "log")
    p = subprocess.run(["/bin/bash", "-c", f'set -u; . "{setup}"; setup_packages {groups}'], capture_output=True, text=True, check=False,
                       stdin=subprocess.DEVNULL, env={"PATH": tools, "SETUP_OS_RELEASE": told, "FAKE_UID": str(uid), "LOG": log})
    asked = ""
    if os.path.exists(log):
        with open(log, encoding="ascii") as f:
            asked = f.read()
    return p.returncode, p.stdout + p.stderr, asked


def case(name, got, status, output, asked=None):
    global bad
    good = got[0] == status and all(word in got[1] for word in output) and (asked is None and not got[2] or asked is not None and asked(got[2]))
    print(f"ok {name}" if good else f"not ok {name}: {got}")
    bad += not good


with tempfile.TemporaryDirectory() as place:
    debian = 'ID=debian\nVERSION_ID="12"\n'
    case("root_on_debian_installs_what_is_missing", run(place, debian, "build", 0), 0, ["Installing: meson"],
         lambda log: "install -y" in log and " meson" in log and " gcc" not in log and "sudo" not in log)
    case("a_user_uses_sudo", run(place, debian, "build test", 1000), 0, ["libclang-rt-14-dev"],
         lambda log: log.count("sudo\n") == 2 and "libclang-rt-14-dev" in log)
    case("no_sudo_is_an_error", run(place, debian, "build", 1000, ["sudo"]), 1, ["no sudo to install them: meson"])
    case("later_debian_has_other_versions", run(place, 'ID=debian\nVERSION_ID="13"\n', "test long", 0), 0, ["libclang-rt-dev", "golang-go"],
         lambda log: "14" not in log and "1.19" not in log)
    case("fedora_is_told_its_names", run(place, "ID=fedora\nVERSION_ID=42\n", "build test long", 1000), 0,
         ["(fedora) is not Debian", "elfutils-libelf-devel", "zydis-devel", "libcmocka-devel", "golang"])
    case("relatives_too", run(place, 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "build", 1000), 0, ["elfutils-libelf-devel"])
    case("arch_is_told_its_names", run(place, "ID=arch\n", "build test", 1000), 0, ["(arch) is not Debian", " zydis", " cmocka"])
    case("ubuntu_is_told_debians_names", run(place, "ID=ubuntu\nID_LIKE=debian\n", "build test", 1000), 0,
         ["(ubuntu) is not Debian", "libzydis-dev", "libclang-rt-dev"])
    case("no_os_release_is_told_debians_names", run(place, None, "build", 1000), 0, ["(unknown) is not Debian", "libelf-dev"])
sys.exit(bad != 0)
