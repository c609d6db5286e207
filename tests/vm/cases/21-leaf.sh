# SPDX-License-Identifier: Apache-2.0
# What functions do that put nothing on the stack is inside of them; and system calls that a seccomp filter refuses.
. /cases/lib.inc
need utrail leaf refused
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null

# all_of WHAT GOT MISSED WANTED
all_of() {
	if [ $(($2 + $3)) -lt "$4" ] || [ "$2" -gt "$4" ]; then
		fail "$1: $2 of $4, $3 missed: $(cat trace)"
	fi
}

for mode in auto site trampoline; do
	utrail --json -o trace --return="$mode" -e leaf:ask -e leaf:mark -e leaf:mark_first -e syscall:getppid -e 'usdt:leaf:*' \
		-- leaf 5 >told 2>messages || fail "$mode: status $?: $(cat messages told)"
	missed=$(summary missed trace)
	[ "$(summary lost trace)" = 0 ] || fail "$mode: events were lost"
	calls=$(grep '"type":"call"' trace | grep -c '"dur_ns":')
	inside=$(grep '"depth":1' trace | grep -c -e '"type":"usdt"' -e '"name":"getppid"')
	all_of "$mode: calls" "$calls" "$missed" 15
	all_of "$mode: what is inside of them" "$inside" "$missed" 15
done

# Before 5.12 such a call's end says nothing.
[ "$KERNEL" != 5.10 ] || exit 0
for backend in tp_btf raw_tp tracepoint; do
	utrail --json -o trace --syscall-backend="$backend" -e syscall:getppid -- refused 7 >told 2>messages ||
		fail "$backend: status $?: $(cat messages told)"
	missed=$(summary missed trace)
	seen=$(grep '"name":"getppid"' trace | grep -c '"errno":"EPERM"')
	wanted=$(sed -n 's/^count getppid //p' told)
	[ "$wanted" = 14 ] || fail "the program counts $wanted: $(cat told)"
	all_of "$backend: refused calls" "$seen" "$missed" 14
done
