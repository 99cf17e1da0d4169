"""Writes the files of this folder; see README.md."""
import collections
import hashlib
import json
import pathlib
import zipfile
import zlib

import numpy as np
import torch

here = pathlib.Path(__file__).parent
reference = here.parent
rows = []
TYPES = {
    torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL", torch.uint16: "U16", torch.uint32: "U32",
    torch.uint64: "U64", torch.complex64: "C64", torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
}
NUMPY = {"bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16",
         "float16": "F16", "uint32": "U32", "int32": "I32", "float32": "F32", "uint64": "U64",
         "int64": "I64", "float64": "F64", "complex64": "C64"}


def tensor_bytes(t):
    flat = t.detach().contiguous().reshape(-1).clone()
    return flat.view(torch.uint8).numpy().tobytes()


def note(file, name, dtype, shape, data):
    crc = f"{zlib.crc32(data):08x}"
    rows.append("\t".join([file, name, dtype, ",".join(map(str, shape)), crc]))


def note_state(file, state):
    for name, t in state.items():
        if isinstance(t, torch.Tensor):
            note(file, name, TYPES[t.dtype], t.shape, tensor_bytes(t))


def note_arrays(file, arrays):
    for name, a in arrays.items():
        note(file, name, NUMPY[a.dtype.name], a.shape, np.ascontiguousarray(a).tobytes())


def references():
    for info in sorted(reference.glob("dev-*/info.json")):
        expected = json.loads(info.read_text())["tensor_sha256"]
        for path in sorted(info.parent.glob("*.pt")):
            state = torch.load(path, weights_only=False)["state_dict"]
            for name, t in state.items():
                assert hashlib.sha256(tensor_bytes(t)).hexdigest() == expected[name], name
            note_state(f"{info.parent.name}/{path.name}", state)
        note_arrays(f"{info.parent.name}/golden.npz", np.load(info.parent / "golden.npz"))
    note_arrays("qr_bag_modes.npz", np.load(reference / "qr_bag_modes.npz"))


def plain():
    torch.manual_seed(1)
    whole = torch.arange(60, dtype=torch.float32).reshape(12, 5)
    state = collections.OrderedDict()
    state["whole"] = whole
    state["rows"] = whole[3:7]
    state["columns"] = whole[:, 1:4]
    state["transposed"] = whole.t()
    state["every other"] = whole[::2, ::3]
    state["three"] = torch.randn(4, 3, 5).permute(2, 0, 1)
    state["expanded"] = torch.tensor([1.5, -2.0]).reshape(2, 1).expand(2, 7)
    state["scalar"] = torch.tensor(3.25)
    state["empty"] = torch.zeros(0, 4)
    state["one"] = torch.randn(1, 6).t()
    state["parameter"] = torch.nn.Parameter(torch.randn(2, 2))
    state["quot\"ed \u00e9"] = torch.tensor([1, 2, 3])
    for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
                  torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64):
        state[f"type.{TYPES[dtype]}"] = torch.arange(-3, 4).to(dtype)
    state["buffer"] = torch.arange(5)
    return state


def new_types(state):
    state["type.U16"] = torch.arange(3).to(torch.uint16)
    state["type.F8_E4M3"] = torch.randn(7).to(torch.float8_e4m3fn)
    return state


def torch_files():
    state = new_types(plain())
    save("bare.pt", state, state)
    save("protocol4.pt", state, state, pickle_protocol=4)
    save("protocol5.pt", state, state, pickle_protocol=5)
    legacy = plain()
    save("legacy.pt", legacy, legacy, _use_new_zipfile_serialization=False)
    around = {
        "epoch": 3, "loss": 0.25, "big": 2 ** 70, "negative": -(2 ** 40), "best": True,
        "accuracy": np.float64(0.75), "step": np.int64(-7), "small": np.float32(1.5),
        "name": "model", "none": None, "size": torch.Size([1, 2]), "dtype": torch.bfloat16,
        "device": torch.device("cpu"), "layout": torch.strided, "set": {1, 2},
        "frozen": frozenset([3]), "bytes": b"\x00\xff", "tuple": (1, (2, [3])),
        "optimizer": {"state": collections.defaultdict(dict, {0: {"sum": torch.ones(9)}})},
        "state_dict": plain(),
    }
    save("nested.pt", around, around["state_dict"])
    save("nested_legacy.pt", around, around["state_dict"], _use_new_zipfile_serialization=False)
    deflate(here / "bare.pt", here / "deflated.pt")
    note_state("formats/deflated.pt", state)


def save(name, value, state, **options):
    torch.save(value, here / name, **options)
    note_state(f"formats/{name}", state)


def deflate(source, target):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(
            target, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            stamp = zipfile.ZipInfo(item.filename, (1980, 1, 1, 0, 0, 0))
            new.writestr(stamp, old.read(item), zipfile.ZIP_DEFLATED)


def numpy_files():
    generator = np.random.default_rng(1)
    arrays = {
        "c": generator.standard_normal((3, 4, 5)).astype(np.float32),
        "fortran": np.asfortranarray(generator.standard_normal((3, 4, 5))),
        "scalar": np.array(7, dtype=np.int64), "empty": np.zeros((0, 3), np.float16),
        "one": np.array([2.5]),
    }
    for name in NUMPY:
        arrays[f"type.{name}"] = np.arange(4).astype(name)
    np.savez(here / "arrays.npz", **arrays, big=np.arange(3, dtype=">i4"),
             text=np.array(["a", "bc"]), record=np.zeros(2, dtype=[("x", "i4")]))
    note_arrays("formats/arrays.npz", arrays)
    np.savez_compressed(here / "compressed.npz", **arrays)
    note_arrays("formats/compressed.npz", arrays)
    np.save(here / "fortran.npy", arrays["fortran"])
    note_arrays("formats/fortran.npy", {"": arrays["fortran"]})
    with open(here / "version2.npy", "wb") as file:
        np.lib.format.write_array(file, arrays["c"], version=(2, 0))
    note_arrays("formats/version2.npy", {"": arrays["c"]})


references()
torch_files()
numpy_files()
(here / "expected.tsv").write_text("\n".join(rows) + "\n")
