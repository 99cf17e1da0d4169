#!/usr/bin/env python3
"""What hostile clients cost: a gzip bomb, streams that are reset, floods of frames, windows that stay
shut. Against a server with one worker, so that everybody else meets the flood; prints its memory and
CPU, and the latencies of a polite client beside it. Exit code 1 if a polite request failed, an attack
was not turned away, memory grew beyond its bound, or, unless --any-latency, p99 reached 10 ms.

usage: deploy/floods.py QUOTIENT_BINARY [--scale 1.0] [--only NAME] [--any-latency]
"""

import argparse
import http.client
import json
import multiprocessing
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

LOOKUP = json.dumps({"features": {"C3": [17]}})
PATH = "/v1/models/demo:lookup"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING = 0, 1, 2, 3, 4, 6
GOAWAY, WINDOW_UPDATE, CONTINUATION = 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
LATENCY_MAX = 0.010
# Then an attacker looks whether it was cut off, and comes again.
PIECES_MAX = 3_000
# What the server may grow by: eleven connections with 4 MiB of answers each, in buffers that may be
# twice as large; or a body of 32 MiB.
GROWTH_MAX = 100 << 20


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(
        ">I", stream) + payload


def field(name, value):
    """A literal that is never indexed (RFC 7541 section 6.2.3)."""
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


def block(method, path=PATH, *more):
    fields = [(b":method", method), (b":scheme", b"http"), (b":path", path.encode()),
              (b":authority", b"a"), *more]
    return b"".join(field(name, value) for name, value in fields)


POST = block(b"POST")
# An answer of more than 100 kB: 30 of them exceed what one connection may leave unsent.
LARGE = block(b"GET", "/openapi.yaml")


class Server:
    def __init__(self, binary, *arguments):
        self.log = tempfile.NamedTemporaryFile("r+", suffix=".log")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--access-log", "off", "--workers", "1",
             *arguments], stdout=self.log, stderr=self.log)
        self.port = None
        while self.port is None:
            if self.process.poll() is not None:
                sys.exit(f"the server did not start: {open(self.log.name).read()}")
            found = re.search(r"http://127\.0\.0\.1:(\d+)", open(self.log.name).read())
            self.port = found and int(found[1])
            time.sleep(0.01)
        while self.ask("GET", "/readyz")[0] != 200:
            time.sleep(0.05)

    def ask(self, method, path, body=None, fields={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def status(self, name):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(rf"{name}:\s+(\d+)", text)[1]) << 10

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\d+)", self.ask("GET", "/metrics")[1].decode(), re.M)
        return int(found[1]) if found else 0

    def stop(self):
        self.process.terminate()
        if self.process.wait():
            sys.exit(f"the server ended badly: {open(self.log.name).read()[-2000:]}")


class Attacker:
    """A connection that sends without reading; what came is looked at when it is asked for."""

    def __init__(self, server, *settings):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        payload = b"".join(struct.pack(">HI", *one) for one in settings)
        self.received = b""
        self.send(PREFACE + frame(SETTINGS, payload=payload))

    def send(self, content):
        """False once the server has closed."""
        try:
            self.socket.sendall(content)
            return True
        except OSError:
            return False

    def is_refused(self):
        """Reads to the end; true if a GOAWAY said ENHANCE_YOUR_CALM."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while content := self.socket.recv(65536):
                self.received += content
        except OSError:
            pass  # A reset may overtake the rest.
        return any(kind == GOAWAY and payload[4:8] == b"\0\0\0\x0b" for kind, payload in self.frames())

    def frames(self):
        rest = self.received
        while len(rest) >= 9:
            count = int.from_bytes(rest[:3], "big")
            yield rest[3], rest[9 : 9 + count]
            rest = rest[9 + count :]

    def close(self):
        self.socket.close()


def repeat(server, count, piece, *opening):
    """Sends `count` pieces, over as many connections as it takes: (connections, refused)."""
    done, connections, refused = 0, 0, 0
    while done < count:
        attacker = Attacker(server)
        attacker.send(b"".join(opening))
        connections += 1
        number = 0
        while number < PIECES_MAX and done < count:
            batch = min(250, count - done)
            content = b"".join(piece(number + i) for i in range(batch))
            number += batch
            done += batch
            if not attacker.send(content):
                break
        refused += attacker.is_refused()
        attacker.close()
    return f"{done} in {connections} connections, {refused} told to be calm", refused > 0


def control_count(scale):
    """Never so few that the burst which everybody may send (2,000) covers them."""
    return max(3_000, int(scale * 10_000))


def bomb(server, scale):
    # Piece by piece, so that it costs this program no memory either.
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(int(scale * 1024))]
    packed = b"".join(pieces) + packer.flush()
    start, statuses = time.time(), []
    for _ in range(5):
        statuses.append(server.ask("POST", PATH, packed, {"Content-Encoding": "gzip"})[0])
    each = (time.time() - start) / len(statuses)
    return (f"{len(packed)} bytes that are {len(pieces) << 20}: {statuses}, "
            f"{1000 * each:.0f} ms each", set(statuses) == {413})


def rapid_reset(server, scale):
    return repeat(
        server, int(scale * 100_000), lambda i: frame(HEADERS, END_HEADERS, 1 + 2 * i, POST)
        + frame(RST_STREAM, 0, 1 + 2 * i, b"\0\0\0\x08"))


def settings(server, scale):
    return repeat(server, control_count(scale), lambda i: frame(SETTINGS))


def pings(server, scale):
    return repeat(server, control_count(scale), lambda i: frame(PING, payload=bytes(8)))


def priorities(server, scale):
    return repeat(
        server, control_count(scale), lambda i: frame(PRIORITY, 0, 3 + 2 * i, b"\0\0\0\0\x0f"))


def continuations(server, scale):
    return repeat(
        server, control_count(scale), lambda i: frame(CONTINUATION, 0, 1, field(b"x", b"y")),
        frame(HEADERS, 0, 1, POST))


def empty_frames(server, scale):
    return repeat(
        server, control_count(scale), lambda i: frame(DATA, 0, 1), frame(HEADERS, END_HEADERS, 1, POST))


def window_updates(server, scale):
    return repeat(
        server, control_count(scale), lambda i: frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01"))


def stalled(server, scale):
    """Streams that ask for large answers and never take a byte: on one connection, and on many."""
    attackers = []
    for streams in [int(scale * 1000)] + [100] * 10:
        attacker = Attacker(server, (4, 0))
        attacker.send(b"".join(
            frame(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * i, LARGE) for i in range(streams)))
        attackers.append(attacker)
    time.sleep(3 * scale)
    open_count = server.metric('quotient_http_connections{protocol="http/2"}')
    for attacker in attackers:
        attacker.close()
    return (f"{int(scale * 1000)} streams on one connection, 100 on each of 10; {open_count} are open",
            open_count == len(attackers))


ATTACKS = [bomb, rapid_reset, settings, pings, priorities, continuations, empty_frames,
           window_updates, stalled]


def polite(port, is_over, results):
    """Asks for one vector again and again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times, wrong = [], []
    while not is_over.value:
        start = time.perf_counter()
        try:
            connection.request("POST", PATH, LOOKUP)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                wrong.append(f"{answer.status} {content[:200]}")
        except (OSError, http.client.HTTPException) as error:
            wrong.append(repr(error))
            connection.close()
        times.append(time.perf_counter() - start)
        time.sleep(0.001)
    results.put((times, wrong))


def quantile(values, fraction):
    values = sorted(values)
    return values[min(len(values) - 1, int(fraction * len(values)))]


def quiet(server, scale):
    time.sleep(3 * scale)
    return "nobody attacks", True


def measure(server, attack, scale):
    before, processor = server.status("VmRSS"), server.cpu()
    server.forget_peak()
    is_over, results = multiprocessing.Value("b", 0), multiprocessing.Queue()
    client = multiprocessing.Process(target=polite, args=(server.port, is_over, results))
    client.start()
    time.sleep(0.3)
    start = time.time()
    said, is_met = attack(server, scale)
    seconds = time.time() - start
    is_over.value = 1
    times, wrong = results.get()
    client.join()
    growth = server.status("VmHWM") - before
    p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
    print(f"{attack.__name__:15} {seconds:6.1f} s, {server.cpu() - processor:5.2f} s of CPU, "
          f"+{growth / (1 << 20):.1f} MiB at most; others: {len(times)} requests, p50 "
          f"{1000 * p50:.2f} p99 {1000 * p99:.2f} ms, {len(wrong)} failed\n{'':15} {said}", flush=True)
    faults = wrong[:2]
    if not is_met:
        faults.append(f"{attack.__name__} was not turned away: {said}")
    if growth > GROWTH_MAX:
        faults.append(f"{attack.__name__}: memory grew by {growth >> 20} MiB")
    return faults, p99


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("--scale", type=float, default=1.0, help="of all counts")
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    parser.add_argument("--any-latency", action="store_true", help="p99 is printed, not judged")
    options = parser.parse_args()
    server = Server(options.binary, "--http2-max-streams", "1000")
    faults = []
    for attack in [quiet] + [one for one in ATTACKS if options.only in one.__name__]:
        found, p99 = measure(server, attack, options.scale)
        faults += found
        if p99 >= LATENCY_MAX and not options.any_latency:
            faults.append(f"{attack.__name__}: p99 of others is {1000 * p99:.1f} ms")
    server.stop()
    print("\n".join(faults) or "all turned away")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
