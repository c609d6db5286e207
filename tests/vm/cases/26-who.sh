# SPDX-License-Identifier: Apache-2.0
# Processes chosen by name, user, control group, that come to match while they run; and utrail itself in a
# PID namespace. Counts are those of the targets.
. /cases/lib.inc
need utrail become
mkdir -p /cg
mount -t cgroup2 none /cg || fail "control groups of version 2 are not there"
mkdir -p /cg/asked/below /cg/other

# traced CALLS OPTION... -- STEP...: `become` takes the steps while utrail looks for who matches.
traced() {
	wanted=$1 options=
	shift
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	rm -f trace messages
	# shellcheck disable=SC2086 # several words
	utrail $options -e /bin/become:who_work --json -o trace 2>messages &
	tracer=$!
	wait_for 'waiting$' messages
	/bin/become "$@" >told || fail "become $*: $(cat told)"
	kill -INT $tracer
	wait $tracer || fail "utrail$options: $(cat messages)"
	got=$(count_type call trace)
	[ "$got" = "$wanted" ] || fail "utrail$options, become $*: $got calls instead of $wanted: $(cat messages)"
	[ "$(summary lost trace) $(missed_hits trace)" = "0 0" ] || fail "lost: $(cat messages)"
}

traced 20 --comm 'bec?me' -- work=20
traced 60 --comm become -- runs=60
traced 7 --comm other -- work=5 name=other work=7
traced 9 -u 1234 -- work=5 user=1234 work=9
traced 11 --cgroup /asked -- work=5 group=/cg/other work=6 group=/cg/asked/below work=11
traced 4 --cgroup /cg/asked --comm x -u 77 -- work=1 group=/cg/asked work=1 name=x work=1 user=77 work=4
traced 30 -f --comm become -- work=10 fork=20
rmdir /cg/asked/below

if unshare -p -f true 2>/dev/null; then
	rm -f trace messages
	mkfifo fifo
	unshare -m -p -f sh -c 'mount -t proc proc /proc
		become -w work=20 fork=5 <fifo >told &
		exec 4>fifo
		sleep 1
		utrail -f -p $! -e /bin/become:who_work --json -o trace 2>messages &
		for i in 1 2 3 4 5 6 7 8 9; do grep -q tracing messages && break; sleep 1; done
		echo >&4
		exec 4>&-
		wait'
	cat messages told
	pid=$(sed -n 's/^ready //p' told)
	[ "$(count_type call trace)" = 25 ] || fail "$(count_type call trace) calls instead of 25"
	[ "$(grep -c "^{\"type\":\"call\".*\"pid\":$pid," trace)" = 20 ] || fail "not by the numbers of the namespace"
fi
