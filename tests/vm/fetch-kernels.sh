#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts Debian's own kernels into a cache directory, for the guests of run.py:
#
#   fetch-kernels.sh [5.10] [6.1] [6.12] [7.2]      without arguments: all
#
# Leaves CACHE/5.10/vmlinuz, CACHE/5.10/modules/*.ko (those for disks) and CACHE/5.10/package (name and version). What is
# there is kept; remove the directory to fetch a newer build. CACHE is $UTRAIL_KERNELS, by default ~/.cache/utrail/kernels.
#
# Nothing is installed and the system's apt configuration is not touched: the packages come through a
# private one, whose signatures and checksums apt verifies, and only the kernel is unpacked.
# Exit status: 0, or 77 when a kernel cannot be had (no network, no Debian keyring, gone from the suite).
set -euo pipefail
export LC_ALL=C

# Of disks and their file systems; which ones are part of the kernel differs.
readonly MODULES=(virtio virtio_ring virtio_pci virtio_pci_modern_dev virtio_pci_legacy_dev virtio_blk ext4 jbd2 mbcache xfs
	btrfs libcrc32c zstd_compress raid6_pq xor libblake2b overlay)
readonly CACHE=${UTRAIL_KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/utrail/kernels}
# Lists of retired releases are no longer renewed.
# shellcheck disable=SC2034
apt_options=(-o Acquire::Check-Valid-Until=false)
# shellcheck source=tests/lib/debian.sh disable=SC1091
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/debian.sh"

# Suite and package pattern of a kernel. Debian 14 has the kernel itself in linux-binary-*.
suite_of() {
	case $1 in
	5.10) echo bullseye ;;
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.2) echo forky ;;
	*) skip "no source for a kernel $1 is known (5.10, 6.1, 6.12, 7.2)" ;;
	esac
}

pattern_of() {
	case $1 in
	7.2) printf '^linux-binary-7\\.2\\.[^ ]*-cloud-amd64$' ;;
	*) printf '^linux-image-%s\\.[^ ]*-cloud-amd64$' "${1//./\\.}" ;;
	esac
}

# Unpacks package $2 of version $1 into $work/tree.
unpack() {
	local deb name patterns=()
	for name in "${MODULES[@]}"; do
		patterns+=("*/$name.ko" "*/$name.ko.xz")
	done
	(cd "$work" && private_apt apt-get download "$2=$1") >"$work/log" 2>&1 || {
		cat -- "$work/log" >&2
		skip "cannot download $2"
	}
	deb=$(ls "$work/$2"_*.deb)
	# What a package does not have is no error here.
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/tree" --wildcards '*/vmlinuz*' "${patterns[@]}" 2>"$work/log" || :
}

# Their files, into directory $1, unpacked.
take_modules() {
	local file
	mkdir -p "$1"
	while read -r file; do
		case $file in
		*.xz) xz -d -c -- "$file" >"$1/$(basename "$file" .xz)" ;;
		*) cp -- "$file" "$1/" ;;
		esac
	done < <(find "$work/tree" -name '*.ko' -o -name '*.ko.xz')
	[ -e "$1/virtio_blk.ko" ] || skip "there are no modules in the package"
}

fetch() {
	local version=$1 suite package build vmlinuz
	suite=$(suite_of "$version")
	need_keyring
	work=$(mktemp -d)
	lists=$work
	read_lists "$suite" || skip "cannot read the package lists of $suite"
	package=$(private_apt apt-cache pkgnames linux- | grep -E "$(pattern_of "$version")" |
		sort -V | tail -n 1)
	[ -n "$package" ] || skip "$suite has no kernel $version any more"
	build=$(private_apt apt-cache show --no-all-versions "$package" | sed -n 's/^Version: //p')
	mkdir "$work/tree"
	unpack "$build" "$package"
	vmlinuz=$(find "$work/tree" -type f -name 'vmlinuz*' | head -n 1)
	[ -n "$vmlinuz" ] || skip "there is no kernel in $package"
	case $package in
	linux-binary-*) unpack "$build" "linux-modules-${package#linux-binary-}" ;;
	esac
	take_modules "$work/modules"
	mkdir -p "$CACHE/$version"
	rm -rf -- "$CACHE/$version/modules"
	mv -- "$vmlinuz" "$CACHE/$version/vmlinuz"
	mv -- "$work/modules" "$CACHE/$version/modules"
	printf '%s\t%s\n' "$package" "$build" >"$CACHE/$version/package"
	printf '%s\n' "${MODULES[*]}" >"$CACHE/$version/wanted"
	rm -rf -- "$work"
	work=
}

# What an earlier version of this has fetched lacks modules.
is_whole() {
	[ -s "$1/vmlinuz" ] && [ -d "$1/modules" ] && [ "$(cat "$1/wanted" 2>/dev/null)" = "${MODULES[*]}" ]
}

main() {
	local version versions=("$@")
	[ $# -gt 0 ] || versions=(5.10 6.1 6.12 7.2)
	mkdir -p "$CACHE" || skip "cannot create $CACHE"
	exec 9>"$CACHE/lock"
	flock 9
	for version in "${versions[@]}"; do
		is_whole "$CACHE/$version" || fetch "$version"
		printf '%s: %s\n' "$version" "$(tr '\t' ' ' <"$CACHE/$version/package")"
	done
}

work=
trap '[ -z "$work" ] || rm -rf -- "$work"' EXIT
main "$@"
