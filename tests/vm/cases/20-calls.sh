# SPDX-License-Identifier: Apache-2.0
# A launched program: its functions, and the system calls inside them, as the program itself tells.
. /cases/lib.inc
need utrail nest
utrail -o trace -e nest:outer -e nest:open_input -e nest:copy -e nest:store \
	-e syscall:openat -e syscall:read -e syscall:write -e syscall:close -- nest 3 >told 2>messages || fail "status $?: $(cat messages told)"
cat trace messages
grep -q '^self-check passed' told || fail 'the program noticed that it was traced'
sed -n 's/^expect //p' told >expected
# From the first line of outer to its last: around it are the system calls of the loader. The program tells
# names and values; the reader's comfort (error texts, a mode that does not count, \x00) is not its business.
traced_lines trace | awk '/^nest:outer/ { on = 1 } on { held = held $0 "\n" } /^nest:outer/ { printf "%s", held; held = "" }' |
	sed -e 's/\(= -1 [A-Z]*\) (.*)$/\1/' -e 's/, 0) = /) = /' -e 's/\\x00/\\0/g' >got
# No sleepable uprobes: what the program has not touched yet cannot be read, and is shown as that, with its address.
if [ "$KERNEL" = 5.10 ]; then
	sed -i -e 's/(path="[^"]*")/(path=STRING)/' -e 's/(path=0x[0-9a-f]*<not resident>)/(path=STRING)/' expected got
fi
like expected got
