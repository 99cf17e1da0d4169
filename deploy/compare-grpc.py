#!/usr/bin/env python3
"""What 100 vectors cost the server by gRPC, beside the same lookup in raw bytes over HTTP/1.1 and
binary infer over REST: microseconds of CPU (user and system) a request, and the ratios.

usage: deploy/compare-grpc.py [QUOTIENT_BINARY] [--rounds 7] [--requests 20000] [--bound 1.6]

h2load drives one worker pinned to the first core, from the second; the ways take turns, round after
round, and the least disturbed round of each counts. Exit code 1 if gRPC costs more than `--bound`
times the raw lookup.
"""

import argparse
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

CONNECTIONS = 8
IDS = [(7919 * i) % 250_000 for i in range(100)]


def field(number, content):
    """A field of Protocol Buffers with a length."""
    length, text = len(content), b""
    while length > 127:
        text, length = text + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + text + bytes([length]) + content


def call():
    """ModelInferRequest for C3.vectors, behind its flag and length."""
    tensor = field(1, b"C3") + field(2, b"INT64") + field(3, bytes([len(IDS)]))
    message = field(1, b"demo") + field(5, tensor) + field(6, field(1, b"C3.vectors"))
    message += field(7, struct.pack("<100q", *IDS))
    return b"\0" + struct.pack(">I", len(message)) + message


def infer():
    """The JSON of a binary infer request, and all of its body."""
    text = (
        b'{"inputs":[{"name":"C3","shape":[100],"datatype":"INT64","parameters":'
        b'{"binary_data_size":800}}],"outputs":[{"name":"C3.vectors","parameters":'
        b'{"binary_data":true}}]}')
    return len(text), text + struct.pack("<100q", *IDS)


def ways(base, folder):
    length, body = infer()
    raw, rest, grpc = folder / "raw", folder / "rest", folder / "grpc"
    raw.write_bytes(struct.pack("<100q", *IDS))
    rest.write_bytes(body)
    grpc.write_bytes(call())
    method = f"{base}/inference.GRPCInferenceService/ModelInfer"
    octets = ["-H", "content-type: application/octet-stream"]
    header = ["-H", f"inference-header-content-length: {length}"]
    lookup = f"{base}/v1/models/demo:lookup?feature=C3&dtype=I64"
    typed = ["-H", "content-type: application/grpc", "-H", "te: trailers", "-d", grpc, method]
    return {
        "raw lookup, HTTP/1.1": ["--h1", "-m1", *octets, "-d", raw, lookup],
        "binary infer, HTTP/1.1": [
            "--h1", "-m1", *octets, *header, "-d", rest, f"{base}/v2/models/demo/infer"],
        "raw lookup, HTTP/2": ["-m1", *octets, "-d", raw, lookup],
        "gRPC": ["-m1", *typed],
        "raw lookup, HTTP/2, 32 streams": ["-m32", *octets, "-d", raw, lookup],
        "gRPC, 32 streams": ["-m32", *typed],
    }


def processor_time(process):
    """Nanoseconds that the threads of a process were on a processor."""
    tasks = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def cost(process, options, count):
    before = processor_time(process)
    report = subprocess.run(
        ["taskset", "-c", "1", "h2load", f"-n{count}", f"-c{CONNECTIONS}", *map(str, options)],
        capture_output=True, text=True, check=True).stdout
    after = processor_time(process)
    if f"{count} succeeded, 0 failed" not in report:
        sys.exit(f"compare-grpc: {report}")
    return (after - before) / count / 1000


def is_ready(base):
    try:
        with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def start(binary, log):
    process = subprocess.Popen(
        ["taskset", "-c", "0", binary, "serve", "--workers", "1", "--listen", "127.0.0.1:0",
         "--access-log", "off"], stdout=log, stderr=log)
    for _ in range(6000):
        log.seek(0)
        text = log.read()
        found = re.search(r"http://127\.0\.0\.1:\d+", text)
        if found and is_ready(found.group(0)):
            return process, found.group(0)
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    sys.exit(f"compare-grpc: the server did not start: {text[-500:]}")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("binary", nargs="?", default=".build/release/quotient")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--requests", type=int, default=20_000)
    options.add_argument("--bound", type=float, default=1.6)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as log:
        process, base = start(options.binary, log)
        try:
            best = {}
            for _ in range(options.rounds):
                for name, arguments in ways(base, pathlib.Path(folder)).items():
                    found = cost(process, arguments, options.requests)
                    best[name] = min(found, best.get(name, found))
        finally:
            process.terminate()
            process.wait()
    raw = best["raw lookup, HTTP/1.1"]
    for name, microseconds in best.items():
        print(f"{name:32} {microseconds:7.2f} us {microseconds / raw:6.2f} times the raw lookup")
    ratio = best["gRPC"] / raw
    print(f"gRPC: {ratio:.2f} times, at most {options.bound}")
    sys.exit(ratio > options.bound)


if __name__ == "__main__":
    main()
