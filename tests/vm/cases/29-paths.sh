# SPDX-License-Identifier: Apache-2.0
# Arguments of the kernel's functions that are files are told by their paths: across mounts, beneath a root directory
# of one's own, cut when they are long; and conditions ask for them.
. /cases/lib.inc
need utrail mount chroot

here=$(pwd)
mkdir -p inner/fs bound root
mount -t tmpfs tmpfs inner/fs || fail 'no tmpfs'
mount --bind inner/fs bound || fail 'no bind mount'
mount --bind / root || fail 'no bind mount of the root directory'
deep=inner/fs
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34; do
	deep=$deep/d
	mkdir "$deep"
done
for file in inner/fs/known inner/fs/there.tmp inner/fs/there.log outside.tmp "$deep/leaf"; do
	echo text >"$file"
done
# head reads; cat has the kernel copy.
cat >work.sh <<-EOF
	head -n 1 inner/fs/known bound/known $deep/leaf /none/of/that
	chroot root head -n 1 /cases/lib.inc
	echo through | head -n 1
	rm outside.tmp inner/fs/there.tmp bound/there.log
EOF

run_whole trace utrail --json -f -o trace -e kprobe:vfs_read -e kprobe:vfs_unlink -e kprobe:vfs_open -e '?kretprobe:do_filp_open' -- sh work.sh
cat messages
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
[ "$(summary lost trace)" = 0 ] || fail 'events were lost'
# told PROBE ARGUMENT: some hit has it.
told() {
	grep "\"name\":\"$1\"" trace | grep -q -F -e "$2" || fail "$1 never with $2: $(grep "\"name\":\"$1\"" trace | tail -n 40)"
}
told vfs_read "\"file\":\"$here/inner/fs/known\""
told vfs_read "\"file\":\"$here/bound/known\""
told vfs_read '"file":"/cases/lib.inc"'
told vfs_read '"file":"pipe:['
told vfs_read '"file":{"str":".../d/d/d/'
told vfs_open "\"path\":\"$here/bound/known\""
# 7.2 has no function of that name.
if [ "$KERNEL" != 7.2 ]; then
	told do_filp_open "\"ret\":\"$here/inner/fs/known\""
	told do_filp_open '"ret":"-ENOENT"'
fi
# A dentry has no mount: it is told beneath one of its file system's (up to 6.17 the first one, later the last one).
told vfs_unlink "\"dentry\":\"$here/outside.tmp\""
case $KERNEL in
7.2) mounted=bound ;;
*) mounted=inner/fs ;;
esac
told vfs_unlink "\"dentry\":\"$here/$mounted/there.tmp\""
told vfs_unlink "\"dentry\":\"$here/$mounted/there.log\""

if [ "$KERNEL" != 5.10 ]; then
	for file in inner/fs/there.tmp inner/fs/there.log outside.tmp; do
		echo text >"$file"
	done
	run_whole trace utrail --json -f -o trace -e 'kprobe:vfs_unlink if dentry ~ "*.tmp"' \
		-e "kprobe:vfs_read if path == \"$here/bound/known\" || file ~ \"pipe:*\"" -- sh work.sh
	cat messages
	[ "$(grep -c '"name":"vfs_unlink"' trace)" = 2 ] || fail "not the two that end so: $(cat trace)"
	[ "$(grep '"name":"vfs_unlink"' trace | grep -c -F '.tmp"')" = 2 ] || fail "not those that end so: $(cat trace)"
	told vfs_read "\"file\":\"$here/bound/known\""
	told vfs_read '"file":"pipe:['
	# A path that is cut leaves the condition open.
	! grep '"name":"vfs_read"' trace | grep -v -F -e "\"file\":\"$here/bound/known\"" -e '"file":"pipe:[' -e '"str":".../d/' | grep . || fail 'others, too'
fi
umount root bound inner/fs
