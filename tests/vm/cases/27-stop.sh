# SPDX-License-Identifier: Apache-2.0
# --stop-on-load: a program that was never seen is traced from its first instruction, without a gap.
. /cases/lib.inc
need utrail become
cp /bin/become ./unseen
utrail --stop-on-load -f -e '?who_work' --json -o trace -- sh -c './unseen work=100; ./unseen work=50' >told 2>messages
status=$?
cat messages
if [ "$KERNEL" = 5.10 ]; then
	[ "$status" = 5 ] || fail "utrail ended with $status where it must refuse"
	grep -q 'stop-on-load does not work on this kernel' messages || fail "refused for another reason"
	exit 0
fi
[ "$status" = 0 ] || fail "utrail ended with $status"
[ "$(count_type call trace)" = 150 ] || fail "$(count_type call trace) calls instead of 150"
[ "$(count_type gap trace)" = 0 ] || fail "there is a gap: $(grep gap trace)"
[ "$(summary lost trace) $(missed_hits trace)" = "0 0" ] || fail "lost: $(cat messages)"
