#!/usr/bin/env python3
"""Damages checkpoints in every part and gives them to the program's commands.

    deploy/mutate.py QUOTIENT [--count N] [--seed S]        default: 10000, seed 1

Each round damages one part of a whole checkpoint (the header of model.safetensors, its numbers,
types or length, config.json, the end of a file) or of a file of PyTorch (its pickle, its zip
directory, its end) and runs one command that opens it. What is asked for: exit code 1 with one
line of error, or 0 where the damage left something whole; within 5 seconds; never a signal.
Exit code 1, and the damaged files kept in the folder that is told, if anything else happened.
"""

import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

SECONDS_MAX = 5.0
REFERENCE = pathlib.Path(__file__).resolve().parent.parent / "Tests/Reference"
DLRM_FLAGS = {
    "dev-b-qr-concat60-dotself/model.pt": (
        "--qr-operation concat --qr-collisions 60 --qr-threshold 0 --arch-embedding-size "
        "1000-613-240-77-61 --arch-interaction-op dot --arch-interaction-itself"
    ).split(),
    "dev-c-md-cat-rwsadagrad/model.pt": ["--arch-interaction-op", "cat"],
}
DLRM_FLAGS["dev-b-qr-concat60-dotself/model_legacy.pt"] = DLRM_FLAGS[
    "dev-b-qr-concat60-dotself/model.pt"
]
NUMBERS = [b"0", b"1", b"-1", b"4294967296", b"9223372036854775807", b"18446744073709551616",
           b"1e9", b"0.5", b"null", b'"8"', b"[]"]
TYPES = [b"F64", b"F16", b"BF16", b"U8", b"I64", b"BOOL", b"F8_E4M3", b"f32", b""]


def flipped(data, reach, rng):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(min(reach, len(data)))] ^= 1 << rng.randrange(8)
    return bytes(data)


def overwritten(data, reach, rng):
    data = bytearray(data)
    start = rng.randrange(min(reach, len(data)))
    for at in range(start, min(start + rng.randint(1, 8), len(data))):
        data[at] = rng.choice([0, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    return bytes(data)


def cut(data, reach, rng):
    return data[: rng.randrange(len(data))]


def doubled(data, reach, rng):
    start = rng.randrange(min(reach, len(data)))
    return data[:start] + data[start : start + rng.randint(1, 64)] + data[start:]


def replaced(pattern, words):
    """Damage: one match of a pattern becomes one of a few words."""

    def damage(data, reach, rng):
        places = list(re.finditer(pattern, data[:reach]))
        if not places:
            return flipped(data, reach, rng)
        place = rng.choice(places)
        return data[: place.start()] + rng.choice(words) + data[place.end() :]

    return damage


def with_length(data, reach, rng):
    """A safetensors file whose header length lies."""
    length = int.from_bytes(data[:8], "little")
    lie = rng.choice([0, 1, length - 1, length + 1, len(data), 2**40, 2**63, 2**64 - 1])
    return lie.to_bytes(8, "little") + data[8:]


ANYWHERE = [flipped, overwritten, cut, doubled]
HEADER = ANYWHERE + [with_length, replaced(rb"\d+", NUMBERS), replaced(rb"F32", TYPES)]
CONFIGURATION = ANYWHERE + [
    replaced(rb"\d+", NUMBERS),
    replaced(rb'"[a-z_]+"', [b'""', b'"unknown"', b"7", b"null", b"{}"]),
    replaced(rb"[\[\]{},:]", [b"", b"[", b"}", b",", b"\x00"]),
]


class Rounds:
    def __init__(self, program, folder, rng):
        self.program, self.folder, self.rng = program, folder, rng
        self.whole = {}
        for name, flags in DLRM_FLAGS.items():
            output = folder / re.sub(r"\W", "-", name)
            self.run("import", "dlrm", REFERENCE / name, "--output", output, *flags)
            assert (output / "config.json").exists(), f"{name} is not imported"
            self.whole[name] = output

    def run(self, *arguments):
        start = time.monotonic()
        try:
            done = subprocess.run(
                [self.program, *map(str, arguments)], capture_output=True, timeout=30, text=True,
                errors="replace")
        except subprocess.TimeoutExpired:
            return None, "", 30.0
        return done.returncode, done.stderr, time.monotonic() - start

    def checkpoint(self):
        """A damaged folder, and a command that opens it."""
        whole = self.whole[self.rng.choice(list(self.whole))]
        damaged = self.folder / "damaged"
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(whole, damaged)
        if self.rng.random() < 0.6:
            path, kinds = damaged / "model.safetensors", HEADER
            reach = 8 + int.from_bytes(path.read_bytes()[:8], "little")
        else:
            path, kinds, reach = damaged / "config.json", CONFIGURATION, 1 << 20
        kind = self.rng.choice(kinds)
        path.write_bytes(kind(path.read_bytes(), reach, self.rng))
        command = self.rng.choice(["inspect", "verify", "lookup"])
        more = ["--feature", "C1", "--ids", "0"] if command == "lookup" else []
        return kind, damaged, [command, damaged, *more]

    def torch_file(self):
        """A damaged file of PyTorch, and its import."""
        name = self.rng.choice(list(DLRM_FLAGS))
        data = (REFERENCE / name).read_bytes()
        kind = self.rng.choice(ANYWHERE)
        # The pickle stands in front, the zip directory at the end.
        if self.rng.random() < 0.5:
            data = kind(data, 4096, self.rng)
        else:
            tail = min(len(data), 4096)
            data = data[:-tail] + kind(data[-tail:], tail, self.rng)
        path, output = self.folder / "damaged.pt", self.folder / "output"
        path.write_bytes(data)
        shutil.rmtree(output, ignore_errors=True)
        return kind, path, ["import", "dlrm", path, "--output", output, *DLRM_FLAGS[name]]

    def one(self):
        """What went wrong with one damaged file; None: nothing."""
        kind, path, command = self.torch_file() if self.rng.random() < 0.4 else self.checkpoint()
        code, errors, seconds = self.run(*command)
        name = f"{getattr(kind, '__name__', kind)}, {command[0]}"
        if code not in (0, 1):
            return path, f"{name}: exit code {code}: {errors[:300]}"
        if seconds > SECONDS_MAX:
            return path, f"{name}: {seconds:.1f} s"
        if code == 1 and len(errors.strip().splitlines()) != 1:
            return path, f"{name}: not one line of error: {errors[:300]!r}"
        self.slowest = max(getattr(self, "slowest", 0), seconds)
        self.refused = getattr(self, "refused", 0) + code
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quotient")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="quotient-mutate-"))
    rounds = Rounds(options.quotient, folder, random.Random(options.seed))
    failures = 0
    for number in range(options.count):
        found = rounds.one()
        if found:
            path, problem = found
            failures += 1
            kept = folder / f"finding-{number}{path.suffix}"
            shutil.move(path, kept)
            print(f"round {number}: {problem}\n  kept: {kept}", flush=True)
        elif number % 1000 == 999:
            print(f"{number + 1} rounds, {failures} findings", flush=True)
    print(
        f"{options.count} damaged files, seed {options.seed}: {failures} findings, "
        f"{rounds.refused} refused, slowest {rounds.slowest:.2f} s")
    if failures == 0:
        shutil.rmtree(folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
