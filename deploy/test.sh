#!/usr/bin/env bash
# Runs every test: style, unit tests, end-to-end tests against the release binary, checks by clients
# of other people (requests, numpy, safetensors, tritonclient, schemathesis), and a run with the
# address sanitizer; the thread sanitizer on demand. The last line says how many passed and failed;
# the exit code is 1 if any failed.
set -euo pipefail
cd "$(dirname "$0")/.."

# A crash must end a test at once; Swift's own crash reporter can wait for ever.
export SWIFT_BACKTRACE=enable=no
# LeakSanitizer reports the test runner itself.
export ASAN_OPTIONS=detect_leaks=0

readonly threaded_rooms='TransportTests|TelemetryTests|ServingTests|SystemIOTests|LifecycleTests|ConnectionTests'
readonly sanitized_rooms='ByteCodingTests|HTTPCoreTests|CheckpointsTests|KernelsTests|EmbeddingsTests|FuzzTests|RecordReaderTests|DatasetTests|OptimizerGoldenTests'
passed=0
failed=0

usage() {
  cat <<'TEXT'
usage: deploy/test.sh [--quick | --thread-sanitizer]

  --quick              leave out the sanitizer build (most of the time)
  --thread-sanitizer   add a build with the thread sanitizer (some minutes more)
TEXT
}

say() { printf '\ntest: %s\n' "$*"; }

# step NAME COMMAND...: one check that passes or fails as a whole.
step() {
  local name=$1
  shift
  say "$name"
  local start=$SECONDS
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    say "FAILED: $name"
  fi
  printf 'test: %s took %d s\n' "$name" "$((SECONDS - start))"
}

# counted NAME COMMAND...: a command whose last lines say 'N passed, N failed'.
counted() {
  local name=$1 log
  shift
  log=$(mktemp)
  say "$name"
  local start=$SECONDS status=0
  "$@" 2>&1 | tee "$log" || status=$?
  local line
  line=$(grep -oE '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 || true)
  add_counts "$name" "$status" "${line%% *}" "$(sed -nE 's/.*passed, ([0-9]+) failed/\1/p' <<<"$line")"
  rm -f "$log"
  printf 'test: %s took %d s\n' "$name" "$((SECONDS - start))"
}

# swift_tests NAME ARGUMENTS...: `swift test`, counted by Swift Testing's own summary.
swift_tests() {
  local name=$1 log
  shift
  log=$(mktemp)
  say "$name"
  local start=$SECONDS status=0
  swift test "$@" >"$log" 2>&1 || status=$?
  # Tests that pass are only counted; what fails is shown with its reasons.
  grep -vE 'ld.gold: warning|^(◇|✔|\[[0-9]+/[0-9]+\])|^Test (Suite|Case)|Executed 0 tests' "$log" || true
  local total failures
  total=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$log" | tail -n 1)
  failures=$(grep -cE '^✘ Test [^r].* failed after' "$log" || true)
  add_counts "$name" "$status" "$((${total:-0} - failures))" "$failures"
  rm -f "$log"
  printf 'test: %s took %d s\n' "$name" "$((SECONDS - start))"
}

# add_counts NAME STATUS PASSED FAILED: a run that fails without a count is one failure.
add_counts() {
  local name=$1 status=$2 ok=${3:-0} bad=${4:-0}
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ]; then bad=1; fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  if [ "$bad" -gt 0 ]; then say "FAILED: $name ($bad)"; fi
}

finish() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}

# shellcheck disable=SC2329 # `step` calls it
build_tests() {
  swift build --build-tests --quiet --explicit-target-dependency-import-check error
}

# With TLS, so that it is tested at the price of no further build; the build of the tests is without.
readonly release=(-c release --traits TLS --static-swift-stdlib)

# shellcheck disable=SC2329 # `step` calls it
build_release() {
  swift build "${release[@]}" --product quotient --quiet &&
    swift build "${release[@]}" --product quotient-bench --quiet
}

main() {
  local sanitize=true threads=false
  case "${1:-}" in
    "") ;;
    --quick) sanitize=false ;;
    --thread-sanitizer) threads=true ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac

  deploy/setup.sh --tests
  step "style" swift format lint --strict -r Sources Tests Package.swift
  step "build of the tests" build_tests
  step "release build" build_release
  if [ "$failed" -gt 0 ]; then finish; fi

  local binaries
  binaries=$(swift build "${release[@]}" --show-bin-path)
  export QUOTIENT_BINARY="$binaries/quotient"
  export QUOTIENT_BENCH_BINARY="$binaries/quotient-bench"

  swift_tests "unit and end-to-end tests" --skip-build
  local check
  for check in reference partitions http2 tls clients grpc training; do
    counted "independent client: $check" \
      .venv/bin/python "Tests/EndToEndTests/python/check_$check.py" "$QUOTIENT_BINARY"
  done
  counted "files for deployment" deploy/check.sh "$QUOTIENT_BINARY"
  counted "schemathesis against openapi.yaml" deploy/schemathesis.sh "$QUOTIENT_BINARY"
  if $sanitize; then
    swift_tests "address sanitizer" --sanitize=address --scratch-path .build-asan \
      --filter "$sanitized_rooms"
  fi
  if $threads; then
    # Through the program that this build makes, not the release binary.
    unset QUOTIENT_BINARY QUOTIENT_BENCH_BINARY
    swift_tests "thread sanitizer" --sanitize=thread --scratch-path .build-tsan \
      --filter "$threaded_rooms"
  fi
  finish
}

main "$@"
