# SPDX-License-Identifier: Apache-2.0
# Handlers on a stack of their own, left by siglongjmp() every third time: what each call is inside of, and which have an end.
. /cases/lib.inc
need utrail handlers

# seen NAME DEPTH: calls there, and those of them that have a result.
seen() {
	grep '^{"type":"call"' trace | grep "\"name\":\"$1\"" | grep "\"depth\":$2," >calls
	echo "$(wc -l <calls) $(grep -c '"ret":' calls)"
}

for where in far below above; do
	run_whole trace utrail --json -o trace -e handlers:outer -e handlers:inner -e handlers:on_signal -e handlers:alone \
		-- handlers "$where" 300 >told 2>messages || fail "$where: status $?: $(cat messages told)"
	for call in 'outer 0 300 200' 'inner 1 300 200' 'on_signal 2 300 200' 'alone 0 300 300'; do
		# shellcheck disable=SC2086 # words
		set -- $call
		got=$(seen "$1" "$2")
		echo "$where: $1 at depth $2: $got"
		[ "$got" = "$3 $4" ] || fail "$where: $1 at depth $2: $got, not $3 and $4: $(cat messages)"
	done
done
