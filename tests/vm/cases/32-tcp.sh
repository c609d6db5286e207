# SPDX-License-Identifier: Apache-2.0
# tcp: connections, as their program counts them; over both families; one whose first packet is sent again.
. /cases/lib.inc
need utrail tcp

ip link set lo up 2>/dev/null || ifconfig lo up || fail "no loopback interface"

# members TRACE NAME: local port, remote port, and what else the program prints, of each event.
members() {
	grep "^{\"type\":\"tcp\".*\"name\":\"$2\"" "$1" |
		sed -E -n 's/.*"port":([0-9]+),"lport":([0-9]+)(,"result":[^,}]*,"sent":"?([0-9]+)"?,"received":"?([0-9]+)"?)?.*/\2 \1 \4 \5/p' |
		sed -E 's/ +$//' | sort
}

for family in 4 6; do
	run_whole trace.json utrail --json -o trace.json -e 'tcp:*' -e fetch,serve -- tcp talk $family 10 5000 || fail "status $?: $(cat messages told)"
	grep -q ' 0 lost' messages || fail "$(cat messages)"
	[ "$(missed_hits trace.json)" = 0 ] || [ "$KERNEL" = 7.2 ] || fail "$(cat messages)"
	for word in connect accept close; do
		sed -n "s/^$word //p" told | sort >wanted
		members trace.json $word >got
		[ -s wanted ] || fail "the program has done nothing"
		# What 7.2 misses with full preemption is counted, and no more than that is gone.
		gone=$(($(wc -l <wanted) - $(wc -l <got)))
		if [ $gone -gt 0 ] && [ "$gone" -le "$(missed_hits trace.json)" ]; then
			grep -v -x -F -f wanted got && fail "$word: not of the program: $(cat got)"
		else
			cmp -s wanted got || fail "$word over IPv$family: wanted $(cat wanted), got $(cat got)"
		fi
	done
	grep '"name":"connect"' trace.json | grep -v '"context":"thread","depth":1,"inside":"tcp:fetch"' && fail "connects that are not in fetch()"
done

utrail --json -o trace.json -e tcp -- tcp full >told 2>messages || fail "status $?: $(cat messages told)"
sed -n 's/^resent //p' told >resent
read -r port times <resent
[ "$(grep '"name":"retransmit"' trace.json | grep -c "\"lport\":$port,")" = "$times" ] || fail "wanted $times of port $port: $(cat trace.json)"
utrail --json -o trace.json -e tcp -- tcp refused >told 2>messages || fail "status $?: $(cat messages told)"
grep -q '"name":"connect".*"result":"-ECONNREFUSED"' trace.json || fail "$(cat trace.json)"

for family in 4 6; do
	utrail --json -o trace.json -e tcp -- tcp reset $family 10 >told 2>messages || fail "status $?: $(cat messages told)"
	for word in reset_sent reset_received; do
		sed -n "s/^$word //p" told | sort >wanted
		members trace.json $word >got
		[ -s wanted ] || fail "the program has caused no resets"
		grep -v -x -F -f wanted got && fail "$word: not of the program: $(cat got)"
		gone=$(($(wc -l <wanted) - $(wc -l <got)))
		[ "$gone" -le "$(missed_hits trace.json)" ] || fail "$word over IPv$family: wanted $(cat wanted), got $(cat got)"
	done
done

utrail stat --json -o trace.json -e tcp -- tcp talk 4 10 100 >told 2>messages || fail "status $?: $(cat messages told)"
for word in connect:10 accept:10 close:20; do
	grep -q "\"name\":\"tcp:${word%:*}\".*\"hits\":${word#*:}[,}]" trace.json || [ "$KERNEL" = 7.2 ] || fail "$word: $(cat trace.json)"
done

# What is there before.
mkfifo input
tcp before <input >told &
exec 3>input
wait_for '^ready' told
# What the run before said would do for the wait.
: >messages
utrail --json -o trace.json -p $! -e tcp 2>messages &
wait_for '^utrail: tracing' messages
echo >&3
wait_for '^done' told
kill -INT $!
wait $!
sed -n 's/^close //p' told | sort >wanted
members trace.json close >got
cmp -s wanted got || [ "$KERNEL" = 7.2 ] || fail "before: wanted $(cat wanted), got $(cat got): $(cat messages)"
[ "$(grep -c '"began":"before tracing"' trace.json)" -ge 1 ] || fail "$(cat trace.json)"
echo >&3

if [ "$KERNEL" = 5.10 ]; then
	utrail -e 'tcp if port == 1' -- true 2>messages && fail "a condition was not refused"
	grep -q 'takes no condition on this kernel' messages || fail "$(cat messages)"
else
	utrail --json -o trace.json -e 'tcp:close if received > 5000' -- tcp talk 4 5 5000 >told 2>messages || fail "$(cat messages)"
	[ "$(grep -c '^{"type":"tcp"' trace.json)" = 5 ] || [ "$KERNEL" = 7.2 ] || fail "$(cat trace.json)"
fi

# -k: where the program connects, accepts and closes.
run_whole trace.json utrail -k --ring-size 16M --json -o trace.json -e 'tcp:*' -- tcp talk 4 5 100 || fail "status $?: $(cat messages told)"
! grep -q 'utrail: bug' messages || fail 'the books are wrong'
for word in connect:fetch accept:serve; do
	grep "\"name\":\"${word%:*}\"" trace.json >seen || fail "no ${word%:*}: $(cat trace.json)"
	if [ "$KERNEL" = 5.10 ]; then
		grep -v '"cut":"no user stack of this event before Linux 6.0"' seen && fail 'not said'
	else
		grep -v "\"symbol\":\"${word#*:}\"" seen && fail "not in ${word#*:}()"
	fi
done
! grep '"name":"close"' trace.json | grep -v '"stack":' || fail 'closed by nobody'
