"""Writes `.pt` files as torch.save does, without torch: enough for plain state_dicts.

The zip container holds one pickle whose tensors refer to raw storages (PyTorch >= 1.6).
"""

import collections
import io
import pickle
import sys
import types
import zipfile

import numpy

_TYPES = {
    numpy.dtype("float32"): "FloatStorage",
    numpy.dtype("float16"): "HalfStorage",
    numpy.dtype("float64"): "DoubleStorage",
    numpy.dtype("int64"): "LongStorage",
    numpy.dtype("int32"): "IntStorage",
}


def _module(name):
    if name not in sys.modules:
        sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]


def _rebuild_tensor_v2(*_):
    raise NotImplementedError("only its name is written")


_rebuild_tensor_v2.__module__ = "torch._utils"
_rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
_module("torch")
_module("torch._utils")._rebuild_tensor_v2 = _rebuild_tensor_v2
for _name in _TYPES.values():
    setattr(sys.modules["torch"], _name, type(_name, (), {"__module__": "torch"}))


class Tensor:
    """A view of a flat array: the storage, and where and how the elements lie in it."""

    def __init__(self, storage, shape, strides=None, offset=0):
        self.storage, self.shape, self.offset = storage, tuple(shape), offset
        if strides is None:
            strides, step = [], 1
            for size in reversed(self.shape):
                strides.insert(0, step)
                step *= size
        self.strides = tuple(strides)

    def __reduce__(self):
        arguments = (
            _Storage(self.storage), self.offset, self.shape, self.strides, False,
            collections.OrderedDict(),
        )
        return _rebuild_tensor_v2, arguments


class _Storage:
    def __init__(self, array):
        self.array = array


class _Pickler(pickle.Pickler):
    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.storages = []

    def persistent_id(self, value):
        if not isinstance(value, _Storage):
            return None
        for key, array in enumerate(self.storages):
            if array is value.array:
                break
        else:
            key = len(self.storages)
            self.storages.append(value.array)
        kind = getattr(sys.modules["torch"], _TYPES[value.array.dtype])
        return "storage", kind, str(key), "cpu", value.array.size


def contiguous(array):
    return Tensor(numpy.ascontiguousarray(array).reshape(-1), array.shape)


def column_major(array):
    """The same values with strides (1, rows), as a transposed view is saved."""
    rows, _ = array.shape
    return Tensor(numpy.ascontiguousarray(array.T).reshape(-1), array.shape, (1, rows))


def save(path, tree):
    """Writes `tree` (dictionaries, lists, numbers, Tensors) as torch.save would."""
    data = io.BytesIO()
    pickler = _Pickler(data)
    pickler.dump(tree)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/data.pkl", data.getvalue())
        archive.writestr("model/byteorder", "little")
        for key, array in enumerate(pickler.storages):
            archive.writestr(f"model/data/{key}", array.tobytes())
        archive.writestr("model/version", "3\n")
