# SPDX-License-Identifier: Apache-2.0
# Children are followed from their first instruction, through fork and exec.
. /cases/lib.inc
need utrail bash
utrail -f --json -o trace -e fork -e exec -e exit -e syscall:openat -e syscall:execve -- \
	bash -c '/bin/busybox cat /etc/first; /bin/busybox cat /etc/second; exit 7' >told 2>messages
status=$?
cat trace messages
[ "$status" = 7 ] || fail "the command ended with 7, utrail with $status: $(cat messages)"
for file in first second; do
	grep -q "\"name\":\"openat\".*\"/etc/$file\"" trace || fail "the open of /etc/$file is not there"
	grep -q "\"name\":\"execve\".*\"argv\":\[\"/bin/busybox\",\"cat\",\"/etc/$file\"\]," trace ||
		fail "the arguments of busybox are not those of the call"
done
[ "$(count_type fork trace)" = 2 ] || fail "$(count_type fork trace) forks instead of 2"
# bash itself and two programs.
[ "$(count_type exec trace)" = 3 ] || fail "$(count_type exec trace) execs instead of 3"
[ "$(count_type exit trace)" = 3 ] || fail "$(count_type exit trace) exits instead of 3"
