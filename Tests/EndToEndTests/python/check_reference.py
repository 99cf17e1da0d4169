#!/usr/bin/env python3
"""Checks the released DLRM code's checkpoints through the binary, with clients of other people:
requests for HTTP, numpy for the arithmetic, safetensors for files, requests and answers.

usage: check_reference.py QUOTIENT_BINARY
"""

import base64
import gzip
import json
import pathlib
import sys
import tempfile

import numpy
import requests
import safetensors.numpy

from checks import Checks, run, server

REFERENCE = pathlib.Path(__file__).parents[2] / "Reference"
FILES = {
    "multiply": "dev-a-qr-mult4-dot/model.pt",
    "concatenate": "dev-b-qr-concat60-dotself/model.pt",
    "legacy": "dev-b-qr-concat60-dotself/model_legacy.pt",
    "mixed": "dev-c-md-cat-rwsadagrad/model.pt",
}
SAFETENSORS = "application/vnd.safetensors"


class Golden:
    def __init__(self, folder):
        archive = numpy.load(folder / "golden.npz")
        self.single_ids = archive["ids_single"]
        self.single = archive["vec_single_f32"]
        self.bags = archive["vec_bag_f32"]
        self.features = [f"C{f + 1}" for f in range(self.single.shape[1])]
        starts, ids, offsets = (
            archive["bag_feature_start"], archive["bag_ids"], archive["bag_offsets"]
        )
        self.bag_ids = []
        for f in range(len(self.features)):
            own = ids[starts[f]:starts[f + 1]]
            self.bag_ids.append(numpy.split(own, offsets[f][1:]))


def import_flags(info):
    """The training command as it was run, and the table sizes that only the data knew."""
    flags = list(info["command"][1:])
    if not any(flag.startswith("--arch-embedding-size") for flag in flags):
        sizes = "-".join(str(n) for n in info["arch"]["table_sizes"])
        flags.append(f"--arch-embedding-size={sizes}")
    return flags


def lookup(url, model, body, **options):
    return requests.post(f"{url}/v1/models/{model}:lookup", json=body, timeout=60, **options)


def check_json(check, url, model, golden):
    body = {"features": {n: golden.single_ids[:, f].tolist() for f, n in enumerate(golden.features)}}
    for encoding in ("json", "base64"):
        answer = lookup(url, model, {**body, "encoding": encoding})
        check.that(f"{model} {encoding} status", answer.status_code == 200, answer.text)
        vectors = answer.json()["vectors"]
        for f, name in enumerate(golden.features):
            rows = vectors[name]
            if encoding == "base64":
                rows = numpy.frombuffer(base64.b64decode(rows["data"]), "<f4").reshape(rows["shape"])
            check.close(f"{model} {encoding} {name}", rows, golden.single[:, f])
    bags = {n: [b.tolist() for b in golden.bag_ids[f]] for f, n in enumerate(golden.features)}
    packed = gzip.compress(json.dumps({"features": bags}).encode())
    answer = requests.post(
        f"{url}/v1/models/{model}:lookup", data=packed, timeout=60,
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
    check.that(f"{model} gzip bags status", answer.status_code == 200, answer.text)
    for f, name in enumerate(golden.features):
        check.close(f"{model} bags {name}", answer.json()["vectors"][name], golden.bags[:, f])


def check_safetensors(check, url, model, golden):
    tensors = {}
    for f, name in enumerate(golden.features):
        tensors[name] = numpy.concatenate(golden.bag_ids[f]).astype(numpy.int64)
        tensors[f"{name}.lengths"] = numpy.array([len(b) for b in golden.bag_ids[f]], numpy.int32)
    answer = requests.post(
        f"{url}/v1/models/{model}:lookup", data=safetensors.numpy.save(tensors), timeout=60,
        headers={"Content-Type": SAFETENSORS, "Accept": SAFETENSORS},
    )
    check.that(f"{model} safetensors status", answer.status_code == 200, answer.text[:300])
    check.that(f"{model} safetensors type", answer.headers["Content-Type"].startswith(SAFETENSORS))
    got = safetensors.numpy.load(answer.content)
    for f, name in enumerate(golden.features):
        check.that(f"{model} safetensors {name} type", got[name].dtype == numpy.float32)
        check.close(f"{model} safetensors {name}", got[name], golden.bags[:, f])


def check_raw(check, url, model, golden):
    for f in (0, len(golden.features) - 1):
        ids = golden.single_ids[:, f]
        for dtype, numpy_type in (("I32", "<i4"), ("I64", "<i8")):
            answer = requests.post(
                f"{url}/v1/models/{model}:lookup", data=ids.astype(numpy_type).tobytes(), timeout=60,
                params={"feature": golden.features[f], "dtype": dtype},
                headers={"Content-Type": "application/octet-stream"},
            )
            check.that(f"{model} raw status", answer.status_code == 200, answer.text[:300])
            shape = [int(n) for n in answer.headers["Quotient-Shape"].split(",")]
            rows = numpy.frombuffer(answer.content, "<f4").reshape(shape)
            check.close(f"{model} raw {dtype}", rows, golden.single[:, f])


def check_weights_and_mean(check, url, golden):
    """The concatenating model is linear in its rows: pooled vectors follow from single ones."""
    rows = {int(i): v for i, v in zip(golden.single_ids[:, 0], golden.single[:, 0])}
    ids = list(rows)[:6]
    weights = [0.5, 1.0, -2.0, 0.25, 3.0, 0.0]
    body = {"features": {"C1": [ids, ids[:2], []]}, "weights": {"C1": [weights, [2, 2], []]}}
    answer = lookup(url, "concatenate", body)
    check.that("weights status", answer.status_code == 200, answer.text)
    exact = [
        sum(w * rows[i].astype(numpy.float64) for i, w in zip(ids, weights)),
        2.0 * rows[ids[0]].astype(numpy.float64) + 2.0 * rows[ids[1]],
        numpy.zeros(golden.single.shape[2]),
    ]
    check.close("weighted bags", answer.json()["vectors"]["C1"], exact)
    answer = lookup(url, "concatenate", {"features": {"C1": [ids, ids[:1], []]}, "pooling": "mean"})
    exact = [numpy.mean([rows[i].astype(numpy.float64) for i in ids], axis=0), rows[ids[0]],
             numpy.zeros(golden.single.shape[2])]
    check.close("mean of bags", answer.json()["vectors"]["C1"], exact)
    answer = lookup(
        url, "concatenate", {"features": {"C1": [ids[0], 5000, ids[1]]}, "missing": "zero"}
    )
    check.that("missing positions", answer.json().get("missing") == {"C1": [1]}, answer.text)
    check.close("missing is zero", answer.json()["vectors"]["C1"][1],
                numpy.zeros(golden.single.shape[2]))


def check_files(check, folder, name, golden):
    """The checkpoint is an ordinary safetensors file, and its rows make the golden vectors."""
    tensors = safetensors.numpy.load_file(folder / name / "model.safetensors")
    config = json.loads((folder / name / "config.json").read_text())
    feature = config["categorical_features"][-1]
    ids = golden.single_ids[:, len(golden.features) - 1]
    rows = []
    for partition in feature["partitions"]:
        table = tensors[partition["table"]]
        kind = partition["kind"]
        bucket = {
            "identity": lambda p: ids,
            "quotient": lambda p: ids // p["divisor"],
            "remainder": lambda p: ids % p["modulus"],
        }[kind](partition)
        rows.append(table[bucket].astype(numpy.float64))
    composed = rows[0]
    if feature["composition"] == "multiply":
        composed = rows[0] * rows[1]
    elif feature["composition"] == "concatenate":
        composed = numpy.concatenate(rows, axis=1)
    if "projection" in feature:
        projection = tensors[feature["projection"]] if isinstance(feature["projection"], str) \
            else tensors[f"embeddings.{feature['name']}.projection"]
        composed = composed @ projection.astype(numpy.float64).T
    check.close(f"{name} file", composed, golden.single[:, len(golden.features) - 1])


def main():
    binary, check = sys.argv[1], Checks()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        arguments, golden = [], {}
        for name, path in FILES.items():
            with check.section(f"{name} import"):
                source = REFERENCE / path
                info = json.loads((source.parent / "info.json").read_text())
                golden[name] = Golden(source.parent)
                result = run(
                    binary, "import", "dlrm", source, "--output", folder / name, *import_flags(info)
                )
                check.that(f"{name} import", result.returncode == 0, result.stderr)
                check.that(f"{name} verify", run(
                    binary, "verify", folder / name, "--golden", source.parent / "golden.npz"
                ).returncode == 0)
                check_files(check, folder, name, golden[name])
                arguments += ["--model", f"{name}={folder / name}"]
        with check.section("server"), server(binary, *arguments) as url:
            for name, values in golden.items():
                for part in (check_json, check_safetensors, check_raw):
                    with check.section(f"{name} {part.__name__}"):
                        part(check, url, name, values)
            with check.section("weights and mean"):
                check_weights_and_mean(check, url, golden["concatenate"])
    check.finish("reference checkpoints")


if __name__ == "__main__":
    main()
