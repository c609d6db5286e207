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
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

skip() {
	printf 'fetch-packages: %s\n' "$*" >&2
	exit 77
}

# The mirror that this system uses, else the one that is everywhere.
# shellcheck disable=SC2016
mirrors() {
	apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' \
		'Origin: Debian' 2>/dev/null | awk '$2 !~ /-/ { print $1; exit }'
	[ -z "${UTRAIL_DEBIAN_MIRROR-}" ] || echo "$UTRAIL_DEBIAN_MIRROR"
}

# apt with a private configuration in $lists; packages come to $work.
private_apt() {
	local tool=$1
	shift
	"$tool" -q -o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
		-o Dir::State="$lists/state" -o Dir::State::Lists="$lists/lists" \
		-o Dir::State::status="$lists/status" -o Dir::Cache="$lists/cache" \
		-o Dir::Cache::archives="$work/archives" -o APT::Get::AllowUnauthenticated=false \
		-o APT::Sandbox::User=root -o APT::Architecture=amd64 -o APT::Architectures::=amd64 \
		-o APT::Install-Recommends=false -o Debug::NoLocking=true \
		-o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20 "$@"
}

# The lists of packages of a suite, kept for a day: of $suite from the first mirror that has it.
read_lists() {
	local mirror
	mkdir -p "$lists"/{lists,cache,state}
	: >"$lists/status"
	[ -z "$(find "$lists/read" -mtime -1 2>/dev/null)" ] || return 0
	while read -r mirror; do
		echo "deb [arch=amd64 signed-by=$KEYRING] $mirror $suite main" >"$lists/sources.list"
		# An unreachable mirror is only a warning to apt; the list itself is the proof.
		private_apt apt-get update >"$work/log" 2>&1 || continue
		if ls "$lists"/lists/*_Packages* >/dev/null 2>&1; then
			touch "$lists/read"
			return 0
		fi
	done < <(mirrors | sed 's,/*$,,' | awk '!seen[$0]++')
	cat -- "$work/log" >&2
	return 1
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
		[ -r "$KEYRING" ] || skip "$KEYRING is not there (package debian-archive-keyring)"
		work=$(mktemp -d "$CACHE/.work-XXXXXX")
		mkdir -p "$work/archives/partial"
		read_lists || skip "cannot read the package lists of $suite"
		download "$@"
		unpack
	fi
	printf '%s\n' "$CACHE/$suite/$name"
}

work=
trap '[ -z "$work" ] || rm -rf -- "$work"' EXIT
main "$@"
