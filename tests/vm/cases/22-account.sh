# SPDX-License-Identifier: Apache-2.0
# What the program counted = delivered + lost + missed, exactly; with a large ring, and with one that is too small.
. /cases/lib.inc
need utrail count

# account NAME OPTION...
account() {
	name=$1
	shift
	utrail --json -o "$name.json" -e count:f "$@" -- count 20000 2 >told 2>messages ||
		fail "$name: status $?: $(cat messages told)"
	cat messages
	counted=$(sed -n 's/^count f //p' told)
	delivered=$(count_type call "$name.json")
	lost=$(summary lost "$name.json")
	missed=$(missed_hits "$name.json")
	grep '^{"type":"lost"' "$name.json" | sed 's/"time_ns":"[0-9]*",//; s/"count":[0-9]*/"count":N/' | sort | uniq -c
	echo "$name: $counted calls, $delivered delivered, $lost lost, $missed missed"
	[ "$counted" = 40000 ] || fail "$name: the program counted $counted"
	[ "$counted" -eq $((delivered + lost + missed)) ] || fail "$name: the account is wrong by $((counted - delivered - lost - missed))"
}
account default
account small --ring-size 65536
# Where each place has a program of its own, system calls need none: many beside a function.
utrail --json -o calls.json -e count:f -e %file,%desc,%network,%memory -- count 20000 2 >told 2>messages ||
	fail "calls: status $?: $(cat messages told)"
cat messages
grep '^{"type":"missed"' calls.json
[ "$(count_type call calls.json)" = 40000 ] || fail "calls: $(count_type call calls.json) calls"
