# SPDX-License-Identifier: Apache-2.0
#
# Completion of utrail for bash; needs nothing but bash itself.
# tests/lint/options.py holds it against cli/options/options.c.

_utrail_options='-p --pid --comm -u --user --cgroup --container -e --event --inside --stop-on-load -f --follow -o --output --json --format -s --strings --depth --max-members --max-items --changes -t --time
	-r --relative -T --spent -y --fd-paths -k --stack-traces --stacks --stack-depth --stack-bytes --redact --color
	-q --quiet -v --verbose --debuginfod --no-cache --interval --histogram --where --unfinished --cost -c --summary-only -C --summary -S --summary-sort-by
	-U --summary-columns -w --summary-wall-clock -z --successful-only -Z --failed-only --status --max-events --duration
	--max-probes --rate --fail-on-loss --lossless --ring-size --return --syscall-backend -h --help -V --version'
_utrail_commands='trace list explain check shell stat'
_utrail_columns='time-percent total-time min-time max-time avg-time calls errors name'
_utrail_specs='call: uprobe: uretprobe: usdt: syscall: tracepoint: rawtracepoint: kernel: kernel:%ext4 kernel:%xfs kernel:%btrfs kernel:%nfs kernel:%vfs kernel:%pagecache fentry: fexit: kprobe: kretprobe: cpu: sched sched: tcp tcp: block exec fork exit signal signal:
	%file %network %desc %memory %process %signal %ipc'

# Prints what may follow an option, one a line; nothing: anything.
_utrail_values() {
	case $1 in
	-p | --pid) (cd /proc && compgen -G '[0-9]*') ;;
	-u | --user) compgen -u ;;
	-e | --event) compgen -W "$_utrail_specs" ;;
	-s | --strings) compgen -W '0 64 256 1024 4096' ;;
	--depth) compgen -W '0 1 2 3 4' ;;
	--format) compgen -W 'text json' ;;
	--stacks) compgen -W 'auto cfi fp' ;;
	--stack-bytes) compgen -W '4k 8k 16k 32k 60k' ;;
	-S | --summary-sort-by | -U | --summary-columns) compgen -W "$_utrail_columns" ;;
	--status) compgen -W 'successful failed unfinished detached' ;;
	--color) compgen -W 'auto always never' ;;
	--return) compgen -W 'auto trampoline site stack' ;;
	--syscall-backend) compgen -W 'auto tp_btf raw_tp tracepoint sleepable fentry kprobe.multi kprobe' ;;
	--interval) compgen -W '0.1 1 10' ;;
	--rate) compgen -W '10/s 100/s 1000/s 1/ms' ;;
	--ring-size) compgen -W '1m 16m 64m 256m' ;;
	esac
}

# Does the option take a value?
_utrail_takes_value() {
	case $1 in
	-p | --pid | --comm | -u | --user | --cgroup | --container) ;;
	-e | --event | -o | --output | --format | -s | --strings | --color) ;;
	--stacks | --stack-depth | --stack-bytes | --depth | --max-members | --max-items) ;;
	-S | --summary-sort-by | -U | --summary-columns | --status) ;;
	--max-events | --duration | --interval | --max-probes | --rate | --ring-size | --return | --syscall-backend) ;;
	*) return 1 ;;
	esac
}

# Fills COMPREPLY with those of the words read that begin with $2, each behind $1.
_utrail_reply() {
	local word
	while IFS= read -r word; do
		[[ $word != "$2"* ]] || COMPREPLY+=("$1$word")
	done
}

# _utrail_value PREFIX OPTION WORD: the value of an option.
_utrail_value() {
	if [[ $2 == -o || $2 == --output ]]; then
		compopt -o filenames 2>/dev/null
		_utrail_reply "$1" "$3" < <(compgen -f -- "$3")
	else
		_utrail_reply "$1" "$3" < <(_utrail_values "$2")
	fi
}

# bash replaces the part behind the last of '=' and ':', as these end a word for it.
_utrail_cut() {
	local before=${1%"${1##*[=:]}"} i
	[[ -n $before && $COMP_WORDBREAKS == *[=:]* ]] || return 0
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=${COMPREPLY[i]#"$before"}
	done
}

# The command behind "--", whose own completion is asked when there is one.
_utrail_of_command() {
	local i
	for i in "${!COMP_WORDS[@]}"; do
		[[ ${COMP_WORDS[i]} == -- ]] && break
	done
	if declare -F _command_offset >/dev/null; then
		_command_offset $((i + 1))
	elif ((COMP_CWORD == i + 1)); then
		_utrail_reply '' "$1" < <(compgen -c -- "$1")
	else
		compopt -o filenames 2>/dev/null
		_utrail_reply '' "$1" < <(compgen -f -- "$1")
	fi
}

_utrail() {
	local words word previous='' command='' current
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')
	current=${words[-1]}
	COMPREPLY=()
	for word in "${words[@]:1:${#words[@]}-2}"; do
		if [[ $word == -- ]]; then
			_utrail_of_command "$current"
			return
		fi
		if ! _utrail_takes_value "$previous" && [[ $word != -* ]]; then
			command=${command:-$word}
		fi
		previous=$word
	done
	if _utrail_takes_value "$previous"; then
		_utrail_value '' "$previous" "$current"
	elif [[ $current == --*=* ]]; then
		_utrail_value "${current%%=*}=" "${current%%=*}" "${current#*=}"
	elif [[ $current == -* ]]; then
		_utrail_reply '' "$current" < <(compgen -W "$_utrail_options --")
	elif [[ $command == list ]]; then
		compopt -o filenames 2>/dev/null
		_utrail_reply '' "$current" < <(compgen -f -- "$current")
	elif [[ -z $command ]]; then
		_utrail_reply '' "$current" < <(compgen -W "$_utrail_commands --")
	fi
	# "usdt:" is a beginning.
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *: ]] || compopt -o nospace 2>/dev/null
	_utrail_cut "$current"
}

complete -F _utrail utrail
