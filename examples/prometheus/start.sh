#!/usr/bin/env bash
# Starts a Prometheus that scrapes the examples, until Ctrl-C:
#
#   examples/prometheus/start.sh [HOST:PORT of a program]...
#
# Without arguments it scrapes 127.0.0.1:8000, as prometheus.yml says. It serves on 127.0.0.1:9090, or where LISTEN says,
# and keeps what it has scraped in a temporary directory, which it removes at the end. PROMETHEUS is the program to start.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
listen=${LISTEN:-127.0.0.1:9090}
program=${PROMETHEUS:-prometheus}

if ! command -v "$program" >/dev/null; then
  echo "start.sh: there is no $program; on Debian: apt-get install prometheus" >&2
  exit 1
fi

targets=
for target in "${@:-127.0.0.1:8000}"; do
  if [[ ! $target =~ ^[][A-Za-z0-9.:_-]+:[0-9]+$ ]]; then
    echo "start.sh: $target is not HOST:PORT" >&2
    exit 2
  fi
  targets+="${targets:+, }'$target'"
done

data=$(mktemp -d)
pid=
finish() {
  trap - EXIT INT TERM
  if [[ -n $pid ]]; then
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
  fi
  rm -rf "$data"
}
trap finish EXIT
trap 'finish; exit 0' INT TERM

sed "s/targets: .*/targets: [$targets]/" "$here/prometheus.yml" >"$data/prometheus.yml"
"$program" \
  --config.file="$data/prometheus.yml" \
  --storage.tsdb.path="$data/tsdb" \
  --web.listen-address="$listen" \
  --enable-feature=exemplar-storage,native-histograms &
pid=$!
echo "Prometheus: http://$listen/"
wait "$pid"
