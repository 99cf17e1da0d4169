#!/usr/bin/env bash
# Training steps of a DLRM beside PyTorch's, on the same cores: samples a second with one thread of
# each, and with two threads of ours.
#
# usage: deploy/compare-training.sh [--rounds N] [--steps N] [--batch-size N]
#
# Builds quotient-bench. PyTorch is taken from PyPI into .build/compare-training, unless PYTHON names
# an interpreter that has torch and numpy. An idle machine is needed for what it prints to mean much.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly packages=(torch numpy)
readonly environment=.build/compare-training

if [ -z "${PYTHON:-}" ]; then
  if [ ! -x "$environment/bin/python" ]; then
    echo "compare-training: installing ${packages[*]} into $environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet "${packages[@]}"
  fi
  PYTHON=$environment/bin/python
fi

swift build -c release --product quotient-bench
"$PYTHON" Tests/EndToEndTests/python/compare_training.py .build/release/quotient-bench "$@"
