#!/usr/bin/env python3
"""Calls the server by gRPC with other people's clients, unmodified: tritonclient (sync, callbacks and
asyncio), grpcio with Triton's stubs, grpc_health. What they get equals what REST answers, to the bit.

usage: check_grpc.py QUOTIENT_BINARY
"""

import asyncio
import concurrent.futures
import contextlib
import pathlib
import queue
import sys
import tempfile

import grpc
import httpx
import numpy
import requests
import tritonclient.grpc
import tritonclient.grpc.aio
from google.protobuf import json_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from check_clients import FLAGS, REFERENCE, Sample, check_result, same
from checks import Checks, run, server

SERVICE = "/inference.GRPCInferenceService"


def outputs(module, sample):
    names = ["score"] + [f"{name}.vectors" for name in sample.ids]
    return [module.InferRequestedOutput(name) for name in names]


def inputs(module, sample):
    tensors = {"dense": (sample.dense, "FP32")}
    tensors |= {name: (ids, "INT64") for name, ids in sample.ids.items()}
    made = []
    for name, (values, datatype) in tensors.items():
        made.append(module.InferInput(name, list(values.shape), datatype))
        made[-1].set_data_from_numpy(values)
    return made


def typed_request(sample, **parameters):
    """The same with contents instead of raw bytes."""
    request = service_pb2.ModelInferRequest(model_name="demo", id="t")
    dense = request.inputs.add(name="dense", datatype="FP32", shape=sample.dense.shape)
    dense.contents.fp32_contents.extend(sample.dense.ravel().tolist())
    for name, ids in sample.ids.items():
        tensor = request.inputs.add(name=name, datatype="INT64", shape=[len(ids)])
        tensor.contents.int64_contents.extend(ids.tolist())
        request.outputs.add(name=f"{name}.vectors")
    request.outputs.add(name="score")
    for name, value in parameters.items():
        request.parameters[name].bool_param = value
    return request


def raised(call):
    """The error that a call ends with."""
    try:
        return f"no error, but {call()}"
    except (grpc.RpcError, InferenceServerException) as error:
        return error


def fails(check, name, call, code, words=""):
    error = raised(call)
    found = error.code() if isinstance(error, grpc.RpcError) else None
    check.that(
        name, found == code and words in (error.details() or ""), error)
    return error


def check_questions(check, url, client):
    check.that("live", client.is_server_live())
    check.that("ready", client.is_server_ready())
    check.that("model ready", client.is_model_ready("demo", "1"))
    check.that("no such model", not client.is_model_ready("nobody"))

    def equal(name, found, path, make=lambda json: json):
        json = make(requests.get(f"{url}{path}", timeout=20).json())
        expected = json_format.ParseDict(json, type(found)())
        check.that(f"{name} as over REST", found == expected, f"{found} is not {expected}")

    equal("server metadata", client.get_server_metadata(), "/v2")
    equal("model metadata", client.get_model_metadata("demo"), "/v2/models/demo")
    equal(
        "configuration", client.get_model_config("demo", "1"), "/v2/models/demo/config",
        lambda json: {"config": json})
    equal(
        "statistics", client.get_inference_statistics("demo"), "/v2/models/demo/stats")
    index = client.get_model_repository_index(as_json=True)
    check.that(
        "index", index == {"models": [{"name": "demo", "version": "1", "state": "READY"}]}, index)


def check_infer(check, client, sample):
    module = tritonclient.grpc
    for coding in (None, "gzip", "deflate"):
        result = client.infer(
            "demo", inputs(module, sample), outputs=outputs(module, sample), request_id="a 1",
            compression_algorithm=coding)
        check_result(check, f"tritonclient, {coding}", sample, result)
        check.that(f"{coding}: id", result.get_response().id == "a 1")
    plain = client.infer("demo", inputs(module, sample), model_version="1")
    check.that("no outputs named", same(plain.as_numpy("score"), sample.scores))
    best = client.infer("demo", inputs(module, sample), parameters={"top_k": 5})
    order = numpy.argsort(-sample.scores, kind="stable")[:5]
    check.that(
        "top_k", best.as_numpy("indices").tolist() == order.tolist()
        and same(best.as_numpy("score"), sample.scores[order]))
    ids = module.InferInput("C3", [3], "INT64")
    ids.set_data_from_numpy(numpy.array([5, 9999, 7]))
    masked = client.infer(
        "demo", [ids], parameters={"missing": "zero"}, outputs=[
            module.InferRequestedOutput(f"C3.{name}") for name in ("missing", "vectors")])
    check.that(
        "mask", masked.as_numpy("C3.missing").tolist() == [False, True, False]
        and not masked.as_numpy("C3.vectors")[1].any())
    answers = queue.Queue()
    for _ in range(50):
        client.async_infer(
            "demo", inputs(module, sample), outputs=outputs(module, sample), client_timeout=30,
            callback=lambda result, error: answers.put((result, error)))
    for number in range(50):
        result, error = answers.get(timeout=30)
        check.that(f"callback {number}", error is None, error)
        check_result(check, f"callback {number}", sample, result)


def check_large(check, client, sample):
    """So many candidates that all workers take part, and so many bytes that windows fill."""
    module = tritonclient.grpc
    count = 20_000
    tensors = {"dense": numpy.resize(sample.dense, (count, sample.dense.shape[1]))}
    tensors |= {name: numpy.resize(ids, count) for name, ids in sample.ids.items()}
    made = []
    for name, values in tensors.items():
        datatype = "FP32" if name == "dense" else "INT64"
        made.append(module.InferInput(name, list(values.shape), datatype))
        made[-1].set_data_from_numpy(values)
    error = raised(lambda: client.infer("demo", made, client_timeout=0.001))
    check.that("deadline", "Deadline Exceeded" in str(error), error)
    result = client.infer("demo", made, outputs=outputs(module, sample))
    check.that("many scores", same(result.as_numpy("score"), numpy.resize(sample.scores, count)))
    for name, rows in sample.vectors.items():
        expected = numpy.resize(rows, (count, rows.shape[1]))
        check.that(f"many {name}", same(result.as_numpy(f"{name}.vectors"), expected))


def check_errors(check, client):
    module = tritonclient.grpc

    def ask(name, datatype, values, **options):
        tensor = module.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values)
        return client.infer("demo", [tensor], **options)

    far = numpy.array([2**62 + 1])
    wanted = [module.InferRequestedOutput("C3.vectors")]
    for name, call, status, words in [
        ("out of range", lambda: ask("C3", "INT64", far, outputs=wanted),
         "INVALID_ARGUMENT", "4611686018427387905"),
        ("unknown input", lambda: ask("X", "INT64", far), "INVALID_ARGUMENT", "no input 'X'"),
        ("missing inputs", lambda: ask("C3", "INT64", far), "INVALID_ARGUMENT", ""),
        ("unknown model", lambda: client.infer("nobody", []), "NOT_FOUND", "no model 'nobody'"),
        ("unknown version", lambda: client.get_model_metadata("demo", "7"), "NOT_FOUND", "7"),
        ("shared memory", client.get_system_shared_memory_status, "UNIMPLEMENTED", ""),
        ("log settings", client.get_log_settings, "UNIMPLEMENTED", "LogSettings"),
    ]:
        error = raised(call)
        check.that(
            name, isinstance(error, InferenceServerException)
            and status in error.status() and words in error.message(), error)


def check_streams(check, client, sample):
    """What is not offered says so at once, though the client has not ended its side."""
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    with contextlib.suppress(InferenceServerException):  # It may have ended before.
        client.async_stream_infer("demo", inputs(tritonclient.grpc, sample))
    try:
        _, error = answers.get(timeout=10)
        check.that("stream", "UNIMPLEMENTED" in str(error), error)
    except queue.Empty:
        check.that("stream", False, "no answer")
    client.stop_stream(cancel_requests=True)


def check_stubs(check, host, sample):
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(host, options=options) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        typed = stub.ModelInfer(typed_request(sample))
        named = dict(zip([o.name for o in typed.outputs], typed.raw_output_contents))
        check.that("typed inputs", named["score"] == sample.scores.tobytes())
        lists = stub.ModelInfer(typed_request(sample, binary_data_output=False))
        found = {o.name: numpy.array(o.contents.fp32_contents, "<f4") for o in lists.outputs}
        check.that(
            "typed outputs", not lists.raw_output_contents and same(found["score"], sample.scores))
        for name, rows in sample.vectors.items():
            check.that(f"raw {name}", named[f"{name}.vectors"] == rows.tobytes())
            check.that(f"typed {name}", found[f"{name}.vectors"].tobytes() == rows.tobytes())
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(
                lambda n: stub.ModelInfer(typed_request(sample)) == typed, range(200)))
        check.that("200 calls on one connection", all(answers))
        _, call = stub.ServerLive.with_call(
            service_pb2.ServerLiveRequest(), metadata=[("x-request-id", "mine")], timeout=5)
        check.that(
            "request id", ("x-request-id", "mine") in call.initial_metadata(),
            call.initial_metadata())
        check_refusals(check, channel, stub)
        check_health(check, channel)


def check_refusals(check, channel, stub):
    def method(path):
        return channel.unary_unary(path, lambda bytes: bytes, lambda bytes: bytes)

    code = grpc.StatusCode
    fails(check, "unknown method", lambda: method(f"{SERVICE}/X")(b""), code.UNIMPLEMENTED)
    fails(check, "unknown service", lambda: method("/a.B/C")(b""), code.UNIMPLEMENTED)
    fails(
        check, "no message of ours", lambda: method(f"{SERVICE}/ModelInfer")(b"\xff"),
        code.INVALID_ARGUMENT, "malformed")
    error = fails(
        check, "no id", lambda: stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="n\u00e9")),
        code.NOT_FOUND, "no model 'n??'")
    told = dict(error.trailing_metadata() or [])
    check.that("code and field", told.get("quotient-code") == "unknown_model", told)
    large = service_pb2.ModelInferRequest(model_name="demo", raw_input_contents=[bytes(33 << 20)])
    fails(check, "too large", lambda: stub.ModelInfer(large), code.RESOURCE_EXHAUSTED)
    fails(
        check, "compressed bomb",
        lambda: stub.ModelInfer(large, compression=grpc.Compression.Gzip),
        code.RESOURCE_EXHAUSTED)
    check.that("and on it goes", stub.ServerLive(service_pb2.ServerLiveRequest()).live)


def check_health(check, channel):
    health = health_pb2_grpc.HealthStub(channel)
    ask = health_pb2.HealthCheckRequest
    for service in ("", "inference.GRPCInferenceService"):
        status = health.Check(ask(service=service)).status
        check.that(f"health of '{service}'", status == health_pb2.HealthCheckResponse.SERVING)
    fails(
        check, "health of another", lambda: health.Check(ask(service="x")),
        grpc.StatusCode.NOT_FOUND)
    fails(check, "watch", lambda: list(health.Watch(ask())), grpc.StatusCode.UNIMPLEMENTED)


async def check_async(check, host, sample):
    module = tritonclient.grpc.aio
    async with module.InferenceServerClient(host) as client:
        check.that("aio ready", await client.is_model_ready("demo"))
        results = await asyncio.gather(*[
            client.infer("demo", inputs(module, sample), outputs=outputs(module, sample))
            for _ in range(16)
        ])
        for number, result in enumerate(results):
            check_result(check, f"aio {number}", sample, result)


def check_bare(check, url):
    """The bytes of a call without a library for it."""
    call = {"content-type": "application/grpc", "te": "trailers"}
    target = f"{url}{SERVICE}/ServerLive"
    with httpx.Client(http1=False, http2=True) as client:
        answer = client.post(target, content=bytes(5), headers=call)
        check.that("bare call", answer.content == b"\0\0\0\0\2\x08\1", answer.content)
        request = typed_request_of_one()
        for timeout, status in (("1n", "4"), ("1H", None)):
            answer = client.post(
                f"{url}{SERVICE}/ModelInfer", content=request,
                headers=call | {"grpc-timeout": timeout})
            found = answer.headers.get("grpc-status")
            check.that(f"grpc-timeout {timeout}", found == status, answer.headers)
        answer = client.post(target, content=bytes(5))
        check.that("not called", answer.status_code == 415, answer.text)


def typed_request_of_one():
    request = service_pb2.ModelInferRequest(model_name="demo")
    request.inputs.add(name="C3", datatype="INT64", shape=[1]).contents.int64_contents.append(5)
    request.outputs.add(name="C3.vectors")
    message = request.SerializeToString()
    return b"\0" + len(message).to_bytes(4, "big") + message


def check_old_protocol(check, url):
    answer = requests.post(
        f"{url}{SERVICE}/ServerLive", data=bytes(5), timeout=20,
        headers={"Content-Type": "application/grpc"})
    check.that("HTTP/1.1", answer.status_code == 505 and "HTTP/2" in answer.text, answer.text)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = sys.argv[1]
    check = Checks()
    with tempfile.TemporaryDirectory() as folder:
        model = REFERENCE / "dev-b-qr-concat60-dotself" / "model.pt"
        imported = run(
            binary, "import", "dlrm", model, "--output", f"{folder}/demo", "--name", "demo", *FLAGS)
        check.that("import", imported.returncode == 0, imported.stderr)
        with server(binary, "--model", f"demo={folder}/demo", "--compress", "on") as url:
            host = url.removeprefix("http://")
            sample = Sample(url)
            with tritonclient.grpc.InferenceServerClient(host) as client:
                with check.section("tritonclient"):
                    check_questions(check, url, client)
                    check_infer(check, client, sample)
                    check_large(check, client, sample)
                with check.section("errors"):
                    check_errors(check, client)
                with check.section("streams"):
                    check_streams(check, client, sample)
            with check.section("asyncio"):
                asyncio.run(check_async(check, host, sample))
            with check.section("stubs"):
                check_stubs(check, host, sample)
            with check.section("bare calls"):
                check_bare(check, url)
            with check.section("HTTP/1.1"):
                check_old_protocol(check, url)
    check.finish("grpc")


if __name__ == "__main__":
    main()
