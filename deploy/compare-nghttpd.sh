#!/usr/bin/env bash
# What a small answer costs the server over HTTP/2 and HTTP/1.1, beside nghttpd, the server of the
# nghttp2 project: microseconds of CPU (user and system) a request, and ratios.
#
# usage: deploy/compare-nghttpd.sh [QUOTIENT_BINARY]
#
# h2load drives the servers in turn, round after round, and the least disturbed round of each
# counts. HTTP/2 has 32 streams a connection; HTTP/1.1 one request at a time, as most clients do.
# nghttpd sends a file as long as our answer to one id; once more to the request that a lookup is,
# which has a body, so that what differs is the lookup; and one as long as the list of models, which
# takes us no work either. Exit code 1 if a bound is not met.
# Environment: ROUNDS (10), REQUESTS a round (100000), CONNECTIONS (8).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly rounds=${ROUNDS:-10} requests=${REQUESTS:-100000} connections=${CONNECTIONS:-8}
binary=${1:-.build/release/quotient}
folder=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; rm -rf "$folder"' EXIT

fail() {
  echo "compare-nghttpd: $*" >&2
  exit 2
}

for program in h2load nghttpd taskset curl; do
  command -v "$program" >/dev/null ||
    fail "$program is missing: apt-get install nghttp2-client nghttp2-server util-linux curl"
done
[ -x "$binary" ] || fail "$binary does not exist: swift build -c release --product quotient"

# cpu_time PID: nanoseconds on a processor, of all threads.
cpu_time() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

# wait_for URL_PATTERN LOG: the first match in a log.
wait_for() {
  local found
  for _ in $(seq 1000); do
    found=$(grep -oE "$1" "$2" | head -n 1) && [ -n "$found" ] && echo "$found" && return
    sleep 0.05
  done
  fail "the server did not start: $(tail -n 3 "$2")"
}

# start NAME COMMAND...: a server on the first core, its process in `servers`.
start() {
  local name=$1
  shift
  : >"$folder/$name.log"
  taskset -c 0 "$@" >"$folder/$name.log" 2>&1 &
  servers+=("$!")
}

start quotient "$binary" serve --workers 1 --listen 127.0.0.1:0 --access-log off
quotient=${servers[0]}
base=$(wait_for 'http://127\.0\.0\.1:[0-9]+' "$folder/quotient.log")
readonly vectors="$base/v1/models/demo/features/C3/vectors?ids=17"
readonly lookup="$base/v1/models/demo:lookup" models="$base/v1/models"
printf '{"features":{"C3":[17]}}' >"$folder/body"
curl -sf --retry 50 --retry-all-errors --retry-delay 0 "$vectors" -o "$folder/answer"
curl -sf "$models" -o "$folder/models"
printf 'a small answer has %d bytes\n' "$(stat -c %s "$folder/answer")"

while :; do
  port=$((20000 + RANDOM % 20000))
  start nghttpd nghttpd --no-tls -a 127.0.0.1 -d "$folder" "$port"
  nghttpd=${servers[-1]}
  sleep 0.3
  if kill -0 "$nghttpd" 2>/dev/null; then break; fi
  unset 'servers[-1]'
done

# name, process, h2load's arguments
readonly names=(nghttpd nghttpd-post nghttpd-short h2-vectors h2-lookup h2-models h1-vectors
  h1-lookup h1-models)
declare -A process=([nghttpd]=$nghttpd [nghttpd-post]=$nghttpd [nghttpd-short]=$nghttpd
  [h2-vectors]=$quotient [h2-lookup]=$quotient [h2-models]=$quotient [h1-vectors]=$quotient
  [h1-lookup]=$quotient [h1-models]=$quotient)
declare -A options=([nghttpd]="-m 32 http://127.0.0.1:$port/answer"
  [nghttpd-post]="-m 32 -d $folder/body http://127.0.0.1:$port/answer"
  [nghttpd-short]="-m 32 http://127.0.0.1:$port/models"
  [h2-models]="-m 32 $models" [h1-models]="--h1 -m 1 $models"
  [h2-vectors]="-m 32 $vectors" [h2-lookup]="-m 32 -d $folder/body $lookup"
  [h1-vectors]="--h1 -m 1 $vectors" [h1-lookup]="--h1 -m 1 -d $folder/body $lookup")
declare -A best

for _ in $(seq "$rounds"); do
  for name in "${names[@]}"; do
    before=$(cpu_time "${process[$name]}")
    # shellcheck disable=SC2086 # the options are words
    report=$(taskset -c 1 h2load -n "$requests" -c "$connections" ${options[$name]})
    after=$(cpu_time "${process[$name]}")
    grep -q "$requests succeeded, 0 failed" <<<"$report" || fail "$name: $report"
    cost=$(((after - before) / requests))
    if [ "$cost" -lt "${best[$name]:-999999999}" ]; then best[$name]=$cost; fi
  done
done

met=0
# judge WHAT FOUND BOUND FACTOR
judge() {
  awk -v what="$1" -v found="$2" -v other="$3" -v bound="$4" 'BEGIN {
    ratio = found / other
    printf "%-42s %.2f, at most %.2f: %s\n", what, ratio, bound, ratio <= bound ? "met" : "NOT MET"
    exit ratio > bound }' || met=1
}

for name in "${names[@]}"; do
  awk -v name="$name" -v ns="${best[$name]}" 'BEGIN { printf "%-13s %6.2f us\n", name, ns / 1000 }'
done
awk -v found="${best[h2-lookup]}" -v other="${best[nghttpd-post]}" 'BEGIN {
  printf "%-42s %.2f\n", "HTTP/2 lookup over nghttpd, same request", found / other }'
judge "HTTP/2 models over nghttpd's file" "${best[h2-models]}" "${best[nghttpd-short]}" 1
judge "HTTP/2 vectors over nghttpd's file" "${best[h2-vectors]}" "${best[nghttpd]}" 1
judge "HTTP/2 lookup over nghttpd's file" "${best[h2-lookup]}" "${best[nghttpd]}" 1
judge "HTTP/2 over HTTP/1.1, models" "${best[h2-models]}" "${best[h1-models]}" 0.5
judge "HTTP/2 over HTTP/1.1, vectors" "${best[h2-vectors]}" "${best[h1-vectors]}" 0.5
judge "HTTP/2 over HTTP/1.1, lookup" "${best[h2-lookup]}" "${best[h1-lookup]}" 0.5
exit "$met"
