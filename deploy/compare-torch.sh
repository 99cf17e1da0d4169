#!/usr/bin/env bash
# DLRM scores beside PyTorch and onnxruntime: microseconds a candidate on one core, and ratios.
#
# usage: deploy/compare-torch.sh [--rounds N]
#
# Builds quotient-bench. PyTorch and onnxruntime are taken from PyPI into .build/compare-torch,
# unless PYTHON names an interpreter that has torch, onnx and onnxruntime.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly packages=(torch onnx onnxruntime numpy)
readonly environment=.build/compare-torch

if [ -z "${PYTHON:-}" ]; then
  if [ ! -x "$environment/bin/python" ]; then
    echo "compare-torch: installing ${packages[*]} into $environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet "${packages[@]}"
  fi
  PYTHON=$environment/bin/python
fi

swift build -c release --product quotient-bench
"$PYTHON" Tests/EndToEndTests/python/compare_torch.py .build/release/quotient-bench "$@"
