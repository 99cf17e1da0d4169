#!/usr/bin/env python3
"""Checks every family of partitions and every composition on state_dicts made here: rows drawn by
numpy, saved as torch saves them, imported, served, and compared with the formula in numpy.

usage: check_partitions.py QUOTIENT_BINARY
"""

import collections
import json
import math
import pathlib
import sys
import tempfile

import numpy
import requests

import torchfile
from checks import Checks, run, server

WIDTH = 8
GENERATOR = numpy.random.default_rng(20190902)


def table(rows, width=WIDTH):
    return GENERATOR.normal(size=(rows, width)).astype(numpy.float32)


class Family:
    """A feature, its tensors in the file, and its vectors by the formula."""

    def __init__(self, name, cardinality, composition, partitions, complementary=True, **extra):
        self.name, self.cardinality, self.composition = name, cardinality, composition
        self.partitions, self.complementary, self.extra = partitions, complementary, extra
        self.tensors, self.config, self.rows = collections.OrderedDict(), [], []
        self.dimension = WIDTH
        for number, (kind, buckets, arguments) in enumerate(partitions):
            if composition == "path" and number > 0:
                self.add_networks(number, kind, buckets, arguments)
            else:
                self.add_table(number, kind, buckets, arguments)
        if composition in ("concatenate", "separate"):
            self.dimension = WIDTH * (len(partitions) if composition == "concatenate" else 1)

    def bucket(self, kind, arguments, ids):
        if kind == "identity":
            return ids
        if kind == "explicit":
            return arguments["map"][ids]
        divided = ids // arguments.get("divisor", 1)
        return divided % arguments["modulus"] if "modulus" in arguments else divided

    def add_table(self, number, kind, buckets, arguments):
        ours = f"embeddings.{self.name}.{number}"
        values = table(buckets)
        self.tensors[ours] = values
        entry = {"kind": kind, "table": ours}
        entry.update({k: v for k, v in arguments.items() if k in ("divisor", "modulus")})
        if kind == "explicit":
            entry["buckets"] = f"{ours}.buckets"
            self.tensors[entry["buckets"]] = arguments["map"]
        self.config.append(entry)
        self.rows.append(lambda ids: values[self.bucket(kind, arguments, ids)].astype(float))

    def add_networks(self, number, kind, buckets, arguments):
        hidden, prefix = 5, f"embeddings.{self.name}.{number}"
        w1 = GENERATOR.normal(size=(buckets, hidden, WIDTH)).astype(numpy.float32)
        b1 = GENERATOR.normal(size=(buckets, hidden)).astype(numpy.float32)
        w2 = GENERATOR.normal(size=(buckets, WIDTH, hidden)).astype(numpy.float32)
        b2 = GENERATOR.normal(size=(buckets, WIDTH)).astype(numpy.float32)
        for suffix, value in (("hidden.weight", w1), ("hidden.bias", b1),
                              ("output.weight", w2), ("output.bias", b2)):
            self.tensors[f"{prefix}.{suffix}"] = value
        entry = {"kind": kind, "mlp": {"hidden": hidden}}
        entry.update({k: v for k, v in arguments.items() if k in ("divisor", "modulus")})
        self.config.append(entry)

        def step(ids, x):
            b = self.bucket(kind, arguments, ids)
            inner = numpy.maximum(numpy.einsum("nhd,nd->nh", w1[b].astype(float), x) + b1[b], 0)
            return numpy.einsum("ndh,nh->nd", w2[b].astype(float), inner) + b2[b]

        self.rows.append(step)

    def vectors(self, ids):
        if self.composition == "path":
            x = self.rows[0](ids)
            for step in self.rows[1:]:
                x = step(ids, x)
            return x
        parts = [row(ids) for row in self.rows]
        if self.composition == "multiply":
            return numpy.prod(parts, axis=0)
        if self.composition == "add":
            return numpy.sum(parts, axis=0)
        return numpy.concatenate(parts, axis=1)

    def feature(self):
        return {
            "name": self.name, "cardinality": self.cardinality, "dimension": self.dimension,
            "composition": self.composition, "bag_order": "compose_then_pool", "pooling": "sum",
            "partitions": self.config, "input": {"kind": "index"}, "missing": "error", **self.extra,
        }


def families():
    n = 1000
    years = numpy.arange(n) % 20
    makes = numpy.arange(n) // 20
    qr = [("quotient", 250, {"divisor": 4}), ("remainder", 4, {"modulus": 4})]
    radix = [("remainder", 10, {"modulus": 10}),
             ("mixed_radix", 10, {"divisor": 10, "modulus": 10}),
             ("mixed_radix", 10, {"divisor": 100, "modulus": 10})]
    crt = [("remainder", m, {"modulus": m}) for m in (7, 11, 13)]
    explicit = [("explicit", 20, {"map": years.astype(numpy.int64)}),
                ("explicit", 50, {"map": makes.astype(numpy.int32)})]
    yield Family("full", n, "single", [("identity", n, {})])
    for composition in ("multiply", "add", "concatenate", "separate"):
        yield Family(f"qr_{composition}", n, composition, qr)
    for composition in ("multiply", "add", "concatenate"):
        yield Family(f"radix_{composition}", n, composition, radix)
        yield Family(f"crt_{composition}", n, composition, crt)
        yield Family(f"explicit_{composition}", n, composition, explicit)
    yield Family("path_qr", n, "path", qr)
    yield Family("path_radix", n, "path", radix)
    yield Family("hashing", n, "single", [("remainder", 100, {"modulus": 100})], False)
    yield Family("crt_common_factor", n, "add",
                 [("remainder", m, {"modulus": m}) for m in (30, 42)], False)
    wrong = years.copy()
    wrong[777] = wrong[777 - 1]
    same = makes.copy()
    same[777] = same[777 - 1]
    yield Family("explicit_wrong", n, "add",
                 [("explicit", 20, {"map": wrong.astype(numpy.int64)}),
                  ("explicit", 50, {"map": same.astype(numpy.int64)})], False)


def state_dict(all_families):
    """Other names than ours, some tensors column-major, some sharing one storage."""
    tree, names = collections.OrderedDict(), {}
    shared = []
    for family in all_families:
        for number, (ours, value) in enumerate(family.tensors.items()):
            theirs = f"net.{family.name}.t{number}"
            names[ours] = theirs
            if value.ndim == 2 and number % 3 == 1 and value.dtype == numpy.float32:
                tree[theirs] = torchfile.column_major(value)
            elif value.ndim == 2 and number % 3 == 2 and value.dtype == numpy.float32:
                shared.append((theirs, value))
                tree[theirs] = None
            else:
                tree[theirs] = torchfile.contiguous(value)
    if shared:
        storage = numpy.concatenate([value.reshape(-1) for _, value in shared])
        offset = 0
        for theirs, value in shared:
            tree[theirs] = torchfile.Tensor(storage, value.shape, offset=offset)
            offset += value.size
    return tree, names


def write_and_import(check, binary, folder, name, all_families, wrapped=False):
    tree, names = state_dict(all_families)
    torchfile.save(folder / f"{name}.pt", {"epoch": 3, "state_dict": tree} if wrapped else tree)
    config = {
        "format": "quotient", "format_version": 1, "name": name, "architecture": "embeddings",
        "dense_features": [], "categorical_features": [f.feature() for f in all_families],
        "tensor_names": names,
    }
    (folder / f"{name}.json").write_text(json.dumps(config))
    result = run(binary, "import", "torch", folder / f"{name}.pt", "--config",
                 folder / f"{name}.json", "--output", folder / name)
    check.that(f"import of {name}", result.returncode == 0, result.stderr + result.stdout)
    return folder / name


def check_vectors(check, url, all_families):
    for family in all_families:
        with check.section(family.name):
            ids = numpy.concatenate([
                [0, 1, 3, 4, 5, family.cardinality - 1],
                GENERATOR.integers(0, family.cardinality, 300),
            ])
            expected = family.vectors(ids)
            answer = requests.post(f"{url}/v1/models/all:lookup", timeout=60,
                                   json={"features": {family.name: ids.tolist()}})
            check.that(f"{family.name} status", answer.status_code == 200, answer.text)
            # A path sums float32 products much larger than what is left of them.
            slack = 4e-6 * numpy.abs(expected).max() if family.composition == "path" else 0.0
            check.close(family.name, answer.json()["vectors"][family.name],
                        numpy.asarray(expected, numpy.float32), slack)
            bags = [ids[:5].tolist(), [], ids[5:6].tolist(), ids[6:40].tolist()]
            answer = requests.post(f"{url}/v1/models/all:lookup", timeout=60,
                                   json={"features": {family.name: bags}})
            pooled = numpy.stack([
                family.vectors(numpy.array(b, numpy.int64)).sum(axis=0) if b
                else numpy.zeros(expected.shape[1]) for b in bags
            ])
            check.that(f"{family.name} bags status", answer.status_code == 200, answer.text)
            got = numpy.asarray(answer.json()["vectors"][family.name], float)
            scale = 4e-6 * numpy.abs(expected).max() * math.sqrt(40)
            near = got.shape == pooled.shape and bool((numpy.abs(got - pooled) <= scale).all())
            check.that(f"{family.name} bags", near, f"{got} {pooled}")


def check_proofs(check, binary, folder, all_families):
    """Each family alone: proven where it should be, else two categories with equal buckets."""
    for family in all_families:
        with check.section(f"verify {family.name}"):
            model = write_and_import(check, binary, folder, f"one-{family.name}", [family])
            result = run(binary, "verify", model)
            text = result.stdout + result.stderr
            if family.complementary:
                check.that(f"verify {family.name}", result.returncode == 0, text)
                continue
            check.that(f"verify {family.name} refuses", result.returncode == 1, text)
            numbers = [int(w) for w in "".join(c if c.isdigit() else " " for c in text).split()]
            found = any(
                a != b and all(
                    (family.bucket(k, g, numpy.array([a])) == family.bucket(k, g, numpy.array([b]))).all()
                    for k, _, g in family.partitions)
                for a in numbers for b in numbers
                if a < family.cardinality and b < family.cardinality)
            check.that(f"verify {family.name} names two categories that collide", found, text)


def main():
    binary, check = sys.argv[1], Checks()
    all_families = list(families())
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        with check.section("import of all"):
            model = write_and_import(check, binary, folder, "all", all_families, wrapped=True)
            with server(binary, "--model", f"all={model}") as url:
                check_vectors(check, url, all_families)
        check_proofs(check, binary, folder, all_families)
    check.finish("partitions and compositions")


if __name__ == "__main__":
    main()
