#!/usr/bin/env python3
"""KServe's own inference client, unmodified, by REST (v1 and v2) and gRPC: what it gets equals the raw
lookup, to the bit.

usage: check_kserve.py QUOTIENT_BINARY

Run by hand, since the client brings 450 MiB along: in a virtual environment with `pip install kserve
requests` (seen with kserve 0.21.0).
"""

import asyncio
import sys

import numpy
import requests
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

from checks import Checks, server

IDS = numpy.array([17, 42, 0, 17])


def raw_rows(url):
    answer = requests.post(
        f"{url}/v1/models/demo:lookup?feature=C3&dtype=I64", data=IDS.tobytes(), timeout=10,
        headers={"Content-Type": "application/octet-stream"})
    return numpy.frombuffer(answer.content, "<f4").reshape(len(IDS), -1)


def question(is_binary):
    tensor = InferInput("C3", [len(IDS)], "INT64")
    tensor.set_data_from_numpy(IDS, binary_data=is_binary)
    return InferRequest(
        model_name="demo", infer_inputs=[tensor],
        request_outputs=[RequestedOutput("C3.vectors", {"binary_data": is_binary})])


async def check_v2(checks, url, expected):
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=10))
    checks.that("v2: live", await client.is_server_live(url))
    checks.that("v2: ready", await client.is_server_ready(url))
    checks.that("v2: the model is ready", await client.is_model_ready(url, "demo"))
    for is_binary in (False, True):
        answer = await client.infer(url, question(is_binary), model_name="demo")
        found = answer.outputs[0].as_numpy()
        checks.that(f"v2: binary {is_binary}", numpy.array_equal(found, expected), found)


async def check_v1(checks, url):
    client = InferenceRESTClient(RESTConfig(protocol="v1", timeout=10))
    checks.that("v1: live", await client.is_server_live(url))
    checks.that("v1: the model is ready", await client.is_model_ready(url, "demo"))
    one = {f"I{k}": k for k in range(1, 14)} | {f"C{k}": 1 for k in range(1, 27)}
    answer = await client.infer(url, {"instances": [one, one]}, model_name="demo")
    direct = requests.post(
        f"{url}/v1/models/demo:predict", json={"instances": [one, one]}, timeout=10)
    checks.that("v1: predictions", answer == direct.json() and len(answer["predictions"]) == 2, answer)


async def check_calls(checks, url, expected):
    client = InferenceGRPCClient(url=url.removeprefix("http://"))
    checks.that("gRPC: live", await client.is_server_live())
    checks.that("gRPC: ready", await client.is_server_ready())
    checks.that("gRPC: the model is ready", await client.is_model_ready("demo"))
    for is_binary in (False, True):
        answer = await client.infer(question(is_binary))
        found = answer.outputs[0].as_numpy()
        checks.that(f"gRPC: binary {is_binary}", numpy.array_equal(found, expected), found)


async def check_all(checks, url):
    expected = raw_rows(url)
    await check_v2(checks, url, expected)
    await check_v1(checks, url)
    await check_calls(checks, url, expected)


def main():
    checks = Checks()
    with checks.section("kserve"), server(sys.argv[1]) as url:
        asyncio.run(check_all(checks, url))
    checks.finish("kserve")


if __name__ == "__main__":
    main()
