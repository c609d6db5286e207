# SPDX-License-Identifier: Apache-2.0
# System calls at each place that this kernel has for them: what the program makes is what is told, and each place tells
# the same.
. /cases/lib.inc
need utrail points nest conditions
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null

all='tp_btf raw_tp tracepoint sleepable fentry kprobe.multi kprobe'
case $KERNEL in
5.10) there='tp_btf raw_tp tracepoint kprobe' ;; # its fentry finds no registers (5.15)
7.2) there='tp_btf raw_tp tracepoint sleepable fentry kprobe' ;;
*) there='tp_btf raw_tp tracepoint fentry kprobe' ;;
esac
# kprobe.multi: 5.18, with CONFIG_FPROBE.
! grep -q ' register_fprobe$' /proc/kallsyms || there="$there kprobe.multi"

# The other cases ask for the place that they run with by this.
utrail() {
	command utrail --syscall-backend="$backend" "$@"
}

# 4 threads make 100 rounds.
own_count() {
	run_whole trace utrail --json -o trace -e points:work -e syscall:getppid -e syscall:read -e syscall:openat -- points 100 4 ||
		fail "$backend: status $?: $(cat messages told)"
	grep -q '^self-check passed' told || fail "$backend: the program noticed that it was traced"
	! grep -q 'utrail: bug' messages || fail "$backend: the books are wrong: $(cat messages)"
	grep -q "\"syscall\":\"$backend\"" trace || fail "$backend: the header names another one"
	missed=$(summary missed trace)
	[ "$(summary lost trace)" = 0 ] || fail "$backend: events were lost"
	# With full preemption a program is not run again for a thread that has preempted it; see lib.inc.
	case $missed/$KERNEL/$backend in
	0/* | */7.2/* | */6.12/fentry) ;;
	*) fail "$backend: $missed missed: $(cat messages)" ;;
	esac
	inside=$(grep -c '"name":"getppid".*"depth":1' trace)
	read=$(grep -c '"name":"read".*"depth":1' trace)
	echo "$backend: $inside of 400 getppid, $read of 400 read, $missed missed"
	[ $((inside + missed)) -ge 400 ] || fail "$backend: getppid: $(tail -n 3 trace)"
	[ $((read + missed)) -ge 400 ] || fail "$backend: read: $(grep '"read"' trace | tail -n 3)"
	{ [ "$inside" -le 400 ] && [ "$read" -le 400 ]; } || fail "$backend: more than were made"
	grep '"name":"openat"' trace | grep '"/nonexistent/points"' | grep -q '"errno":"ENOENT"' || [ "$missed" != 0 ] ||
		fail "$backend: no openat: $(grep '"openat"' trace)"
}

for backend in $all; do
	case " $there " in
	*" $backend "*) own_count ;;
	*)
		utrail -e syscall:getppid -- true 2>messages
		status=$?
		[ $status = 5 ] || fail "$backend: status $status: $(cat messages)"
		grep -q "^utrail: --syscall-backend=$backend is not possible" messages || fail "$backend: $(cat messages)"
		;;
	esac
done

# Whatever else can be asked for, there as elsewhere. The table of all calls only where all of them come by one place: 383
# are more than this guest may have files open, or more than that place takes.
for backend in $there; do
	case $backend in
	tp_btf | raw_tp | sleepable) cases="20-calls 27-counted" ;;
	*) cases=20-calls ;;
	esac
	for case in $cases; do
		# shellcheck disable=SC1090 # each of the cases above
		(. "/cases/all/$case.sh") >output 2>&1 || fail "$case with $backend: $(cat output)"
	done
done

# Lists: the strings of a vector.
for backend in $there; do
	utrail -o trace -e syscall:execve -- sh -c 'true one two; true' >told 2>messages ||
		fail "$backend: lists: $(cat messages told)"
	grep -q 'execve(".*sh", \["sh", "-c", "true one two; true"\], ' trace || fail "$backend: lists: $(cat messages trace)"
	! grep -q 'not understood' messages || fail "$backend: lists: $(cat messages)"
done

# Many at once, where that is one link.
case " $there " in
*' kprobe.multi '*)
	backend=kprobe.multi
	utrail --json -o trace -e 'syscall:*' -- points 100 4 >told 2>messages || fail "all: $(cat messages told)"
	[ "$(grep -c '"name":"getppid"' trace)" -ge 390 ] || fail "all by kprobe.multi: $(cat messages)"
	;;
esac
