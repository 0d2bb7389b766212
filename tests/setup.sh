# shellcheck shell=bash
# Packages that building and testing need; sourced by quickstart and check.
# SETUP_OS_RELEASE: where the distribution is told, for tests of this file.

# setup_names SYSTEM GROUP: what the system calls its packages.  Systems without names of their own here get Debian's.
setup_names() {
	case $1:$2 in
	fedora:build) echo "gcc meson ninja-build pkgconf-pkg-config python3 elfutils-libelf-devel libunwind-devel zydis-devel glibc-devel" ;;
	fedora:test) echo "clang lld llvm libcmocka-devel compiler-rt binutils git libasan libubsan qemu-user" ;;
	fedora:long) echo "golang" ;;
	arch:build) echo "gcc meson ninja pkgconf python libelf libunwind zydis glibc" ;;
	arch:test) echo "clang lld llvm cmocka compiler-rt binutils git qemu-user" ;;
	arch:long) echo "go" ;;
	*:build) echo "gcc meson ninja-build pkg-config python3 libelf-dev libunwind-dev libzydis-dev libc6-dev" ;;
	debian12:test) echo "clang lld llvm-19 libcmocka-dev libclang-rt-14-dev binutils git qemu-user" ;;
	*:test) echo "clang lld llvm libcmocka-dev libclang-rt-dev binutils git qemu-user" ;;
	debian12:long) echo "golang-1.19 golang-1.19-src" ;;
	*:long) echo "golang-go golang-src" ;;
	esac
}

# The system as setup_names knows it.
setup_system() {
	(
		ID='' ID_LIKE='' VERSION_ID=''
		# shellcheck disable=SC1090
		. "${SETUP_OS_RELEASE:-/etc/os-release}" 2>/dev/null
		case " $ID $ID_LIKE " in
		" debian "*) [ "$VERSION_ID" = 12 ] && echo debian12 || echo debian ;;
		*" fedora "* | *" rhel "*) echo fedora ;;
		*" arch "*) echo arch ;;
		*) echo "${ID:-unknown}" ;;
		esac
	)
}

have() {
	dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# setup_install PACKAGES...: those that are missing, saying so.
setup_install() {
	missing=
	for p in "$@"; do have "$p" || missing="$missing $p"; done
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

# setup_packages build|test|long...: install what is missing on Debian; elsewhere name it and go on.
setup_packages() {
	system=$(setup_system)
	want=
	for group in "$@"; do want="$want $(setup_names "$system" "$group")"; done
	case $system in
	debian*)
		# shellcheck disable=SC2086
		setup_install $want
		;;
	fedora | arch) echo "This system ($system) is not Debian; nothing is installed.  Needed:$want" ;;
	*) echo "This system ($system) is not Debian; nothing is installed.  Debian's names of what is needed:$want" ;;
	esac
}
