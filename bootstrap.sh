#!/bin/sh
# From a bare machine to an audit, or to every test run: install what the build needs, build in build/, go.
#
#   ./bootstrap.sh audit [OPTION…]   build, and audit this host (any other verb works too)
#   ./bootstrap.sh check             build, and run the tests
#   ./bootstrap.sh build             build only
set -eu
cd "$(dirname "$0")"
top=$PWD

say() { printf '%s\n' "$*" >&2; }
die() { say "bootstrap: $*"; exit 1; }

build_packages_apt="gcc libc6-dev make autoconf automake pkg-config libmnl-dev libjansson-dev libinih-dev libsystemd-dev libcmocka-dev"
test_packages_apt="python3 iproute2 procps iperf3 clang libclang-rt-dev util-linux systemd-container mmdebstrap uidmap"
build_packages_dnf="gcc make autoconf automake pkgconf-pkg-config libmnl-devel jansson-devel inih-devel systemd-devel libcmocka-devel"
optional_packages_apt="libbpf-dev"
optional_packages_dnf="libbpf-devel"
test_packages_dnf="python3 iproute procps-ng iperf3 clang compiler-rt util-linux systemd-container"

missing_apt() {
	for p in "$@"; do
		dpkg-query -W -f='${Status}\n' "$p" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$p"
	done
}

install_apt() {
	missing=$(missing_apt "$@")
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "not root; please install: $missing"
	say "installing: $missing"
	export DEBIAN_FRONTEND=noninteractive
	# A list that is old names versions that are gone: try as it is, then with a fresh one.
	apt-get install -y -qq --no-install-recommends $missing >build/apt.log 2>&1 ||
		{ apt-get update -qq >>build/apt.log 2>&1 &&
		  apt-get install -y -qq --no-install-recommends $missing >>build/apt.log 2>&1; } ||
		{ tail -n 20 build/apt.log >&2; return 1; }
}

# Fedora and RHEL: untested until somebody runs it there.
install_dnf() {
	missing=$(for p in "$@"; do rpm -q "$p" >/dev/null 2>&1 || printf '%s ' "$p"; done)
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "not root; please install: $missing"
	say "installing (this branch is untested): $missing"
	dnf install -y $missing >build/dnf.log 2>&1 || { tail -n 20 build/dnf.log >&2; return 1; }
}

install_build_packages() {
	if command -v apt-get >/dev/null; then
		install_apt $build_packages_apt || die "packages could not be installed (build/apt.log)"
	elif command -v dnf >/dev/null; then
		install_dnf $build_packages_dnf || die "packages could not be installed (build/dnf.log)"
	else
		say "neither apt-get nor dnf: I take it that the libraries are there"
	fi
}

# What may be missing, and what is then left out. In a subshell, since asking for root ends it.
install_if_possible() {
	apt=$1 dnf=$2 without=$3
	if command -v apt-get >/dev/null; then
		(install_apt $apt) || say "$without: packages could not be installed"
	elif command -v dnf >/dev/null; then
		(install_dnf $dnf) || say "$without: packages could not be installed"
	fi
}

# tcpadvisor-trace: of use only with a clang, which is too large to bring for it alone.
install_optional_packages() {
	! command -v clang >/dev/null ||
		install_if_possible "$optional_packages_apt" "$optional_packages_dnf" "tcpadvisor-trace will not be built"
}

install_test_packages() {
	install_if_possible "$test_packages_apt" "$test_packages_dnf" "some tests will be skipped"
}

build() {
	install_build_packages
	install_optional_packages
	if [ ! -x configure ] || [ configure.ac -nt configure ]; then
		./autogen.sh >build/autogen.log 2>&1 || { tail -n 20 build/autogen.log >&2; die "autogen.sh failed"; }
	fi
	if [ ! -f build/Makefile ]; then
		werror=
		[ "${CI:-}" != true ] || werror=--enable-werror
		(cd build && ../configure $werror >configure.log 2>&1) ||
			{ tail -n 20 build/configure.log >&2; die "configure failed"; }
	fi
	make -C build -s -j"$(nproc)" >build/make.log 2>&1 || { tail -n 40 build/make.log >&2; die "make failed"; }
}

check() {
	status=0
	make -C build -s -j"$(nproc)" check "$@" >build/check.log 2>&1 || status=$?
	"$top/tests/summary" build || status=1
	return $status
}

mkdir -p build
verb=${1:-audit}
[ $# = 0 ] || shift
# Before the build: configure looks for clang, which tests want.
[ "$verb" != check ] || install_test_packages
build
case $verb in
build) ;;
check) check "$@" ;;
*) TCPADVISOR_DATADIR=$top exec build/tcpadvisor "$verb" "$@" ;;
esac
