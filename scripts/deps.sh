#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what building and testing utrail needs on Debian 12 (bookworm) and 13 (trixie).
#
#   scripts/deps.sh             what the build needs
#   scripts/deps.sh --test      ... and what the tests need
#   scripts/deps.sh --lint      ... and formatter, clang-tidy, spelling
#   scripts/deps.sh --peers     ... and the tracers that benchmarks compare with
#   scripts/deps.sh --list      print the package names, change nothing
#
# What it changes: packages are added, never removed; nothing else is upgraded than what these
# packages depend on. On Debian 12 it adds the suite bookworm-backports (unless it is configured
# already), because utrail needs libbpf >= 1.4 and elfutils >= 0.192 there, and takes only these two
# from it: apt gives backports priority 100, so no other package moves.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

readonly BACKPORTS_FILE=/etc/apt/sources.list.d/utrail-backports.sources

say() { printf 'deps: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

APT=(apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)

log=$(mktemp)
pg_drop_in=
cleanup() {
	rm -f -- "$log"
	[ -z "$pg_drop_in" ] || rm -f -- "$pg_drop_in"
}
trap cleanup EXIT

# Runs apt-get quietly; its output is shown only when it fails.
apt_run() {
	if ! "${APT[@]}" "$@" >"$log" 2>&1 </dev/null; then
		cat -- "$log" >&2
		return 1
	fi
}

# --- what is needed ---------------------------------------------------------------------------

# Library packages that must be recent enough; "package minimum-version".
readonly MINIMUM='libbpf-dev 1:1.4
libelf-dev 0.192
libdw-dev 0.192'

readonly LIBRARIES=(libbpf-dev libelf-dev libdw-dev)
# What they and a build depend on. A build makes the samples and the test programs too.
readonly BUILD=(gcc g++ libc6-dev cmake ninja-build pkgconf clang bpftool
	zlib1g-dev liblzma-dev libzstd-dev libzydis-dev libiberty-dev libjansson-dev
	uthash-dev systemtap-sdt-dev libcmocka-dev python3)
TEST=(binutils dwz llvm xz-utils procps util-linux strace qemu-system-x86 busybox-static e2fsprogs xfsprogs btrfs-progs cpio python3-jsonschema man-db groff-base
	musl-tools golang-go libunwind-dev libclang-rt-dev git curl tar)
readonly LINT=(clang-format clang-tidy shellcheck codespell)
readonly PEERS=(bpftrace linux-perf strace)

# Prints the codename when this is a Debian release that we know, nothing otherwise.
debian_codename() {
	[ -r /etc/os-release ] || return 0
	# shellcheck disable=SC1091
	(. /etc/os-release && [ "${ID-}" = debian ] && printf '%s' "${VERSION_CODENAME-}") || true
}

postgresql_package() {
	case $1 in
	bookworm) echo postgresql-15 ;;
	*) echo postgresql-17 ;;
	esac
}

# The library that --debuginfod loads.
debuginfod_package() {
	case $1 in
	bookworm) echo libdebuginfod1 ;;
	*) echo libdebuginfod1t64 ;;
	esac
}

# --- what is there ----------------------------------------------------------------------------

installed_version() {
	dpkg-query -W -f='${db:Status-Status} ${Version}\n' "$1" 2>/dev/null |
		sed -n 's/^installed //p' | head -n 1
}

# Prints those of the named packages that are not installed.
missing() {
	local found
	# One query for all: names that dpkg has never heard of make it fail, which is no news here.
	found=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
	printf '%s\n' "$@" | grep -vxF -f <(sed -n 's/^installed //p' <<<"$found") || true
}

# True when each library of $MINIMUM is installed in that version at least.
new_enough() {
	local package minimum version
	while read -r package minimum; do
		version=$(installed_version "$package")
		[ -n "$version" ] && dpkg --compare-versions "$version" ge "$minimum" || return 1
	done <<<"$MINIMUM"
}

# --- Debian 12: libbpf and elfutils from backports --------------------------------------------

# $(NAME) in the formats below is for apt to expand.
# shellcheck disable=SC2016
# Prints "URI suite codename" of every Debian archive that apt knows (third parties left out).
debian_archives() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME)' \
		'Created-By: Packages' 'Origin: Debian' 2>/dev/null | sort -u
}

# shellcheck disable=SC2016
backports_configured() {
	# By codename too: the source may say "oldstable-backports".
	apt-get indextargets --format '$(RELEASE) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
		grep -qw bookworm-backports
}

add_backports() {
	local uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	backports_configured && return 0
	# The mirror that serves bookworm itself serves its backports; whichever it is here.
	uri=$(debian_archives | awk '$3 == "bookworm" { print $1; exit }')
	[ -n "$uri" ] || die 'no source of bookworm is configured; bookworm-backports must be added by hand'
	say "adding bookworm-backports ($uri) in $BACKPORTS_FILE"
	{
		echo '# Written by utrail scripts/deps.sh, for libbpf >= 1.4 and elfutils >= 0.192.'
		echo 'Types: deb'
		echo "URIs: $uri"
		echo 'Suites: bookworm-backports'
		echo 'Components: main'
		[ ! -r "$keyring" ] || echo "Signed-By: $keyring"
	} >"$BACKPORTS_FILE"
	# Only this file's lists are fetched; the other lists stay as they are.
	if ! apt_run update -o Dir::Etc::sourcelist="$BACKPORTS_FILE" -o Dir::Etc::sourceparts=- \
		-o APT::Get::List-Cleanup=0; then
		rm -f -- "$BACKPORTS_FILE"
		die "cannot read bookworm-backports from $uri; the file was removed again"
	fi
}

# The packages to take from backports: the libraries, and every other package of the same two sources
# that is installed already, with what those need of the same source: they depend on each other in
# exactly one version.
backports_packages() {
	local siblings
	siblings=$(dpkg-query -W -f='${source:Package} ${db:Status-Status} ${binary:Package}\n' |
		sed -n -E 's/^(elfutils|libbpf) installed (.*)$/\2/p' |
		sed "s/:$(dpkg --print-architecture)\$//")
	printf '%s\n' libbpf1 libelf1 libdw1 "${LIBRARIES[@]}"
	[ -z "$siblings" ] || printf '%s\n' "$siblings"
	if grep -qE '^(elfutils|debuginfod|libdebuginfod)' <<<"$siblings"; then
		printf '%s\n' libasm1 libdebuginfod1 libdebuginfod-common
	fi
}

install_from_backports() {
	local packages
	new_enough && return 0
	add_backports
	# Suite by package, not -t: whatever else they depend on comes from the release itself.
	mapfile -t packages < <(backports_packages | sort -u | sed 's,$,/bookworm-backports,')
	say "installing libbpf and elfutils from bookworm-backports"
	apt_run install --no-remove --no-install-recommends "${packages[@]}" ||
		die 'installing libbpf and elfutils from bookworm-backports failed'
}

# --- installing -------------------------------------------------------------------------------

# The tests start their own server in a temporary directory; Debian's package would by default also
# make and start a system-wide one. This drop-in is gone again when this script ends.
no_postgresql_cluster() {
	local dir=/etc/postgresql-common/createcluster.d
	[ -n "$(missing postgresql-common)" ] && apt_run install --no-remove \
		--no-install-recommends postgresql-common
	mkdir -p "$dir"
	pg_drop_in=$dir/utrail-deps.conf
	echo 'create_main_cluster = off' >"$pg_drop_in"
}

install() {
	local wanted
	mapfile -t wanted < <(missing "$@")
	[ "${#wanted[@]}" -gt 0 ] || return 0
	case " ${wanted[*]} " in *' postgresql-'*) no_postgresql_cluster ;; esac
	say "installing ${wanted[*]}"
	apt_run install --no-remove --no-install-recommends "${wanted[@]}" ||
		die 'installing packages failed (see above); nothing was removed'
}

print_list() {
	local package minimum
	printf '%s\n' "$@"
	while read -r package minimum; do
		echo "(of these, $package in version $minimum or newer)"
	done <<<"$MINIMUM"
}

main() {
	local codename packages=("${BUILD[@]}") list=0 arg
	codename=$(debian_codename)
	TEST+=("$(postgresql_package "$codename")" "$(debuginfod_package "$codename")")
	for arg; do
		case $arg in
		--test) packages+=("${TEST[@]}") ;;
		--lint) packages+=("${LINT[@]}") ;;
		--peers) packages+=("${PEERS[@]}") ;;
		--list) list=1 ;;
		*) die "unknown option '$arg' (--test, --lint, --peers, --list)" ;;
		esac
	done
	if [ "$list" = 1 ]; then
		print_list "${packages[@]}" "${LIBRARIES[@]}"
		return 0
	fi
	case $codename in
	bookworm | trixie | forky | sid) ;;
	*)
		say 'this is neither Debian 12 nor 13; install the counterparts of:'
		print_list "${packages[@]}" "${LIBRARIES[@]}" >&2
		say 'then build with: cmake -S . -B build -G Ninja && cmake --build build'
		exit 1
		;;
	esac
	if [ -z "$(missing "${packages[@]}")" ] && new_enough; then
		return 0
	fi
	if [ "$(id -u)" != 0 ]; then
		say "missing: $(missing "${packages[@]}" "${LIBRARIES[@]}" | tr '\n' ' ')"
		die "installing needs root; run: sudo $0 $*"
	fi
	say 'reading the package lists'
	apt_run update || say 'apt-get update reported errors; going on with the lists that there are'
	install "${packages[@]}"
	[ "$codename" != bookworm ] || install_from_backports
	install "${LIBRARIES[@]}"
	new_enough || die 'libbpf or elfutils is older than utrail needs'
	say 'everything is installed'
}

main "$@"
