#!/usr/bin/env bash
# Runs the short tests of packages for another processor: emulated.sh arm64|386 package...
# It runs them natively if this machine can, otherwise in Debian's qemu-user. In the emulator it
# prints the tests that were left out, and why. Without qemu-user it says so and runs nothing, which
# is a failure if CI=true.
set -euo pipefail
export GOARCH=$1
shift
case "$GOARCH" in
arm64) processor=aarch64 ;;
386) processor=i386 ;;
esac

# Many amd64 machines run binaries for 386 too, but not all virtual ones do.
trial=$(mktemp)
log=$(mktemp)
trap 'rm -f "$trial" "$log"' EXIT
go test -c -o "$trial" ./internal/buckets
if "$trial" -test.run '^$' >/dev/null 2>&1; then
	go test -timeout 30m -short "$@"
	exit
fi

emulator=
for program in "qemu-$processor" "qemu-$processor-static"; do
	if command -v "$program" >/dev/null; then
		emulator=$program
		break
	fi
done
if [ -z "$emulator" ]; then
	echo "==================================================================================================="
	echo "SKIPPED: no test runs on $GOARCH, because qemu-$processor is missing."
	echo "Install with: apt-get install qemu-user"
	echo "==================================================================================================="
	[ "${CI:-}" != true ]
	exit
fi

# qemu-i386 takes Go programs that get no signals: those that start no other program, and whose
# goroutines are not preempted by signals, for which loops that wait for others must not spin. So on
# a machine that runs no 32-bit programs, which nothing that can be installed changes, a part of the
# tests runs, and of the rest it is only known that they compile.
if [ "$GOARCH" = 386 ]; then
	export GODEBUG=asyncpreemptoff=1
	go vet "$@"
	echo "==================================================================================================="
	echo "This machine runs no programs for 386. $emulator runs percpu, encode, histogram, labeltext and buckets."
	echo "NOT RUN, only compiled, are the other tests of: $*"
	echo "==================================================================================================="
	set -- -skip 'TestWordsOfRowsThatCameBack' ./internal/percpu ./encode ./histogram ./internal/labeltext ./internal/buckets
fi
if ! QUIPU_EMULATOR=$emulator go test -timeout 30m -short -v -exec "$emulator" "$@" >"$log" 2>&1; then
	grep -vE '^(=== |[[:space:]]*--- PASS|PASS$)' "$log"
	exit 1
fi
grep -E '^ok' "$log"
echo "Left out under $emulator:"
grep -E '^[[:space:]]*--- SKIP|_test\.go:[0-9]+: not under ' "$log" || echo "nothing"
