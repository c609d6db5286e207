#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Unpacks packages of Debian into a cache directory, for the tests that look at their files:
#
#   fetch-packages.sh SUITE NAME PACKAGE...      the packages alone
#   fetch-packages.sh -d SUITE NAME PACKAGE...   with all that they depend on: a root to run them in
#
# The files come to lie in CACHE/SUITE/NAME, whose path is printed; what is there is kept: remove it
# to fetch newer builds. CACHE is $UTRAIL_PACKAGES, by default ~/.cache/utrail/packages.
#
# Nothing is installed, no script of a package is run, and the system's apt configuration is not
# touched: the packages come through a private one, whose signatures and checksums apt verifies.
# Exit status: 0, or 77 when they cannot be had (no network, no Debian keyring, gone from the suite).
set -euo pipefail
export LC_ALL=C

readonly CACHE=${UTRAIL_PACKAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/utrail/packages}
# shellcheck source=tests/lib/debian.sh disable=SC1091
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/debian.sh"

# The lists of packages of $suite, kept for a day.
has_lists() {
	[ -n "$(find "$lists/read" -mtime -1 2>/dev/null)" ] && return
	read_lists "$suite" && touch "$lists/read"
}

download() {
	if [ "$with_dependencies" ]; then
		private_apt apt-get install -y --download-only "$@"
	else
		(cd "$work/archives" && private_apt apt-get download "$@")
	fi >"$work/log" 2>&1 || {
		cat -- "$work/log" >&2
		skip "cannot download $*"
	}
}

# Into a directory that gets its name when it is whole.
unpack() {
	local deb
	mkdir "$work/tree"
	for deb in "$work"/archives/*.deb; do
		dpkg-deb -x "$deb" "$work/tree"
		dpkg-deb --show "$deb" >>"$work/tree/.packages"
	done
	mkdir -p "$CACHE/$suite"
	mv -T -- "$work/tree" "$CACHE/$suite/$name"
}

main() {
	exec </dev/null # apt and dpkg ask no questions
	with_dependencies=
	if [ "$1" = -d ]; then
		with_dependencies=yes
		shift
	fi
	suite=$1 name=$2
	shift 2
	lists=$CACHE/.lists/$suite
	mkdir -p "$CACHE" || skip "cannot create $CACHE"
	exec 9>"$CACHE/.lock"
	flock 9
	if [ ! -e "$CACHE/$suite/$name/.packages" ]; then
		need_keyring
		work=$(mktemp -d "$CACHE/.work-XXXXXX")
		mkdir -p "$work/archives/partial"
		# Read by private_apt.
		# shellcheck disable=SC2034
		apt_options=(-o Dir::Cache::archives="$work/archives" -o APT::Get::AllowUnauthenticated=false
			-o APT::Install-Recommends=false -o Debug::NoLocking=true)
		has_lists || skip "cannot read the package lists of $suite"
		download "$@"
		unpack
	fi
	printf '%s\n' "$CACHE/$suite/$name"
}

work=
trap '[ -z "$work" ] || rm -rf -- "$work"' EXIT
main "$@"
