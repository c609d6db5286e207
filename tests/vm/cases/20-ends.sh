# SPDX-License-Identifier: Apache-2.0
# A function's start and its return, each by a probe of its own: of several probes at one address the kernel runs the
# last one first, and utrail attaches them accordingly.
. /cases/lib.inc
need utrail nest

# ends MODE SPEC...
ends() {
	mode=$1
	shift
	utrail --json -o trace --return="$mode" "$@" -- nest 3 >told 2>messages || fail "$mode $*: status $?: $(cat messages told)"
	nothing_gone messages || fail "$mode $*: $(cat messages)"
	wanted=$(grep -c '^expect .*nest:store(' told)
	begins=$(grep '"name":"store"' trace | grep -c '"type":"probe"')
	calls=$(grep '"name":"store"' trace | grep '"type":"call"' | grep -c '"ret":')
	[ "$wanted" -gt 0 ] || fail "nothing is expected: $(cat told)"
	[ "$begins $calls" = "$wanted $wanted" ] ||
		fail "$mode $*: $wanted calls, $begins begins and $calls ends: $(cat trace)"
}
for mode in auto site trampoline; do
	ends "$mode" -e uprobe:nest:store -e uretprobe:nest:store
	ends "$mode" -e uretprobe:nest:store -e uprobe:nest:store
done
