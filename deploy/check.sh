#!/usr/bin/env bash
# Checks the files of this folder without a cluster: Prometheus rules by promtool, the unit by
# systemd-analyze, manifests by Kubernetes' own schemas, the dashboard's and the rules' metrics by
# what the program really exposes. The last line says how many checks passed and failed.
#
# usage: deploy/check.sh QUOTIENT_BINARY
set -euo pipefail
binary=$(realpath "${1:?usage: deploy/check.sh QUOTIENT_BINARY}")
readonly binary
cd "$(dirname "$0")/.."

if [[ ! -x .venv/bin/python ]]; then
  echo "deploy/check.sh: its tools are missing; install them: deploy/setup.sh --tests" >&2
  exit 1
fi
promtool=$(command -v promtool || echo .venv/prometheus/usr/bin/promtool)
readonly promtool
passed=0
failed=0
work=$(mktemp -d)
server=
prometheus=
url=
# shellcheck disable=SC2329 # the trap below calls it
cleanup() {
  local process
  for process in $server $prometheus; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap cleanup EXIT

# check NAME COMMAND...: shows the command's output only if it fails.
check() {
  local name=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    passed=$((passed + 1))
    echo "ok: $name"
  else
    failed=$((failed + 1))
    echo "FAILED: $name"
    cat "$work/output"
  fi
}

start_server() {
  "$binary" import dlrm Tests/Reference/dev-b-qr-concat60-dotself/model.pt \
    --output "$work/models/demo/1" --name demo --qr-operation concat --qr-collisions 60 \
    --qr-threshold 0 --arch-embedding-size 1000-613-240-77-61 --arch-interaction-op dot \
    --arch-interaction-itself >"$work/import.log" &&
    mkdir -p "$work/models/demo/2" && echo '{}' >"$work/models/demo/2/config.json" || return
  "$binary" serve --listen 127.0.0.1:0 --model-repository "$work/models" >"$work/server.log" 2>&1 &
  server=$!
  for _ in $(seq 300); do
    url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$work/server.log" | head -n 1 || true)
    if [ -n "$url" ]; then break; fi
    sleep 0.1
  done
  [ -n "$url" ] || return 1
  curl -sf "$url/v1/models/demo:lookup" -d '{"features": {"C1": [17]}}' >/dev/null &&
    curl -sf "$url/metrics" >"$work/metrics" &&
    curl -sf -o /dev/null -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' \
      "$url/v1/models/demo:lookup" -d '{"features": {"C1": [18]}}'
}

# ask PATH: an answer of Prometheus.
ask() { curl -sf --get "http://127.0.0.1:19090/api/v1/$1" --data-urlencode "query=$2" "${@:3}"; }

# The real Prometheus scrapes the server with the rules, and finds metrics, traces and alerts.
prometheus_scrapes() {
  sed -e "s/127.0.0.1:8080/${url#http://}/" -e 's/scrape_interval: 15s/scrape_interval: 1s/' \
    deploy/prometheus/prometheus.yaml >"$work/prometheus.yaml"
  cp deploy/prometheus/rules.yaml "$work/"
  "${promtool%promtool}prometheus" --config.file="$work/prometheus.yaml" \
    --storage.tsdb.path="$work/prometheus" --web.listen-address=127.0.0.1:19090 \
    --enable-feature=exemplar-storage >"$work/prometheus.log" 2>&1 &
  prometheus=$!
  local _
  for _ in $(seq 30); do
    sleep 1
    if ask query 'quotient_model_ready{model="demo",version="1"}' 2>/dev/null | grep -q '"1"\]'; then
      ask query 'quotient_model_ready{model="demo",version="2"}' | grep -q '"0"\]' &&
        ask query_exemplars quotient_http_request_duration_seconds_bucket \
          -d "start=$(($(date +%s) - 600))" -d "end=$(date +%s)" |
        grep -q 0af7651916cd43dd8448eb211c80319c
      return
    fi
  done
  cat "$work/prometheus.log"
  return 1
}

# Every metric that the rules and the dashboard ask for is one that the program exposes.
metrics_exist() {
  local name
  sed -nE 's/^# TYPE ([a-z_:]+) .*/\1/p' "$work/metrics" >"$work/names"
  grep -ohE '\b(quotient|process)_[a-z_]+' deploy/prometheus/rules.yaml deploy/grafana/dashboard.json |
    sort -u | while read -r name; do
    grep -qx -e "$name" -e "${name%_bucket}" -e "${name%_sum}" -e "${name%_count}" "$work/names" ||
      grep -q "record: .*:$name:" deploy/prometheus/rules.yaml || echo "$name"
  done >"$work/unknown"
  cat "$work/unknown"
  [ ! -s "$work/unknown" ]
}

# Debian's promtool warns of histograms without a help text and the like; any warning is a failure.
metrics_are_clean() { "$promtool" check metrics <"$work/metrics"; }

unit_is_valid() {
  # Where this machine has no binary installed, the one under test stands for it.
  sed "s|/usr/local/bin/quotient|$binary|" deploy/systemd/quotient.service >"$work/quotient.service"
  cp deploy/systemd/quotient.socket "$work/quotient.socket"
  systemd-analyze verify "$work/quotient.service" "$work/quotient.socket" 2>&1 | tee "$work/verify"
  [ ! -s "$work/verify" ]
}

manifests_are_valid() { .venv/bin/python deploy/check_manifests.py; }
dashboard_is_json() { python3 -c 'import json; json.load(open("deploy/grafana/dashboard.json"))'; }

check "the server starts with one good and one bad version" start_server
check "the page of metrics" metrics_are_clean
check "metrics of rules and dashboard exist" metrics_exist
check "Prometheus rules" "$promtool" check rules deploy/prometheus/rules.yaml
check "Prometheus rules against example series" \
  "$promtool" test rules deploy/prometheus/rules.test.yaml
check "Prometheus configuration" "$promtool" check config deploy/prometheus/prometheus.yaml
check "the real Prometheus scrapes metrics and traces" prometheus_scrapes
check "Grafana dashboard" dashboard_is_json
check "Kubernetes and KServe manifests" manifests_are_valid
if command -v systemd-analyze >/dev/null; then
  check "systemd units" unit_is_valid
else
  echo "SKIPPED: systemd units (no systemd-analyze here)"
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
