#!/usr/bin/env bash
# Runs the short tests of the given packages on arm64: natively if the machine is one, otherwise in
# Debian's qemu-user. In the emulator it prints the tests that were left out, and why. Without
# qemu-user it says so and runs nothing, which is a failure if CI=true.
set -euo pipefail
export GOARCH=arm64
if [ "$(go env GOHOSTARCH)" = arm64 ]; then
	exec go test -short "$@"
fi

emulator=
for program in qemu-aarch64 qemu-aarch64-static; do
	if command -v "$program" >/dev/null; then
		emulator=$program
		break
	fi
done
if [ -z "$emulator" ]; then
	echo "==================================================================================================="
	echo "SKIPPED: no test runs on arm64, because qemu-aarch64 is missing."
	echo "Install with: apt-get install qemu-user"
	echo "==================================================================================================="
	[ "${CI:-}" != true ]
	exit
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! QUIPU_EMULATOR=$emulator go test -timeout 30m -short -v -exec "$emulator" "$@" >"$log" 2>&1; then
	grep -vE '^(=== |[[:space:]]*--- PASS|PASS$)' "$log"
	exit 1
fi
grep -E '^ok' "$log"
echo "Left out under $emulator:"
grep -E '^[[:space:]]*--- SKIP|_test\.go:[0-9]+: not under ' "$log" || echo "nothing"
