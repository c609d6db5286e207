# SPDX-License-Identifier: Apache-2.0
# What calls fill in and change is read at their return, as the programs print it themselves.
. /cases/lib.inc
need utrail outputs-gcc-0 changes-g++-0 characters-gcc-0

# compare PROGRAM OPTIONS...
compare() {
	program=$1
	shift
	utrail -o trace "$@" -- "$program" 200 >told 2>messages || fail "$program: status $?: $(cat messages told)"
	nothing_gone messages || fail "$program: $(cat messages)"
	sed -n 's/^expect //p' told >expected
	traced_lines trace | sed "s/^$program://" >got
	# No sleepable uprobes: what the program has not touched yet cannot be read, and is shown as that.
	if [ "$KERNEL" = 5.10 ]; then
		sed -i -e 's/"[^"]*"/TEXT/g' -e 's/\(0x[0-9a-f]*\)\?<not resident>/TEXT/g' -e 's/\(0x[0-9a-f]*\)\?<bad address>/TEXT/g' expected got
	fi
	cat trace
	like expected got
}
compare outputs-gcc-0 -e 'outputs-gcc-0:take(int, buf:ret, long) -> long' -e 'outputs-gcc-0:fill(buf:arg2, size_t, char) -> int' \
	-e 'outputs-gcc-0:sixth(int, buf:arg6) -> void' -e 'outputs-gcc-0:seventh(int, buf:arg7) -> void' \
	-e 'outputs-gcc-0:last(int, int, int, int, int, int, buf:arg8, short) -> void' \
	-e 'outputs-gcc-0:name_it(out str, int) -> void' -e 'outputs-gcc-0:count_up(out int *) -> short' \
	-e 'outputs-gcc-0:wipe(const buf:arg2, size_t) -> void' -e 'outputs-gcc-0:tail_of(size_t) -> buf:arg1' \
	-e 'outputs-gcc-0:wild(str) -> int'
compare changes-g++-0 --changes -e changes-g++-0:touch -e changes-g++-0:number -e changes-g++-0:text

# Wide text ends with its page, or goes on in the next one. The guest has no locale for more than ASCII.
if [ "$KERNEL" != 5.10 ]; then
	utrail -o trace -e characters-gcc-0:edges -- characters-gcc-0 >told 2>messages || fail "edges: $(cat messages)"
	sed -n 's/^expect //p' told | grep '^edges(wide=L' >expected
	traced_lines trace | sed 's/^characters-gcc-0://' | grep '^edges(wide=L' >got
	like expected got
fi

# Each of the calls in each other has words of its own, up to the 128th.
utrail --json -o deep -e 'outputs-gcc-0:nested(out str, int level) -> int' -- outputs-gcc-0 120 >told 2>messages ||
	fail "nested: status $?: $(cat messages told)"
calls=$(count_type call deep)
[ "$calls" = 121 ] || fail "121 calls, $calls seen: $(cat messages)"
[ "$KERNEL" = 5.10 ] && exit 0
right=$(grep '"type":"call"' deep | sed -n -E 's/.*"arg1":"([0-9]+)".*"ret":([0-9]+).*/\1 \2/p' | awk '$1 == $2' | wc -l)
[ "$right" = 121 ] || fail "of 121 calls, $right show what they wrote: $(cat deep)"
