# SPDX-License-Identifier: Apache-2.0
# Functions of Go: what the program counts itself is what is delivered, left out by a condition, or counted by `utrail stat`.
. /cases/lib.inc
need utrail
command -v goroutines >/dev/null || {
	echo "built without Go"
	exit 77
}

# ended FILE: calls with a duration.
ended() {
	grep '^{"type":"call"' "$1" | grep -c '"dur_ns"'
}

# own NAME...: what it says of itself.
own() {
	sum=0
	for name; do
		sum=$((sum + $(sed -n "s/^main\.$name //p" told)))
	done
	echo $sum
}

# account NAME ENDED -e SPEC: of all calls, those that were delivered and left out; and all of them have an end, or none.
account() {
	name=$1 has_end=$2
	shift 2
	run_whole trace.json utrail --json -o trace.json "$@" -- goroutines 2 6 ||
		fail "$*: status $?: $(cat messages told)"
	delivered=$(count_type call trace.json)
	filtered=$(summary filtered trace.json) suppressed=$(summary suppressed trace.json)
	left_out=$((${filtered:-0} + ${suppressed:-0}))
	lost=$(summary lost trace.json)
	missed=$(missed_hits trace.json)
	echo "$*: of $(own "$name"): $delivered delivered, $(ended trace.json) ended, $left_out left out, $lost lost, $missed missed"
	[ "$((lost + missed))" = 0 ] || fail "not all was seen"
	[ "$((delivered + left_out))" = "$(own "$name")" ] || fail "the account is wrong"
	[ "$(ended trace.json)" = "$([ "$has_end" = no ] && echo 0 || echo "$delivered")" ] || fail "ends"
	[ "$delivered" -gt 0 ] || fail "nothing was delivered"
}
account deep yes -e 'goroutines:main.deep'
account deep yes -e 'goroutines:main.deep if n > 100'
account catch yes -e 'goroutines:main.catch if ret > 1002'
account sleep yes -e 'goroutines:main.sleep if dur >= 2ms'
account throw no -e 'goroutines:main.throw if n == 1'
account lost no -e 'goroutines:main.lost if ret > 5'
account deep yes -e 'goroutines:main.deep' --rate=5/s

run_whole stat.json utrail stat --json -o stat.json -e 'goroutines:main.*' -- goroutines 2 6 || fail "stat: status $?: $(cat messages told)"
for name in deep big catch pick sleep lost throw; do
	grep "\"name\":\"goroutines:main.$name\"" stat.json | sed -E 's/.*"hits":([0-9]+).*"ended":([0-9]+).*/\1 \2/' >rows
	hits=0 ends=0
	while read -r hit end; do
		hits=$((hits + hit)) ends=$((ends + end))
	done <rows
	echo "stat: $name: $hits of $(own $name), $ends ended"
	[ "$hits" = "$(own $name)" ] || fail "calls of $name: $(cat stat.json)"
	case $name in
	lost | throw) [ "$ends" = 0 ] ;;
	*) [ "$ends" = "$hits" ] ;;
	esac || fail "ends of $name"
done
