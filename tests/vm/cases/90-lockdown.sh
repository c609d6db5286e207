# SPDX-License-Identifier: Apache-2.0
# Last, because it cannot be taken back: a kernel that lets nobody read its memory, and says so.
. /cases/lib.inc
need utrail count
lockdown=/sys/kernel/security/lockdown
[ -w $lockdown ] || { echo "no lockdown in this kernel"; exit 77; }
echo confidentiality >$lockdown
grep -q '\[confidentiality\]' $lockdown || fail "$(cat $lockdown)"
for spec in count:f syscall:write exec; do
	utrail -o trace -e $spec -- count 3 >told 2>messages
	status=$?
	echo "$spec: $status: $(cat messages)"
	[ $status = 5 ] || fail "$spec: status $status instead of 5"
	grep -q 'locked down (confidentiality)' messages || fail "$spec: the reason is not told"
	grep -q '^count' told && fail "$spec: the command was run"
done
utrail check >report 2>&1
status=$?
[ $status = 5 ] || fail "check: status $status instead of 5: $(cat report)"
grep -q "nothing can be traced: the lockdown mode" report || fail "$(cat report)"
exit 0
