# SPDX-License-Identifier: Apache-2.0
# cpu:HZ: samples are in the functions that take the CPU time, as many as the program's own clock says.
. /cases/lib.inc
need utrail share

if [ "$KERNEL" = 5.10 ]; then
	echo | utrail -e cpu:199 -- share 100 >told 2>messages && fail "it was not refused: $(cat messages)"
	grep -q "'cpu:' is not possible on this kernel" messages || fail "$(cat messages)"
	exit 0
fi
echo | utrail --json -o trace.json -e cpu:199 -e share:much,share:little -- share 1000 >told 2>messages || fail "status $?: $(cat messages told)"
nothing_gone messages || fail "$(cat messages)"
for function in much little; do
	got=$(grep '^{"type":"sample"' trace.json | grep -c "\"inside\":\"share:$function\",\"stack\":\[{.*\"symbol\":\"$function\"")
	wanted=$(($(sed -n "s/^count $function //p" told) * 199 / 1000000000))
	# The emulator's clocks are of a busy host.
	[ $((got * 3)) -ge "$wanted" ] || fail "only $got samples in $function, $wanted wanted: $(head -c 2000 trace.json)"
	[ "$got" -le $((wanted * 2)) ] || fail "$got samples in $function, $wanted wanted: $(head -c 2000 trace.json)"
	echo "$got samples in $function, $wanted wanted"
done
