"""Counts what passed and failed, runs the programs, and compares vectors."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import numpy


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def that(self, name, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name} {str(detail)[:600]}", flush=True)

    def close(self, name, served, expected, slack=0.0):
        """float32 vectors within 1e-6 + 2e-6 * |x| (and `slack`, for sums of large numbers)."""
        served = numpy.asarray(served, dtype=numpy.float64)
        expected = numpy.asarray(expected, dtype=numpy.float64)
        if served.shape != expected.shape:
            self.that(name, False, f"shape {served.shape}, not {expected.shape}")
            return
        far = numpy.abs(served - expected) > 1e-6 + slack + 2e-6 * numpy.abs(expected)
        detail = ""
        if far.any():
            place = tuple(int(x) for x in numpy.argwhere(far)[0])
            detail = f"{far.sum()} differ, first at {place}: {served[place]} not {expected[place]}"
        self.that(name, not far.any(), detail)

    @contextlib.contextmanager
    def section(self, name):
        """A section that breaks off is one failure, and the next one goes on."""
        try:
            yield
        except Exception as error:  # whatever went wrong, it is counted
            self.that(name, False, f"{type(error).__name__}: {error}")

    def finish(self, title):
        print(f"{title}: {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def run(binary, *arguments, limit=60):
    return subprocess.run(
        [binary, *map(str, arguments)], capture_output=True, text=True, timeout=limit, check=False
    )


@contextlib.contextmanager
def server(binary, *arguments):
    """`quotient serve` on a free port; gives its URL."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", *map(str, arguments)],
            stdout=log, stderr=log, env={**os.environ, "SWIFT_BACKTRACE": "enable=no"},
        )
        try:
            yield _announced_url(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _announced_url(process, log):
    for _ in range(6000):
        log.seek(0)
        text = log.read()
        match = re.search(r"http://127\.0\.0\.1:\d+", text)
        if match:
            return match.group(0)
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}: {text[-600:]}")
        time.sleep(0.01)
    raise RuntimeError("the server did not say where it listens")
