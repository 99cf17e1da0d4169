"""Writes compositional.npz: features, ids, bags and the vectors that numpy computes from them.

An implementation of its own, in float64, from the definitions (Shi et al. 2020, arXiv:1909.02107):
it shares no code with what it checks. Run with numpy 2: python3 make_golden.py
"""
import os

import numpy as np

rng = np.random.default_rng(20200823)
N = 101  # categories
out = {}

bag_lengths = [0, 1, 3, 0, 5, 2, 1, 1, 4, 0, 2, 0]
bag_ids = rng.integers(0, N, sum(bag_lengths)).astype(np.int64)
bag_ids[2] = bag_ids[1]  # a repeated id
offsets = np.concatenate([[0], np.cumsum(bag_lengths)]).astype(np.int64)
weights = rng.normal(size=len(bag_ids)).astype(np.float32)
ids = np.concatenate([np.arange(N), rng.integers(0, N, 20)]).astype(np.int64)
out.update(ids=ids, bag_ids=bag_ids, offsets=offsets, weights=weights)


def floats(*shape):
    return rng.normal(size=shape).astype(np.float32)


def pool(rows, scale, mean):
    """One sum or mean per bag of rows [len(bag_ids), width]."""
    result = np.zeros((len(bag_lengths), rows.shape[1]))
    for bag, (start, end) in enumerate(zip(offsets, offsets[1:])):
        for i in range(start, end):
            result[bag] += rows[i] * scale[i]
        if mean and end > start:
            result[bag] /= end - start
    return result


def join(operation, parts):
    if operation == "multiply":
        return np.prod(np.stack(parts), axis=0)
    if operation == "add":
        return np.sum(np.stack(parts), axis=0)
    return np.concatenate(parts, axis=1)


def record(case, vector_of, partition_rows=None, operation=None, scale=None):
    """Single vectors; bags composed then pooled; if there are rows, pooled then composed."""
    ones = np.ones(len(bag_ids))
    own = ones if scale is None else scale[bag_ids]
    out[f"{case}.vectors"] = vector_of(ids) * (1 if scale is None else scale[ids][:, None])
    out[f"{case}.sum"] = pool(vector_of(bag_ids), own, False)
    out[f"{case}.mean"] = pool(vector_of(bag_ids), own, True)
    out[f"{case}.weighted"] = pool(vector_of(bag_ids), own * weights, False)
    if partition_rows:
        for name, factor, mean in (
            ("sum", ones, False), ("mean", ones, True), ("weighted", weights, False)):
            pooled = [pool(rows(bag_ids), factor, mean) for rows in partition_rows]
            out[f"{case}.released_{name}"] = join(operation, pooled)


def composed(case, operation, buckets, tables):
    for position, table in enumerate(tables):
        out[f"{case}.{position}"] = table
    rows = [
        lambda x, b=b, t=t: t.astype(np.float64)[b(x)] for b, t in zip(buckets, tables)]
    record(case, lambda x: join(operation, [r(x) for r in rows]), rows, operation)


composed(
    "digits", "multiply", [lambda x: x % 4, lambda x: x // 4 % 5, lambda x: x // 20],
    [floats(4, 6), floats(5, 6), floats(6, 6)])
composed(
    "chinese", "add", [lambda x: x % 11, lambda x: x % 10], [floats(11, 5), floats(10, 5)])

maps = [rng.integers(0, 7, N).astype(np.int32), rng.integers(0, 9, N).astype(np.int64)]
out["explicit.0.buckets"], out["explicit.1.buckets"] = maps
composed(
    "explicit", "concatenate", [lambda x: maps[0][x], lambda x: maps[1][x]],
    [floats(7, 4), floats(9, 3)])

D, H = 6, 5
path = {
    "0": floats(26, D),
    "1.hidden.weight": floats(4, H, D), "1.hidden.bias": floats(4, H),
    "1.output.weight": floats(4, D, H), "1.output.bias": floats(4, D)}
out.update({f"path.{name}": tensor for name, tensor in path.items()})


def follow_path(x):
    result = []
    for category in x:
        row, b = path["0"][category // 4].astype(np.float64), category % 4
        hidden = np.maximum(path["1.hidden.weight"][b] @ row + path["1.hidden.bias"][b], 0)
        result.append(path["1.output.weight"][b] @ hidden + path["1.output.bias"][b])
    return np.array(result)


record("path", follow_path)

out["projected.0"], out["projected.projection"] = table, P = floats(N, 3), floats(8, 3)
record("projected", lambda x: table.astype(np.float64)[x] @ P.astype(np.float64).T)

out["weighted.0"], out["weighted.category_weights"] = floats(N, 4), floats(N)
record(
    "weighted", lambda x: out["weighted.0"].astype(np.float64)[x],
    scale=out["weighted.category_weights"].astype(np.float64))

out = {
    name: array.astype(np.float32) if array.dtype == np.float64 else array
    for name, array in out.items()}
np.savez_compressed(os.path.join(os.path.dirname(__file__), "compositional.npz"), **out)
