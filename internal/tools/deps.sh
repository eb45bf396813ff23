#!/usr/bin/env bash
# Makes sure that the servers and the browser of some tests and the emulator of arm64 are installed.
# Root installs missing ones from Debian's packages. Other users, and root without a network, are told
# what to install; the tests that need it are skipped, and fail if CI=true.
set -euo pipefail

declare -A package=(
	[prometheus]=prometheus
	[promtool]=prometheus
	[prometheus-pushgateway]=prometheus-pushgateway
	[victoria-metrics]=victoria-metrics
	[chromium]=chromium # the page of export/live is tested in it
	[qemu-aarch64]=qemu-user # make arm64, and make cross where 386 does not run
	[python3]=python3 # its zlib reads what pagezip writes
	[gcc]="gcc libc6-dev" # the race detector needs it
)

missing=()
for program in "${!package[@]}"; do
	command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
mapfile -t missing < <(printf "%s\n" ${missing[@]} | sort -u)

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# The packages would start their servers, but the tests start their own.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
		trap 'rm -f "$policy"' EXIT
	fi
	if apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
		exit 0
	fi
fi

echo "==================================================================================================="
echo "MISSING, so the tests that need it are SKIPPED: ${missing[*]}"
echo "Install with: apt-get install ${missing[*]}"
echo "==================================================================================================="
[ "${CI:-}" != true ]
