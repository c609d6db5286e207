# SPDX-License-Identifier: Apache-2.0
# Times off the CPU: as many as the program's switches, by its own count; a lock, and who let go of it.
. /cases/lib.inc
need utrail offcpu

run_whole trace utrail --json -o trace -e offcpu:work -e sched -e sched:runq -- offcpu 5 || fail "status $?: $(cat messages)"
cat messages
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
[ "$(summary lost trace)" = 0 ] || fail 'events were lost'
read -r _ begin end switches _ <<-EOF
	$(grep '^window ' told)
EOF
pid=$(sed -n -E 's/^\{"type":"call".*"pid":([0-9]+).*"name":"work".*/\1/p' trace)
sed -n -E "s/^\{\"type\":\"sched\",\"time_ns\":\"([0-9]+)\".*\"tid\":$pid,.*\"name\":\"off\".*/\1/p" trace >began
count=0
while read -r time; do
	[ "$time" -lt "$begin" ] || [ "$time" -ge "$end" ] || count=$((count + 1))
done <began
[ "$count" = "$switches" ] || fail "$count times off the CPU, $switches switches"
inside='"depth":1,"inside":"offcpu:work"'
[ "$(grep '"name":"off"' trace | grep -F "$inside" | grep -c '"in":"clock_nanosleep"')" -ge 5 ] || fail "no sleeps: $(cat trace)"
read -r _ lock helper <<-EOF
	$(grep '^lock ' told)
EOF
grep '"name":"off"' trace | grep -F "$inside" | grep -F "\"in\":\"futex\",\"lock\":\"$lock\",\"waker\":{\"pid\":$pid,\"tid\":$helper,\"comm\":\"offcpu\"}" >seen ||
	fail "no lock: $(grep futex trace)"
grep '"name":"runq"' trace | grep -F "$inside" >seen || fail 'no time in the queue'
if [ "$KERNEL" != 5.10 ]; then
	run_whole trace utrail --json -o trace -e 'sched if in == clock_nanosleep && blocked > 1ms && comm == "offcpu"' -- offcpu 7
	# The helper sleeps twice.
	[ "$(count_type sched trace)" = 9 ] || fail "not the nine sleeps: $(cat trace messages)"
fi
utrail stat -e sched -e sched:runq -- offcpu 3 >told 2>messages || fail "stat: $(cat messages)"
for name in sched:off sched:runq; do
	grep -q " $name\$" messages || fail "$name was not counted: $(cat messages)"
done

# -k: the stack with which it left its CPU; before Linux 6.0 that in the kernel alone.
run_whole trace utrail -k --ring-size 16M --json -o trace -e sched -- offcpu 3 || fail "status $?: $(cat messages)"
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
grep '"in":"clock_nanosleep"' trace | grep '"symbol":"schedule"' >seen || fail "no way into the scheduler: $(grep nanosleep trace)"
if [ "$KERNEL" = 5.10 ]; then
	grep -q '"cut":"no user stack of this event before Linux 6.0"' seen || fail "not said: $(cat seen)"
else
	grep -q '"symbol":"work"' seen || fail "not in work(): $(cat seen)"
fi
