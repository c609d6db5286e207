# SPDX-License-Identifier: Apache-2.0
# -k at probes in the kernel: the kernel's functions by name, then those of the program that called.
. /cases/lib.inc
need utrail points

# stacks KIND [FUNCTION]: of the events of that kind inside of work(), almost all have the kernel's part, with the
# function's caller, and behind it the user's, in that order.
deepest=1
stacks() {
	# One whose end was missed is open for the stream until the thread is seen in its own code again: others of the same
	# call of work() are deeper, if they are traced.
	grep "\"kind\":\"$1\",\"name\":\"vfs_read\",\"depth\":[1-$deepest]," trace >events
	all=$(grep -c . events)
	[ $((all + $(summary missed trace))) -ge 400 ] || fail "$1: only $all events: $(cat messages)"
	below='"module":"[^"]*points"[^}]*"symbol":"work"'
	[ "$KERNEL" = 5.10 ] && below='"cut":"no user stack of this event'
	whole=$(grep -c "$2.*\"module\":\"\\[kernel\\]\"[^}]*\"symbol\":\"ksys_read\".*$below" events)
	lost=$(summary stacks_lost trace)
	[ $((whole + ${lost:-0})) -ge "$all" ] || fail "$1: $whole of $all stacks are as they should be: $(grep -v -m 1 "$2.*ksys_read.*$below" events)"
	[ "$(grep -c -e bpf_prog_ -e bpf_trampoline_ -e '"symbol":"perf_trace' events)" = 0 ] || fail "$1: tracing itself is in it: $(head -n 1 events)"
}

head -n 300 /proc/kallsyms | grep -q -v '^0000000000000000 ' || fail "the guest hides its names"
for specs in 'kernel:vfs_read' 'kprobe:vfs_read' 'fentry:vfs_read'; do
	kind=${specs%%:*}
	run_whole trace utrail -k --json -o trace --ring-size 16M -e points:work -e "$specs" -- points 100 4 || fail "status $?: $(cat messages)"
	cat messages
	! grep -q 'utrail: bug' messages || fail 'the books are wrong'
	own='"symbol":"vfs_read"'
	# 7.2 jumps to where such programs are called, so that the function's own frame is none of the stack's.
	[ "$KERNEL" != 7.2 ] || [ "$kind" = kprobe ] || own='"stack":\['
	stacks "$kind" "$own"
done
run_whole trace utrail -k --json -o trace --ring-size 16M -e points:work -e 'kernel:vfs_*' -- points 100 4 || fail "status $?: $(cat messages)"
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
deepest=3
stacks kernel '"symbol":"vfs_read"'

# Hidden names are said to be; the addresses are not guessed at.
echo 2 >/proc/sys/kernel/kptr_restrict
run_whole trace utrail -k --json -o trace -e points:work -e kernel:vfs_read -- points 3 || fail "status $?: $(cat messages)"
echo 1 >/proc/sys/kernel/kptr_restrict
grep -q '/proc/kallsyms hides its addresses' messages || fail "not said: $(cat messages)"
! grep '"name":"vfs_read"' trace | grep -q '"module":"\[kernel\]"[^}]*"symbol"' || fail "names out of nothing: $(grep -m 1 '"symbol"' trace)"
