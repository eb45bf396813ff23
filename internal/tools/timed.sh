#!/usr/bin/env bash
# Runs make targets one after the other, stops at the first that fails, and prints the seconds that
# each took: timed.sh make target...
set -euo pipefail
make=$1
shift

took=()
summary() {
	echo "seconds:"
	printf '%s\n' "${took[@]}"
	printf '%7d  %s\n' "$SECONDS" "in all"
}

for target in "$@"; do
	echo "== $target"
	start=$SECONDS
	if ! "$make" --no-print-directory "$target"; then
		took+=("$(printf '%7d  %s: FAILED' $((SECONDS - start)) "$target")")
		summary
		exit 1
	fi
	took+=("$(printf '%7d  %s' $((SECONDS - start)) "$target")")
	echo "== $target: $((SECONDS - start)) s"
done
summary
