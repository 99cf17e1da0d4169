#!/usr/bin/env python3
"""HTTPS as clients of other people see it: Python's ssl, httpx, curl, grpcio, tritonclient. Versions,
ALPN, reload, client certificates, what is refused and counted, large answers, slow and cut handshakes.

usage: check_tls.py QUOTIENT_BINARY (built with --traits TLS)
"""

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # Calls that fail here are meant to.
import grpc
import httpx
import numpy
import tritonclient.grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from checks import Checks, run

LOOKUP = json.dumps({"features": {"C3": list(range(40)), "C7": [[1, 2], [], [3]]}})
LARGE = json.dumps({"features": {"C3": [i % 500 for i in range(40000)]}})


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def authority(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-days", "9",
            "-subj", f"/CN={name}")


def certificate(folder, name, signer, days=9):
    """NAME.pem and NAME.key, signed by SIGNER, for 127.0.0.1."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr", "-subj", f"/CN={name}")
    with open(f"{folder}/extensions", "w", encoding="ascii") as extensions:
        extensions.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/{signer}.pem",
            "-CAkey", f"{folder}/{signer}.key", "-out", f"{folder}/{name}.pem", "-days", str(days),
            "-extfile", f"{folder}/extensions")


class Server:
    """`quotient serve` with TLS at one address, and without at a path (for its metrics)."""

    def __init__(self, binary, folder, *arguments):
        self.folder = folder
        self.path = f"{folder}/plain.sock"
        self.log = f"{folder}/server.log"
        with open(self.log, "w", encoding="utf8") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--listen", "127.0.0.1:0", "--listen", f"unix:{self.path}",
                 "--tls-certificate", f"{folder}/served.pem", "--tls-key", f"{folder}/served.key",
                 *arguments], stderr=log, stdout=log)
        self.wait_for_log("listening on unix")
        self.url = re.search(r"https://127\.0\.0\.1:\d+", self.text())[0]
        self.port = int(self.url.rsplit(":", 1)[1])

    def text(self):
        with open(self.log, encoding="utf8") as log:
            return log.read()

    def wait_for_log(self, words, count=1):
        end = time.time() + 60
        while self.text().count(words) < count:
            if self.process.poll() is not None or time.time() > end:
                raise RuntimeError(f"no '{words}' in the log: {self.text()[-800:]}")
            time.sleep(0.01)

    def metrics(self):
        with httpx.Client(transport=httpx.HTTPTransport(uds=self.path)) as client:
            return client.get("http://localhost/metrics").text

    def metric(self, name):
        return float(re.search(rf"(?m)^{name} (\S+)$", self.metrics())[1])

    def handshakes(self):
        return {name: int(count) for name, count in re.findall(
            r'quotient_tls_handshakes_total\{result="(\w+)"\} (\d+)', self.metrics())}

    def wait_for_handshakes(self, result, count):
        end = time.time() + 10
        while self.handshakes()[result] < count and time.time() < end:
            time.sleep(0.02)
        return self.handshakes()[result]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextlib.contextmanager
def serving(binary, folder, *arguments):
    server = Server(binary, folder, *arguments)
    try:
        yield server
    finally:
        server.stop()


def trusting(folder, **bounds):
    context = ssl.create_default_context(cafile=f"{folder}/authority.pem")
    for name, value in bounds.items():
        setattr(context, name, value)
    return context


def connect(server, context):
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    return context.wrap_socket(raw, server_hostname="127.0.0.1")


def ask(stream, body=LOOKUP, extra=""):
    head = (f"POST /v1/models/demo:lookup HTTP/1.1\r\nHost: a\r\n{extra}"
            f"Content-Length: {len(body)}\r\n\r\n")
    stream.sendall((head + body).encode())


def read_all(stream):
    pieces = []
    while piece := stream.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def check_protocols(checks, server, folder):
    target = f"{server.url}/v1/models/demo:lookup"
    context = trusting(folder)
    with httpx.Client(verify=context) as old, \
            httpx.Client(verify=trusting(folder), http1=False, http2=True) as new:
        first, second = old.post(target, content=LOOKUP), new.post(target, content=LOOKUP)
        checks.that("HTTP/1.1", (first.http_version, first.status_code) == ("HTTP/1.1", 200), first)
        checks.that("HTTP/2", (second.http_version, second.status_code) == ("HTTP/2", 200), second)
        checks.that("the same answer", first.content == second.content)
        for name, client in (("HTTP/1.1", old), ("HTTP/2", new)):
            large = client.post(target, content=LARGE)
            vectors = large.json()["vectors"]["C3"]
            checks.that(f"a large request and answer over {name}",
                        len(large.content) > 1 << 20 and vectors[:500] == vectors[500:1000])
    for version in ("--http1.1", "--http2"):
        answer = subprocess.run(
            ["curl", "-sf", version, "--cacert", f"{folder}/authority.pem", "-w", "%{http_version}",
             "-d", LOOKUP, target], capture_output=True, check=False)
        checks.that(f"curl {version}", answer.stdout.endswith(b"2" if "2" in version else b"1.1"),
                    answer)
    for offered, chosen in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"),
                            (["http/1.1", "h2"], "h2"), ([], None)):
        context = trusting(folder)
        if offered:
            context.set_alpn_protocols(offered)
        with connect(server, context) as stream:
            checks.that(f"ALPN of {offered}", stream.selected_alpn_protocol() == chosen)
    context = trusting(folder)
    context.set_alpn_protocols(["spdy/3"])
    before = server.handshakes()["unsupported"]
    try:
        connect(server, context)
        checks.that("an unknown protocol is refused", False)
    except OSError as error:
        checks.that("an unknown protocol is refused", "application protocol" in str(error), error)
    checks.that("and counted", server.wait_for_handshakes("unsupported", before + 1) == before + 1)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def check_calls(checks, server, folder):
    """gRPC over TLS answers what REST does, to the bit."""
    address = f"127.0.0.1:{server.port}"
    trusted = f"{folder}/authority.pem"
    ids = numpy.arange(20_000) % 500
    credentials = grpc.ssl_channel_credentials(read(trusted))
    with grpc.secure_channel(address, credentials) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        status = health.Check(health_pb2.HealthCheckRequest(), timeout=10).status
        checks.that("grpcio", status == health_pb2.HealthCheckResponse.SERVING, status)
    untrusted = grpc.ssl_channel_credentials(read(f"{folder}/other.pem"))
    with grpc.secure_channel(address, untrusted) as channel:
        try:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
            checks.that("grpcio refuses a stranger", False)
        except grpc.RpcError as error:
            checks.that("grpcio refuses a stranger", error.code() == grpc.StatusCode.UNAVAILABLE, error)
    with httpx.Client(verify=trusting(folder)) as client:
        answer = client.post(f"{server.url}/v1/models/demo:lookup?feature=C3&dtype=I64",
                             content=ids.tobytes(),
                             headers={"Content-Type": "application/octet-stream"})
    expected = numpy.frombuffer(answer.content, "<f4").reshape(len(ids), -1)
    with tritonclient.grpc.InferenceServerClient(
            address, ssl=True, root_certificates=trusted) as client:
        tensor = tritonclient.grpc.InferInput("C3", list(ids.shape), "INT64")
        tensor.set_data_from_numpy(ids)
        wanted = [tritonclient.grpc.InferRequestedOutput("C3.vectors")]
        for count in (1, 2):
            found = client.infer("demo", [tensor], outputs=wanted).as_numpy("C3.vectors")
            checks.that(f"tritonclient.grpc, call {count}", numpy.array_equal(found, expected))


def check_versions(checks, server, folder):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = trusting(folder, minimum_version=version, maximum_version=version)
        with connect(server, context) as stream:
            ask(stream, extra="Connection: close\r\n")
            checks.that(f"{version.name}", b"200 OK" in read_all(stream))
            cipher = stream.cipher()
            checks.that(f"{version.name} has a modern suite", "GCM" in cipher[0] or "CHACHA" in cipher[0])
            session = stream.session
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        with context.wrap_socket(raw, server_hostname="127.0.0.1", session=session) as stream:
            ask(stream, extra="Connection: close\r\n")
            checks.that(f"{version.name} resumes", b"200 OK" in read_all(stream)
                        and stream.session_reused)
    context = trusting(folder)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        connect(server, context)
        checks.that("TLS 1.1 is refused", False)
    except OSError as error:
        checks.that("TLS 1.1 is refused", "VERSION" in str(error), error)
    checks.that("and counted", server.wait_for_handshakes("unsupported", 2) >= 2)
    asked = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2"],
        input=b"R\n", capture_output=True, timeout=20, check=False)
    checks.that("no renegotiation", b"no renegotiation" in asked.stderr, asked.stderr[-300:])


def check_refusals(checks, server, folder):
    before = server.handshakes()
    for method in ("GET", "POST", "OPTIONS", "PRI"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            plain.sendall(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            answer = read_all(plain)
            checks.that(f"{method} without TLS is told so",
                        answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer, answer)
    checks.that("and counted", server.handshakes()["plain_http"] == before["plain_http"] + 4)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as odd:
        odd.sendall(b"\x00\x01\x02\x03\x04\x05\x06\x07 nonsense")
        read_all(odd)
    checks.that("nonsense is counted", server.wait_for_handshakes("malformed", before["malformed"] + 1)
                == before["malformed"] + 1)
    socket.create_connection(("127.0.0.1", server.port), timeout=10).close()
    checks.that("a client that goes is counted",
                server.wait_for_handshakes("abandoned", before["abandoned"] + 1) > before["abandoned"])
    try:
        connect(server, ssl.create_default_context(cafile=f"{folder}/other.pem"))
        checks.that("a client may refuse us", False)
    except ssl.SSLCertVerificationError:
        count = server.wait_for_handshakes("refused_by_client", before["refused_by_client"] + 1)
        checks.that("a client may refuse us", count == before["refused_by_client"] + 1)


def check_bytes(checks, server, folder):
    """Ends, cuts and many connections."""
    with connect(server, trusting(folder)) as stream:
        ask(stream)
        ask(stream, extra="Connection: close\r\n")
        answers = read_all(stream)
        checks.that("pipelined requests, then close_notify", answers.count(b"200 OK") == 2)
    with connect(server, trusting(folder)) as stream:
        ask(stream)
        first = stream.recv(65536)
        stream.unwrap()
        checks.that("the server answers a close_notify", b"200 OK" in first)
    context = trusting(folder)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    machine = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:

        def flush(step):
            for byte in outgoing.read():
                raw.sendall(bytes([byte]))
                time.sleep(step)

        while True:
            try:
                machine.do_handshake()
                break
            except ssl.SSLWantReadError:
                flush(0.0002)
                incoming.write(raw.recv(65536))
        machine.write((f"POST /v1/models/demo:lookup HTTP/1.1\r\nHost: a\r\nContent-Length: "
                       f"{len(LOOKUP)}\r\n\r\n" + LOOKUP).encode())
        flush(0.0002)
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while b"vectors" not in answer:
            try:
                answer += machine.read(65536)
            except ssl.SSLWantReadError:
                incoming.write(raw.recv(65536))
        checks.that("byte by byte, then half closed", b"200 OK" in answer)
    # A reader that pauses: the answer waits in pieces, and comes whole.
    with connect(server, trusting(folder)) as stream:
        ask(stream, LARGE, "Connection: close\r\n")
        time.sleep(0.5)
        head, _, body = read_all(stream).partition(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])
        checks.that("a slow reader gets all", len(body) == length > 1 << 20)

    def one(_):
        with connect(server, trusting(folder)) as stream:
            ask(stream, extra="Connection: close\r\n")
            return b"200 OK" in read_all(stream)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        checks.that("many connections", all(pool.map(one, range(300))))
    checks.that("nothing is left of them", len(os.listdir(f"/proc/{server.process.pid}/fd")) < 60)


def check_reload(checks, server, folder):
    def serial():
        with connect(server, trusting(folder)) as stream:
            return stream.getpeercert()["serialNumber"]

    with connect(server, trusting(folder)) as old:
        first = serial()
        certificate(folder, "next", "authority")
        os.replace(f"{folder}/next.key", f"{folder}/served.key")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("the certificate stays as it was")
        checks.that("a key of another certificate is refused", serial() == first)
        os.replace(f"{folder}/next.pem", f"{folder}/served.pem")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("the certificate was read", 2)
        end = server.metric("quotient_tls_certificate_expiry_timestamp_seconds")
        checks.that("its end is told", abs(end - time.time() - 9 * 86400) < 100, end)
        checks.that("new connections see the new certificate", serial() != first)
        ask(old, extra="Connection: close\r\n")
        checks.that("old connections go on", b"200 OK" in read_all(old))


def check_clients(checks, binary, folder):
    """Client certificates, an admin listener, and deadlines."""
    certificate(folder, "client", "authority")
    certificate(folder, "stranger", "other")
    certificate(folder, "expired", "authority", days=-1)
    arguments = ["--tls-client-ca", f"{folder}/authority.pem", "--tls-handshake-timeout", "0.5",
                 "--admin-listen", "127.0.0.1:0"]
    with serving(binary, folder, *arguments) as server:

        def attempt(name, version, port=None):
            context = trusting(folder, minimum_version=version, maximum_version=version)
            if name:
                context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
            raw = socket.create_connection(("127.0.0.1", port or server.port), timeout=10)
            try:
                with context.wrap_socket(raw, server_hostname="127.0.0.1") as stream:
                    ask(stream, extra="Connection: close\r\n")
                    return b"200 OK" in read_all(stream)
            except OSError:
                return False

        known = grpc.ssl_channel_credentials(
            *(read(f"{folder}/{name}") for name in ("authority.pem", "client.key", "client.pem")))
        for credentials, code in ((known, grpc.StatusCode.OK), (
                grpc.ssl_channel_credentials(read(f"{folder}/authority.pem")),
                grpc.StatusCode.UNAVAILABLE)):
            with grpc.secure_channel(f"127.0.0.1:{server.port}", credentials) as channel:
                call = health_pb2_grpc.HealthStub(channel).Check.future(
                    health_pb2.HealthCheckRequest(), timeout=10)
                checks.that(f"a call with a certificate, or without: {code.name}", call.code() == code)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            checks.that(f"{version.name}: a known client", attempt("client", version))
            for name, result in ((None, "certificate_missing"), ("stranger", "certificate_untrusted"),
                                 ("expired", "certificate_expired")):
                before = server.handshakes()[result]
                checks.that(f"{version.name}: {result}", not attempt(name, version))
                checks.that("and counted", server.wait_for_handshakes(result, before + 1) == before + 1)
        admin = [int(port) for port in re.findall(r"https://127\.0\.0\.1:(\d+)", server.text())][1]
        checks.that("the admin listener, too", attempt("client", ssl.TLSVersion.TLSv1_3, admin)
                    and not attempt(None, ssl.TLSVersion.TLSv1_3, admin))
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
            start = time.time()
            slow.sendall(b"\x16\x03\x01")
            ended = slow.recv(10)
            seconds = time.time() - start
            checks.that("a slow handshake is cut", ended == b"" and 0.4 < seconds < 5, seconds)
        checks.that("and counted", server.handshakes()["timeout"] >= 1)


def check_churn(checks, server, folder):
    """Connections that come and go, many of them too early, leave nothing."""
    context = trusting(folder)

    def one(number):
        with contextlib.suppress(OSError):
            if number % 4 < 2:
                with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
                    raw.sendall(b"\x16\x03\x01\x02\x00\x01" if number % 4 else b"GET / HTTP/1.1\r\n\r\n")
                return
            with connect(server, context) as stream:
                ask(stream, LARGE if number % 40 == 3 else LOOKUP)
                stream.recv(1000)

    def churn(count):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(count)))
        time.sleep(0.5)
        with open(f"/proc/{server.process.pid}/status", encoding="utf8") as status:
            resident = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])
        return resident, len(os.listdir(f"/proc/{server.process.pid}/fd"))

    levels = [churn(1000)]
    # A leak adds to every round; a new height of what is under way at once, to one or two.
    while len(levels) < 8:
        levels.append(churn(1000))
        if levels[-1][0] - levels[-2][0] <= 256:
            break
    checks.that("nothing is left of 1000 connections",
                levels[-1][0] - levels[-2][0] <= 256 and levels[-1][1] <= levels[0][1] + 2, levels)


def check_end(checks, binary, folder):
    """SIGTERM: who has just come is answered, who is in the middle of an answer gets all of it."""
    server = Server(binary, folder)
    reader, fresh = (connect(server, trusting(folder)) for _ in range(2))
    ask(reader, LARGE)
    first = reader.recv(1000)
    server.process.send_signal(signal.SIGTERM)
    ask(fresh)
    answer = read_all(fresh)
    checks.that("a new client is answered at the end", b"200 OK" in answer, answer[:200])
    head, _, body = (first + read_all(reader)).partition(b"\r\n\r\n")
    checks.that("an answer is finished at the end",
                len(body) == int(re.search(rb"Content-Length: (\d+)", head)[1]))
    checks.that("and the exit code is 0", server.process.wait(20) == 0)


def check_idle(checks, server, folder):
    """Sessions at rest give their buffers back."""
    def resident():
        with open(f"/proc/{server.process.pid}/status", encoding="utf8") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    kept, context = [], trusting(folder)
    sizes = []
    for count in (100, 400):
        while len(kept) < count:
            stream = connect(server, context)
            ask(stream)
            stream.recv(65536)
            kept.append(stream)
        sizes.append(resident())
    each = (sizes[1] - sizes[0]) / 300
    for stream in kept:
        stream.close()
    print(f"an idle TLS connection takes {each:.0f} KiB")
    checks.that("an idle TLS connection takes less than 32 KiB", each < 32, each)


def check_files(checks, binary, folder):
    for arguments, words in (
            (["--tls-certificate", f"{folder}/nowhere.pem"], "No such file"),
            (["--tls-certificate", f"{folder}/authority.pem", "--tls-key", f"{folder}/other.key"],
             "mismatch"),
            (["--tls-key", f"{folder}/other.key"], "need --tls-certificate")):
        result = run(binary, "serve", "--listen", "127.0.0.1:0", *arguments)
        checks.that(f"{words}", result.returncode != 0 and words in result.stderr, result.stderr)


def main():
    binary = sys.argv[1]
    warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, which are refused
    checks = Checks()
    refusal = run(binary, "serve", "--listen", "127.0.0.1:0", "--tls-certificate", "/nowhere.pem")
    if "--traits TLS" in refusal.stderr:
        sys.exit("this program was built without TLS; build it with --traits TLS")
    with tempfile.TemporaryDirectory() as folder:
        authority(folder, "authority")
        authority(folder, "other")
        certificate(folder, "served", "authority")
        with checks.section("files"):
            check_files(checks, binary, folder)
        with serving(binary, folder) as server:
            for check in (check_protocols, check_calls, check_versions, check_refusals, check_bytes, check_reload):
                with checks.section(check.__name__):
                    check(checks, server, folder)
        with checks.section("rest"), serving(binary, folder) as server:
            check_idle(checks, server, folder)
            check_churn(checks, server, folder)
        with checks.section("the end"):
            check_end(checks, binary, folder)
        with checks.section("client certificates"):
            check_clients(checks, binary, folder)
    checks.finish("TLS")


if __name__ == "__main__":
    main()
