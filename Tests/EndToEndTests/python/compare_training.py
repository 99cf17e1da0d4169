"""Trains one DLRM in PyTorch and in quotient-bench, in turns on the same cores: samples a second.

The model and its step are those of facebookresearch/dlrm with its Criteo flags, written anew:
13-512-256-64-16 and 367-512-256-1 with ReLU and a sigmoid at the end, dot interaction of 27 vectors,
26 `EmbeddingBag`s in sum mode with sparse gradients, binary cross-entropy of the mean, Adagrad at
0.01 with sparse updates. Cardinalities are Criteo Kaggle's, cut to 200,000; ids are log-uniform;
batches are prepared beforehand.

One core each, in turns, several rounds; the least disturbed round of each counts. Then our own steps
with two threads beside those with one, again in turns.
"""

import argparse
import json
import subprocess
import time

import numpy as np
import torch

CARDINALITIES = [min(n, 200_000) for n in [
    1460, 583, 10131227, 2202608, 305, 24, 12517, 633, 3, 93145, 5683, 8351593, 3194, 27, 14992,
    5461306, 10, 5652, 2173, 4, 7046547, 18, 15, 286181, 105, 142572,
]]
DENSE, WIDTH = 13, 16


def mlp(widths, last):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1], last)


class DLRM(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.bottom = mlp([DENSE, 512, 256, 64, WIDTH], torch.nn.ReLU())
        self.top = mlp([367, 512, 256, 1], torch.nn.Sigmoid())
        self.tables = torch.nn.ModuleList(
            torch.nn.EmbeddingBag(n, WIDTH, mode="sum", sparse=True) for n in CARDINALITIES)
        count = len(CARDINALITIES) + 1
        pairs = [(i, j) for i in range(count) for j in range(i)]
        self.rows = torch.tensor([i for i, _ in pairs])
        self.columns = torch.tensor([j for _, j in pairs])

    def forward(self, dense, offsets, ids):
        x = self.bottom(dense)
        vectors = [table(i, offsets) for table, i in zip(self.tables, ids)]
        stacked = torch.cat([x] + vectors, dim=1).view(len(x), -1, WIDTH)
        products = torch.bmm(stacked, stacked.transpose(1, 2))
        return self.top(torch.cat([x, products[:, self.rows, self.columns]], dim=1))


def batches(count, size, generator):
    made = []
    for _ in range(count):
        ids = [torch.from_numpy((np.exp(generator.random(size) * np.log(n + 1)) - 1).astype(np.int64))
               for n in CARDINALITIES]
        dense = torch.from_numpy(4 * generator.random((size, DENSE), dtype=np.float32))
        labels = torch.from_numpy((generator.random((size, 1)) < 0.25).astype(np.float32))
        made.append((dense, ids, labels))
    return made


class TorchTraining:
    def __init__(self, size):
        self.model = DLRM()
        self.optimizer = torch.optim.Adagrad(self.model.parameters(), lr=0.01)
        self.loss = torch.nn.BCELoss(reduction="mean")
        self.batches = batches(100, size, np.random.default_rng(1))
        self.offsets = torch.arange(size)
        self.size = size
        self.position = 0

    def round(self, steps):
        """Samples a second of wall and of processor time."""
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(steps):
            dense, ids, labels = self.batches[self.position % len(self.batches)]
            self.position += 1
            loss = self.loss(self.model(dense, self.offsets, ids), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        samples = steps * self.size
        return (samples / (time.perf_counter() - wall),
                samples / (time.process_time() - processor))


def ours(bench, threads, size, steps, rounds):
    done = subprocess.run(
        [bench, "training", "--threads", threads, "--batch-size", str(size), "--steps", str(steps),
         "--rounds", str(rounds), "--json"], capture_output=True, text=True, check=True)
    return {line["threads"]: line for line in map(json.loads, done.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", help="the quotient-bench executable")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=128)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    training = TorchTraining(options.batch_size)
    training.round(20)
    theirs, mine = [], []
    for _ in range(options.rounds):
        theirs.append(training.round(options.steps))
        mine.append(ours(options.bench, "1", options.batch_size, options.steps, 1)[1])
    wall = max(t[0] for t in theirs), max(m["samples_per_second"] for m in mine)
    processor = max(t[1] for t in theirs), max(1e6 / m["processor_us"] for m in mine)
    print(f"DLRM, Adagrad, batch {options.batch_size}; best of {options.rounds} rounds in turns")
    print(f"{'':24}{'torch ' + torch.__version__.split('+')[0]:>14}{'quotient':>12}{'times':>8}")
    for name, (their, my) in [("samples/s, one thread", wall),
                              ("samples a CPU second", processor)]:
        print(f"{name:24}{their:14.0f}{my:12.0f}{my / their:8.2f}")
    both = ours(options.bench, "1,2", options.batch_size, options.steps, 2 * options.rounds)
    one, two = (both[n]["samples_per_second"] for n in (1, 2))
    print(f"one thread {one:.0f} samples/s, two threads {two:.0f}: {two / one:.2f} times")


if __name__ == "__main__":
    main()
