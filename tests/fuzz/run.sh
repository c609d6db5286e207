#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the fuzz targets and runs each for a time, as many at once as there are processors:
#
#   run.sh BUILD_DIRECTORY SECONDS [NAME...]
#
# With UTRAIL_FUZZ_SEED=N it takes the same way each time: a test does not fail today for what it would find tomorrow.
#
# Each starts from its corpus in the tree, and from what earlier runs found, which stays in the build directory. Exit
# status: 1 when one found a crash, a leak, or an input that takes too long or too much; 77 without clang's run time.
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly HERE ROOT=$HERE/../.. BUILD=$1 SECONDS_EACH=$2
shift 2

skip() {
	printf 'skipped: %s\n' "$*"
	exit 77
}

run_one() {
	local name=$1 log=$BUILD/$1.log words=("-seed=${UTRAIL_FUZZ_SEED:-0}")
	[ ! -e "$HERE/$name.dict" ] || words+=("-dict=$HERE/$name.dict")
	mkdir -p "$BUILD/found/$name"
	if "$BUILD/tests/fuzz/fuzz_$name" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-verbosity=0 -artifact_prefix="$BUILD/$name-" "${words[@]}" "$BUILD/found/$name" "$HERE/corpus/$name" \
		>"$log" 2>&1; then
		printf '%-14s %s inputs\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
	else
		printf '%-14s FAILED; the input is %s\n' "$name" "$(sed -n 's/.*written to //p' "$log")"
		tail -n 40 -- "$log"
		return 1
	fi
}

command -v clang >/dev/null || skip 'no clang'
[ -n "$(find "$(clang -print-resource-dir)" -name 'libclang_rt.fuzzer*')" ] || skip "no run time of clang's fuzzer (libclang-rt-dev)"
CC=clang cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DUTRAIL_FUZZ=ON >/dev/null
cmake --build "$BUILD" --target fuzzers >"$BUILD/build.log" 2>&1 || {
	tail -n 40 -- "$BUILD/build.log"
	exit 1
}
# shellcheck disable=SC2046 # names of ours
[ $# -gt 0 ] || set -- $(cd -- "$HERE/corpus" && printf '%s\n' *)

most=$(nproc) running=0 status=0
for name; do
	[ "$running" -lt "$most" ] || {
		wait -n || status=1
		running=$((running - 1))
	}
	run_one "$name" &
	running=$((running + 1))
done
for (( ; running > 0; running--)); do
	wait -n || status=1
done
exit "$status"
