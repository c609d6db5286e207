# SPDX-License-Identifier: Apache-2.0
# A running process, by pid: attach, follow its work, leave it alone, while it lives.
. /cases/lib.inc
need utrail nest
mkfifo input
nest -w -h 2 <input >told 2>&1 &
target=$!
exec 5>input
wait_for "^ready $target" told
# It ends by itself: a shell without job control starts its background programs with SIGINT ignored.
utrail -o trace -p "$target" -e nest:outer --max-events 2 2>messages &
tracer=$!
wait_for '^utrail: tracing' messages
echo >&5
wait_for '^done' told
wait "$tracer" || fail "utrail ended with $?: $(cat messages)"
cat trace messages
kill -0 "$target" || fail 'the target is gone'
grep -q '^uprobe' /sys/kernel/tracing/uprobe_events && fail 'a probe was left behind'
echo >&5
exec 5>&-
wait "$target" || fail "the target ended with $?"
[ "$(traced_lines trace | grep -c '^nest:outer')" = 2 ] || fail 'not two calls of outer'
[ "$(traced_lines trace | grep -c '^nest:outer(.*) = 1[67]$')" = 2 ] || fail 'no results'
nothing_gone messages || fail "the summary tells of losses: $(cat messages)"
