# SPDX-License-Identifier: Apache-2.0
# Each BPF program is taken or refused as expected-loads.txt says, with each combination of settings.
# shellcheck disable=SC2094 # nothing below writes the list that it reads
. /cases/lib.inc
object=/lib/utrail/tracer.linked.o
expected=/cases/expected-loads.txt
need load_all
[ -r $object ] || fail "this build has no BPF object"

# is_listed LIST: is $KERNEL in it?
is_listed() {
	case ",$1," in
	",*," | *",$KERNEL,"*) return 0 ;;
	esac
	return 1
}

# Prints the expected reason of refusal, nothing when the program must load.
expected_refusal() {
	grep '^refused ' $expected | while read -r _ kernels programs reason; do
		is_listed "$kernels" || continue
		# shellcheck disable=SC2254 # a pattern is what is wanted
		case $1 in
		$programs)
			echo "$reason"
			break
			;;
		esac
	done
}

# A frame of 64 bytes or more (rounded up to 16) goes to a stack per CPU from 6.13 on, which the
# preempted programs of uprobes must not share: uprobe/uprobe.bpf.c.
large_frame() {
	case $1 in
	multi_* | single_*) echo "${2##* }" | tr + '\n' | awk '$1 > 48 { print; exit }' ;;
	esac
}

# Reads load_all's lines; prints those that are not as expected.
compare() {
	while read -r _ program verdict reason; do
		want=$(expected_refusal "$program")
		if [ -z "$want" ] && [ "$verdict" = refused ]; then
			echo "$program: refused: $reason"
		elif [ -n "$want" ] && [ "$verdict" = ok ]; then
			echo "$program: loads, though it is listed as refused ($want)"
		elif [ -n "$want" ] && ! echo "$reason" | grep -q -e "$want"; then
			echo "$program: refused for another reason: $reason"
		elif [ "$verdict" = ok ] && [ -n "$(large_frame "$program" "$reason")" ]; then
			echo "$program: a frame of 64 bytes or more: $reason"
		fi
	done
}

set -f
grep '^settings ' $expected >settings
# programs_of WORD OPTION: those of the lines of that word, each as an argument of OPTION.
programs_of() {
	grep "^$1 " $expected | while read -r _ kernels programs _; do
		if is_listed "$kernels"; then echo "$2 $programs"; fi
	done
}

# unconcerned SETTINGS: what these make no difference to, each as an argument of -x.
unconcerned() {
	grep '^only ' $expected | while read -r _ kernels programs words; do
		is_listed "$kernels" || continue
		echo "$1" | grep -q -E -e "$words" || echo "-x $programs"
	done
}

# offer NUMBER SETTING...: loads all programs so, into the files loads.NUMBER and failed.NUMBER.
offer() {
	number=$1 options=
	shift
	# What must be refused would keep the others from being loaded together, and each load takes a second here.
	case $number in
	1) choice=$(programs_of refused -a) ;;
	*) choice="$(programs_of refused -x) $(programs_of seldom -x) $(unconcerned "$*")" ;;
	esac
	for setting; do
		options="$options -s $setting"
	done
	# shellcheck disable=SC2086 # several words
	load_all $options $choice $object >"loads.$number" || echo "status $?" >"failed.$number"
}

# every_other FIRST: this verifier takes its time, and this machine has two processors.
every_other() {
	n=0
	while read -r _ _ settings; do
		n=$((n + 1))
		# shellcheck disable=SC2086 # several words
		[ $((n % 2)) != "$1" ] || offer "$n" $settings
	done <here
}

while read -r word kernels settings; do
	! is_listed "$kernels" || echo "$word $kernels $settings"
done <settings >here
every_other 0 &
every_other 1
wait
combinations=0
while read -r _ _ settings; do
	combinations=$((combinations + 1))
	echo "with $settings"
	cat "loads.$combinations"
	[ ! -e "failed.$combinations" ] || fail "load_all: $(cat "failed.$combinations")"
	compare <"loads.$combinations" >>surprises
done <here

if [ "$combinations" = 0 ]; then
	echo "no settings are listed for kernel $KERNEL"
	exit 1
fi
if [ -s surprises ]; then
	echo "--- not as expected-loads.txt says"
	sort -u surprises
	echo "$(sort -u surprises | wc -l) surprises, such as: $(head -n 1 surprises)"
	exit 1
fi
