# SPDX-License-Identifier: Apache-2.0
# --cost: hits, and a cost that is neither nothing nor beyond reason, in the form that this kernel has.
. /cases/lib.inc
need utrail count
utrail --cost --json -o trace -e count:f -e syscall:write -- count 2000 2 >told 2>messages || fail "status $?: $(cat messages)"
grep '^{"type":"cost"' trace
cost() {
	grep '^{"type":"cost","name":"count:f"' trace | sed -n -E "s/.*\"$1\":\"?([0-9]+).*/\1/p"
}
[ "$(cost hits)" = 4000 ] || fail "$(cost hits) hits, not 4000"
[ "$(cost ns_per_hit)" -gt 100 ] || fail 'a hit costs nothing'
[ "$(cost ns_per_hit)" -lt 10000000 ] || fail 'a hit costs more than 10 ms'
grep -q '"share":' trace || fail 'there is no share'
