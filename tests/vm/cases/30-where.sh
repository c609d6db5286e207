# SPDX-License-Identifier: Apache-2.0
# --where: the parts of each span are its duration, and what the program's own clock and rusage say.
. /cases/lib.inc
need utrail spent

echo | utrail --json -o trace.json --where -e spent:call -- spent 2 >told 2>messages || fail "status $?: $(cat messages told)"
nothing_gone messages || fail "$(cat messages)"
grep '^spent ' told >own
grep '^{"type":"call"' trace.json >calls
[ "$(wc -l <calls)" = "$(wc -l <own)" ] || fail "not as many calls: $(cat trace.json told)"
[ "$(wc -l <own)" = 20 ] || fail "$(cat told)"

# number KEY: of the line at hand.
number() {
	printf '%s\n' "$line" | sed -n -E "s/.*\"$1\":\"?([0-9]+).*/\1/p"
}

between() {
	[ "$2" -ge "$1" ] && [ "$2" -le "$3" ]
}

exec 4<calls
while read -r _ way cpu _ faults_least faults_most major_least major_most blocked; do
	read -r line <&4
	sum=$(($(number cpu_ns) + $(number waiting_ns) + $(number blocked_ns)))
	[ "$sum" = "$(number dur_ns)" ] || fail "$way: the sum is $sum: $line"
	# Who is to wake it comes late in an emulated machine, and it waits for a CPU then.
	[ $(($(number blocked_ns) + $(number waiting_ns))) -ge "$blocked" ] || fail "$way: blocked for less than $blocked: $line"
	between "$faults_least" "$(number minor_faults)" "$faults_most" || fail "$way: $faults_least to $faults_most page faults: $line"
	between "$major_least" "$(number major_faults)" "$major_most" || fail "$way: $major_least to $major_most major faults: $line"
	[ "$way" != spinning ] || [ "$(number cpu_ns)" -ge $((cpu / 2)) ] || fail "$way: its own clock has $cpu: $line"
	parts=$(printf '%s\n' "$line" | sed -E 's/.*"blocked":\[(.*)\],.*/\1/')
	case $way in
	sleeping) wanted='{"in":"clock_nanosleep","ns":' ;;
	locking) wanted="{\"in\":\"futex\",\"lock\":\"$(sed -n 's/^lock //p' told)\",\"ns\":" ;;
	piping) wanted='{"in":"read","on":"pipe","ns":' ;;
	receiving) wanted='{"in":"read","on":"socket","ns":' ;;
	polling) wanted='{"in":"poll","ns":' ;;
	epolling) wanted='{"in":"epoll_wait","ns":' ;;
	stopping) wanted='"on":"stop","ns":' ;;
	in_two) wanted='{"in":"clock_nanosleep","ns":*{"in":"poll","ns":' ;;
	*) wanted= ;;
	esac
	# shellcheck disable=SC2254 # a pattern is what is wanted
	case $parts in
	*$wanted*) ;;
	*) fail "$way was not blocked in $wanted: $line" ;;
	esac
done <own
echo "$(wc -l <own) calls: the parts are the whole"

# The same between two probes, and of system calls.
echo | utrail --json -o trace.json --where -e 'spent:begin ~~ spent:end' -e syscall:poll -- spent >told 2>messages ||
	fail "status $?: $(cat messages told)"
for type in span syscall; do
	grep "^{\"type\":\"$type\"" trace.json >lines || fail "no $type: $(cat trace.json messages)"
	while read -r line; do
		sum=$(($(number cpu_ns) + $(number waiting_ns) + $(number blocked_ns)))
		[ "$sum" = "$(number dur_ns)" ] || fail "the sum is $sum: $line"
	done <lines
	grep -q '{"in":"poll","ns":' lines || fail "no poll: $(cat lines)"
done
