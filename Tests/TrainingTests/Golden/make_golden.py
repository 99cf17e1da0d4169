"""Golden files of TrainingTests: ten steps of each optimiser over small models.

Run it in a Python with numpy and torch:

    python make_golden.py

PyTorch (float64) computes the gradients everywhere, and does the steps of SGD, Adagrad and AMSGrad.
The steps of sparse AMSGrad (touched rows only, the bias correction counts all steps) and row-wise
Adagrad (one sum a row, of the mean of squares) are numpy's, from their definitions. AMSGrad with
dense gradients moves all rows, also those that a batch does not touch.

Arrays: start.TENSOR and end.TENSOR (float32) by the checkpoint's tensor names; labels [10, B];
dense [10, B, I]; ids.F [10, n] and offsets.F [10, B + 1] (absent: one id a sample); logits [B] of
the first batch at the end.
"""

import sys
import numpy as np
import torch

STEPS, BATCH, DENSE, WIDTH = 10, 24, 3, 4
torch.set_default_dtype(torch.float64)

# name: (cardinality, composition, [(kind, numbers...)], bags)
FEATURES = {
    "C1": (5, "single", [("identity",)], None),
    "C2": (11, "multiply", [("quotient", 4), ("remainder", 4)], None),
    "C3": (9, "add", [("quotient", 3), ("remainder", 3)], "sum"),
    "C4": (10, "concatenate", [("quotient", 4), ("remainder", 4)], None),
    "C5": (12, "multiply", [("quotient", 4), ("remainder", 4)], "mean"),
    "C6": (13, "path", [("quotient", 4), ("remainder", 4)], None),
    "C7": (20, "single", [("remainder", 7)], "sum"),
    "C8": (7, "separate", [("quotient", 4), ("remainder", 4)], None),
}
HIDDEN = 6


def rows_of(kind, n):
    return {"identity": lambda: n, "quotient": lambda: -(-n // kind[1]),
            "remainder": lambda: kind[1]}[kind[0]]()


def bucket(kind, ids):
    return {"identity": lambda: ids, "quotient": lambda: ids // kind[1],
            "remainder": lambda: ids % kind[1]}[kind[0]]()


def parameters(architecture, rng):
    start, tables = {}, []

    def add(name, *shape, low=-0.5, high=0.5):
        start[name] = rng.uniform(low, high, shape).astype(np.float32)

    for name, (n, composition, kinds, _) in FEATURES.items():
        for p, kind in enumerate(kinds):
            prefix, rows = f"embeddings.{name}.{p}", rows_of(kind, n)
            if composition == "path" and p > 0:
                add(prefix + ".hidden.weight", rows, HIDDEN, WIDTH)
                add(prefix + ".hidden.bias", rows, HIDDEN)
                add(prefix + ".output.weight", rows, WIDTH, HIDDEN)
                add(prefix + ".output.bias", rows, WIDTH)
            else:
                add(prefix, rows, WIDTH // 2 if composition == "concatenate" else WIDTH)
                tables.append(prefix)
    vectors = sum(2 if f[1] == "separate" else 1 for f in FEATURES.values())
    if architecture == "dlrm":
        layers = {"bottom_mlp": [DENSE, 7, WIDTH],
                  "top_mlp": [WIDTH + (vectors + 1) * vectors // 2, 9, 1]}
    else:
        width = DENSE + vectors * WIDTH
        for layer in range(3):
            add(f"cross.{layer}.weight", width, low=-0.2, high=0.2)
            add(f"cross.{layer}.bias", width)
        layers = {"deep": [width, 8, 5]}
    for network, widths in layers.items():
        for i in range(len(widths) - 1):
            add(f"{network}.{i}.weight", widths[i + 1], widths[i])
            add(f"{network}.{i}.bias", widths[i + 1])
    if architecture == "dcn":
        add("output.weight", 1, width + 5, low=-0.2, high=0.2)
        add("output.bias", 1)
    return start, tables


def vectors_of(p, name, ids):
    n, composition, kinds, _ = FEATURES[name]
    rows = [bucket(kind, ids) for kind in kinds]
    table = lambda i: p[f"embeddings.{name}.{i}"][rows[i]]
    if composition == "single":
        return [table(0)]
    if composition == "multiply":
        return [table(0) * table(1)]
    if composition == "add":
        return [table(0) + table(1)]
    if composition == "concatenate":
        return [torch.cat([table(0), table(1)], 1)]
    if composition == "separate":
        return [table(0), table(1)]
    prefix, x = f"embeddings.{name}.1.", table(0)
    part = lambda which: p[prefix + which][rows[1]]
    h = torch.relu(torch.einsum("nhd,nd->nh", part("hidden.weight"), x) + part("hidden.bias"))
    return [torch.einsum("ndh,nh->nd", part("output.weight"), h) + part("output.bias")]


def pooled(p, name, batch):
    composed = vectors_of(p, name, batch["ids." + name])
    mode = FEATURES[name][3]
    if mode is None:
        return composed
    offsets = batch["offsets." + name]
    result = []
    for vector in composed:
        bags = []
        for b in range(BATCH):
            bag = vector[offsets[b]:offsets[b + 1]]
            total = bag.sum(0)
            bags.append(total / max(len(bag), 1) if mode == "mean" else total)
        result.append(torch.stack(bags))
    return result


def logits(p, architecture, batch):
    def mlp(x, network, count, last):
        for i in range(count):
            x = x @ p[f"{network}.{i}.weight"].T + p[f"{network}.{i}.bias"]
            if i < count - 1 or last:
                x = torch.relu(x)
        return x

    dense = batch["dense"]
    vectors = [v for name in FEATURES for v in pooled(p, name, batch)]
    if architecture == "dlrm":
        x = mlp(dense, "bottom_mlp", 2, True)
        t = torch.stack([x] + vectors, 1)
        z = t @ t.transpose(1, 2)
        pairs = [(i, j) for i in range(t.shape[1]) for j in range(i)]
        products = torch.stack([z[:, i, j] for i, j in pairs], 1)
        return mlp(torch.cat([x, products], 1), "top_mlp", 2, False)[:, 0]
    x0 = x = torch.cat([dense] + vectors, 1)
    for l in range(3):
        x = x0 * (x @ p[f"cross.{l}.weight"])[:, None] + p[f"cross.{l}.bias"] + x
    deep = mlp(x0, "deep", 2, True)
    return (torch.cat([x, deep], 1) @ p["output.weight"].T + p["output.bias"])[:, 0]


def batches(rng):
    result = []
    for _ in range(STEPS):
        batch = {"labels": (rng.random(BATCH) < 0.4).astype(np.float32),
                 "dense": rng.random((BATCH, DENSE)).astype(np.float32)}
        for name, (n, _, _, mode) in FEATURES.items():
            if mode is None:
                ids = rng.integers(0, n, BATCH)
            else:
                sizes = rng.integers(0, 4, BATCH)
                sizes[:2] = [0, 3]
                offsets = np.concatenate([[0], np.cumsum(sizes)])
                batch["offsets." + name] = offsets
                ids = rng.integers(0, n, offsets[-1])
            ids[rng.random(len(ids)) < 0.5] = 0
            batch["ids." + name] = ids
        result.append(batch)
    return result


def tensors(batch):
    return {k: torch.tensor(v.astype(np.float64) if v.dtype == np.float32 else v)
            for k, v in batch.items()}


def gradients(p, architecture, batch):
    for value in p.values():
        value.grad = None
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        logits(p, architecture, batch), batch["labels"])
    loss.backward()


def touched(name, batch):
    _, feature, partition = name.split(".")[:3]
    kind = FEATURES[feature][2][int(partition)]
    return np.unique(bucket(kind, batch["ids." + feature].numpy()))


def numpy_step(p, state, tables, rule, batch, t):
    """Row-wise Adagrad or sparse AMSGrad; layers as PyTorch's own."""
    for name, value in p.items():
        w, g = value.detach().numpy(), value.grad.numpy()
        is_feature = name.startswith("embeddings.")
        rows = touched(name, batch) if is_feature else slice(None)
        if rule == "rowwise-adagrad":
            s = state.setdefault(name, np.zeros(len(w)) if name in tables else np.zeros(w.shape))
            if name in tables:
                s[rows] += (g[rows] ** 2).mean(1)
                w[rows] -= 0.01 * g[rows] / (np.sqrt(s[rows]) + 1e-10)[:, None]
            else:
                s[rows] += g[rows] ** 2
                w[rows] -= 0.01 * g[rows] / (np.sqrt(s[rows]) + 1e-10)
        else:
            m, v, u = state.setdefault(name, [np.zeros(w.shape) for _ in range(3)])
            m[rows] += (1 - 0.9) * (g[rows] - m[rows])
            v[rows] = 0.999 * v[rows] + (1 - 0.999) * g[rows] ** 2
            u[rows] = np.maximum(u[rows], v[rows])
            step = 1e-3 / (1 - 0.9 ** t)
            w[rows] -= step * m[rows] / (np.sqrt(u[rows]) / np.sqrt(1 - 0.999 ** t) + 1e-8)


def run(architecture, rule, seed):
    rng = np.random.default_rng(seed)
    start, tables = parameters(architecture, rng)
    p = {k: torch.tensor(v.astype(np.float64), requires_grad=True) for k, v in start.items()}
    data = batches(rng)
    optimizer = {"sgd": lambda: torch.optim.SGD(p.values(), lr=0.01),
                 "adagrad": lambda: torch.optim.Adagrad(p.values(), lr=0.01, eps=1e-10),
                 "amsgrad-dense": lambda: torch.optim.Adam(p.values(), lr=1e-3, amsgrad=True),
                 }.get(rule, lambda: None)()
    state = {}
    for t, batch in enumerate(map(tensors, data), 1):
        gradients(p, architecture, batch)
        if optimizer:
            optimizer.step()
        else:
            with torch.no_grad():
                numpy_step(p, state, tables, rule, batch, t)
    arrays = {"start." + k: v for k, v in start.items()}
    arrays |= {"end." + k: v.detach().numpy().astype(np.float32) for k, v in p.items()}
    for key in ["labels", "dense"]:
        arrays[key] = np.stack([b[key] for b in data])
    # Bags differ in size from step to step: one list each, with where the steps begin.
    for name in FEATURES:
        arrays["ids." + name] = np.concatenate([b["ids." + name] for b in data]).astype(np.int64)
        if FEATURES[name][3]:
            arrays["offsets." + name] = np.stack(
                [b["offsets." + name] for b in data]).astype(np.int32)
    arrays["logits"] = logits(p, architecture, tensors(data[0])).detach().numpy().astype(np.float32)
    np.savez_compressed(f"{architecture}-{rule}.npz", **arrays)


if __name__ == "__main__":
    for seed, rule in enumerate(["sgd", "adagrad", "amsgrad-dense", "amsgrad", "rowwise-adagrad"]):
        run("dlrm", rule, seed)
        run("dcn", rule, 100 + seed)
    print("written with torch", torch.__version__, "numpy", np.__version__, file=sys.stderr)
