# SPDX-License-Identifier: Apache-2.0
# -y: paths as the kernel has them at the call, of files, across mounts, of what has no name.
. /cases/lib.inc
need utrail busybox
mkdir -p mounted below/deeper
mount -t tmpfs none mounted || fail 'no tmpfs'
mkdir mounted/inner
echo text >mounted/inner/file
echo text >below/deeper/other
here=$(pwd)
utrail -y -o trace -e syscall:openat -e '?syscall:open' -e syscall:sendfile -e syscall:close \
	-- busybox cat mounted/inner/file below/deeper/other /proc/version >told 2>messages ||
	fail "status $?: $(cat messages told)"
cat trace
for path in "$here/mounted/inner/file" "$here/below/deeper/other" /proc/version; do
	grep -q " = [0-9]*<$path> " trace || fail "open does not give $path"
	grep -q "sendfile(1<[^>]*>, [0-9]*<$path>, " trace || fail "sendfile does not take $path"
	grep -q "close([0-9]*<$path>) = 0" trace || fail "close does not take $path"
done
grep -q -F "(AT_FDCWD<$here>, " trace || grep -q ' open(' trace || fail 'no working directory'
echo text | utrail -y -o trace -e syscall:read -e syscall:sendfile -- busybox cat >told 2>messages || fail "status $?: $(cat messages told)"
cat trace
grep -q '[(, ]0<pipe:\[[0-9]*\]>, ' trace || fail 'no pipe'
umount mounted
