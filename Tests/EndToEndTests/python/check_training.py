#!/usr/bin/env python3
"""Trains small models of every method on data made here, reads the checkpoints with safetensors,
computes their scores with numpy from the formulas alone, and compares them with `quotient score`
and with a server's answers.

usage: check_training.py QUOTIENT_BINARY
"""

import json
import pathlib
import sys
import tempfile

import numpy
import requests
from safetensors.numpy import load_file

from checks import Checks, run, server

CARDINALITIES = [9, 70, 230, 31]
DENSE = 3
METHODS = {
    "full": [], "hash": [], "qr-multiply": [], "qr-add": [], "qr-concatenate": [],
    "mixed-radix": ["--partitions", 3], "crt": ["--partitions", 2], "separate": [],
    "path": ["--hidden", 6],
}


def write_data(path, rows, seed):
    generator = numpy.random.default_rng(seed)
    effects = [numpy.random.default_rng(7 + f).normal(size=n) for f, n in enumerate(CARDINALITIES)]
    with open(path, "w", encoding="ascii") as file:
        for _ in range(rows):
            ids = [int(n * generator.random() ** 2) for n in CARDINALITIES]
            truth = sum(e[i] for e, i in zip(effects, ids))
            label = int(generator.random() < 1 / (1 + numpy.exp(-truth)))
            dense = [str(x) if x >= 0 else "" for x in generator.integers(-1, 50, DENSE)]
            keys = [f"{i * 2654435761 % 2**32:08x}" if generator.random() > 0.03 else "" for i in ids]
            file.write("\t".join([str(label)] + dense + keys) + "\n")


class Model:
    """A checkpoint's forward pass in float64."""

    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text())
        tensors = load_file(folder / "model.safetensors")
        self.integers = {k: v for k, v in tensors.items() if v.dtype.kind in "iu"}
        self.tensors = {
            k: v.astype(numpy.float64) for k, v in tensors.items() if v.dtype.kind == "f"}

    def keys(self, feature):
        """Raw key to id, from the vocabulary's tensors."""
        entry = feature["input"]
        data = self.integers[entry["keys"]].tobytes()
        offsets = self.integers[entry["offsets"]]
        words = [data[a:b].decode() for a, b in zip(offsets, offsets[1:])]
        return dict(zip(words, self.integers[entry["indices"]].tolist()))

    def vectors(self, feature, ids):
        rows = []
        for partition in feature["partitions"]:
            kind = partition["kind"]
            bucket = {
                "identity": lambda p: ids,
                "quotient": lambda p: ids // p["divisor"],
                "remainder": lambda p: ids % p["modulus"],
                "mixed_radix": lambda p: ids // p["divisor"] % p["modulus"],
            }[kind](partition)
            rows.append((partition, bucket))
        composition = feature["composition"]
        if composition == "path":
            x = self.tensors[rows[0][0]["table"]][rows[0][1]]
            for partition, bucket in rows[1:]:
                part = lambda name: self.tensors[f"{partition['table']}.{name}"][bucket]
                hidden = numpy.einsum("nhd,nd->nh", part("hidden.weight"), x) + part("hidden.bias")
                hidden = numpy.maximum(hidden, 0)
                x = numpy.einsum("ndh,nh->nd", part("output.weight"), hidden) + part("output.bias")
            return [x]
        found = [self.tensors[p["table"]][b] for p, b in rows]
        if composition == "multiply":
            return [numpy.prod(found, axis=0)]
        if composition == "add":
            return [numpy.sum(found, axis=0)]
        if composition == "concatenate":
            return [numpy.concatenate(found, axis=1)]
        return found

    def layers(self, network, x, last_relu):
        number = 0
        while f"{network}.{number}.weight" in self.tensors:
            if number > 0:
                x = numpy.maximum(x, 0)
            x = x @ self.tensors[f"{network}.{number}.weight"].T
            x = x + self.tensors[f"{network}.{number}.bias"]
            number += 1
        return numpy.maximum(x, 0) if last_relu else x

    def scores(self, dense, ids):
        dense = numpy.log1p(numpy.maximum(dense, 0))
        vectors = []
        for feature, column in zip(self.config["categorical_features"], ids):
            vectors += self.vectors(feature, column)
        if self.config["architecture"] == "dlrm":
            x = self.layers("bottom_mlp", dense, True)
            all_vectors = numpy.stack([x] + vectors, axis=1)
            products = all_vectors @ all_vectors.transpose(0, 2, 1)
            lower = numpy.tril_indices(all_vectors.shape[1], -1)
            z = self.layers("top_mlp", numpy.concatenate([x, products[:, *lower]], axis=1), False)
        else:
            x0 = x = numpy.concatenate([dense] + vectors, axis=1)
            for layer in range(self.config["dcn"]["cross_layers"]):
                product = x @ self.tensors[f"cross.{layer}.weight"]
                x = x0 * product[:, None] + self.tensors[f"cross.{layer}.bias"] + x
            deep = self.layers("deep", x0, True)
            z = numpy.concatenate([x, deep], axis=1) @ self.tensors["output.weight"].T
            z = z + self.tensors["output.bias"]
        return 1 / (1 + numpy.exp(-z[:, 0]))


def read_samples(path, model):
    dense, columns = [], [[] for _ in CARDINALITIES]
    keys = [model.keys(f) for f in model.config["categorical_features"]]
    for line in path.read_text().splitlines():
        fields = line.split("\t")
        dense.append([float(x or 0) for x in fields[1:1 + DENSE]])
        for column, known, key in zip(columns, keys, fields[1 + DENSE:]):
            column.append(known[key])
    return numpy.array(dense), [numpy.array(c) for c in columns]


def check(checks, binary, folder, data, architecture, method, extra):
    name = f"{architecture} {method}"
    output = folder / f"{architecture}-{method}"
    trained = run(
        binary, "train", data, "--output", output, "--architecture", architecture, "--method",
        method, *extra, "--dense-features", DENSE, "--dimension", 8, "--bottom-mlp", "16-12",
        "--top-mlp", "20", "--cross-layers", 3, "--deep", "14-9", "--epochs", 2, "--cache",
        folder / "data.cache", "--part", "all", "--learning-rate", "0.05", limit=120)
    checks.that(f"{name} trains", trained.returncode == 0, trained.stderr)
    model = Model(output)
    dense, ids = read_samples(data, model)
    expected = model.scores(dense[:200], [c[:200] for c in ids])
    clicks = numpy.array([int(line[0]) for line in data.read_text().splitlines()])
    every = model.scores(dense, ids)
    loss = -numpy.mean(numpy.log(numpy.where(clicks == 1, every, 1 - every)))
    rate = clicks.mean()
    checks.that(
        f"{name} learns", loss < -rate * numpy.log(rate) - (1 - rate) * numpy.log(1 - rate), loss)
    lines = folder / "lines.tsv"
    lines.write_text("\n".join(data.read_text().splitlines()[:200]) + "\n")
    scored = run(binary, "score", output, lines)
    checks.that(f"{name} scores", scored.returncode == 0, scored.stderr)
    checks.close(f"{name} by quotient score", [float(x) for x in scored.stdout.split()], expected)
    with server(binary, "--model", f"small={output}") as address:
        candidates = {"dense": dense[:200].tolist()}
        for feature, column in zip(model.config["categorical_features"], ids):
            candidates[feature["name"]] = column[:200].tolist()
        answer = requests.post(
            f"{address}/v1/models/small:score", json={"candidates": candidates}, timeout=30)
        checks.that(f"{name} is served", answer.status_code == 200, answer.text)
        checks.close(f"{name} by the server", answer.json()["scores"], expected)


def main():
    binary, checks = sys.argv[1], Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "data.tsv"
        write_data(data, 1500, seed=1)
        for architecture in ["dlrm", "dcn"]:
            for method, extra in METHODS.items():
                with checks.section(f"{architecture} {method}"):
                    check(checks, binary, folder, data, architecture, method, extra)
    checks.finish("training")


if __name__ == "__main__":
    main()
