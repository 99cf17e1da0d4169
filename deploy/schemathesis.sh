#!/usr/bin/env bash
# Property-based requests made from openapi.yaml against a running server. Bounded and seeded; for a
# longer search set SCHEMATHESIS_EXAMPLES. The last line says how many checks passed and failed.
#
# usage: deploy/schemathesis.sh QUOTIENT_BINARY
set -euo pipefail
cd "$(dirname "$0")/.."

readonly binary=${1:?usage: deploy/schemathesis.sh QUOTIENT_BINARY}
readonly examples=${SCHEMATHESIS_EXAMPLES:-30}
readonly seed=${SCHEMATHESIS_SEED:-20190902}

work=$(mktemp -d)
server=
# shellcheck disable=SC2329 # the trap below calls it
cleanup() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

"$binary" import dlrm Tests/Reference/dev-b-qr-concat60-dotself/model.pt \
  --output "$work/demo" --name demo --qr-flag --qr-operation concat --qr-collisions 60 \
  --qr-threshold 0 --arch-embedding-size 1000-613-240-77-61 --arch-interaction-op dot \
  --arch-interaction-itself >"$work/import.log"

"$binary" serve --listen 127.0.0.1:0 --admin-listen "unix:$work/admin" \
  --model "demo=$work/demo" >"$work/server.log" 2>&1 &
server=$!
url=
for _ in $(seq 300); do
  url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$work/server.log" | head -n 1 || true)
  if [ -n "$url" ]; then break; fi
  sleep 0.1
done
if [ -z "$url" ]; then
  cat "$work/server.log" >&2
  echo "the server did not start" >&2
  exit 1
fi

status=0
root=$PWD
# It leaves a cache where it runs.
cd "$work"
PYTHONPATH="$root/Tests/EndToEndTests/python" SCHEMATHESIS_HOOKS=schemathesis_hooks \
  "$root/.venv/bin/schemathesis" run "$root/openapi.yaml" --url "$url" --checks all \
  --phases examples,coverage,fuzzing,stateful --max-examples "$examples" --seed "$seed" \
  --generation-database none --request-timeout 20 --continue-on-failure --no-color \
  --suppress-health-check all >"$work/report.txt" 2>&1 || status=$?
sed -n '/= FAILURES =/,$p' "$work/report.txt" | head -n 400
if ! kill -0 "$server" 2>/dev/null; then
  cat "$work/server.log" >&2
  echo "the server died" >&2
  status=1
fi
failures=$(grep -cE '^_+ .* _+$' "$work/report.txt" || true)
if [ "$status" -ne 0 ] && [ "$failures" -eq 0 ]; then failures=1; fi
generated=$(grep -oE '[0-9]+ generated' "$work/report.txt" | head -n 1 | cut -d' ' -f1 || true)
printf 'schemathesis: %d passed, %d failed\n' "$((${generated:-0} - failures))" "$failures"
exit "$status"
