# SPDX-License-Identifier: Apache-2.0
# Conditions: what the program counts itself of a class is what comes through; the rest is filtered.
. /cases/lib.inc
need utrail conditions

# account CLASS ALL TYPE -e SPEC: the program counts the class, and all calls or markers.
account() {
	class=$1 all=$2 type=$3
	shift 3
	run_whole trace.json utrail --json -o trace.json "$@" -- conditions 200 2 ||
		fail "$class: status $?: $(cat messages told)"
	counted=$(sed -n "s/^count $class //p" told)
	total=$(sed -n "s/^count $all //p" told)
	delivered=$(count_type "$type" trace.json)
	filtered=$(summary filtered trace.json)
	lost=$(summary lost trace.json)
	missed=$(missed_hits trace.json)
	echo "$class: $counted of $total: $delivered delivered, ${filtered:=0} filtered, $lost lost, $missed missed"
	[ "$((lost + missed))" = 0 ] || fail "$class: not all was seen"
	[ "$((delivered + filtered))" = "$total" ] || fail "$class: the account is wrong"
	[ "$filtered" -gt 0 ] || fail "$class: nothing was filtered"
	# Without sleepable uprobes, a text that is not in memory yet is not known, and passes.
	[ "$delivered" = "$counted" ] ||
		{ [ "$KERNEL" = 5.10 ] && [ "$delivered" -gt "$counted" ] && [ "$delivered" -le $((counted + 4)) ]; } ||
		fail "$class: not what the program counted"
}
account n_above handle call -e 'conditions:handle if n > 90'
account text handle call -e 'conditions:handle if text == "hello"'
account path handle call -e 'conditions:handle if r->path ~ "/etc/*5"'
account stars handle call -e 'conditions:handle if r->path ~ "*a*b*c"'
account kind handle call -e 'conditions:handle if r->kind == 5'
account ret handle call -e 'conditions:handle if ret < -40'
account ret_or handle call -e 'conditions:handle if n < 5 || ret == 45'
account deep_odd deep call -e 'conditions:deep if n & 1'
account n_negative handle usdt -e 'usdt:conditions:mark(int) if arg1 < 0'
# All of its files are below /nowhere: the loader's are left out by the same condition.
utrail --json -o trace.json -e 'syscall:openat if path ~ "/nowhere/etc/*" && ret == -ENOENT' -- conditions 200 2 >told 2>messages ||
	fail "openat: status $?: $(cat messages told)"
counted=$(sed -n 's/^count opened_etc //p' told) delivered=$(count_type syscall trace.json)
[ "$delivered" = "$counted" ] ||
	{ [ "$delivered" -lt "$counted" ] && [ "$((delivered + $(summary missed trace.json)))" -ge "$counted" ]; } ||
	fail "openat: $counted, $delivered delivered: $(tail -1 messages)"
# A rate limit: whole calls are suppressed, and counted.
utrail --json -o trace.json -e conditions:handle -e conditions:deep --rate 20/s -- conditions 2000 2 >told 2>messages ||
	fail "rate: status $?: $(cat messages told)"
total=$(($(sed -n 's/^count handle //p' told) + $(sed -n 's/^count deep //p' told)))
delivered=$(count_type call trace.json)
suppressed=$(summary suppressed trace.json)
gone=$(($(summary lost trace.json) + $(missed_hits trace.json)))
echo "rate: $total: $delivered delivered, $suppressed suppressed, $gone lost or missed"
[ "$((delivered + suppressed + gone))" = "$total" ] || fail "rate: the account is wrong"
{ [ "$delivered" -ge 40 ] && [ "$delivered" -lt "$total" ]; } || fail "rate: $delivered of $total came through"
