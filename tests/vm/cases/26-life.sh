# SPDX-License-Identifier: Apache-2.0
# Conditions on task life take the line away, and nothing else: children are followed through what is not shown.
. /cases/lib.inc
need utrail bash signals

# exactly GOT WANTED WHAT TRACE: but for what 7.2 has missed of task life.
exactly() {
	[ "$1" = "$2" ] && return
	[ "$KERNEL" = 7.2 ] && [ "$1" -lt "$2" ] && [ "$(($1 + $(summary missed "$4")))" -ge "$2" ] && return
	fail "$3: $1, not $2: $(tail -1 messages) $(cat "$4")"
}

script='for i in 1 2 3; do /bin/busybox true; /bin/busybox false; done; exit 0'

if [ "$KERNEL" = 5.10 ]; then
	utrail -e 'exit if status != 0' -- true >told 2>messages && fail "5.10 has taken a condition"
	grep -q "'exit' takes no condition on this kernel" messages || fail "$(cat messages)"
	utrail --json -o trace -f -e 'exec rate 2/h' -- bash -c "$script" >told 2>messages || fail "$(cat messages)"
	tail -1 messages
	shown=$(count_type exec trace)
	[ $((shown + $(summary suppressed trace))) = 7 ] || fail "$shown execs shown"
	exit 0
fi

utrail --json -o trace -f -e 'exit if status != 0' -e 'exec if path == "/nowhere"' -e syscall:exit_group -- \
	bash -c "$script" >told 2>messages || fail "$(cat messages)"
tail -1 messages
nothing_gone messages || fail "$(tail -1 messages)"
exactly "$(grep -c '"name":"exit_group"' trace)" 7 followed trace
exactly "$(grep -c '^{"type":"exit".*"status":1' trace)" 3 'failed programs' trace
[ "$(count_type exit trace)" -le 3 ] || fail "other ends: $(grep '"type":"exit"' trace)"
[ "$(count_type exec trace)" = 0 ] || fail "execs: $(grep '"type":"exec"' trace)"
# 4 ends, 7 execs.
exactly "$(summary filtered trace)" 11 filtered trace

utrail --json -o trace -f -e 'fork if comm == "bash"' -e 'exec if comm ~ "busy*" && ppid > 1' -- bash -c "$script" >told 2>messages ||
	fail "$(cat messages)"
tail -1 messages
nothing_gone messages || fail "$(tail -1 messages)"
exactly "$(count_type fork trace)" 6 forks trace
exactly "$(count_type exec trace)" 6 execs trace

utrail --json -o trace -e 'signal if si_code == SI_QUEUE || ignored && signal == SIGUSR2' -- signals 20 >told 2>messages ||
	fail "$(cat messages)"
tail -1 messages
exactly "$(count_type signal trace)" 40 signals trace
handled=$(awk '/^count / { n += $3 } END { print n }' told)
# Of the four that are ignored, one is asked for.
exactly "$(summary filtered trace)" $((handled - 20 + 3 * 20)) filtered trace
