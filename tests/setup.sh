# shellcheck shell=bash
# Debian packages that building and testing need; sourced by quickstart and check.

packages_build="gcc meson ninja-build pkg-config python3 libelf-dev libunwind-dev libzydis-dev libc6-dev"
packages_test="clang lld libcmocka-dev libclang-rt-14-dev binutils git"
packages_long="golang-1.19 golang-1.19-src"

have() {
	dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# setup_packages build|test...: install what is missing, saying so; elsewhere than on Debian, name it and go on.
setup_packages() {
	want=
	for group in "$@"; do
		case $group in
		build) want="$want $packages_build" ;;
		test) want="$want $packages_test" ;;
		long) want="$want $packages_long" ;;
		esac
	done
	if ! command -v dpkg-query >/dev/null; then
		echo "Not a Debian system.  These are the Debian names of what is needed:$want"
		return 0
	fi
	missing=
	for p in $want; do have "$p" || missing="$missing $p"; done
	[ -z "$missing" ] && return 0
	sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=sudo
		command -v sudo >/dev/null || {
			echo "Missing packages, and no sudo to install them:$missing" >&2
			return 1
		}
	fi
	echo "Installing:$missing"
	# shellcheck disable=SC2086
	$sudo apt-get update -qq </dev/null &&
		DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
}
