# SPDX-License-Identifier: Apache-2.0
# -c, -C, -z and -Z: the table is what the program counts itself, whatever the ring had room for.
. /cases/lib.inc
need utrail conditions

# row FILE NAME KEY: a number of that row.
row() {
	grep "^{\"type\":\"count\",\"name\":\"$2\"" "$1" | sed -n -E "s/^[^[]*\"$3\":\"?([0-9]+).*/\1/p"
}

# counted NAME WANTED OPTION...: calls of openat in the table, all of which fail, and those that were filtered.
counted() {
	name=$1
	shift
	utrail --json -o trace.json "$@" -e 'syscall:openat if path ~ "/nowhere/*"' -- conditions 300 3 >told 2>messages ||
		fail "$name: status $?: $(cat messages told)"
	opened=$(sed -n 's/^count opened //p' told)
	calls=$(row trace.json openat calls) errors=$(row trace.json openat errors)
	events=$(count_type syscall trace.json)
	filtered=$(summary filtered trace.json) lost=$(summary lost trace.json) missed=$(summary missed trace.json)
	echo "$name: $opened made: ${calls:=0} counted, ${errors:=0} errors, $events events, $lost lost, $missed missed, ${filtered:=0} filtered"
}

# From 7.2 on a hit is missed when it preempts another one: one of the target, or of somebody else.
all_counted() {
	{ [ "$calls" -le "$opened" ] && [ "$opened" -le "$((calls + missed))" ]; } || fail "$name: not what the program counted"
	[ "$errors" = "$calls" ] || fail "$name: all of them fail"
}
counted only -c
all_counted
[ "$events" = 0 ] || fail "$name: there are events"
least=$(row trace.json openat min_ns) most=$(row trace.json openat max_ns) total=$(row trace.json openat total_ns)
{ [ "$((least * calls))" -le "$total" ] && [ "$total" -le "$((most * calls))" ]; } || fail "times: $least, $most, $total"
counted both -C --ring-size 16k
all_counted
[ "$((events + lost))" = "$calls" ] || fail "the account is wrong"
counted failed -c -Z
all_counted
counted successful -c -z
{ [ "$calls" = 0 ] && [ "$((filtered + missed))" -ge "$opened" ]; } || fail "successes of calls that fail"
utrail -c -f -o table -- sh -c 'ls / >/dev/null; true' 2>messages || fail "table: $(cat messages)"
grep -q '^% time     seconds  usecs/call     calls    errors syscall$' table || fail "no table: $(cat table)"
grep -q '^100.00 .* total$' table || fail "no total: $(cat table)"
