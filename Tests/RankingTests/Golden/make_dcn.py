"""Writes a small DCN checkpoint and what PyTorch computes from it.

Needs torch, numpy and safetensors. Run in this folder: python make_dcn.py
The forward pass is PyTorch's own (cross layers one by one, as in arXiv:1708.05123), in float32 and
float64; the checkpoint is written with the safetensors package.
"""

import json
import os

import numpy as np
import torch
from safetensors.torch import save_file

torch.manual_seed(7)
generator = np.random.default_rng(7)
DENSE, ROWS = 4, 64
tensors = {}


def weight(name, *shape, scale=0.5):
    tensors[name] = (torch.rand(*shape) - 0.5) * 2 * scale
    return name


def feature(name, cardinality, dimension, composition, kinds, widths, **more):
    partitions = []
    for j, (kind, rows) in enumerate(kinds):
        partition = dict(kind)
        if composition == "path" and j > 0:
            prefix, hidden = f"embeddings.{name}.{j}", 5
            partition["mlp"] = {"hidden": hidden}
            weight(f"{prefix}.hidden.weight", rows, hidden, dimension)
            weight(f"{prefix}.hidden.bias", rows, hidden)
            weight(f"{prefix}.output.weight", rows, dimension, hidden)
            weight(f"{prefix}.output.bias", rows, dimension)
        else:
            partition["table"] = weight(f"embeddings.{name}.{j}", rows, widths[j], scale=1.0)
        partitions.append(partition)
    return dict(name=name, cardinality=cardinality, dimension=dimension, composition=composition,
                partitions=partitions, **more)


features = [
    feature("full", 50, 6, "single", [({"kind": "identity"}, 50)], [6]),
    feature("product", 101, 6, "multiply",
            [({"kind": "quotient", "divisor": 4}, 26), ({"kind": "remainder", "modulus": 4}, 4)], [6, 6]),
    feature("joined", 37, 7, "concatenate",
            [({"kind": "quotient", "divisor": 5}, 8), ({"kind": "remainder", "modulus": 5}, 5)], [3, 4]),
    feature("parts", 60, 3, "separate",
            [({"kind": "mixed_radix", "divisor": 1, "modulus": 4}, 4),
             ({"kind": "mixed_radix", "divisor": 4, "modulus": 4}, 4),
             ({"kind": "mixed_radix", "divisor": 16, "modulus": 4}, 4)], [3, 3, 3]),
    feature("path", 30, 4, "path",
            [({"kind": "quotient", "divisor": 3}, 10), ({"kind": "remainder", "modulus": 3}, 3)], [4]),
]


def bucket(kind, ids):
    if kind["kind"] == "identity":
        return ids
    if kind["kind"] == "quotient":
        return ids // kind["divisor"]
    if kind["kind"] == "remainder":
        return ids % kind["modulus"]
    return ids // kind["divisor"] % kind["modulus"]


def vectors(feature, ids, t):
    """[len(ids), width]"""
    rows = []
    for j, partition in enumerate(feature["partitions"]):
        b = bucket(partition, ids)
        if "mlp" in partition:
            p = f"embeddings.{feature['name']}.{j}"
            hidden = torch.relu(torch.einsum("nhd,nd->nh", t[f"{p}.hidden.weight"][b], rows[-1])
                                + t[f"{p}.hidden.bias"][b])
            rows.append(torch.einsum("ndh,nh->nd", t[f"{p}.output.weight"][b], hidden)
                        + t[f"{p}.output.bias"][b])
        else:
            rows.append(t[partition["table"]][b])
    if feature["composition"] in ("single", "path"):
        return rows[-1]
    if feature["composition"] == "multiply":
        return rows[0] * rows[1]
    return torch.cat(rows, 1)


width = DENSE + sum(f["dimension"] * (3 if f["composition"] == "separate" else 1) for f in features)
CROSS, DEEP = 3, [20, 17]
for layer in range(CROSS):
    weight(f"cross.{layer}.weight", width, scale=0.3)
    weight(f"cross.{layer}.bias", width, scale=0.2)
inputs = width
for i, outputs in enumerate(DEEP):
    weight(f"deep.{i}.weight", outputs, inputs, scale=0.3)
    weight(f"deep.{i}.bias", outputs, scale=0.2)
    inputs = outputs
weight("output.weight", 1, width + DEEP[-1], scale=0.3)
weight("output.bias", 1)


def forward(dense, embedded, dtype):
    t = {k: v.to(dtype) for k, v in tensors.items()}
    dense = dense.to(dtype).clone()
    dense[:, 1:3] = torch.log1p(torch.clamp(dense[:, 1:3], min=0))
    x0 = torch.cat([dense] + embedded(t), 1)
    x = x0
    for layer in range(CROSS):
        x = x0 * (x @ t[f"cross.{layer}.weight"]).unsqueeze(1) + t[f"cross.{layer}.bias"] + x
    h = x0
    for i in range(len(DEEP)):
        h = torch.relu(torch.nn.functional.linear(h, t[f"deep.{i}.weight"], t[f"deep.{i}.bias"]))
    logit = torch.nn.functional.linear(torch.cat([x, h], 1), t["output.weight"], t["output.bias"])[:, 0]
    return logit.numpy(), torch.sigmoid(logit).numpy()


dense = torch.tensor(generator.normal(0, 2, (ROWS, DENSE)), dtype=torch.float32)
ids = np.stack([generator.integers(0, f["cardinality"], ROWS) for f in features], 1)
bags = [[generator.integers(0, f["cardinality"], generator.integers(0, 4)) for _ in range(ROWS)] for f in features]
golden = {"dense": dense.numpy(), "ids": ids}
for f, feature_bags in zip(features, bags):
    golden[f"bag_ids.{f['name']}"] = np.concatenate(feature_bags).astype(np.int64)
    golden[f"bag_offsets.{f['name']}"] = np.cumsum([0] + [len(b) for b in feature_bags]).astype(np.int64)


def single(t):
    return [vectors(f, torch.tensor(ids[:, i]), t) for i, f in enumerate(features)]


def pooled(t):
    return [torch.stack([vectors(f, torch.tensor(b), t).sum(0) for b in bags[i]])
            for i, f in enumerate(features)]


for name, embedded in [("single", single), ("bag", pooled)]:
    for dtype, suffix in [(torch.float32, "f32"), (torch.float64, "f64")]:
        golden[f"logit_{name}_{suffix}"], golden[f"prob_{name}_{suffix}"] = forward(dense, embedded, dtype)

os.makedirs("dcn", exist_ok=True)
config = {
    "format": "quotient", "format_version": 1, "name": "dcn", "architecture": "dcn",
    "dense_features": [{"name": f"I{i + 1}", **({"transform": "log1p"} if i in (1, 2) else {})} for i in range(DENSE)],
    "categorical_features": features, "dcn": {"cross_layers": CROSS, "deep": DEEP},
}
json.dump(config, open("dcn/config.json", "w"), indent=1)
save_file({k: v.contiguous() for k, v in tensors.items()}, "dcn/model.safetensors")
save_file({k: torch.tensor(v) for k, v in golden.items()}, "dcn/golden.safetensors")
print({k: (v.shape, v.dtype) for k, v in golden.items()})
print("largest f32-f64 difference of logits", max(
    np.abs(golden[f"logit_{n}_f32"] - golden[f"logit_{n}_f64"]).max() for n in ("single", "bag")))
