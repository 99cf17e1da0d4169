#!/usr/bin/env bash
# Builds the server and starts it. Every argument goes to `quotient serve`; none serves a demo.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/setup.sh
printf 'run: building quotient (release); the first time takes a few minutes\n'
swift build -c release --product quotient --static-swift-stdlib --quiet
exec "$(swift build -c release --static-swift-stdlib --show-bin-path)/quotient" serve "$@"
