"""Times one DLRM in PyTorch (eager, one thread), in onnxruntime (one thread) and in quotient-bench.

The model is the one that quotient-bench's `score/dlrm/` cases have: 13-512-256-64-16 and
367-512-256-1, dot interaction, 26 features of Criteo's Kaggle data cut to 250,000 categories,
tables of 16 floats, quotient-remainder with four collisions (multiplied) from 200 categories on.
Weights are random: they change no time. The exported graph's logits are compared with PyTorch's
first.

Every contender runs on one core, in turns, several rounds; the least disturbed run of each counts.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import onnxruntime
import torch

CARDINALITIES = [
    1460, 583, 10131227, 2202608, 305, 24, 12517, 633, 3, 93145, 5683, 8351593, 3194, 27, 14992,
    5461306, 10, 5652, 2173, 4, 7046547, 18, 15, 286181, 105, 142572,
]
BATCHES = [1, 16, 128, 1024]
COLLISIONS, THRESHOLD, DIMENSION = 4, 200, 16


class Feature(torch.nn.Module):
    def __init__(self, cardinality):
        super().__init__()
        self.is_composed = cardinality > THRESHOLD
        rows = -(-cardinality // COLLISIONS) if self.is_composed else cardinality
        self.rows = torch.nn.Embedding(rows, DIMENSION)
        if self.is_composed:
            self.factors = torch.nn.Embedding(COLLISIONS, DIMENSION)

    def forward(self, ids):
        if not self.is_composed:
            return self.rows(ids)
        return self.rows(ids // COLLISIONS) * self.factors(ids % COLLISIONS)


def mlp(widths, last_relu):
    layers = []
    for position, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers.append(torch.nn.Linear(inputs, outputs))
        if last_relu or position < len(widths) - 2:
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


class DLRM(torch.nn.Module):
    """The forward pass of facebookresearch/dlrm, one id a feature, without the sigmoid."""

    def __init__(self):
        super().__init__()
        self.features = torch.nn.ModuleList(Feature(min(n, 250_000)) for n in CARDINALITIES)
        self.bottom = mlp([13, 512, 256, 64, DIMENSION], last_relu=True)
        self.top = mlp([367, 512, 256, 1], last_relu=False)
        rows, columns = zip(*[(i, j) for i in range(27) for j in range(i)])
        self.register_buffer("rows", torch.tensor(rows))
        self.register_buffer("columns", torch.tensor(columns))

    def forward(self, dense, ids):
        x = self.bottom(torch.log1p(dense))
        vectors = torch.stack([x] + [f(ids[:, i]) for i, f in enumerate(self.features)], dim=1)
        products = torch.bmm(vectors, vectors.transpose(1, 2))
        return self.top(torch.cat([x, products[:, self.rows, self.columns]], dim=1)).squeeze(1)


def batch(count):
    generator = torch.Generator().manual_seed(3)
    ids = [
        torch.randint(0, min(n, 250_000), (count,), generator=generator) for n in CARDINALITIES
    ]
    return 4 * torch.rand(count, 13, generator=generator), torch.stack(ids, dim=1)


def exported(model):
    graph = io.BytesIO()
    torch.onnx.export(
        model, batch(2), graph, input_names=["dense", "ids"], output_names=["logit"],
        dynamic_axes={"dense": {0: "n"}, "ids": {0: "n"}, "logit": {0: "n"}}, dynamo=False,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        graph.getvalue(), options, providers=["CPUExecutionProvider"]
    )


def microseconds(call, count):
    """The least time of a call, per candidate, over about half a second."""
    call()
    best, end = float("inf"), time.perf_counter() + 0.5
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e6 / count


def quotient(binary):
    """Microseconds a candidate by (precision, candidates), and the machine's peaks in Gop/s."""
    times, peaks = {}, {}
    for chosen in ["score/peak/", "score/dlrm/"]:
        lines = subprocess.run(
            [binary, "run", chosen, "--json"], check=True, capture_output=True, text=True
        ).stdout
        for line in lines.splitlines():
            case = json.loads(line)
            parts = case["case"].split("/")
            if parts[1] == "peak":
                peaks[parts[2]] = case["operations_per_second"] / 1e9
            else:
                times[parts[2], int(parts[3].split("=")[1])] = case["min_ns"] / 1e3
    return times, peaks


def keep_least(best, new):
    for key, value in new.items():
        best[key] = min(value, best.get(key, float("inf")))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("bench", help="the quotient-bench program, built for release")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()

    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    warnings.simplefilter("ignore")  # the exporter's remarks on itself
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = DLRM().eval()
    best, peaks = {}, {}
    with torch.inference_mode():
        session = exported(model)
        dense, ids = batch(64)
        expected = model(dense, ids).numpy()
        got = session.run(None, {"dense": dense.numpy(), "ids": ids.numpy()})[0]
        worst = float(np.abs(got - expected).max())
        if not worst <= 1e-4 * (1 + float(np.abs(expected).max())):
            sys.exit(f"onnxruntime's logits differ from PyTorch's by {worst}")
        for _ in range(options.rounds):
            for count in BATCHES:
                dense, ids = batch(count)
                feed = {"dense": dense.numpy(), "ids": ids.numpy()}
                keep_least(best, {
                    ("torch", count): microseconds(lambda: model(dense, ids), count),
                    ("onnxruntime", count): microseconds(lambda: session.run(None, feed), count),
                })
            times, found = quotient(options.bench)
            keep_least(best, times)
            for key, value in found.items():
                peaks[key] = max(value, peaks.get(key, 0))

    print(f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}, core {core}, "
          f"{options.rounds} rounds, least microseconds a candidate")
    print("peaks, Gop/s: " + ", ".join(f"{name} {rate:.0f}" for name, rate in peaks.items()))
    print(f"{'candidates':<22}" + "".join(f"{count:>10}" for count in BATCHES))
    names = ["torch", "onnxruntime"] + [p for p in ["f32", "bf16", "int8"] if (p, 1) in best]
    for name in names:
        label = name if name in ("torch", "onnxruntime") else f"quotient {name}"
        print(f"{label:<22}" + "".join(f"{best[name, count]:>10.2f}" for count in BATCHES))
    for other in ["torch", "onnxruntime"]:
        for name in names[2:]:
            ratios = "".join(f"{best[other, c] / best[name, c]:>9.1f}x" for c in BATCHES)
            print(f"{other + ' / ' + name:<22}" + ratios)


if __name__ == "__main__":
    main()
