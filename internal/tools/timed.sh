#!/usr/bin/env bash
# Runs make targets one after the other, stops at the first that fails, and prints the seconds that
# each took: timed.sh make target...
set -euo pipefail
make=$1
shift

output=$(mktemp)
trap 'rm -f "$output"' EXIT

took=()
summary() {
	echo "seconds:"
	printf '%s\n' "${took[@]}"
	printf '%7d  %s\n' "$SECONDS" "in all"
}

# The tests that failed, with the lines that say why. They may stand thousands of lines further up,
# because go test prints what all other tests of their package have logged, too.
failures() {
	echo "failures:"
	grep -E -A 8 '^ *--- FAIL|^panic: |^fatal error: |WARNING: DATA RACE' "$output" | grep -v ' WARN ' | head -n 60 || true
}

for target in "$@"; do
	echo "== $target"
	start=$SECONDS
	if ! "$make" --no-print-directory "$target" 2>&1 | tee "$output"; then
		took+=("$(printf '%7d  %s: FAILED' $((SECONDS - start)) "$target")")
		failures
		summary
		exit 1
	fi
	took+=("$(printf '%7d  %s' $((SECONDS - start)) "$target")")
	echo "== $target: $((SECONDS - start)) s"
done
summary
