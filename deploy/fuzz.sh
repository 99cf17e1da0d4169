#!/bin/sh
# Fuzzes every parser with libFuzzer and the address sanitizer.
#
#     deploy/fuzz.sh [SECONDS] [TARGET...]     default: 60 seconds for each target
#
# Inputs that reached new code are kept in .build/fuzz/corpus/TARGET and used by the next run; an
# input that breaks a promise is written to .build/fuzz/findings. Exit code 1 if there is one.
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-60}"
[ $# -eq 0 ] || shift

# Swift's own crash reporter would hold a crashed fuzzer open for ever.
export SWIFT_BACKTRACE=enable=no
export QUOTIENT_FUZZ=1
# What the language runtime keeps alive is no leak; overflows and use after free are what counts.
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
swift build -c release --product quotient-fuzz --scratch-path .build/fuzz/build
fuzzer="$(swift build -c release --show-bin-path --scratch-path .build/fuzz/build)/quotient-fuzz"

# shellcheck disable=SC2046 # one target a word
[ $# -gt 0 ] || set -- $("$fuzzer" --list)
failures=0
mkdir -p .build/fuzz/findings
for target in "$@"; do
  corpus=".build/fuzz/corpus/$target"
  mkdir -p "$corpus"
  "$fuzzer" --seeds "$target" "$corpus"
  echo "fuzz.sh: $target for $seconds s"
  if ! QUOTIENT_FUZZ_TARGET="$target" "$fuzzer" -max_total_time="$seconds" -max_len=4096 \
    -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=".build/fuzz/findings/$target-" "$corpus"; then
    echo "fuzz.sh: $target has a finding; see .build/fuzz/findings" >&2
    failures=$((failures + 1))
  fi
done
[ "$failures" -eq 0 ] || exit 1
echo "fuzz.sh: no finding in $# targets"
