# SPDX-License-Identifier: Apache-2.0
# utrail shell of a whole machine: what is typed into a bash that comes later, and what it and a plain shell run.
# The statuses that bash prints are what the trace must say.
. /cases/lib.inc
need utrail bash
utrail shell --json -o trace 2>messages &
tracer=$!
wait_for 'utrail: tracing' messages
# The first one makes its file known: from then on there is no time in which it is not probed.
bash -c true
wait_for '"type":"gap"' trace
printf '%s\n' 'false' 'echo "status $?"' '/bin/busybox cat /etc/none | /bin/busybox wc -l' 'cd /tmp' \
	'(exit 7)' 'echo "status $?"' 'exit 3' | bash --norc --noprofile -i >told 2>&1
echo "ended $?" >>told
sh -c '/bin/busybox basename /one/two; /bin/busybox false'
sleep 0.3
kill -INT "$tracer"
wait "$tracer" || fail "utrail ended with $?: $(cat messages)"
cat told trace messages
for line in 'status 1' 'status 7' 'ended 3'; do
	grep -q "^$line\$" told || fail "bash did not say '$line'"
done
sed -n 's/^{"type":"command".*"shell":"bash".*"command":"\(.*\)","status":\([0-9]*\),.*/\2 \1/p' trace >commands
cat >expected <<'END'
1 false
0 echo \\"status $?\\"
0 /bin/busybox cat /etc/none | /bin/busybox wc -l
0 cd /tmp
7 (exit 7)
0 echo \\"status $?\\"
3 exit 3
END
sed 's/\\\\/\\/g' expected >wanted
diff wanted commands || fail "the commands are not those that were typed"
grep -q '"command":"/bin/busybox cat.*"argv":\["/bin/busybox","cat","/etc/none"\],"status":1' trace ||
	fail "the first program of the pipeline is not there"
grep -q '"command":"(exit 7)".*"cwd":"/tmp"\|"cwd":"/tmp".*"command":"(exit 7)"' trace ||
	fail "the working directory is not there"
[ "$(summary lost trace)" = 0 ] || fail "$(summary lost trace) events were lost"
