# SPDX-License-Identifier: Apache-2.0
# Who caused what: what each function called is what the program counted itself.
. /cases/lib.inc
need utrail causes

# row KIND NAME INSIDE KEY: a number of that row of the table; nothing: there is no such row.
row() {
	grep -F "\"kind\":\"$1\",\"name\":\"$2\",\"inside\":$3," trace.json | grep '^{"type":"stat"' | sed -n -E "s/.*\"$4\":\"?([0-9]+).*/\1/p"
}

# From 7.2 on the tracepoints of system calls are preemptible, and the kernel runs no second one of them on that
# CPU meanwhile: it counts these as missed. As many may be missing, and nowhere else any.
missed() {
	summary missed trace.json
}

# compare WHAT GOT WANTED
compare() {
	[ "${2:-0}" = "$3" ] || { [ "${2:-0}" -lt "$3" ] && [ "$((${2:-0} + $(missed)))" -ge "$3" ]; } || fail "$1: counted ${2:-none}, the program says $3: $(cat trace.json messages told)"
}

# whose FUNCTION: as the table names it.
whose() {
	[ "$1" = outside ] && echo null || echo "\"causes:$1\""
}

# account: every line of what the program told.
account() {
	lines=0 short=0
	while read -r word name count; do
		[ "$word" = count ] || continue
		function=${name%%/*}
		rest=${name#"$function"}
		call=${rest#/}
		case $name in
		*_ns | */mark) continue ;;
		*/errors) compare "$name" "$(row syscall "${call%/errors}" "$(whose "$function")" errors)" "$count" ;;
		*/*)
			hits=$(row syscall "$call" "$(whose "$function")" hits)
			compare "$name" "$hits" "$count"
			short=$((short + count - ${hits:-0}))
			;;
		*)
			# In whatever function it was called.
			sum=$(grep -F "\"kind\":\"call\",\"name\":\"causes:$name\"," trace.json | sed -E 's/.*"hits":([0-9]+).*/\1/' |
				awk '{ sum += $1 } END { print sum + 0 }')
			compare "$name" "$sum" "$count"
			;;
		esac
		lines=$((lines + 1))
	done <told
	[ "$lines" -gt 30 ] || fail "only $lines numbers: $(cat told)"
	[ "$(summary lost trace.json)" = 0 ] || fail "not all was seen: $(cat messages)"
	[ "$short" -le "$(missed)" ] || fail "$short system calls are missing, $(missed) were missed: $(cat messages)"
	case $KERNEL in
	5.10 | 6.1 | 6.12) [ "$(missed)" = 0 ] || fail "missed: $(cat messages)" ;;
	esac
	echo "$lines numbers agree, $short system calls of $(missed) missed"
}

specs=
for function in a b both deep caught leap through tail outer inner; do
	specs="$specs -e causes:$function"
done
# shellcheck disable=SC2086 # words
utrail stat --json -o trace.json $specs -e syscall:write,syscall:read,syscall:getppid,syscall:lseek,syscall:nanosleep \
	-e usdt:causes:mark -- causes 2 2 >told 2>messages || fail "status $?: $(cat messages told)"
# Before main() and after it others read and write, in none of these functions.
grep -v -E '^count outside/(read|write|lseek)' told >told.own
mv told.own told
account
compare 'marks in b' "$(row usdt causes:mark '"causes:b"' hits)" "$(sed -n 's/^count b\/mark //p' told)"
compare 'unwound' "$(row call causes:leap '"causes:caught"' unwound)" "$(sed -n 's/^count leap //p' told)"
# And as a table.
# shellcheck disable=SC2086 # words
utrail stat --where -o table $specs -e syscall:write -- causes 1 >told 2>messages || fail "status $?: $(cat messages told)"
grep -q 'causes:leap (1 unwound)$' table || fail "$(cat table)"
# Asleep it was blocked for 3 times 200 us at least, less what the emulator takes; spinning it was not.
utrail stat --where --json -o trace.json -e causes:outer,causes:inner -e syscall:nanosleep -- causes 3 >told 2>messages ||
	fail "status $?: $(cat messages told)"
blocked=$(row syscall nanosleep '"causes:outer"' blocked_ns)
echo "blocked for ${blocked:=0} ns in 3 naps"
[ "$blocked" -gt 100000 ] || fail "$(cat trace.json)"
[ "$(row call causes:inner '"causes:outer"' cpu_ns)" -gt 0 ] || fail "$(cat trace.json)"
