# SPDX-License-Identifier: Apache-2.0
# Functions of the kernel: entry and return, as often as the target caused them, inside its own function.
. /cases/lib.inc
need utrail points

utrail check | grep -q '^ok .*(kprobes)' || fail "check says no: $(utrail check)"
run_whole trace utrail --json -o trace -e points:work -e kprobe:vfs_read -e kretprobe:vfs_read -- points 100 4 ||
	fail "status $?: $(cat messages told)"
cat messages
grep -q '^self-check passed' told || fail 'the program noticed that it was traced'
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
[ "$(summary lost trace)" = 0 ] || fail 'events were lost'
missed=$(summary missed trace)
# 7.2 with full preemption runs no such program while another one of its kind is preempted on the same processor.
[ "$missed" = 0 ] || [ "$KERNEL" = 7.2 ] || fail 'events were missed'
for kind in kprobe kretprobe; do
	inside=$(grep -c "\"kind\":\"$kind\",\"name\":\"vfs_read\",\"depth\":1" trace)
	{ [ "$inside" -le 400 ] && [ $((inside + missed)) -ge 400 ]; } || fail "$kind: $inside inside of work(), 400 were made"
done
# The first argument is a file, called by its name; the third is what read() was asked for, and got.
entry=$(grep -m 1 '"kind":"kprobe".*"depth":1' trace)
case $entry in
*'"args":{"file":"/dev/zero","buf":'*'"count":1,'*) ;;
*) fail "arguments: $entry" ;;
esac
for size in 1 16; do
	[ "$(grep -c "\"kind\":\"kprobe\".*\"depth\":1.*\"count\":$size," trace)" -ge $((24 - missed)) ] || fail "no read of $size bytes"
	[ "$(grep -c "\"kind\":\"kretprobe\".*\"depth\":1.*\"ret\":$size}" trace)" -ge $((24 - missed)) ] || fail "no result $size"
done

utrail -o trace -e 'kprobe:vfs_rea?' -e 'kprobe:vfs_write+0' -e '!kprobe:vfs_read*' -- points 3 >told 2>messages ||
	fail "status $?: $(cat messages)"
utrail -e 'kprobe:*' -- true >told 2>messages && fail 'the whole kernel at once was not refused'
grep -q -e '--max-probes' messages || fail "not for their number: $(cat messages)"
utrail -e kprobe:no_such_function -- true >told 2>messages && fail 'an unknown function was accepted'
grep -q 'no such function' messages || fail "not as unknown: $(cat messages)"
# In the middle of an instruction, or in code that must not be probed.
utrail -e kprobe:vfs_read+1 -- true >told 2>messages && fail 'a place inside of an instruction was accepted'
[ "$(grep -c 'hint:' messages)" = 1 ] || fail "no hint: $(cat messages)"
