# SPDX-License-Identifier: Apache-2.0
# System calls that take long are shown before they return; with --unfinished, wherever something else comes in between.
. /cases/lib.inc
need utrail waits

# text OPTION...: the trace of a run whose thread is killed while it reads.
text() {
	utrail -o trace "$@" -e syscall:read -e syscall:write -e exit -- waits 1500 9 >told 2>messages
	status=$?
	[ $status = 137 ] || fail "$*: status $status: $(cat messages)"
	nothing_gone messages || fail "$*: $(cat messages)"
	! grep -q 'utrail: bug' messages || fail "$*: $(cat messages)"
	# Which descriptors are free differs.
	traced_lines trace | sed -E 's/^(read|write)\([0-9]+,/\1(FD,/' >lines
	missed=$(sed -n -E 's/.* ([0-9]+) missed.*/\1/p' messages)
}

has() {
	grep -q -F -x -e "$1" lines || [ "$missed" != 0 ] || fail "no line '$1': $(cat lines)"
}

text --unfinished
has 'read(FD,  <unfinished ...>'
# On another processor the reader may be there before the writer has returned. What was not in memory at first is told then.
grep -q -x -E '<\.\.\. write resumed>( /\* buf="x" \*/)?\) = 1' lines || has 'write(FD, "x", 1) = 1'
has '<... read resumed>"x", 1) = 1'
has '<... read resumed> <unfinished ...>) = ?'
text
[ "$KERNEL" = 5.10 ] || has 'read(FD,  <unfinished ...>'
[ "$KERNEL" = 5.10 ] || has '<... read resumed> <unfinished ...>) = ?'
[ "$KERNEL" != 5.10 ] || has 'read(FD,  <unfinished ...>) = ?'
