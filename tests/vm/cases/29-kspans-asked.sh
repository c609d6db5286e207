# SPDX-License-Identifier: Apache-2.0
# What is asked of functions of the kernel: conditions, rates, sums and pairs, by fentry and by kprobes.
. /cases/lib.inc
need utrail points

# traced OPTIONS...: 4 threads of 100 calls. The i-th reads i % 16 + 1 bytes.
traced() {
	run_whole trace utrail --json -o trace "$@" -- points 100 4 || fail "status $?: $(cat messages told)"
	cat messages
	! grep -q 'utrail: bug' messages || fail 'the books are wrong'
}

number() {
	value=$(summary "$1" trace)
	echo "${value:-0}"
}

# seen COUNT PATTERN: lines of that pattern inside of work(), or fewer and as many counted as missed. A call whose end was
# missed is there whatever its condition asks of that.
deepest=1
seen() {
	# One whose end was missed is open for the stream until the thread is seen in its own code again: others of the same
	# call of work() are deeper, if they are traced.
	got=$(grep "\"depth\":[1-$deepest]," trace | grep -v '"return":"not seen"' | grep -c -e "$2")
	gone=$(($(number missed) + $(number lost) + $(number returns_lost)))
	{ [ "$got" -le "$1" ] && [ $((got + gone)) -ge "$1" ]; } || fail "$got of $2, not $1; $gone gone: $(grep -m 4 vfs_ trace) $(tail -n 1 trace)"
	case $KERNEL in
	6.1) [ "$gone" = 0 ] || fail "$gone gone: $(cat messages)" ;;
	esac
}

if [ "$KERNEL" = 5.10 ]; then
	utrail -e 'kernel:vfs_read if count > 3' -- true >told 2>messages && fail 'a condition was accepted'
	grep -q 'takes no condition on this kernel' messages || fail "not for the condition: $(cat messages)"
else
	# Few by fentry, many by kprobes.
	for names in vfs_read 'vfs_*'; do
		[ "$names" = vfs_read ] || deepest=3
		traced -e points:work -e "kernel:$names if ret == 16"
		seen 24 '"name":"vfs_read".*"count":16,.*"ret":16}'
		seen 24 '"name":"vfs_read"'
		[ "$(number filtered)" -ge 300 ] || fail "only $(number filtered) filtered"
	done
	deepest=1
	traced -e points:work -e 'kernel:vfs_read if count > 14'
	seen 48 '"name":"vfs_read"'
	traced -e points:work -e 'kernel:vfs_read if dur > 100s'
	seen 0 '"name":"vfs_read"'
	traced -e points:work -e 'kernel:vfs_read if dur > 1ns && ret == 3'
	seen 28 '"name":"vfs_read".*"ret":3}'
	traced -e points:work -e 'fexit:vfs_read if ret == 16'
	seen 24 '"name":"vfs_read"'
fi

# What a rate leaves out is counted.
traced -e points:work -e 'kernel:vfs_read rate 10/s'
all=$(($(grep -c '"name":"vfs_read"' trace) + $(number suppressed) + $(number missed) + $(number lost)))
{ [ "$(number suppressed)" -ge 100 ] && [ "$all" -ge 400 ]; } || fail "$all with $(number suppressed) suppressed: $(tail -n 1 trace)"

# Sums, by the function that caused them.
run_whole sums utrail stat --json -o sums -e points:work -e kernel:vfs_read -- points 100 4 || fail "status $?: $(cat messages)"
row=$(grep '"kind":"kernel","name":"kernel:vfs_read","inside":"points:work"' sums)
hits=$(echo "$row" | sed -n -E 's/.*"hits":([0-9]+).*/\1/p')
{ [ "${hits:-0}" -le 400 ] && [ $((${hits:-0} + $(summary missed sums))) -ge 400 ]; } || fail "counted: $(cat sums messages)"
total=$(echo "$row" | sed -n -E 's/.*"total_ns":"?([0-9]+).*/\1/p')
[ "${total:-0}" -gt 400 ] || fail "no time: $row"

# From one place to another.
traced -e 'fentry:vfs_read ~~ fexit:vfs_read'
pairs=$(grep '"type":"span"' trace | grep -c '"dur_ns"')
# Once something is missed, or one comes late because the emulated machine stood still, which end is whose is in doubt for
# all that began before that was noticed: they have no time.
[ "$pairs" -ge 1 ] || fail "no pair has a time: $(head -n 12 trace)"
pairs=$((pairs + $(grep '"type":"span"' trace | grep -c '"end":"lost"')))
[ "$pairs" -ge $((400 - $(number missed) - $(number lost))) ] || fail "$pairs pairs of 400: $(grep -v '"dur_ns"' trace | head -n 12)"
