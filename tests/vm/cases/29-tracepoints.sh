# SPDX-License-Identifier: Apache-2.0
# Tracepoints: what the target counts is what the kernel shows, inside the function that caused it.
. /cases/lib.inc
need utrail points
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
[ -d /sys/kernel/tracing/events ] || fail 'no tracefs'

# traced OPTIONS...: 4 threads of 100 calls.
traced() {
	run_whole trace utrail --json -o trace "$@" -- points 100 4 || fail "status $?: $(cat messages told)"
	cat messages
	grep -q '^self-check passed' told || fail 'the program noticed that it was traced'
	! grep -q 'utrail: bug' messages || fail 'the books are wrong'
}

# seen NAME: events of that name, and all that were lost or missed in the whole trace.
seen() {
	echo $(($(grep -c "\"type\":\"probe\".*\"name\":\"$1\"" trace)))
}

traced -e points:work -e tracepoint:syscalls:sys_enter_getppid -e tracepoint:syscalls:sys_exit_read \
	-e tracepoint:syscalls:sys_enter_openat
[ "$(summary lost trace)" = 0 ] || fail 'events were lost'
missed=$(summary missed trace)
# Full preemption: see lib.inc.
[ "$missed" = 0 ] || [ "$KERNEL" = 7.2 ] || fail "$missed events were missed"
# all NAME COUNT: of 400, but for what was missed.
all() {
	{ [ "$2" -le 400 ] && [ $(($2 + missed)) -ge 400 ]; } || fail "$1: $2 inside of work(), 400 were made"
}
for name in sys_enter_getppid sys_exit_read; do
	inside=$(grep -c "\"name\":\"$name\",\"depth\":1" trace)
	all "$name" "$inside"
done
all 'all getppid' "$(seen sys_enter_getppid)"
grep -q '"filename":"/nonexistent/points","flags":"O_RDONLY|O_CLOEXEC"' trace || fail "no openat: $(tail -n 3 trace)"

traced -e points:work -e tracepoint:sched:sched_switch -e rawtracepoint:sched_switch
grep '"kind":"tracepoint".*"prev_comm":"points"' trace >/dev/null || fail 'no record of a switch'
grep '"kind":"rawtracepoint".*"tgid":' trace >/dev/null || fail 'no arguments of a switch'
records=$(grep -c '"kind":"tracepoint"' trace)
arguments=$(grep -c '"kind":"rawtracepoint"' trace)
lost=$(($(summary lost trace) + $(summary missed trace)))
apart=$((records > arguments ? records - arguments : arguments - records))
[ "$apart" -le "$lost" ] || fail "$records records, $arguments with arguments, $lost lost"

# In interrupts, too, and many at once. Not on 6.12 and 7.2: the emulator runs the int3 of a jump label that is being
# patched on the other processor more often than not there, and the kernel dies of it.
case $KERNEL in 6.12 | 7.2) exit 0 ;; esac
traced -e 'tracepoint:sched:*' -e 'tracepoint:irq:*' -e 'tracepoint:timer:*' -e 'rawtracepoint:sched_*' --max-probes 200
[ "$(grep -c '"type":"probe"' trace)" -gt 100 ] || fail 'next to nothing was seen'
