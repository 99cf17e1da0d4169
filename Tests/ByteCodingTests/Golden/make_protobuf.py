#!/usr/bin/env python3
"""Writes protobuf.txt: values as fields by Google's own library (pip install protobuf).

Each line: the type, the value, the bytes of a message whose field 1 has it. Numbers of floating
point stand as their bits.
"""

import pathlib
import struct

from google.protobuf import wrappers_pb2

EDGES = sorted({0, 1, 2, 2**63 - 1} | {2**k + d for k in range(7, 63, 7) for d in (-1, 0, 1)})


def lines():
    for value in EDGES + [-v for v in EDGES if v] + [-2**63]:
        yield "int64", value, wrappers_pb2.Int64Value(value=value)
    for value in EDGES + [2**63, 2**64 - 1]:
        yield "uint64", value, wrappers_pb2.UInt64Value(value=value)
    for value in (0, 1, -1, 2**31 - 1, -2**31):
        yield "int32", value, wrappers_pb2.Int32Value(value=value)
    for value in (0.0, 1.5, -2.25, 1e-45, float("inf")):
        bits = struct.unpack("<I", struct.pack("<f", value))[0]
        yield "fixed32", bits, wrappers_pb2.FloatValue(value=value)
    for value in (0.0, 1.5, -2.25, 5e-324, float("-inf")):
        bits = struct.unpack("<Q", struct.pack("<d", value))[0]
        yield "fixed64", bits, wrappers_pb2.DoubleValue(value=value)
    for value in ("", "a", "demo.vectors", "\u00e9\u4e16", "x" * 127, "x" * 128, "x" * 300):
        yield "text", value.encode().hex() or "-", wrappers_pb2.StringValue(value=value)


def main():
    text = "".join(
        f"{kind} {value} {message.SerializeToString().hex() or '-'}\n"
        for kind, value, message in lines())
    pathlib.Path(__file__).with_name("protobuf.txt").write_text(text)


if __name__ == "__main__":
    main()
