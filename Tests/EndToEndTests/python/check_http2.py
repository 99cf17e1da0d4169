#!/usr/bin/env python3
"""HTTP/2 and compression as clients of other people see them: httpx, curl, nghttp, h2load, and, if
there is a JDK, Java's HttpClient.

usage: check_http2.py QUOTIENT_BINARY
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import zlib

import httpx

from checks import Checks, server

LOOKUP = {"features": {"C3": list(range(40)), "C7": [[1, 2], [], [3]]}}


def run(*command, data=None):
    """Runs a program; returns what it printed."""
    result = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{command} ended with {result.returncode}: {result.stderr.decode()}")
    return result.stdout


def equal(checks, name, found, expected):
    checks.that(name, found == expected, f"{found!r} is not {expected!r}")


def check_httpx(checks, url):
    body = json.dumps(LOOKUP)
    target = f"{url}/v1/models/demo:lookup"
    with httpx.Client() as old, httpx.Client(http1=False, http2=True) as new:
        expected = old.post(target, content=body)
        answer = new.post(target, content=body)
        equal(checks, "httpx speaks HTTP/2", answer.http_version, "HTTP/2")
        equal(checks, "the same answer by both protocols", answer.content, expected.content)
        missing = new.get(f"{url}/nowhere")
        equal(checks, "an error has its status", missing.status_code, 404)
        equal(checks, "an error has its code", missing.json()["code"], "not_found")
        for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
            packed = new.post(target, content=pack(body.encode()),
                              headers={"Content-Encoding": coding, "Accept-Encoding": coding})
            equal(checks, f"{coding} both ways", packed.content, expected.content)
            equal(checks, f"{coding} is named", packed.headers.get("content-encoding"), coding)
        broken = new.post(target, content=gzip.compress(body.encode())[:-9],
                          headers={"Content-Encoding": "gzip"})
        equal(checks, "a damaged body", (broken.status_code, broken.json()["code"]),
                     (400, "invalid_encoding"))
        bomb = gzip.compress(bytes(1 << 28), 9)
        refused = new.post(target, content=bomb, headers={"Content-Encoding": "gzip"})
        equal(checks, "a bomb", (refused.status_code, refused.json()["code"]), (413, "too_large"))


def check_curl(checks, url):
    body = json.dumps(LOOKUP)
    target = f"{url}/v1/models/demo:lookup"
    plain = run("curl", "-sf", "--http1.1", target, "-d", body)
    for option in ("--http2", "--http2-prior-knowledge"):
        answer = run("curl", "-sf", option, target, "-d", body, "-w", "\n%{http_version}")
        content, version = answer.rsplit(b"\n", 1)
        equal(checks, f"curl {option}", (content, version), (plain, b"2"))
        packed = run("curl", "-sf", option, "--compressed", target, "-d", body)
        equal(checks, f"curl {option} --compressed", packed, plain)
    large = json.dumps({"features": {"C3": [i % 1000 for i in range(300_000)]}})
    for option in ("--http1.1", "--http2", "--http2-prior-knowledge"):
        answer = run("curl", "-sf", option, target, "--data-binary", "@-", data=large.encode())
        equal(checks, f"curl {option}: 300,000 ids", len(json.loads(answer)["vectors"]["C3"]), 300_000)
    printed = run("nghttp", "-v", f"{url}/livez").decode()
    equal(checks, "nghttp", '{"live":true}' in printed and "GOAWAY" in printed, True)
    report = run("h2load", "-n", "20000", "-c", "8", "-m", "32", f"{url}/livez").decode()
    equal(checks, "h2load", "20000 succeeded, 0 failed, 0 errored" in report, True)


def check_java(checks, url):
    if not shutil.which("javac"):
        print("SKIPPED: no JDK here, so Java's HttpClient was not tried", flush=True)
        return
    program = os.path.join(os.path.dirname(__file__), "..", "java", "CheckHTTP2.java")
    result = subprocess.run(
        ["java", program, url], capture_output=True, text=True, timeout=120, check=False)
    print(result.stdout + result.stderr[-2000:], end="", flush=True)
    counts = re.search(r"(\d+) passed, (\d+) failed", result.stdout)
    checks.that("Java's HttpClient ran to its end", counts, result.stderr[-600:])
    if counts:
        checks.passed += int(counts[1])
        checks.failed += int(counts[2])


def check_large(checks, url):
    """Answers that are compressed piece by piece between the turns of a worker."""
    body = json.dumps({"features": {"C3": [i % 1000 for i in range(60_000)]}})
    target = f"{url}/v1/models/demo:lookup"
    plain = run("curl", "-sf", "--http1.1", target, "--data-binary", "@-", data=body.encode())
    for option in ("--http1.1", "--http2", "--http2-prior-knowledge"):
        packed = run("curl", "-sf", option, "--compressed", target, "--data-binary", "@-",
                     data=body.encode())
        equal(checks, f"{option}: a large compressed answer", packed, plain)
    with httpx.Client(http1=False, http2=True) as client:
        answer = client.post(target, content=body, headers={"Accept-Encoding": "gzip"})
        equal(checks, "it is named", answer.headers.get("content-encoding"), "gzip")
        equal(checks, "it is the same", answer.content, plain)
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()
        refused = client.post(target, content=bomb, headers={"Content-Encoding": "gzip"})
        equal(checks, "1 GiB of zeros", (refused.status_code, refused.json()["code"]),
              (413, "too_large"))


def main():
    checks = Checks()
    with server(sys.argv[1], "--compress", "on") as url:
        with checks.section("httpx"):
            check_httpx(checks, url)
        with checks.section("curl, nghttp and h2load"):
            check_curl(checks, url)
        with checks.section("large answers"):
            check_large(checks, url)
        with checks.section("Java"):
            check_java(checks, url)
    checks.finish("HTTP/2")


main()
