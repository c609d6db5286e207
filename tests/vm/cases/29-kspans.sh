# SPDX-License-Identifier: Apache-2.0
# Functions of the kernel as spans: what the target counts is what is shown, with arguments, result and time, inside
# of its own function; by fentry where few are asked for, by kprobes where many are.
. /cases/lib.inc
need utrail points

# traced OPTIONS...: 4 threads of 100 calls.
traced() {
	run_whole trace utrail --json -o trace "$@" -- points 100 4 || fail "status $?: $(cat messages told)"
	cat messages
	grep -q '^self-check passed' told || fail 'the program noticed that it was traced'
	! grep -q 'utrail: bug' messages || fail 'the books are wrong'
}

# inside KIND NAME [PATTERN]: events of that function inside of work(). One whose end was missed is open for the stream until
# the thread is seen in its own code again: others of the same call of work() are deeper, if they are traced.
deepest=1
inside() {
	grep "\"kind\":\"$1\",\"name\":\"$2\",\"depth\":[1-$deepest]," trace | grep -c -e "${3:-.}"
}

# number KEY: of the summary; it has only those that are not 0.
number() {
	value=$(summary "$1" trace)
	echo "${value:-0}"
}

# account KIND NAME COUNT: so many were made; with full preemption some may be missed, and are counted.
account() {
	seen=$(inside "$1" "$2")
	gone=$(($(number missed) + $(number lost)))
	{ [ "$seen" -le "$3" ] && [ $((seen + gone)) -ge "$3" ]; } || fail "$1:$2: $seen inside of work(), $3 were made, $gone gone"
	case $KERNEL in
	5.10 | 6.1) [ "$gone" = 0 ] || fail "$gone gone: $(cat messages)" ;;
	esac
}

# ends: nothing that began is left open, but what was missed at an end.
ends() {
	open=$(grep '"name":"vfs_read"' trace | grep -c '"return":')
	[ "$open" -le "$(number returns_lost)" ] || fail "$open without an end: $(grep -m 3 '"return":' trace)"
	[ "$KERNEL" = 7.2 ] || [ "$open" = 0 ] || fail "$open without an end, $(number returns_lost) counted: $(grep -m 3 '"return":' trace)"
}

# values: of the spans, what read() was asked for and got, of which file; the time lies in that of the system call.
values() {
	for size in 1 16; do
		[ "$(grep -c "\"name\":\"vfs_read\",\"depth\":[1-$deepest],.*\"count\":$size,.*\"ret\":$size}" trace)" -ge 20 ] ||
			fail "no read of $size bytes: $(grep -m 3 vfs_read trace)"
	done
	entry=$(grep -m 1 '"name":"vfs_read","depth":1' trace)
	case $entry in
	'{"type":"call","time_ns":'*'"dur_ns":'*'"module":"kernel"'*'"file":"/dev/zero","buf":'*) ;;
	*) fail "arguments: $entry" ;;
	esac
}

traced -e points:work -e kernel:vfs_read -e syscall:read
grep -q '"kernel":"fentry"' trace || fail "not by fentry: $(head -n 1 trace)"
account kernel vfs_read 400
values
ends

# Many: one program for all, by kprobes.
deepest=3
traced -e points:work -e 'kernel:vfs_*'
grep -q '"kernel":"kprobe"' trace || fail "not by kprobes: $(head -n 1 trace)"
account kernel vfs_read 400
values
ends

deepest=1
# Nested in each other: the inner one is deeper, and between the lines of the outer one.
run_whole trace utrail -o trace -e points:work -e kernel:ksys_read -e kernel:vfs_read -- points 10 || fail "status $?: $(cat messages)"
cat >pattern <<'END'
points:work(i=3)
|  kernel:ksys_read(*
|  |  kernel:vfs_read(file="/dev/zero", *count=4,*) = 4
|  kernel:ksys_read = 4
points:work = 3
END
traced_lines trace | grep -A 4 '^points:work(i=3)$' >lines
like pattern lines

# What never comes back is told when it begins; a call around it ends with its thread.
run_whole trace utrail --json -o trace -e kernel:do_group_exit -e 'kernel:*_sys_exit_group' -- points 3 || fail "status $?: $(cat messages)"
[ "$(grep '"name":"do_group_exit"' trace | grep -c -v -e '"ret":' -e '"dur_ns":')" = 1 ] || fail "do_group_exit: $(cat trace)"
! grep '_sys_exit_group"' trace | grep -q '"ret":' || fail "exit_group() came back: $(cat trace)"
[ "$(number lost)" = 0 ] || fail "lost: $(cat messages)"

# Entry and return alone.
traced -e points:work -e fentry:vfs_read -e fexit:vfs_read
account fentry vfs_read 400
account fexit vfs_read 400
[ "$(grep -c '"kind":"fexit".*"depth":1.*"count":16,.*"ret":16}' trace)" -ge 20 ] || fail "fexit: $(grep -m 1 fexit trace)"

utrail -e kernel:no_such_function -- true >told 2>messages && fail 'an unknown function was accepted'
grep -q 'no such function' messages || fail "not as unknown: $(cat messages)"
