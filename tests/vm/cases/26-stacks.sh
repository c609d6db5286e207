# SPDX-License-Identifier: Apache-2.0
# User stacks: of a function through code without frame pointers, of a system call, and by frame pointers.
. /cases/lib.inc
need utrail chain-static
utrail -k --json -o trace -e chain-static:leaf -e syscall:write -- chain-static 1 straight callback >told 2>messages ||
	fail "status $?: $(cat messages told)"
cat messages
grep -q '^self-check passed' told || fail 'the program noticed that it was traced'
[ "$(summary lost trace)" = 0 ] || fail "lost: $(tail -n 1 trace)"
symbols() {
	sed -n -e "/\"type\":\"$1\"/p" trace | sed -n -e "$2p" | sed -e 's/.*"stack"://' |
		grep -o -e '"symbol":"[^"]*"' -e '"cut":"[^"]*"' | sed -e 's/.*:"//' -e 's/"$//' | tr '\n' ' '
}
case $(symbols call 1) in
"leaf three two one straight run main "*_start\ ) ;;
*) fail "straight: $(symbols call 1)" ;;
esac
case $(symbols call 2) in
"leaf compare "*" sorter callback run main "*_start\ ) ;;
*) fail "callback: $(symbols call 2)" ;;
esac
case $(symbols syscall 1) in
*" main "*_start\ ) ;;
*) fail "write: $(symbols syscall 1)" ;;
esac
utrail --stacks=fp -o trace -e chain-no-omit:leaf -- chain-no-omit 1 straight >told 2>messages || fail "status $?: $(cat messages told)"
grep '^ > ' trace | sed -e 's/.*(\([a-z]*\)+.*/\1/' | head -n 7 | tr '\n' ' ' >got
grep -q '^leaf three two one straight run main $' got || fail "by frame pointers: $(cat got trace)"
