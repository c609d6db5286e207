# SPDX-License-Identifier: Apache-2.0
# -yy: devices and sockets as the kernel has them at the call; and what only a count is told of.
. /cases/lib.inc
need utrail busybox
busybox ifconfig lo 127.0.0.1 up || fail 'no loopback'
utrail -yy -o trace -e syscall:openat -e '?syscall:open' -e syscall:read -- \
	busybox dd if=/dev/zero of=/dev/null count=1 >told 2>messages || fail "status $?: $(cat messages told)"
cat trace
grep -q ' = [0-9]*</dev/zero<char 1:5>> ' trace || fail 'open does not give /dev/zero'
grep -q 'read([0-9]*</dev/zero<char 1:5>>, ' trace || fail 'read does not take /dev/zero'

mkdir entries
for i in 1 2 3 4 5; do : >entries/$i; done
utrail -o trace -e syscall:getdents64 -- busybox ls entries >told 2>messages || fail "status $?: $(cat messages told)"
cat trace
# With . and ..
grep -q 'getdents64([0-9]*, 0x[0-9a-f]* /\* 7 entries \*/, ' trace || fail 'no 7 entries'
grep -q 'getdents64([0-9]*, 0x[0-9a-f]* /\* 0 entries \*/, ' trace || fail 'no end'

busybox nc -l -p 7001 >got &
server=$!
tries=0
until cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':1B59 [0:]* 0A '; do
	tries=$((tries + 1))
	[ "$tries" -le 100 ] || fail "no listener: $(cat /proc/net/tcp*)"
	sleep 0.1
done
echo text | utrail -yy -o trace -e syscall:socket -e syscall:connect -e syscall:write -e '?syscall:poll' \
	-e '?syscall:select' -- busybox nc -w 5 127.0.0.1 7001 >told 2>messages
kill "$server" 2>/dev/null
cat trace
grep -q ' = [0-9]*<TCP:\[[0-9]*\]> ' trace || fail 'socket gives no TCP'
grep -q 'write([0-9]*<TCP:\[127.0.0.1:[0-9]*->127.0.0.1:7001\]>, "text' trace || fail 'no connection'

utrail -yy -o trace -e %network -- busybox ip route >told 2>messages
cat trace
grep -q '(AF_NETLINK, .* = [0-9]*<NETLINK:\[[0-9]*\]> ' trace || fail 'no netlink socket'
# The protocol is read at the call, with and without -y. (Its requests are busybox's write(), whose bytes are shown as such.)
for names in '' -yy; do
	utrail $names -o trace -e syscall:recvmsg -- busybox ip route >told 2>messages
	cat trace
	grep -q 'recvmsg(.*{nlmsg_len=20, nlmsg_type=NLMSG_DONE, ' trace || fail "no end ($names)"
done
