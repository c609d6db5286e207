# SPDX-License-Identifier: Apache-2.0
# Groups of functions of the kernel: those of the virtual file system, slow ones among them, and those of the page cache.
. /cases/lib.inc
need utrail points

run_whole trace utrail --json -o trace -e points:work -e 'kernel:%vfs' -- points 100 4 || fail "status $?: $(cat messages)"
cat messages
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
seen=$(grep -c '"name":"vfs_read","depth":[1-3],' trace)
gone=$(($(summary lost trace) + $(summary missed trace)))
{ [ "$seen" -le 400 ] && [ $((seen + gone)) -ge 400 ]; } || fail "vfs_read: $seen, 400 were made, $gone gone"
grep -q '"name":"vfs_open"' trace || fail "no vfs_open: $(head -n 3 trace)"

# What takes long: a read that waits for the other end of a pipe. Before Linux 6.0 no condition is asked in the kernel.
if [ "$KERNEL" != 5.10 ]; then
	run_whole trace utrail -f --json -o trace -e 'kernel:%vfs if dur > 40ms' -- sh -c '(sleep 0.2; echo late) | cat' ||
		fail "status $?: $(cat messages)"
	grep -q '"name":"vfs_read".*"ret":5}' trace || fail "no slow read: $(cat trace messages)"
fi

# Pages of a file are put into the cache, and looked up there: as many as dd says. ramfs is nothing but page cache.
mkdir cache
mount -t ramfs none cache || fail 'no ramfs'
# hits NAME...: of the one of these that this kernel has.
hits() {
	for name; do
		sed -n -E "s/.*\"name\":\"kernel:$name\".*\"hits\":([0-9]+).*/\1/p" sums
	done | awk '{ sum += $1 } END { print sum + 0 }'
}
run_whole sums utrail stat --json -o sums -e 'kernel:%pagecache' -- dd if=/dev/zero of=cache/file bs=4096 count=200 || fail "status $?: $(cat messages)"
added=$(hits filemap_add_folio add_to_page_cache_lru)
{ [ "$added" -ge $((200 - $(summary missed sums))) ] && [ "$added" -le 210 ]; } || fail "$added pages were put into the cache, dd wrote 200: $(cat sums messages)"
run_whole sums utrail stat --json -o sums -e 'kernel:%pagecache' -- dd if=cache/file of=/dev/null bs=4096 || fail "status $?: $(cat messages)"
found=$(hits folio_mark_accessed mark_page_accessed)
added=$(hits filemap_add_folio add_to_page_cache_lru)
{ [ "$found" -ge $((200 - $(summary missed sums))) ] && [ "$added" -lt 20 ]; } || fail "$found pages were found, $added put in, dd read 200: $(cat sums messages)"
umount cache

utrail -e 'kernel:%nothing' -- true >told 2>messages && fail 'an unknown group was accepted'
grep -q '%ext4, %xfs, %btrfs, %nfs, %vfs, %pagecache' messages || fail "groups are not named: $(cat messages)"
# No module of a file system is loaded yet: 33-files.
utrail -e 'kernel:%btrfs' -- true >told 2>messages && fail 'a group without functions was accepted'
grep -q 'has no function of that group' messages || fail "not as missing: $(cat messages)"
