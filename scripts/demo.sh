#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ./dev demo, after the build: starts the sample HTTP service, sends it requests, traces it for a few
# seconds, ends everything. The service prints its own counts last, to hold the stream against.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT BUILD=$ROOT/build SECONDS_TRACED=${UTRAIL_DEMO_SECONDS:-3}

work=$(mktemp -d)
srv_pid=
client_pid=

# The client ends by itself when the service does.
stop() {
	[ -z "$srv_pid" ] || kill -TERM "$srv_pid" 2>/dev/null || true
	[ -z "$client_pid" ] || kill -TERM "$client_pid" 2>/dev/null || true
	wait 2>/dev/null || true
	srv_pid='' client_pid=''
}
trap 'stop; rm -rf -- "$work"' EXIT

# A headline, bold on a terminal.
say() {
	if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

# Waits for the line "ready PID PORT" and prints PORT.
service_port() {
	local i port
	for ((i = 0; i < 100; i++)); do
		port=$(sed -n 's/^ready [0-9]* \([0-9]*\).*/\1/p' "$work/srv")
		[ -z "$port" ] || break
		sleep 0.05
	done
	printf '%s' "${port:?the sample service did not start}"
}

main() {
	local port command
	"$BUILD/samples/srv" >"$work/srv" 2>&1 &
	srv_pid=$!
	port=$(service_port)
	say "The sample service runs: pid $srv_pid, port $port. It gets ten requests a second."
	"$BUILD/samples/client" -d 100 "$port" 0 >"$work/client" 2>&1 &
	client_pid=$!

	command=("$BUILD/utrail" -p "$srv_pid" --duration "$SECONDS_TRACED" -s 64
		-e 'srv:handle_request' -e 'srv:render' -e 'usdt:app:*'
		-e 'syscall:%file' -e 'syscall:%network' -e 'syscall:%desc')
	say "utrail ${command[*]:1}"
	"${command[@]}"

	say 'What the service counted over its whole life, longer than the trace:'
	stop
	grep -v '^ready ' "$work/srv" || true
}

main
