#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ./dev lint: every mechanical rule in one go. Runs all checks, then fails if one of them did.
# Needs build/compile_commands.json, so it comes after a build.
set -uo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cd -- "$ROOT" || exit 1
failed=()

# Files of the tree as git knows them; a checkout may belong to another user than root.
tracked() {
	git -c safe.directory="$ROOT" ls-files -- "$@"
}

check() {
	local name=$1
	shift
	printf '%-14s' "$name"
	if "$@" >"$scratch" 2>&1; then
		printf 'ok%s\n' "$(sed -n 's/^NOTE: /  (/p' "$scratch" | sed 's/$/)/')"
	else
		printf 'FAILED\n'
		cat -- "$scratch"
		failed+=("$name")
	fi
}

# Other versions lay some lines out differently, and two formatters would fight.
format() {
	local version files
	version=$(clang-format --version | sed -E 's/.*version ([0-9]+).*/\1/')
	if [ "$version" != 14 ]; then
		echo "NOTE: skipped: clang-format is $version, the tree is formatted by 14 (Debian 12)"
		return 0
	fi
	mapfile -t files < <(tracked '*.c' '*.h')
	clang-format --dry-run -Werror "${files[@]}"
}

# Everything that the build compiles natively; BPF code has its own compiler flags. clang knows no flags of gcc's alone.
tidy() {
	local files compiled
	mkdir -p build/lint && sed 's/ -mmemset-strategy=[^ "]*//' build/compile_commands.json >build/lint/compile_commands.json || return
	compiled=$(sed -n -E 's/^ *"file": "(.*)",?$/\1/p' build/compile_commands.json)
	mapfile -t files < <(tracked '*.c' | sed "s,^,$ROOT/," | grep -xF -f <(printf '%s\n' "$compiled"))
	printf '%s\n' "${files[@]}" | xargs -P 2 -n 4 clang-tidy -p build/lint --quiet
}

scripts() {
	local files
	mapfile -t files < <(tracked | while read -r file; do
		[ -f "$file" ] && head -n 1 -- "$file" | grep -qE '^#!.*\b(ba)?sh\b' && echo "$file"
	done)
	shellcheck -- "${files[@]}" || return
	# Cases run in the guest's busybox; their common part is read at run time.
	mapfile -t files < <(tracked 'tests/vm/cases/*')
	[ "${#files[@]}" = 0 ] || shellcheck -s dash -e SC1091 -- "${files[@]}"
}

spelling() {
	local files
	mapfile -t files < <(tracked ':!LICENSE' ':!tests/fuzz/corpus' ':!tests/golden')
	codespell --ignore-words tests/lint/spelling.txt -- "${files[@]}"
}

licences() {
	local files without
	mapfile -t files < <(tracked '*.c' '*.h' '*.py' '*.sh' dev .ci/run)
	without=$(grep -L 'SPDX-License-Identifier:' -- "${files[@]}")
	[ -z "$without" ] || {
		printf 'no SPDX-License-Identifier:\n%s\n' "$without"
		return 1
	}
}

# Work that is not done belongs in an issue, where someone sees it.
marks() {
	! tracked ':!tests/lint/run.sh' ':!LICENSE' | xargs grep -nIwE 'TODO|FIXME|XXX|HACK'
}

# style: functions and files stay readable. 600 lines is where a file is split.
sizes() {
	tracked '*.c' '*.h' '*.py' '*.sh' | xargs wc -l | awk '
		$2 != "total" && $1 > 600 { print $2 ": " $1 " lines; split above 600"; bad = 1 }
		END { exit bad }'
}

scratch=$(mktemp)
trap 'rm -f -- "$scratch"' EXIT
check format format
check shellcheck scripts
check spelling spelling
check licences licences
check marks marks
check sizes sizes
check layers python3 tests/lint/layers.py .
check headers ctest --test-dir build -L lint --output-on-failure
check clang-tidy tidy
if [ "${#failed[@]}" -gt 0 ]; then
	printf 'lint: failed: %s\n' "${failed[*]}"
	exit 1
fi
