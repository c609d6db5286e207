#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by what fetches packages of Debian: apt with a private configuration in the directory $lists, so
# that the system's own is not touched, and with the caller's options in the array $apt_options. apt
# verifies signatures and checksums. What apt says goes to $work/log.
# shellcheck disable=SC2154 # lists, work and apt_options are the caller's
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Cannot be had: the tests that need it are skipped.
skip() {
	printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
	exit 77
}

need_keyring() {
	[ -r "$KEYRING" ] || skip "$KEYRING is not there (package debian-archive-keyring)"
}

# The mirror that this system uses, and what $UTRAIL_DEBIAN_MIRROR names: one for retired releases, say.
# shellcheck disable=SC2016
mirrors() {
	apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' \
		'Origin: Debian' 2>/dev/null | awk '$2 !~ /-/ { print $1; exit }'
	[ -z "${UTRAIL_DEBIAN_MIRROR-}" ] || echo "$UTRAIL_DEBIAN_MIRROR"
}

private_apt() {
	local tool=$1
	shift
	"$tool" -q -o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
		-o Dir::State="$lists/state" -o Dir::State::Lists="$lists/lists" \
		-o Dir::State::status="$lists/status" -o Dir::Cache="$lists/cache" \
		-o APT::Sandbox::User=root -o APT::Architecture=amd64 -o APT::Architectures::=amd64 \
		-o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
		"${apt_options[@]}" "$@"
}

# The package lists of suite $1, from the first mirror that has it.
read_lists() {
	local mirror
	mkdir -p "$lists"/{lists,cache/archives,state}
	: >"$lists/status"
	while read -r mirror; do
		echo "deb [arch=amd64 signed-by=$KEYRING] $mirror $1 main" >"$lists/sources.list"
		# An unreachable mirror is only a warning to apt; the list itself is the proof.
		private_apt apt-get update >"$work/log" 2>&1 || continue
		ls "$lists"/lists/*_Packages* >/dev/null 2>&1 && return 0
	done < <(mirrors | sed 's,/*$,,' | awk '!seen[$0]++')
	cat -- "$work/log" >&2
	return 1
}
