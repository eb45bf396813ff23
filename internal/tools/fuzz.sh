#!/usr/bin/env bash
# Runs every fuzz target of the root module and of the nested modules, each for the given time.
set -euo pipefail
time=${1:-20s}
root=$(cd "$(dirname "$0")/../.." && pwd)
find "$root" -name go.mod -not -path '*/build/*' -printf '%h\n' | sort | while read -r module; do
	cd "$module"
	go list ./... | while read -r package; do
		for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
			echo "== $package $target"
			go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1x "$package"
		done
	done
done
