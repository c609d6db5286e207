# SPDX-License-Identifier: Apache-2.0
# Capabilities, as another user: what this kernel wants, no more; what is missing is named; nothing is kept.
. /cases/lib.inc
need utrail count /bin/setpriv
chmod 777 .

# as "CAPS" COMMAND...: as nobody, with these alone. Not the shell's own setpriv, which knows less.
as() {
	set_=-all
	for capability in $1; do
		set_=$set_,+$capability
	done
	shift
	/bin/setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps="$set_" --ambient-caps="$set_" \
		--bounding-set="$set_" "$@"
}

# row "CAPS" STATUS PATTERN SPEC: a line of the table; PATTERN is what is said.
row() {
	got=0
	as "$1" utrail -o /dev/null -e "$4" -- count 3 >told 2>messages || got=$?
	echo "[$1] $4: $got: $(grep -e why -e lost messages)"
	[ "$got" = "$2" ] || fail "[$1] $4: status $got instead of $2: $(cat messages)"
	grep -q -e "$3" messages || fail "[$1] $4: no '$3': $(cat messages)"
}

# 5.10 counts BPF's buffers against RLIMIT_MEMLOCK, which only CAP_SYS_RESOURCE raises.
memory=
[ "$KERNEL" != 5.10 ] || memory=sys_resource

for spec in count:f syscall:write; do
	row "" 3 'CAP_BPF and CAP_PERFMON are missing' $spec
	row "bpf" 3 'CAP_PERFMON is missing' $spec
	row "perfmon" 3 'CAP_BPF is missing' $spec
	row "sys_ptrace dac_read_search" 3 'CAP_BPF and CAP_PERFMON are missing' $spec
done
row "bpf perfmon $memory" 0 ' 0 lost' syscall:write
nothing_gone messages || fail "$(cat messages)"
# What an earlier run had is counted for a while after it is freed.
tries=0
while [ "$KERNEL" = 5.10 ] && [ "$tries" -lt 50 ] && ! as "bpf perfmon" utrail -o /dev/null -e count:f -- count 3 >told 2>messages &&
	grep -q 'it may lock' messages; do
	sleep 0.2
	tries=$((tries + 1))
done
case $KERNEL in
5.10 | 6.1)
	# Only the older way to probe user space is there.
	row "bpf perfmon" 3 'CAP_SYS_ADMIN is missing' count:f
	row "sys_admin $memory" 0 '^3 events' count:f
	;;
*) row "bpf perfmon" 0 '^3 events' count:f ;;
esac
if [ "$KERNEL" = 5.10 ]; then
	row "bpf perfmon" 3 'CAP_SYS_RESOURCE is missing' syscall:write
	row "sys_admin" 3 'CAP_SYS_RESOURCE is missing' count:f
fi

# left NAME WANTED HELPER OPTION...: traces a program until its end, and looks at what utrail and its helper have kept.
left() {
	mkfifo "$1"
	count -w 2 <"$1" >told 2>&1 &
	target=$!
	exec 5>"$1"
	wait_for "^ready $target" told
	wanted=$2
	helping=$3
	shift 3
	# What an earlier run said would do for the wait.
	: >messages
	utrail -o trace -p "$target" -e count:f -e syscall:write --max-events 3 "$@" 2>messages &
	tracer=$!
	wait_for '^utrail: tracing' messages
	cat "/proc/$tracer/status" >status
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		want=0000000000000000
		case $set in CapPrm | CapEff) want=$wanted ;; esac
		grep -q "^$set:.$want" status || fail "$set is not $want: $(grep ^Cap status)"
	done
	grep -q '^NoNewPrivs:.1' status || fail "$(cat status)"
	: >status
	# shellcheck disable=SC2013 # a line of words
	for child in $(cat "/proc/$tracer/task/$tracer/children"); do
		cat "/proc/$child/status" >helper 2>/dev/null || continue
		case $(sed -n 's/^Name:.//p' helper) in
		utrail-attacher) cp helper status ;;
		# It reads files, and can do nothing else.
		utrail-symbols)
			grep -q '^CapPrm:.0000000000000000' helper || fail "$(cat helper)"
			grep -q '^Seccomp:.2' helper || fail "$(cat helper)"
			;;
		*) fail "another child: $(cat helper)" ;;
		esac
	done
	[ -s status ] || fail "no attacher"
	grep -q "^CapEff:.$helping" status || fail "$(cat status)"
	echo >&5
	exec 5>&-
	wait "$tracer" || fail "utrail ended with $?: $(cat messages)"
	wait "$target" || fail "the target ended with $?"
	grep -q '^3 events, ' messages || fail "$(cat messages)"
	nothing_gone messages || fail "$(cat messages)"
}

# Nothing; before 5.19 what it takes to read one's own maps, CAP_BPF.
nothing=0000000000000000
[ "$KERNEL" != 5.10 ] || nothing=0000008000000000
# To look into processes: CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and CAP_CHECKPOINT_RESTORE.
looking=0000010000080004
left fixed $nothing $looking --return=site
# The proof that is behind `auto` may be broken by a file that comes later, so probes may be added: without uprobe_multi
# the helper does that, and keeps CAP_SYS_ADMIN; 5.10 needs a program more for each, which takes CAP_BPF and CAP_PERFMON.
probing=$looking
case $KERNEL in 5.10 | 6.1) probing=0000010000280004 ;; esac
[ "$KERNEL" != 5.10 ] || nothing=000000c000000000
left growing $nothing $probing
