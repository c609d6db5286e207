# SPDX-License-Identifier: Apache-2.0
# guest: disk
# block: what a program writes and reads past the page cache, by its own count, in the function that did it.
. /cases/lib.inc
need utrail disk
file_system ext4 mounted

# sum KEY: of the events in the file `events`.
sum() {
	sed -n -E "s/.*\"$1\":\"?([0-9]+).*/\1/p" events | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

# told FUNCTION OPERATION: these, into the file `events`.
told() {
	grep '^{"type":"block"' trace | grep "\"inside\":\"disk:$1\"" | grep "\"op\":\"$2\"" >events
}

# account FUNCTION OPERATION CALLS BYTES: so many calls, in all so many bytes, each at least one request.
account() {
	told "$1" "$2"
	bytes=$(sum bytes)
	[ "$(summary lost trace)" = 0 ] || fail "lost: $(cat messages)"
	# With full preemption the kernel does not run all programs of tracepoints: it counts those that it did not.
	missed=$(summary missed trace)
	[ "$missed" = 0 ] || [ "$KERNEL" = 7.2 ] || fail "missed: $(cat messages)"
	{ [ "$bytes" = "$4" ] && [ "$(grep -c . events)" -ge "$3" ]; } || { [ "$missed" -gt 0 ] && [ "$bytes" -lt "$4" ]; } ||
		fail "$1: $bytes bytes in $(grep -c . events) requests, the program says $4 in $3: $(head -n 5 trace) $(cat events messages)"
	grep -v -e '"device":"vd[a-z]"' events && fail "not of the disk"
	grep -v -e '"error":0' events && fail 'with an error'
	return 0
}

# both COUNT BYTES: of each 2 * COUNT writes (the file is made first), and COUNT reads.
both() {
	before=$(awk '$3 ~ /^vd/ { reads += $6; writes += $10 } END { print reads, writes }' /proc/diskstats)
	rm -f mounted/file
	echo | utrail --json -o trace -e block -e disk:put,disk:get -- disk mounted/file "$1" "$2" >own 2>messages || fail "status $?: $(cat own messages)"
	cat messages
	! grep -q 'utrail: bug' messages || fail 'the books are wrong'
	grep -q "^count read $1\$" own || fail "the program says $(cat own)"
	account put WRITE $((2 * $1)) $((2 * $1 * $2))
	account get READ "$1" $(($1 * $2))
	# Not more than the disk itself has counted, in sectors of 512 bytes (Documentation/admin-guide/iostats.rst).
	after=$(awk '$3 ~ /^vd/ { reads += $6; writes += $10 } END { print reads, writes }' /proc/diskstats)
	grep '^{"type":"block"' trace | grep '"op":"READ"' >events
	[ $(($(sum bytes) / 512)) -le $((${after% *} - ${before% *})) ] || fail "more was read than the disk says: $before, $after"
	grep '^{"type":"block"' trace | grep '"op":"WRITE"' >events
	[ $(($(sum bytes) / 512)) -le $((${after#* } - ${before#* })) ] || fail "more was written than the disk says: $before, $after"
}

both 12 4096
# More than a device takes at once.
both 3 4194304
[ "$(told get READ && grep -c . events)" -gt 3 ] || [ "$(summary missed trace)" -gt 0 ] || fail "not cut up: $(cat events)"

# Summed up in the kernel.
rm -f mounted/file
echo | utrail stat --json -o sums -e block -e disk:put,disk:get -- disk mounted/file 12 4096 >own 2>messages || fail "status $?: $(cat own messages)"
hits=$(grep '"kind":"block"' sums | grep '"inside":"disk:get"' | sed -n -E 's/.*"hits":"?([0-9]+).*/\1/p')
{ [ "${hits:-0}" -ge 12 ] || [ $((${hits:-0} + $(summary missed sums))) -ge 12 ]; } || fail "${hits:-0} in get(), 12 reads were made: $(cat sums)"

# Only what is asked for. Before Linux 6.0 no condition is asked there.
if [ "$KERNEL" != 5.10 ]; then
	rm -f mounted/file
	echo | utrail --json -o trace -e 'block if op == READ && bytes >= 4096' -e disk:get -- disk mounted/file 12 8192 >own 2>messages ||
		fail "status $?: $(cat own messages)"
	account get READ 12 $((12 * 8192))
	! grep '^{"type":"block"' trace | grep -v '"op":"READ"' || fail 'others, too'
fi

# -k: where it was submitted.
rm -f mounted/file
echo | utrail -k --ring-size 16M --json -o trace -e block -e disk:get -- disk mounted/file 6 4096 >own 2>messages || fail "status $?: $(cat own messages)"
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
told get READ
grep -q '"symbol":"submit_bio' events || fail "no way to the disk: $(cat events)"
if [ "$KERNEL" = 5.10 ]; then
	grep -v '"cut":"no user stack of this event before Linux 6.0"' events && fail 'not said'
else
	grep -v '"symbol":"get"' events && fail 'not in get()'
fi
umount mounted
