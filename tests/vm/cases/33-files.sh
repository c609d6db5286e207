# SPDX-License-Identifier: Apache-2.0
# guest: disk
# Groups of functions of the kernel: what ext4, xfs and btrfs do for a program's opens, reads, writes and fsyncs is what it
# counts itself; and those alone that take long.
. /cases/lib.inc
need utrail files

# number KEY: of the summary; it has only those that are not 0.
number() {
	value=$(summary "$1" trace)
	echo "${value:-0}"
}

own() {
	sed -n "s/^count $1 //p" own
}

# traced NAME OPTIONS...: 5 times all of it, and one big write.
traced() {
	name=$1
	shift
	runs=0
	# 6.12 gives a thread no storage now and then: run_whole() of lib.inc.
	until
		runs=$((runs + 1))
		utrail --json -o trace "$@" -- files mounted/file 5 32 >own 2>messages || fail "$name: status $?: $(cat own messages)"
		[ "$KERNEL" != 6.12 ] || [ "$runs" -ge 6 ] || [ "$(number lost)" = 0 ]
	do :; done
	cat messages
	! grep -q 'utrail: bug' messages || fail 'the books are wrong'
	[ "$(number lost)" = 0 ] || fail "$name: lost: $(cat messages)"
	case $KERNEL in
	5.10 | 6.1) [ "$(number missed)" = 0 ] || fail "$name: missed: $(cat messages)" ;;
	esac
}

# account FUNCTION COUNT: so many calls inside of the program's functions.
account() {
	seen=$(grep -c "\"kind\":\"kernel\",\"name\":\"$1\",\"depth\":[12]," trace)
	[ "$seen" = "$2" ] || { [ "$seen" -lt "$2" ] && [ $((seen + $(number missed))) -ge "$2" ]; } ||
		fail "$name: $seen of $1, the program says $2: $(cat messages own)"
}

# group NAME READ WRITE OPEN FSYNC: the file system's functions for them.
group() {
	file_system "$1" mounted
	traced "$1" -e files:work,files:big,files:open_file -e "kernel:%$1"
	account "$2" "$(own read)"
	account "$3" "$(own write)"
	account "$4" "$(own open)"
	account "$5" "$(own fsync)"
	# Before Linux 6.0 no condition is asked in the kernel.
	if [ "$KERNEL" = 5.10 ]; then
		umount mounted
		return
	fi
	# No call takes longer than the program had to wait for it; the big one takes long.
	took=$(sed -n 's/^big //p' own)
	[ "$took" -gt 4000000 ] || fail "32 MiB were written in $took ns"
	traced "$1" -e files:work,files:big -e "kernel:%$1 if dur > 4ms"
	grep '"kind":"kernel"' trace >slow
	sed -n -E 's/.*"dur_ns":"?([0-9]+).*/\1/p' slow | while read -r ns; do [ "$ns" -gt 4000000 ] || echo "$ns"; done | grep . && fail "$1: not slow"
	grep -q "\"name\":\"$3\".*\"ret\":33554432}" slow || [ "$(number returns_lost)" -gt 0 ] || [ "$(number missed)" -gt 0 ] ||
		fail "$1: the big write is not among the slow ones: $(cat slow own)"
	made=$(($(own read) + $(own write) + $(own open) + $(own fsync)))
	all=$(($(grep -c . slow) + $(number filtered) + $(number missed)))
	[ "$all" -ge "$made" ] || fail "$1: $(grep -c . slow) slow, $(number filtered) filtered, $(number missed) missed, $made were made"
	umount mounted
}

group ext4 ext4_file_read_iter ext4_file_write_iter ext4_file_open ext4_sync_file
# Before Linux 5.11 the kernel has no types of its modules, and their functions cannot be asked for: it is said.
if [ "$KERNEL" = 5.10 ]; then
	for name in xfs btrfs; do
		file_system $name mounted
		utrail -e "kernel:%$name" -- true >told 2>messages && fail "$name: functions without types were accepted"
		grep -q 'has no function of that group' messages || fail "$name: not as missing: $(cat messages)"
		umount mounted
	done
	exit 0
fi
group xfs xfs_file_read_iter xfs_file_write_iter xfs_file_open xfs_file_fsync
group btrfs btrfs_file_read_iter btrfs_file_write_iter btrfs_file_open btrfs_sync_file
