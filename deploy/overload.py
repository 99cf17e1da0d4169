#!/usr/bin/env python3
"""Three times what the server can do, for a minute: what is answered, what is refused and how fast,
what memory it takes, and how soon it is as before. The server has one core, the load generator the
other. Prints figures; exit code 1 if a bound does not hold.

usage: deploy/overload.py QUOTIENT QUOTIENT_BENCH [--seconds 60] [--factor 3]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

# Work, connections of the closed loop that finds the capacity, and of the open loop.
SCORES = ("S100", 32, 400)
LOOKUPS = ("L1", 64, 400)
IN_FLIGHT_MAX = 128


class Server:
    def __init__(self, binary):
        self.log = tempfile.NamedTemporaryFile("r+", suffix=".log")
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", binary, "serve", "--listen", "127.0.0.1:0", "--workers", "1",
             "--max-in-flight", str(IN_FLIGHT_MAX), "--access-log", "off"],
            stderr=self.log, stdout=self.log)
        self.url = None
        while self.url is None:
            text = open(self.log.name, encoding="utf8").read()
            if self.process.poll() is not None:
                sys.exit(f"the server did not start: {text}")
            found = re.search(r"http://127\.0\.0\.1:\d+", text)
            self.url = found and found[0]
            time.sleep(0.05)

    def memory(self, name):
        text = open(f"/proc/{self.process.pid}/status", encoding="utf8").read()
        return int(re.search(rf"{name}:\s+(\d+)", text)[1]) // 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Load:
    def __init__(self, bench, server, work):
        self.command = ["taskset", "-c", "1", bench, "load", server.url, "--work", work, "--model",
                        "demo", "--cardinality", "250000", "--server-pid", str(server.process.pid),
                        "--json"]

    def run(self, connections, seconds, rate=None, warm_up=1.0):
        command = [*self.command, "--connections", str(connections), "--duration", str(seconds),
                   "--warm-up", str(warm_up)]
        if rate:
            command += ["--rate", str(rate)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            sys.exit(f"the load failed: {result.stdout} {result.stderr}")
        return json.loads(result.stdout)


def overload(bench, server, kind, options):
    """One kind of request; returns the bounds that do not hold."""
    work, few, many = kind
    load = Load(bench, server, work)
    before = load.run(few, 5)
    half = load.run(many, 5, rate=before["per_second"] / 2)
    resident = server.memory("VmRSS")
    during = load.run(many, options.seconds, rate=options.factor * before["per_second"])
    peak = server.memory("VmHWM")
    # The first second is the server's to recover.
    after = load.run(many, 5, rate=before["per_second"] / 2, warm_up=1.0)
    again = load.run(few, 5)
    # The machine may be slower or faster by now than it was.
    capacity = (before["per_second"] + again["per_second"]) / 2
    goodput = during["accepted"] / during["seconds"] / capacity
    # Of the server's own time, for machines where others take some of it.
    frugality = during["accepted"] / (during["seconds"] * during["server_cpu_share"]) / (
        (before["per_second"] / before["server_cpu_share"]
         + again["per_second"] / again["server_cpu_share"]) / 2)
    offered = (during["requests"] + during["unsent"]) / during["seconds"] / capacity
    print(f"{work}: capacity {before['per_second']:.0f}/s before, {again['per_second']:.0f}/s after; "
          f"offered {offered:.2f} times that for {during['seconds']:.0f} s")
    print(f"  answered {100 * goodput:.0f} % of capacity ({100 * frugality:.0f} % per second of CPU "
          f"time), p99 {during['accepted_p99_us'] / 1000:.1f} ms; "
          f"refused {during['refused']} (p99 {during['refused_p99_us'] / 1000:.2f} ms, max "
          f"{during['refused_max_us'] / 1000:.1f}); held back {during['unsent']}")
    print(f"  the server has {100 * during['server_cpu_share']:.0f} % of its core (before "
          f"{100 * before['server_cpu_share']:.0f}); resident {resident} MiB, at most {peak}")
    print(f"  half of capacity: p99 {half['accepted_p99_us'] / 1000:.2f} ms before, "
          f"{after['accepted_p99_us'] / 1000:.2f} a second after, {after['refused']} refused then")
    bounds = {
        "goodput": max(goodput, frugality) >= (0.9 if work == "S100" else 0.6),
        "the server's work without pause": during["server_cpu_share"] > 0.8 * before["server_cpu_share"],
        "refusals within 5 ms": during["refused_p99_us"] <= 5000,
        # Lookups are held back rather than refused: those wait from when they were due.
        "the p99 of what is accepted": work != "S100" or during["accepted_p99_us"]
        <= 2e6 * IN_FLIGHT_MAX / capacity + 10_000,
        "memory": peak - resident <= 64,
        "recovery": not after["refused"]
        and after["accepted_p99_us"] <= 3 * half["accepted_p99_us"] + 2000,
    }
    return [f"{work}: {name}" for name, holds in bounds.items() if not holds]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("quotient")
    parser.add_argument("bench")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--factor", type=float, default=3)
    options = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        sys.exit("two cores are needed: one for the server, one for the load")
    failed = []
    for kind in (SCORES, LOOKUPS):
        server = Server(options.quotient)
        try:
            failed += overload(options.bench, server, kind, options)
        finally:
            server.stop()
    for name in failed:
        print(f"does not hold: {name}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
