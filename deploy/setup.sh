#!/usr/bin/env bash
# Installs what Quotient needs to be built on Debian or Ubuntu. Says what it does; running it again
# changes nothing. With --tls also the headers of OpenSSL, for builds with --traits TLS. With --tests also what the tests use: a Python environment in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly swift_version_min=6.2
readonly build_packages=(zlib1g-dev libnghttp2-dev pkg-config)
readonly tls_packages=(libssl-dev)
readonly test_packages=(python3-venv curl nghttp2-client openssl)
readonly python_packages=(numpy==2.* safetensors==0.* requests==2.* 'httpx[http2]==0.*' schemathesis==4.*
  kubernetes-validate==1.* pyyaml==6.* "tritonclient[http,grpc]==2.*" "grpcio-health-checking==1.*" aiohttp==3.*)

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

usage() {
  cat <<'TEXT'
usage: deploy/setup.sh [--tls] [--tests]

  --tls     also install the headers of OpenSSL, for swift build --traits TLS
  --tests   also install what the tests use (those, and Python packages into .venv)
TEXT
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "'$*' needs root: run this script as root, or install sudo"
  fi
}

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
  local missing=()
  local package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "system packages are there: $*"
    return
  fi
  say "installing system packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

check_swift() {
  command -v swift >/dev/null ||
    fail "no 'swift' in PATH: install Swift $swift_version_min or later from https://www.swift.org/install/linux/"
  local version
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)+).*/\1/p' | head -n 1)
  [ -n "$version" ] || fail "'swift --version' says no version: reinstall Swift from https://www.swift.org/install/linux/"
  if [ "$(printf '%s\n' "$swift_version_min" "$version" | sort -V | head -n 1)" != "$swift_version_min" ]; then
    fail "Swift $version is older than $swift_version_min: see https://www.swift.org/install/linux/"
  fi
  say "Swift $version is there"
}

install_python_packages() {
  local wanted="${python_packages[*]}"
  if [ -x .venv/bin/python ] && [ "$(cat .venv/packages 2>/dev/null)" = "$wanted" ]; then
    say "Python packages are there: $wanted"
    return
  fi
  say "installing Python packages into .venv: $wanted"
  # A system without the ensurepip of its own Python needs its distribution's interpreter.
  python3 -m venv .venv 2>/dev/null || /usr/bin/python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "${python_packages[@]}"
  printf '%s' "$wanted" >.venv/packages
}

# promtool alone, without the service that its package starts.
install_promtool() {
  if command -v promtool >/dev/null || [ -x .venv/prometheus/usr/bin/promtool ]; then
    say "promtool is there"
    return
  fi
  say "unpacking Debian's prometheus into .venv, for promtool"
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -qq prometheus) || {
    as_root apt-get update -qq
    (cd "$folder" && apt-get download -qq prometheus)
  }
  dpkg -x "$folder"/prometheus_*.deb .venv/prometheus
  rm -rf "$folder"
}

main() {
  local with_tests=false with_tls=false argument
  for argument in "$@"; do
    case "$argument" in
      --tls) with_tls=true ;;
      --tests) with_tests=true with_tls=true ;;
      -h | --help)
        usage
        exit 0
        ;;
      *)
        usage >&2
        exit 2
        ;;
    esac
  done
  command -v apt-get >/dev/null ||
    fail "this script knows Debian and Ubuntu; elsewhere install the headers of zlib and libnghttp2, pkg-config and Swift $swift_version_min"
  install_packages "${build_packages[@]}"
  if $with_tls; then install_packages "${tls_packages[@]}"; fi
  check_swift
  if $with_tests; then
    install_packages "${test_packages[@]}"
    install_python_packages
    install_promtool
  fi
}

main "$@"
