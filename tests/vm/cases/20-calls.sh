# SPDX-License-Identifier: Apache-2.0
# A launched program: its functions, and the system calls inside them, as the program itself tells.
. /cases/lib.inc
need utrail nest
utrail -o trace -e nest:outer -e nest:open_input -e nest:copy -e nest:store \
	-e 'syscall:openat,read,write,close' -- nest 3 >told 2>messages || fail "status $?: $(cat messages told)"
cat trace messages
grep -q '^self-check passed' told || fail 'the program noticed that it was traced'
sed -n 's/^expect //p' told >expected
# From the first traced function to the end of the last: around it are the system calls of the loader.
traced_lines trace | awk '/^nest:outer\(/ { on = 1 } on { held = held $0 "\n" } /^nest:outer = / { printf "%s", held; held = "" }' >got
like expected got
