# SPDX-License-Identifier: Apache-2.0
# Signals: those that handlers count, those that are ignored, and the one that ends the program.
. /cases/lib.inc
need utrail signals

utrail --json -o trace.json -e signal -e exit -- signals 20 15 >told 2>messages
status=$?
[ "$status" = 143 ] || fail "status $status: $(cat messages)"
grep '^{"type":"signal"' trace.json | grep -v '"ignored":true' >handled
# check NAME NUMBER
check() {
	got=$(grep -c "\"signal\":\"$1\"" handled)
	wanted=$(sed -n "s/^count $2 //p" told)
	echo "$1: $wanted counted, $got told"
	[ "$got" = "$wanted" ] || fail "$1: not what the program counted"
}
check SIGHUP 1
check SIGRT_3 35
check SIGALRM 14
check SIGPIPE 13
check SIGSEGV 11
check SIGCHLD 17
for name in SIGWINCH SIGUSR2 SIGCHLD SIGURG; do
	got=$(grep '"ignored":true' trace.json | grep -c "\"signal\":\"$name\"")
	[ "$got" = 20 ] || fail "$name: $got ignored"
done
term=$(grep -c '"signal":"SIGTERM","info":{"si_code":"SI_USER"' trace.json)
[ "$term" = 1 ] || fail "SIGTERM: $term times"
grep -q '"si_status":"SIGKILL"' trace.json || fail "no child that was killed"
[ "$(summary lost trace.json)" = 0 ] || fail "lost: $(tail -1 messages)"
utrail -o text -- signals >told 2>messages || fail "text: $(cat messages)"
grep -q -e '--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=[0-9]*, si_uid=0, si_status=3, si_utime=[0-9]*, si_stime=[0-9]*} ---$' text ||
	fail "no SIGCHLD as strace writes it: $(grep -e --- text)"
grep -q '+++ exited with 0 +++$' text || fail "no end"
