#!/usr/bin/env python3
"""Points other people's clients at the server, unmodified: tritonclient (sync and asyncio), requests
and aiohttp as clients of KServe and TensorFlow Serving use them. What they get equals what the native
routes answer, to the bit.

usage: check_clients.py QUOTIENT_BINARY
"""

import asyncio
import json
import pathlib
import struct
import sys
import tempfile

import aiohttp
import numpy
import requests
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException

from checks import Checks, run, server

REFERENCE = pathlib.Path(__file__).parents[2] / "Reference"
FLAGS = [
    "--qr-flag", "--qr-operation", "concat", "--qr-collisions", "60", "--qr-threshold", "0",
    "--arch-embedding-size", "1000-613-240-77-61", "--arch-interaction-op", "dot",
    "--arch-interaction-itself",
]
CARDINALITIES = [1000, 613, 240, 77, 61]
ROWS = 37


class Sample:
    """A batch of candidates, and what the native routes say about it."""

    def __init__(self, url):
        random = numpy.random.default_rng(20190902)
        metadata = requests.get(f"{url}/v2/models/demo", timeout=20).json()
        width = next(t["shape"][1] for t in metadata["inputs"] if t["name"] == "dense")
        self.dense = random.lognormal(size=(ROWS, width)).astype(numpy.float32)
        self.ids = {
            f"C{i + 1}": random.integers(0, n, ROWS) for i, n in enumerate(CARDINALITIES)
        }
        native = requests.post(
            f"{url}/v1/models/demo:score", timeout=20, json={
                "candidates": {
                    "dense": [[float(x) for x in row] for row in self.dense],
                    **{name: ids.tolist() for name, ids in self.ids.items()},
                },
            },
        ).json()
        self.scores = numpy.array(native["scores"], dtype=numpy.float32)
        self.vectors = {name: self.rows(url, name, ids) for name, ids in self.ids.items()}

    @staticmethod
    def rows(url, name, ids):
        answer = requests.post(
            f"{url}/v1/models/demo:lookup", timeout=20, data=ids.astype("<i8").tobytes(),
            params={"feature": name, "dtype": "I64"},
            headers={"Content-Type": "application/octet-stream"},
        )
        shape = [int(n) for n in answer.headers["Quotient-Shape"].split(",")]
        return numpy.frombuffer(answer.content, dtype="<f4").reshape(shape)

    def inputs(self, module, binary=True):
        tensors = {"dense": (self.dense, "FP32")}
        tensors |= {name: (ids, "INT64") for name, ids in self.ids.items()}
        inputs = []
        for name, (values, datatype) in tensors.items():
            inputs.append(module.InferInput(name, list(values.shape), datatype))
            inputs[-1].set_data_from_numpy(values, binary_data=binary)
        return inputs

    def json(self):
        tensors = [{
            "name": "dense", "shape": list(self.dense.shape), "datatype": "FP32",
            "data": [float(x) for x in self.dense.ravel()],
        }]
        for name, ids in self.ids.items():
            tensors.append({
                "name": name, "shape": [len(ids)], "datatype": "INT64", "data": ids.tolist(),
            })
        return tensors


def same(one, other):
    """Equal to the bit."""
    return one is not None and one.shape == other.shape and one.tobytes() == other.tobytes()


def outputs(module, sample, binary):
    names = ["score"] + [f"{name}.vectors" for name in sample.ids]
    return [module.InferRequestedOutput(name, binary_data=binary) for name in names]


def check_result(check, name, sample, result):
    check.that(f"{name}: score", same(result.as_numpy("score"), sample.scores))
    for feature, rows in sample.vectors.items():
        check.that(f"{name}: {feature}", same(result.as_numpy(f"{feature}.vectors"), rows))


def check_sync(check, host, sample):
    http = tritonclient.http
    with http.InferenceServerClient(host) as client:
        check.that("live", client.is_server_live())
        check.that("ready", client.is_server_ready())
        check.that("model ready", client.is_model_ready("demo", "1"))
        check.that("no such model", not client.is_model_ready("nobody"))
        check.that("server", client.get_server_metadata()["name"] == "quotient")
        metadata = client.get_model_metadata("demo", "1")
        check.that("metadata", metadata["outputs"][0]["name"] == "score", metadata)
        configuration = client.get_model_config("demo")
        check.that("configuration", configuration["max_batch_size"] == 0, configuration)
        index = client.get_model_repository_index()
        check.that(
            "index", index == [{"name": "demo", "version": "1", "state": "READY"}], index)
        for binary_in in (True, False):
            for binary_out in (True, False):
                name = f"tritonclient {binary_in=} {binary_out=}"
                result = client.infer(
                    "demo", sample.inputs(http, binary_in),
                    outputs=outputs(http, sample, binary_out), request_id="a 1")
                check_result(check, name, sample, result)
                check.that(f"{name}: id", result.get_response()["id"] == "a 1")
        plain = client.infer("demo", sample.inputs(http), model_version="1")
        check.that("no outputs named", same(plain.as_numpy("score"), sample.scores))
        for coding in ("gzip", "deflate"):
            packed = client.infer(
                "demo", sample.inputs(http), request_compression_algorithm=coding)
            check.that(f"{coding} request", same(packed.as_numpy("score"), sample.scores))
        check_bags(check, client)
        check_options(check, client, sample)
        check_errors(check, client)
        statistics = client.get_inference_statistics("demo")["model_stats"][0]
        check.that(
            "statistics",
            statistics["inference_stats"]["success"]["count"] >= 7
            and statistics["inference_stats"]["fail"]["count"] >= 3
            and statistics["last_inference"] > 0, statistics)
        check.that(
            "all statistics", len(client.get_inference_statistics()["model_stats"]) == 1)


def infer_one(client, name, values, datatype, output, more=(), **options):
    tensor = tritonclient.http.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values)
    wanted = [tritonclient.http.InferRequestedOutput(n) for n in output]
    return client.infer("demo", [tensor, *more], outputs=wanted, **options)


def check_bags(check, client):
    ids = numpy.array([5, 6, 7, 8], dtype=numpy.int64)
    matrix = infer_one(client, "C3", ids.reshape(2, 2), "INT64", ["C3.vectors"])
    lengths = tritonclient.http.InferInput("C3.lengths", [3], "INT32")
    lengths.set_data_from_numpy(numpy.array([2, 0, 2], dtype=numpy.int32))
    ragged = infer_one(client, "C3", ids, "INT64", ["C3.vectors"], more=[lengths])
    one, two = matrix.as_numpy("C3.vectors"), ragged.as_numpy("C3.vectors")
    check.that("bags by shape and by lengths", same(one, two[[0, 2]]) and not two[1].any())


def check_options(check, client, sample):
    ids = numpy.array([5, 9999, 7], dtype=numpy.int64)
    masked = infer_one(
        client, "C3", ids, "INT64", ["C3.missing", "C3.vectors"], parameters={"missing": "zero"})
    check.that(
        "mask", masked.as_numpy("C3.missing").tolist() == [False, True, False]
        and not masked.as_numpy("C3.vectors")[1].any())
    best = client.infer(
        "demo", sample.inputs(tritonclient.http), parameters={"top_k": 5})
    order = numpy.argsort(-sample.scores, kind="stable")[:5]
    check.that(
        "top_k", best.as_numpy("indices").tolist() == order.tolist()
        and same(best.as_numpy("score"), sample.scores[order]))
    half = infer_one(
        client, "C3", numpy.array([5], dtype=numpy.uint16), "UINT16", ["C3.vectors"])
    check.that("UINT16 ids", half.as_numpy("C3.vectors") is not None)
    timed = client.infer("demo", sample.inputs(tritonclient.http), timeout=60_000_000)
    check.that("timeout", same(timed.as_numpy("score"), sample.scores))


def check_errors(check, client):
    far = numpy.array([2**62 + 1], dtype=numpy.int64)
    cases = [
        ("out of range", "C3", far, "INT64", "4611686018427387905"),
        ("unknown input", "X", far, "INT64", "no input 'X'"),
        ("wrong type", "C3", far.astype(numpy.float32), "FP32", "INT64"),
    ]
    for name, tensor, values, datatype, words in cases:
        try:
            infer_one(client, tensor, values, datatype, ["C3.vectors"])
            check.that(name, False, "no error")
        except InferenceServerException as error:
            check.that(name, words in str(error), error)


async def check_async(check, host, sample):
    module = tritonclient.http.aio
    async with module.InferenceServerClient(host) as client:
        check.that("aio live", await client.is_server_live())
        check.that("aio ready", await client.is_model_ready("demo"))
        metadata = await client.get_model_metadata("demo")
        check.that("aio metadata", metadata["name"] == "demo")
        await client.get_inference_statistics()
        await client.get_model_repository_index()
        results = await asyncio.gather(*[
            client.infer(
                "demo", sample.inputs(module, binary), outputs=outputs(module, sample, binary))
            for binary in (True, False) * 4
        ])
        for number, result in enumerate(results):
            check_result(check, f"aio {number}", sample, result)
        try:
            await client.infer("nobody", sample.inputs(module))
            check.that("aio error", False, "no error")
        except InferenceServerException as error:
            check.that("aio error", "no model 'nobody'" in str(error), error)
    async with aiohttp.ClientSession() as session:
        body = {"inputs": sample.json(), "outputs": [{"name": "score"}]}
        async with session.post(f"http://{host}/v2/models/demo/infer", json=body) as answer:
            found = await answer.json()
            scores = numpy.array(found["outputs"][0]["data"], dtype=numpy.float32)
            check.that("aiohttp", same(scores, sample.scores))


def check_raw(check, url, sample):
    """What KServe's and TensorFlow Serving's clients send and read."""
    live = requests.get(f"{url}/v2/health/live", timeout=20).json()
    ready = requests.get(f"{url}/v2/health/ready", timeout=20).json()
    check.that("KServe health", live["live"] and ready["ready"])
    body = {"id": "x", "inputs": sample.json()}
    answer = requests.post(f"{url}/v2/models/demo/infer", json=body, timeout=20)
    score = answer.json()["outputs"][0]
    check.that(
        "requests", same(numpy.array(score["data"], numpy.float32), sample.scores)
        and score["shape"] == [ROWS], answer.text[:200])
    # Python writes tokens that JSON has not.
    body["inputs"][0]["data"][3] = float("nan")
    refused = requests.post(
        f"{url}/v2/models/demo/infer", data=json.dumps(body), timeout=20)
    check.that(
        "NaN", refused.status_code == 422 and refused.json()["field"].startswith("inputs.dense"),
        refused.text)
    rows = [
        {f"I{i + 1}": float(x) for i, x in enumerate(sample.dense[row])}
        | {name: int(ids[row]) for name, ids in sample.ids.items()}
        for row in range(ROWS)
    ]
    base = f"{url}/v1/models/demo"
    predicted = requests.post(f"{base}:predict", json={"instances": rows}, timeout=20).json()
    check.that(
        "TensorFlow Serving rows",
        same(numpy.array(predicted["predictions"], numpy.float32), sample.scores))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    predicted = requests.post(
        f"{base}/versions/1:predict", timeout=20,
        json={"signature_name": "serving_default", "inputs": columns}).json()
    check.that(
        "TensorFlow Serving columns",
        same(numpy.array(predicted["outputs"], numpy.float32), sample.scores))
    status = requests.get(base, timeout=20).json()
    check.that(
        "TensorFlow Serving status", status["model_version_status"][0] == {
            "version": "1", "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }, status)
    names = requests.get(f"{url}/v1/models", timeout=20).json()
    check.that("KServe v1 models", names == {"models": ["demo"]}, names)
    header = json.dumps({"inputs": [{
        "name": "C3", "shape": [2], "datatype": "INT64",
        "parameters": {"binary_data_size": 16},
    }], "outputs": [{"name": "C3.vectors", "parameters": {"binary_data": True}}]}).encode()
    answer = requests.post(
        f"{url}/v2/models/demo/infer", data=header + struct.pack("<2q", 17, 42), timeout=20,
        headers={"Inference-Header-Content-Length": str(len(header))})
    start = int(answer.headers["Inference-Header-Content-Length"])
    check.that(
        "binary by hand", answer.headers["Content-Type"] == "application/octet-stream"
        and answer.content[start:] == Sample.rows(url, "C3", numpy.array([17, 42])).tobytes())


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
        with server(binary, "--model", f"demo={folder}/demo") as url:
            host = url.removeprefix("http://")
            sample = Sample(url)
            with check.section("tritonclient"):
                check_sync(check, host, sample)
            with check.section("asyncio"):
                asyncio.run(check_async(check, host, sample))
            with check.section("requests"):
                check_raw(check, url, sample)
    check.finish("clients")


if __name__ == "__main__":
    main()
