#!/usr/bin/env python3
"""Trains small models of every method on data made here, reads the checkpoints with safetensors,
computes their scores with numpy from the formulas alone, and compares them with `quotient score`
and with a server's answers. Runs are killed, interrupted and resumed to the same bytes; `evaluate`
is held to numpy's metrics, `synthesize` to its own words.

usage: check_training.py QUOTIENT_BINARY
"""

import gzip
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy
import requests
from safetensors.numpy import load_file, save_file

from checks import Checks, run, server

CARDINALITIES = [9, 70, 230, 31]
DENSE = 3
METHODS = {
    "full": [], "hash": [], "qr-multiply": [], "qr-add": [], "qr-concatenate": [],
    "mixed-radix": ["--partitions", 3], "crt": ["--partitions", 2], "separate": [],
    "path": ["--hidden", 6], "explicit": ["--buckets", "buckets.safetensors"],
}
NETWORK = ["--dense-features", DENSE, "--dimension", 8, "--bottom-mlp", "16-12", "--top-mlp", "20",
           "--cross-layers", 3, "--deep", "14-9"]


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
                "explicit": lambda p: self.integers[p["buckets"]][ids].astype(int),
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
        method, *extra, *NETWORK, "--epochs", 2, "--cache", folder / "data.cache", "--part", "all",
        "--learning-rate", "0.05", limit=120)
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


def write_buckets(folder, data):
    """Buckets of two features, by what an engineer might know of the categories."""
    rows = [line.split("\t") for line in data.read_text().splitlines()]
    counts = [len({row[1 + DENSE + f] for row in rows}) for f in range(len(CARDINALITIES))]
    tensors = {}
    for f in (1, 2):
        ids = numpy.arange(counts[f])
        tensors[f"C{f + 1}.0"] = (ids // 7).astype(numpy.int32)
        tensors[f"C{f + 1}.1"] = (ids % 7).astype(numpy.int64)
    save_file(tensors, folder / "buckets.safetensors")


def model_bytes(folder):
    return (folder / "model.safetensors").read_bytes()


def check_interruptions(checks, binary, folder, data):
    """A run that is killed or stopped goes on to the bytes of one that is left alone."""
    for optimizer in ["adagrad", "amsgrad"]:
        def command(output, *extra):
            return [binary, "train", data, "--output", folder / output, "--epochs", "1500",
                    *NETWORK, "--optimizer", optimizer, "--cache", folder / "data.cache", "--part",
                    "all", *extra]

        whole = run(*command(f"{optimizer}-whole"), limit=300)
        checks.that(f"{optimizer} runs to its end", whole.returncode == 0, whole.stderr)
        expected = model_bytes(folder / f"{optimizer}-whole")
        for number in (signal.SIGKILL, signal.SIGINT):
            name = f"{optimizer} {number.name}"
            output = f"{optimizer}-{number.name}"
            process = subprocess.Popen(
                [str(x) for x in command(output, "--save-every", "300")],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            state = folder / output / "training.safetensors"
            while not state.exists() and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(number)
            told = process.communicate(timeout=60)[0]
            if number == signal.SIGINT:
                checks.that(f"{name} says so", "stopped after" in told and "--resume" in told, told)
                checks.that(f"{name} is a success", process.returncode == 0, process.returncode)
            checks.that(f"{name} came in time", state.exists() and "wrote" not in told, told)
            other = run(*command(output, "--resume", "--seed", "7"), limit=300)
            checks.that(
                f"{name} is not resumed with other flags",
                other.returncode == 1 and "seed" in other.stderr, other.stderr)
            resumed = run(*command(output, "--resume", "--threads", "1"), limit=300)
            checks.that(f"{name} is resumed", resumed.returncode == 0, resumed.stderr)
            checks.that(f"{name} ends in the same bytes", model_bytes(folder / output) == expected)


def check_divergence(checks, binary, folder, data):
    done = run(
        binary, "train", data, "--output", folder / "diverged", *NETWORK, "--optimizer", "sgd",
        "--learning-rate", "1e20", "--cache", folder / "data.cache")
    checks.that(
        "a run that diverges tells its step",
        done.returncode == 1 and "step " in done.stderr and "not finite" in done.stderr,
        done.stderr)
    checks.that("and leaves no checkpoint", not (folder / "diverged" / "model.safetensors").exists())


def area(scores, clicks):
    """The share of pairs in order, ties half, from all pairs."""
    differences = scores[clicks == 1][:, None] - scores[clicks == 0][None, :]
    return ((differences > 0).sum() + (differences == 0).sum() / 2) / differences.size


def check_evaluate(checks, binary, folder, data):
    checkpoint = folder / "dlrm-qr-multiply"
    model = Model(checkpoint)
    dense, ids = read_samples(data, model)
    lines = data.read_text().splitlines()
    clicks = numpy.array([int(line[0]) for line in lines])
    scores = model.scores(dense, ids)
    days = len(lines) - len(lines) // 7
    for part, rows in {"all": slice(None), "train": slice(0, days)}.items():
        found = json.loads(run(binary, "evaluate", checkpoint, data, "--part", part, "--json").stdout)
        s, c = scores[rows], clicks[rows]
        rate = c.mean()
        loss = -numpy.mean(c * numpy.log(s) + (1 - c) * numpy.log(1 - s))
        entropy = -(rate * numpy.log(rate) + (1 - rate) * numpy.log(1 - rate))
        expected = {
            "samples": len(c), "clicks": c.sum(), "log_loss": loss, "click_rate": rate,
            "accuracy": ((s >= 0.5) == (c == 1)).mean(), "auc": area(s, c),
            "normalized_entropy": loss / entropy, "mean_prediction": s.mean(),
            "calibration": s.mean() / rate}
        for name, value in expected.items():
            checks.close(f"evaluate {part}: {name}", [found[name]], [value])
        for entry in found["bins"]:
            inside = (s >= entry["from"]) & (s < entry["to"])
            name = f"evaluate {part}: from {entry['from']}"
            checks.that(name, entry["samples"] == inside.sum(), f"{entry} not {inside.sum()}")
            if inside.any():
                checks.close(name, [entry["mean_prediction"], entry["click_rate"]],
                             [s[inside].mean(), c[inside].mean()])
    strange = folder / "strange.tsv"
    changed = []
    for number, line in enumerate(lines[:400]):
        fields = line.split("\t")
        if number % 4 == 0:
            fields[1 + DENSE] = "nobody"
        if number % 5 == 0:
            fields[2 + DENSE] = "a key that is longer than eight bytes"
        changed.append("\t".join(fields))
    strange.write_text("\n".join(changed) + "\n")
    found = json.loads(run(binary, "evaluate", checkpoint, strange, "--json").stdout)
    for index, share in [(0, 0.25), (1, 0.2), (2, 0)]:
        entry = found["features"][index]
        empty = numpy.mean([line.split("\t")[1 + DENSE + index] == "" for line in changed])
        checks.close(f"unknown and missing rates of {entry['name']}",
                     [entry["unknown_rate"], entry["missing_rate"]], [share, empty])


def check_synthesize(checks, binary, folder):
    def made(name, *extra):
        done = run(binary, "synthesize", "--rows", 9000, "--cardinalities", "40,7,3000",
                   "--dense-features", 2, "--output", folder / name, "--json", *extra)
        checks.that(f"synthesize {name}", done.returncode == 0, done.stderr)
        return json.loads(done.stdout)

    told = made("one.tsv")
    text = (folder / "one.tsv").read_bytes()
    made("two.tsv", "--threads", 1)
    checks.that("the same seed makes the same lines", text == (folder / "two.tsv").read_bytes())
    made("one.tsv.gz")
    checks.that("compressed ones too", gzip.decompress((folder / "one.tsv.gz").read_bytes()) == text)
    made("other.tsv", "--seed", 2)
    checks.that("another seed makes others", text != (folder / "other.tsv").read_bytes())
    output = run(binary, "synthesize", "--rows", 9000, "--cardinalities", "40,7,3000",
                 "--dense-features", 2)
    checks.that("without --output they are the output", output.stdout.encode() == text)
    rows = [line.split("\t") for line in text.decode().splitlines()]
    checks.that("9000 lines of 6 fields", len(rows) == 9000 and {len(r) for r in rows} == {6})
    for field, most in [(3, 40), (4, 7), (5, 3000)]:
        keys = {row[field] for row in rows} - {""}
        checks.that(f"field {field} has its categories", 1 < len(keys) <= most, len(keys))
        checks.that(f"field {field} has keys of 8 digits", {len(k) for k in keys} == {8})
    clicks = numpy.array([int(row[0]) for row in rows])
    rate = clicks.mean()
    checks.close("click rate", [told["all"]["click_rate"]], [rate])
    checks.close("loss of the click rate", [told["all"]["constant_log_loss"]],
                 [-(rate * numpy.log(rate) + (1 - rate) * numpy.log(1 - rate))])
    best, expected = told["all"]["best_log_loss"], told["all"]["expected_log_loss"]
    checks.that("labels are drawn from the truth", abs(best - expected) < 5 * 0.6 / 9000 ** 0.5,
                (best, expected))
    checks.that("the truth says something", best < told["all"]["constant_log_loss"] - 0.03, told)
    parts = [told[p] for p in ("train", "validation", "test")]
    checks.that("the parts make the whole", sum(p["rows"] for p in parts) == 9000, parts)
    checks.close("also in their losses", [sum(p["rows"] * p["best_log_loss"] for p in parts) / 9000],
                 [best])


def main():
    binary, checks = sys.argv[1], Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "data.tsv"
        write_data(data, 1500, seed=1)
        write_buckets(folder, data)
        METHODS["explicit"][1] = folder / "buckets.safetensors"
        for architecture in ["dlrm", "dcn"]:
            for method, extra in METHODS.items():
                with checks.section(f"{architecture} {method}"):
                    check(checks, binary, folder, data, architecture, method, extra)
        for part in (check_interruptions, check_divergence, check_evaluate):
            with checks.section(part.__name__):
                part(checks, binary, folder, data)
        with checks.section("check_synthesize"):
            check_synthesize(checks, binary, folder)
    checks.finish("training")


if __name__ == "__main__":
    main()
