# SPDX-License-Identifier: Apache-2.0
# Every marker of a program, with its arguments, in order; with semaphores.
. /cases/lib.inc
need utrail usdt-args
# Notes tell sizes, not types: which numbers are strings is said by hand.
set --
for name in empty signed unsigned constants wide floats globals members twice twelve query__start guarded \
	'strings(str, str, str, str, str)'; do
	set -- "$@" -e "usdt:demo:$name"
done
utrail -o trace "$@" -- usdt-args 2 >told 2>messages || fail "status $?: $(cat messages told)"
cat trace messages
grep -q '^self-check passed' told || fail 'the program noticed that it was traced'
sed -n 's/^expect //p' told >expected
grep -q '^demo:guarded(' expected || fail 'no semaphore was raised'
traced_lines trace | grep '^demo:' |
	sed -e 's/0xffffffffffffffff/18446744073709551615/' -e 's/0x20000000000001/9007199254740993/' >got
like expected got
