#!/usr/bin/env python3
"""Makes small PyTorch checkpoints and the vectors that PyTorch computes from them.

    python3 make_torch_checkpoints.py [FOLDER]

Each case is NAME.pt, NAME.npz (ids, bags and vectors, with the keys of Tests/Reference/README.md) and
either NAME.args (flags of `quotient import dlrm`, one a line) or NAME.json (the configuration for
`quotient import torch`). Some cases also have NAME.legacy.pt, the container from before PyTorch 1.6.

The embedding modules below follow the released code (facebookresearch/dlrm: tricks/qr_embedding_bag.py,
tricks/md_embedding_bag.py, dlrm_s_pytorch.py) line by line where they compute: each table is pooled by
itself, quotients are (ids / c).long(). Needs torch and numpy; the files in this folder were made with
torch 2.15.0 and numpy 2.4.6. Running it again gives the same tensors.
"""
import json
import os
import sys
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F

N = 24  # samples of each golden file


def qr_vectors(q, r, operation, ids, offsets):
    """QREmbeddingBag.forward, mode sum."""
    c = r.shape[0]
    quotient = (ids / c).long()
    remainder = torch.remainder(ids, c).long()
    eq = F.embedding_bag(quotient, q, offsets, mode="sum")
    er = F.embedding_bag(remainder, r, offsets, mode="sum")
    if operation == "concat":
        return torch.cat((eq, er), dim=1)
    return eq + er if operation == "add" else eq * er


class Case:
    """Collects tensors, the features' vector functions and their cardinalities."""

    def __init__(self, name, seed):
        self.name = name
        torch.manual_seed(seed)
        self.random = np.random.default_rng(seed)
        self.state = OrderedDict()
        self.features = []  # (n, function of ids and offsets, edge ids)

    def tensor(self, key, *shape):
        self.state[key] = torch.randn(*shape)
        return self.state[key]

    def goldens(self, folder):
        count = len(self.features)
        ids_single = np.zeros((N, count), dtype=np.int64)
        bag_ids, starts, bag_offsets, single, bag = [], [0], [], [], []
        for f, (n, vectors, edges) in enumerate(self.features):
            ids = self.random.integers(0, n, N)
            edges = [e for e in edges if 0 <= e < n][:N]
            ids[: len(edges)] = edges
            ids_single[:, f] = ids
            single.append(vectors(torch.from_numpy(ids), torch.arange(N)).numpy())
            lengths = self.random.integers(0, 5, N)
            lengths[0] = lengths[-1] = 0
            lengths[1] = 3
            offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
            members = self.random.integers(0, n, lengths.sum())
            members[1] = members[0]  # a repeated id
            bag_offsets.append(offsets)
            bag_ids.append(members)
            starts.append(starts[-1] + len(members))
            bag.append(vectors(torch.from_numpy(members), torch.from_numpy(offsets)).numpy())
        np.savez_compressed(
            os.path.join(folder, self.name + ".npz"),
            ids_single=ids_single,
            vec_single_f32=np.stack(single, axis=1).astype(np.float32),
            bag_ids=np.concatenate(bag_ids),
            bag_feature_start=np.array(starts, dtype=np.int64),
            bag_offsets=np.stack(bag_offsets).astype(np.int64),
            vec_bag_f32=np.stack(bag, axis=1).astype(np.float32),
        )

    def mlp(self, key, widths, step=2):
        for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
            self.tensor(f"{key}.{i * step}.weight", outputs, inputs)
            self.tensor(f"{key}.{i * step}.bias", outputs)

    def save(self, folder, legacy=False, wrapped=True):
        saved = self.state
        if wrapped:  # what dlrm_s_pytorch.py saves
            saved = {
                "nepochs": 1, "nbatches": 10, "nbatches_test": 2, "state_dict": self.state,
                "test_acc": np.float64(0.75), "epoch": 0, "iter": 10,
                "train_loss": np.float32(0.5), "total_loss": 0,
                "opt_state_dict": {"state": {}, "param_groups": [{"lr": 0.1, "params": [0, 1]}]},
            }
        torch.save(saved, os.path.join(folder, self.name + ".pt"))
        if legacy:
            torch.save(saved, os.path.join(folder, self.name + ".legacy.pt"),
                       _use_new_zipfile_serialization=False)
        self.goldens(folder)


def write_args(folder, name, lines):
    with open(os.path.join(folder, name + ".args"), "w") as file:
        file.write("\n".join(lines) + "\n")


def dlrm_qr(folder, name, seed, sizes, width, operation, collisions, threshold, interaction,
            itself=False, legacy=False, extra=()):
    case = Case(name, seed)
    out = 2 * width if operation == "concat" else width
    for i, n in enumerate(sizes):
        if n > threshold:
            q = case.tensor(f"emb_l.{i}.weight_q", -(-n // collisions), width)
            r = case.tensor(f"emb_l.{i}.weight_r", collisions, width)
            case.features.append((
                n, lambda ids, offsets, q=q, r=r: qr_vectors(q, r, operation, ids, offsets),
                [0, n - 1, collisions - 1, collisions, collisions + 1, n // 2]))
        else:
            w = case.tensor(f"emb_l.{i}.weight", n, width)
            case.features.append((
                n, lambda ids, offsets, w=w: F.embedding_bag(ids, w, offsets, mode="sum"),
                [0, n - 1]))
    case.mlp("bot_l", [4, 7, out])
    rows = len(sizes) + 1
    if interaction == "cat":
        top = out * rows
    else:
        top = out + rows * (rows - 1) // 2 + (rows if itself else 0)
    case.mlp("top_l", [top, 5, 1])
    case.save(folder, legacy=legacy)
    write_args(folder, name, [
        "--arch-embedding-size=" + "-".join(map(str, sizes)),
        f"--arch-sparse-feature-size={width}", f"--arch-mlp-bot=4-7-{out}", "--arch-mlp-top=5-1",
        f"--arch-interaction-op={interaction}", *(["--arch-interaction-itself"] if itself else []),
        "--qr-flag", f"--qr-operation={operation}", f"--qr-collisions={collisions}",
        f"--qr-threshold={threshold}", *extra])


def dlrm_mixed(folder, name, seed):
    """PrEmbeddingBag: rows of width d, then a linear map to D without bias where d < D."""
    case = Case(name, seed)
    widths = [(40, 3), (7, 8), (200, 1), (90, 2)]
    for i, (n, d) in enumerate(widths):
        w = case.tensor(f"emb_l.{i}.embs.weight", n, d)
        p = case.tensor(f"emb_l.{i}.proj.weight", 8, d) if d < 8 else None

        def vectors(ids, offsets, w=w, p=p):
            pooled = F.embedding_bag(ids, w, offsets, mode="sum")
            return pooled if p is None else F.linear(pooled, p)

        case.features.append((n, vectors, [0, n - 1]))
    case.mlp("bot_l", [3, 6, 8])
    case.mlp("top_l", [8 + 10, 4, 1])
    case.save(folder, legacy=True)
    write_args(folder, name, [
        "--arch-sparse-feature-size=8", "--arch-mlp-bot=3-6-8", "--arch-mlp-top=4-1", "--md-flag",
        "--md-threshold=0", "--md-temperature=0.3", "--arch-interaction-op=dot",
        "--optimizer=sgd", "--learning-rate", "0.1", "--mini-batch-size=128"])


def dlrm_weighted(folder, name, seed):
    """--weighted-pooling learned: per-sample weights gathered from v_W_l."""
    case = Case(name, seed)
    sizes = [30, 5, 64]
    for i, n in enumerate(sizes):
        w = case.tensor(f"emb_l.{i}.weight", n, 6)
        v = torch.rand(n) + 0.5
        case.features.append((
            n,
            lambda ids, offsets, w=w, v=v: F.embedding_bag(
                ids, w, offsets, mode="sum", per_sample_weights=v.gather(0, ids)),
            [0, n - 1]))
        case.state[f"v_W_l.{i}"] = v
    case.mlp("bot_l", [2, 6])
    case.mlp("top_l", [6 * 4, 4, 1])
    case.save(folder)
    write_args(folder, name, [
        "--weighted-pooling=learned", "--arch-interaction-op=cat", "--loss-threshold=0.01"])


def dlrm_float32(folder, name, seed):
    """More than 2^24 categories: the released code's quotients are rounded to float32."""
    n, c = (1 << 24) + 8192, 4096
    case = Case(name, seed)
    q = case.tensor("emb_l.0.weight_q", n // c, 1)
    r = case.tensor("emb_l.0.weight_r", c, 1)
    # 4097 * 4096 - 1 rounds up to the next row; the last id of all would fall out of the table.
    edges = [0, 16_777_215, 16_777_216, 16_781_310, 16_781_311, 16_781_312, 16_781_313]
    case.features.append((n - 4096, lambda ids, offsets: qr_vectors(q, r, "mult", ids, offsets), edges))
    case.mlp("bot_l", [1, 1])
    case.mlp("top_l", [2, 1])
    case.save(folder)
    write_args(folder, name, [
        f"--arch-embedding-size={n}", "--qr-operation=mult", "--arch-interaction-op=dot"])


def pool(vectors, offsets, count):
    """Composed per id, then summed."""
    bounds = list(offsets.tolist()) + [count]
    return torch.stack([vectors[a:b].sum(dim=0) for a, b in zip(bounds, bounds[1:])])


def plain(folder, name, seed):
    """A team's own state_dict: its own names, strides, shared storages and integer buffers."""
    case = Case(name, seed)
    D = 4
    state = case.state
    config_features, names = [], {}

    def feature(n, composition, partitions, per_id, edges, **more):
        f = len(config_features)
        own = f"C{f + 1}"
        config_features.append({
            "name": own, "cardinality": n, "dimension": D, "composition": composition,
            "partitions": partitions, **more})
        case.features.append((
            n, lambda ids, offsets: pool(per_id(ids), offsets, len(ids)), [0, n - 1, *edges]))
        return own

    # 1: a full table, column-major in the file.
    full = torch.randn(D, 19).t()
    state["emb.0.weight"] = full
    feature(19, "single", [{"kind": "identity"}], lambda ids: full[ids], [])
    names["embeddings.C1.0"] = "emb.0.weight"

    # 2: generalised quotient-remainder (mixed radix) over 3 tables that lie in one storage.
    moduli = [3, 4, 5]
    storage = torch.randn(sum(moduli) * D + 7)
    tables, at, divisors = [], 7, [1, 3, 12]
    for j, m in enumerate(moduli):
        tables.append(storage[at: at + m * D].view(m, D))
        at += m * D
        state[f"emb.1.tables.{j}"] = tables[-1]
        names[f"embeddings.C2.{j}"] = f"emb.1.tables.{j}"
    feature(58, "multiply",
            [{"kind": "mixed_radix", "divisor": d, "modulus": m} for d, m in zip(divisors, moduli)],
            lambda ids: torch.stack(
                [t[(ids // d) % m] for t, d, m in zip(tables, divisors, moduli)]).prod(dim=0),
            [2, 3, 11, 12])

    # 3: Chinese remainder, added.
    crt = [case.tensor(f"emb.2.tables.{j}", m, D) for j, m in enumerate([4, 7])]
    names["embeddings.C3.0"], names["embeddings.C3.1"] = "emb.2.tables.0", "emb.2.tables.1"
    feature(28, "add", [{"kind": "remainder", "modulus": 4}, {"kind": "remainder", "modulus": 7}],
            lambda ids: crt[0][ids % 4] + crt[1][ids % 7], [3, 4, 6, 7])

    # 4: path: table on the quotient, one MLP per remainder.
    H, c, n = 3, 4, 37
    table = case.tensor("emb.3.table", -(-n // c), D)
    w1, b1 = case.tensor("emb.3.w1", c, H, D), case.tensor("emb.3.b1", c, H)
    w2, b2 = case.tensor("emb.3.w2", c, D, H), case.tensor("emb.3.b2", c, D)
    names["embeddings.C4.0"] = "emb.3.table"
    for ours, theirs in [("hidden.weight", "w1"), ("hidden.bias", "b1"), ("output.weight", "w2"),
                         ("output.bias", "b2")]:
        names[f"embeddings.C4.1.{ours}"] = f"emb.3.{theirs}"

    def path(ids):
        x, k = table[ids // c], ids % c
        hidden = torch.relu(torch.einsum("bhd,bd->bh", w1[k], x) + b1[k])
        return torch.einsum("bdh,bh->bd", w2[k], hidden) + b2[k]

    feature(n, "path", [{"kind": "quotient", "divisor": c},
                        {"kind": "remainder", "modulus": c, "mlp": {"hidden": H}}], path, [3, 4])

    # 5: explicit: two int64 buffers of bucket numbers; concatenated halves of unequal width.
    n = 30
    codes = torch.randperm(42)[:n]
    buckets = [codes // 7, codes % 7]
    halves = [case.tensor("emb.4.tables.0", 6, 3), case.tensor("emb.4.tables.1", 7, 1)]
    for j in range(2):
        state[f"emb.4.buckets.{j}"] = buckets[j]
        names[f"embeddings.C5.{j}"] = f"emb.4.tables.{j}"
        names[f"embeddings.C5.{j}.buckets"] = f"emb.4.buckets.{j}"
    feature(n, "concatenate", [{"kind": "explicit"}, {"kind": "explicit"}],
            lambda ids: torch.cat([halves[0][buckets[0][ids]], halves[1][buckets[1][ids]]], dim=1),
            [])

    # 6: the hashing trick over a table that is a slice of a wider one.
    wide = torch.randn(9, 2 * D)
    state["emb.5.weight"] = wide[1:, D:]
    names["embeddings.C6.0"] = "emb.5.weight"
    feature(100, "single", [{"kind": "remainder", "modulus": 8}],
            lambda ids: wide[1:, D:][ids % 8], [8, 99])

    state["steps"] = torch.tensor(1234)  # an integer buffer that is no part of the model
    width = 2 + 6 * D
    for layer in range(2):
        case.tensor(f"cross.{layer}.weight", width)
        case.tensor(f"cross.{layer}.bias", width)
    case.mlp("deep", [width, 5, 3])
    for i in range(2):
        for kind in ("weight", "bias"):
            names[f"deep.{i}.{kind}"] = f"deep.{2 * i}.{kind}"
    case.tensor("out.weight", 1, width + 3)
    case.tensor("out.bias", 1)
    names["output.weight"], names["output.bias"] = "out.weight", "out.bias"
    case.save(folder, legacy=True, wrapped=False)
    config = {
        "format": "quotient", "format_version": 1, "name": name, "architecture": "dcn",
        "dense_features": [{"name": "I1"}, {"name": "I2", "transform": "log1p"}],
        "categorical_features": config_features, "dcn": {"cross_layers": 2, "deep": [5, 3]},
        "tensor_names": names}
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(config, file, indent=1)
        file.write("\n")


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    sizes = [60, 9, 201, 350, 7]
    dlrm_qr(folder, "qr-mult-c7", 1, sizes, 8, "mult", 7, 20, "dot", legacy=True)
    dlrm_qr(folder, "qr-add-c3", 2, sizes, 8, "add", 3, 59, "dot", itself=True)
    dlrm_qr(folder, "qr-add-c60-cat", 3, sizes, 5, "add", 60, 0, "cat", legacy=True)
    dlrm_qr(folder, "qr-concat-c5", 4, [60, 11, 201], 4, "concat", 5, 0, "dot",
            extra=["--optimizer", "adagrad", "--print-freq=10"])
    dlrm_qr(folder, "qr-concat-c2-cat", 5, [60, 11, 201, 3], 3, "concat", 2, 0, "cat")
    dlrm_mixed(folder, "mixed-dimensions", 6)
    dlrm_weighted(folder, "weighted-pooling", 7)
    dlrm_float32(folder, "qr-float32", 8)
    plain(folder, "plain-dcn", 9)


if __name__ == "__main__":
    with torch.no_grad():
        main()
