#!/usr/bin/env python3
"""What the engineer on call wants to have seen before: version switches under load, writers that are
killed, files that are cut, thousands of idle connections, connections that come and go, the end under
load, system calls that fail for want of descriptors, memory and space. Runs a real server and prints
figures; exit code 1 if an answer was wrong or something leaked.

usage: deploy/faults.py QUOTIENT_BINARY [--switches 1000] [--kills 500] [--cuts 20] [--idle 10000]
                        [--churn 100000] [--ends 10] [--clients 3] [--http2-clients 2] [--shortages 3]

HTTP/2 needs httpx[http2]: deploy/setup.sh --tests, then .venv/bin/python deploy/faults.py.
"""

import argparse
import asyncio
import errno
import http.client
import json
import mmap
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

try:
    import h2  # httpx needs it for HTTP/2
    import httpx
except ImportError:
    httpx = None

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REFERENCE = f"{ROOT}/Tests/Reference/dev-b-qr-concat60-dotself/model.pt"
FLAGS = (
    "--qr-operation concat --qr-collisions 60 --qr-threshold 0 "
    "--arch-embedding-size 1000-613-240-77-61 --arch-interaction-op dot --arch-interaction-itself"
).split()
LOOKUP = json.dumps({"features": {"C1": [17, 42, 999], "C3": [5, 239]}})
SCORE = json.dumps(
    {"candidates": {"dense": [[0.5] * 7] * 8, "sparse": [[i, i, i, i, i] for i in range(8)]}}
)


class Server:
    def __init__(self, binary, *arguments, environment=None):
        self.log = tempfile.NamedTemporaryFile("r+", suffix=".log")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--access-log", "off", *arguments],
            stderr=self.log, stdout=self.log, env={**os.environ, **(environment or {})})
        self.port = None
        while self.port is None:
            if self.process.poll() is not None:
                sys.exit(f"the server did not start: {open(self.log.name).read()}")
            found = re.search(r"http://127\.0\.0\.1:(\d+)", open(self.log.name).read())
            self.port = found and int(found[1])
            time.sleep(0.01)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def resident(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def mappings(self):
        return open(f"/proc/{self.process.pid}/maps").read().count(".safetensors")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait()
        if code:
            sys.exit(f"the server ended with {code}: {open(self.log.name).read()[-2000:]}")


def strip_version(answer):
    return re.sub(rb'"version":"\d+"', b"", answer)


class HTTP1:
    """Asks one after the other on a connection of HTTP/1.1."""

    name, failures = "HTTP/1.1", (OSError, http.client.HTTPException)

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, questions):
        for path, body in questions:
            start = time.perf_counter()
            try:
                self.connection.request("POST", path, body)
                answer = self.connection.getresponse()
                yield path, answer.status, answer.read(), time.perf_counter() - start
            except self.failures as error:
                self.connection.close()
                yield path, 0, repr(error).encode(), time.perf_counter() - start


class HTTP2:
    """Asks everything at once, each on a stream of its own, on one connection of HTTP/2."""

    name = "HTTP/2"

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.loop = asyncio.new_event_loop()
        self.client = httpx.AsyncClient(
            http1=False, http2=True, timeout=30, limits=httpx.Limits(max_connections=1))

    def ask(self, questions):
        async def one(path, body):
            start = time.perf_counter()
            try:
                answer = await self.client.post(self.url + path, content=body)
                return path, answer.status_code, answer.content, time.perf_counter() - start
            except httpx.HTTPError as error:
                return path, 0, repr(error).encode(), time.perf_counter() - start

        async def every():
            return await asyncio.gather(*(one(*question) for question in questions * 2))

        return self.loop.run_until_complete(every())


def client(protocol, port, expected, is_switching, is_over, results):
    """Asks without pause; judges each answer by the version that it names."""
    asker = protocol(port)
    times = {False: [], True: []}
    wrong = []
    questions = [("/v1/models/m:lookup", LOOKUP), ("/v1/models/m:score", SCORE)]
    while not is_over.value:
        phase = bool(is_switching.value)
        for path, status, content, seconds in asker.ask(questions):
            if phase == bool(is_switching.value):
                times[phase].append(seconds)
            version = re.search(rb'"version":"(\d+)"', content)
            if status != 200 or not version:
                wrong.append(f"{protocol.name} {path}: {status} {content[:200]}")
            elif strip_version(content) != expected[path][int(version[1]) % 2]:
                wrong.append(f"{protocol.name} {path}: mixed: {content[:200]}")
    results.put((protocol.name, times, wrong))


def quantile(values, fraction):
    values = sorted(values)
    return values[min(len(values) - 1, int(fraction * len(values)))] if values else float("nan")


def prepare(binary, folder):
    """Two checkpoints that answer differently: odd versions as imported, even ones as bf16."""
    quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(
        [binary, "import", "dlrm", REFERENCE, "--output", f"{folder}/odd", "--name", "m", *FLAGS],
        **quiet)
    subprocess.run(
        [binary, "quantize", f"{folder}/odd", "--output", f"{folder}/even", "--type", "bf16"], **quiet)


def switches(binary, count, client_count, http2_client_count):
    with tempfile.TemporaryDirectory() as folder:
        prepare(binary, folder)
        os.makedirs(f"{folder}/models/m")
        kinds = [f"{folder}/even", f"{folder}/odd"]
        # Staged beforehand, where nobody looks: a version comes by one rename.
        for version in range(1, count + 3):
            shutil.copytree(kinds[version % 2], f"{folder}/staged/{version}")

        def publish(version):
            os.rename(f"{folder}/staged/{version}", f"{folder}/models/m/{version}")

        publish(1)
        server = Server(binary, "--model-repository", f"{folder}/models", "--workers", "2")
        expected = {"/v1/models/m:lookup": {}, "/v1/models/m:score": {}}

        def wait_for(version):
            while f'"version":"{version}"'.encode() not in server.ask(
                    "POST", "/v1/models/m:lookup", LOOKUP)[1]:
                time.sleep(0.002)

        def pretend(seconds):
            """What this process does while it switches, without the switches."""
            end = time.time() + seconds
            while time.time() < end:
                shutil.copytree(kinds[0], f"{folder}/pretended")
                for _ in range(20):
                    server.ask("POST", "/v1/models/m:lookup", LOOKUP)
                    time.sleep(0.002)
                shutil.rmtree(f"{folder}/pretended")

        for version in (1, 2):
            if version > 1:
                publish(version)
            wait_for(version)
            for path, body in (("/v1/models/m:lookup", LOOKUP), ("/v1/models/m:score", SCORE)):
                status, answer = server.ask("POST", path, body)
                assert status == 200, answer
                expected[path][version % 2] = strip_version(answer)
        assert all(values[0] != values[1] for values in expected.values())
        is_switching, is_over = multiprocessing.Value("b", 0), multiprocessing.Value("b", 0)
        results = multiprocessing.Queue()
        clients = [
            multiprocessing.Process(
                target=client, args=(protocol, server.port, expected, is_switching, is_over, results))
            for protocol in [HTTP1] * client_count + [HTTP2] * http2_client_count]
        for one in clients:
            one.start()
        time.sleep(2)
        resident, start = server.resident(), time.time()
        done, piece = 0, max(1, count // 10)
        while done < count:
            # Quiet and switching by turns, so that both see the same machine.
            time.sleep(0.2)
            pretend(1.5)
            is_switching.value = 1
            for _ in range(min(piece, count - done)):
                version = done + 3
                publish(version)
                wait_for(version)
                shutil.rmtree(f"{folder}/models/m/{version - 1}")
                done += 1
            is_switching.value = 0
        seconds = time.time() - start
        is_over.value = 1
        outcomes = [results.get() for _ in clients]
        for one in clients:
            one.join()
        wrong = [text for _, _, texts in outcomes for text in texts]
        time.sleep(1)
        print(f"switches: {count} in {seconds:.0f} s: {len(wrong)} answers failed or mixed")
        for protocol in (HTTP1.name, HTTP2.name):
            phases = {phase: [t for name, times, _ in outcomes if name == protocol
                              for t in times[phase]] for phase in (False, True)}
            for phase, values in phases.items():
                line = ", ".join(
                    f"p{q} {1000 * quantile(values, q / 100):.2f}" for q in (50, 99, 99.9))
                print(f"  {protocol:8} {'switching' if phase else 'quiet':9} {line} ms "
                      f"({len(values)} requests)")
            ratio = quantile(phases[True], 0.999) / quantile(phases[False], 0.999)
            print(f"  {protocol:8} p99.9 ratio {ratio:.2f}")
        print(f"  resident {resident} -> {server.resident()} KiB; "
              f"{server.mappings()} checkpoint mapped")
        is_leaking = server.mappings() != 1
        server.stop()
        return wrong[:3] + (["mappings are left"] if is_leaking else [])


def kills(binary, count):
    """kill -9 of a writer at random moments: what a reader sees is whole or not there."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(binary, folder)
        os.makedirs(f"{folder}/models/m")
        shutil.copytree(f"{folder}/odd", f"{folder}/models/m/1")
        server = Server(binary, "--model-repository", f"{folder}/models", "--workers", "1")
        command = [binary, "quantize", f"{folder}/odd", "--type", "f16", "--output"]
        start = time.time()
        subprocess.run([*command, f"{folder}/once"], check=True, stdout=subprocess.DEVNULL)
        span = 1.2 * (time.time() - start)
        generator, whole, wrong = random.Random(1), 0, []
        for version in range(2, count + 2):
            writer = subprocess.Popen(
                [*command, f"{folder}/models/m/{version}"], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            time.sleep(generator.uniform(0, span))
            writer.kill()
            writer.wait()
            if os.path.exists(f"{folder}/models/m/{version}"):
                whole += 1
                check = subprocess.run(
                    [binary, "verify", f"{folder}/models/m/{version}"], capture_output=True)
                if check.returncode:
                    wrong.append(f"version {version}: {check.stderr}")
            status, answer = server.ask("POST", "/v1/models/m:lookup", LOOKUP)
            if status != 200:
                wrong.append(f"after {version}: {status} {answer}")
        refused = open(server.log.name).read().count("was refused")
        print(f"kills: {count} writers killed, {whole} had finished, {refused} versions refused, "
              f"{len(wrong)} partial")
        server.stop()
        return wrong[:3] + (["a partial version was seen"] if refused else [])


def cuts(binary, count):
    """Files cut under load, again and again: 503 with a reason, the other model unaffected."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(binary, folder)
        for model in ("m", "other"):
            os.makedirs(f"{folder}/models/{model}")
            shutil.copytree(f"{folder}/odd", f"{folder}/models/{model}/1")
        server = Server(binary, "--model-repository", f"{folder}/models", "--workers", "2")
        statuses, wrong = {}, []
        path = f"{folder}/models/m/1/model.safetensors"
        size = os.path.getsize(path)
        for round_number in range(count):
            os.truncate(path, random.Random(round_number).randrange(size))
            end = time.time() + 0.2
            while time.time() < end:
                status, answer = server.ask("POST", "/v1/models/m:lookup", LOOKUP)
                statuses[status] = statuses.get(status, 0) + 1
                if status not in (200, 503):
                    wrong.append(f"{status} {answer}")
                if server.ask("POST", "/v1/models/other:lookup", LOOKUP)[0] != 200:
                    wrong.append("the other model failed")
            shutil.rmtree(f"{folder}/models/m/1")
            shutil.copytree(f"{folder}/odd", f"{folder}/models/m/.1")
            os.rename(f"{folder}/models/m/.1", f"{folder}/models/m/1")
            end = time.time() + 10
            while server.ask("GET", "/readyz")[0] != 200 and time.time() < end:
                time.sleep(0.02)
        print(f"cuts: {count} files cut under load, answers {statuses}, {len(wrong)} wrong")
        server.stop()
        return wrong[:3]


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def request(path, body, extra=""):
    return (f"POST {path} HTTP/1.1\r\nHost: a\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode()


def connections(binary, idle_count, churn_count):
    """Idle connections take little; connections that come and go leave nothing."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle_count = min(idle_count, hard - 200)
    with tempfile.TemporaryDirectory() as folder:
        prepare(binary, folder)
        server = Server(binary, "--model", f"m={folder}/odd", "--workers", "2")
        question = request("/v1/models/m:lookup", LOOKUP)

        def churn(count):
            for number in range(count):
                one = connect(server.port)
                # Whole, cut off in the middle, and none at all.
                one.sendall(question[: (len(question), len(question) // 2, 0)[number % 3]])
                if number % 3 == 0:
                    one.recv(65536)
                one.close()

        def settle():
            time.sleep(1)
            return server.resident(), server.descriptors()

        churn(3000)
        before, open_before = settle()
        kept = []
        for _ in range(idle_count):
            one = connect(server.port)
            one.sendall(question)
            one.recv(65536)
            kept.append(one)
        during, _ = settle()
        for one in kept:
            one.close()
        print(f"idle: {idle_count} connections after an answer each, "
              f"{1024 * (during - before) / max(1, idle_count):.0f} bytes each")
        churn(3000)
        first, _ = settle()
        start = time.time()
        churn(churn_count)
        seconds = time.time() - start
        last, open_after = settle()
        print(f"churn: {churn_count} connections in {seconds:.0f} s, resident {first} -> {last} KiB, "
              f"descriptors {open_before} -> {open_after}")
        server.stop()
        wrong = []
        if 1024 * (during - before) > 4096 * idle_count:
            wrong.append("an idle connection takes more than 4 KiB")
        if open_after > open_before or last - first > 2048:
            wrong.append("connections leak")
        return wrong


def polite_client(port, begun, results):
    """Asks until the server says `Connection: close` or takes no new connection."""
    answered, wrong, one = 0, [], None
    while True:
        try:
            one = one or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            if one.sock is None:
                one.connect()
        except OSError:
            break
        begun.set()
        try:
            one.request("POST", "/v1/models/m:score", SCORE)
            answer = one.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            wrong.append(repr(error))
            break
        answered += 1
        if answer.status != 200:
            wrong.append(f"{answer.status} {content[:200]}")
        if answer.getheader("Connection", "").lower() == "close":
            break
    results.put((answered, wrong))


def ends(binary, count):
    """SIGTERM under load: every request that a well-behaved client sends is answered."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(binary, folder)
        total, wrong = 0, []
        for _ in range(count):
            server = Server(
                binary, "--model", f"m={folder}/odd", "--workers", "2", "--drain-delay", "0.2")
            results = multiprocessing.Queue()
            signs = [multiprocessing.Event() for _ in range(4)]
            clients = [multiprocessing.Process(target=polite_client, args=(server.port, sign, results))
                       for sign in signs]
            for one in clients:
                one.start()
            for sign in signs:
                sign.wait()
            time.sleep(0.3)
            server.stop()
            for answered, texts in [results.get() for _ in clients]:
                total += answered
                wrong += texts
            for one in clients:
                one.join()
        print(f"ends: {count} servers ended under load, {total} requests answered, {len(wrong)} failed")
        return wrong[:3]


# Calls as deploy/shortages.c numbers them, the errors that the kernel may answer, and how often.
SHORTAGES = [
    ("accept", 1, ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED"), 2),
    ("epoll_ctl", 2, ("ENOMEM", "ENOSPC"), 2),
    ("recv", 3, ("ENOMEM", "ECONNRESET", "EIO"), 20),
    ("send", 4, ("ENOBUFS", "EPIPE", "ENOMEM"), 20),
    ("open", 5, ("EMFILE", "ENFILE", "ENOMEM", "EIO"), 2),
    ("mmap", 6, ("ENOMEM", "ENODEV", "EAGAIN"), 1),
    ("pread", 7, ("EIO",), 1),
    ("write", 8, ("ENOSPC", "EIO", "EFBIG"), 1),
    ("fsync", 9, ("EIO", "ENOSPC"), 1),
]


def shortages(binary, rounds):
    """System calls fail again and again under load: no crash, no wrong answer, and afterwards all is
    as before. Writers that fail say so in a line, and leave nothing."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(binary, folder)
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", f"{folder}/shortages.so",
             f"{ROOT}/deploy/shortages.c", "-ldl"], check=True)
        with open(f"{folder}/steering", "wb") as empty:
            empty.write(bytes(16))
        environment = {
            "LD_PRELOAD": f"{folder}/shortages.so", "SHORTAGES_FILE": f"{folder}/steering"}
        file = open(f"{folder}/steering", "r+b")
        steering = mmap.mmap(file.fileno(), 16)

        def steer(kind, error, period):
            steering[0:12] = struct.pack("III", 0, period, error)
            steering[0:4] = struct.pack("I", kind)

        def failures():
            return struct.unpack("I", steering[12:16])[0]

        os.makedirs(f"{folder}/models/m")
        shutil.copytree(f"{folder}/odd", f"{folder}/models/m/1")
        server = Server(
            binary, "--model-repository", f"{folder}/models", "--workers", "2",
            environment=environment)
        expected = {}
        for path, body in (("/v1/models/m:lookup", LOOKUP), ("/v1/models/m:score", SCORE)):
            expected[path] = strip_version(server.ask("POST", path, body)[1])
        time.sleep(0.5)
        open_before, version = server.descriptors(), 1
        answered, broken, wrong = 0, 0, []

        def ask(path, body):
            nonlocal answered, broken
            try:
                status, content = server.ask("POST", path, body)
            except (OSError, http.client.HTTPException):
                broken += 1
                return
            answered += 1
            if status == 200 and strip_version(content) != expected[path]:
                wrong.append(f"a wrong answer: {content[:200]}")
            elif status not in (200, 429, 503):
                wrong.append(f"{status} {content[:200]}")

        for _ in range(rounds):
            for name, kind, errors, period in SHORTAGES[:7]:
                for error in errors:
                    steer(kind, getattr(errno, error), period)
                    version += 1
                    shutil.copytree(f"{folder}/odd", f"{folder}/new")
                    os.rename(f"{folder}/new", f"{folder}/models/m/{version}")
                    end = time.time() + 0.25
                    while time.time() < end:
                        ask("/v1/models/m:lookup", LOOKUP)
                        ask("/v1/models/m:score", SCORE)
                    steer(0, 0, 0)
                    # A version that the system refused is tried again within seconds.
                    end = time.time() + 10
                    current = b""
                    while time.time() < end and f'"version":"{version}"'.encode() not in current:
                        current = server.ask("POST", "/v1/models/m:lookup", LOOKUP)[1]
                        time.sleep(0.01)
                    if strip_version(current) != expected["/v1/models/m:lookup"]:
                        wrong.append(f"after {error} of {name}: {current[:200]}")
                    if f'"version":"{version}"'.encode() not in current:
                        wrong.append(f"after {error} of {name}: version {version} did not come")
                    shutil.rmtree(f"{folder}/models/m/{version - 1}")
        failed = failures()
        time.sleep(1)
        leak = server.descriptors() - open_before
        server.stop()
        silent = 0
        for name, kind, errors, period in SHORTAGES[4:]:
            for error in errors:
                for skip in (1, 2, 3):
                    steer(kind, getattr(errno, error), skip)
                    before = failures()
                    done = subprocess.run(
                        [binary, "quantize", f"{folder}/odd", "--output", f"{folder}/out", "--type",
                         "f16"], env={**os.environ, **environment}, capture_output=True, check=False)
                    is_hit = failures() > before
                    steer(0, 0, 0)
                    if os.path.exists(f"{folder}/out"):
                        check = subprocess.run([binary, "verify", f"{folder}/out"], capture_output=True,
                                               check=False)
                        if check.returncode or done.returncode:
                            wrong.append(f"{error} of {name} left a checkpoint: {done.stderr[-200:]}")
                        shutil.rmtree(f"{folder}/out")
                    elif done.returncode != 1 or is_hit and not done.stderr.strip():
                        silent += name != "write"  # The error stream is one of the files.
                        if done.returncode != 1:
                            wrong.append(f"{error} of {name}: code {done.returncode} {done.stderr}")
        left = [name for name in os.listdir(folder) if name.startswith(".") or "out" in name]
        print(f"shortages: {failed} system calls failed under {answered + broken} requests, {broken} of "
              f"which were cut off; {failures() - failed} failed in writers; descriptors {leak:+d}; "
              f"{len(wrong)} wrong, {len(left)} files left")
        return wrong[:3] + (["descriptors leak"] if leak > 0 else []) + (
            ["a writer failed without a word"] if silent else []) + left[:3]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("--switches", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--idle", type=int, default=10000)
    parser.add_argument("--churn", type=int, default=100000)
    parser.add_argument("--ends", type=int, default=10)
    parser.add_argument("--clients", type=int, default=3)
    parser.add_argument("--http2-clients", type=int, default=2)
    parser.add_argument("--shortages", type=int, default=3)
    options = parser.parse_args()
    wrong = []
    if httpx is None and options.http2_clients:
        print("faults: no httpx with HTTP/2 here (see --help): SWITCHES ARE ASKED FOR BY HTTP/1.1 ALONE")
        options.http2_clients = 0
    if options.switches:
        wrong += switches(
            options.binary, options.switches, options.clients, options.http2_clients)
    if options.kills:
        wrong += kills(options.binary, options.kills)
    if options.cuts:
        wrong += cuts(options.binary, options.cuts)
    if options.idle or options.churn:
        wrong += connections(options.binary, options.idle, options.churn)
    if options.ends:
        wrong += ends(options.binary, options.ends)
    if options.shortages:
        wrong += shortages(options.binary, options.shortages)
    print("\n".join(wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
