# SPDX-License-Identifier: Apache-2.0
# --lossless: a ring that is too small and a reader that does nothing for a while; who writes waits.
. /cases/lib.inc
need utrail count

case $(uname -r) in
5.10.*)
	utrail --lossless -e count:f -- count 10 2>messages && fail 'it pretends to work here'
	cat messages
	grep -q 'not possible on this kernel' messages || fail 'the error is another one'
	exit 0
	;;
esac

# Two threads, which would fill it a hundred times over.
utrail --lossless --json --ring-size 65536 -e count:f -- count 10000 2 2>&1 >told | {
	sleep 12 # longer than the kernel stands a reader of RCU
	cat >trace
}
cat told
tail -n 3 trace
[ "$(sed -n 's/^count f //p' told)" = 20000 ] || fail 'the program counted otherwise'
[ "$(count_type call trace)" = 20000 ] || fail "$(count_type call trace) calls are in the trace"
[ "$(summary lost trace)" = 0 ] || fail 'some were lost'
[ "$(summary held trace)" -gt 0 ] || fail 'nobody waited'

# Stopped and killed: the program does not stay behind.
mkfifo input
count -w 20000 2 <input >told 2>&1 &
target=$!
exec 5>input
wait_for "^ready $target" told
# What the run before said would do for the wait.
: >messages
utrail --lossless --ring-size 65536 -o trace -p "$target" -e count:f 2>messages &
tracer=$!
wait_for '^utrail: tracing' messages
kill -STOP "$tracer"
echo >&5
sleep 1
kill -KILL "$tracer"
exec 5>&-
wait "$target" || fail "the target ended with $?"
grep -q '^count f 40000' told || fail "the target did not make its calls: $(cat told)"
