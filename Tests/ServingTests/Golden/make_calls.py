#!/usr/bin/env python3
"""Writes calls.txt: requests and answers of inference.GRPCInferenceService as Google's library makes
them of tritonclient's own descriptors (pip install 'tritonclient[grpc]').

Each line: what it is about, the model (the fixtures of the tests), the request, the answer.
"""

import pathlib
import struct

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tritonclient.grpc import service_pb2

# The list of InferTensorContents for each type.
LISTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents",
    "INT32": "int_contents", "INT64": "int64_contents", "UINT8": "uint_contents",
    "UINT16": "uint_contents", "UINT32": "uint_contents", "UINT64": "uint64_contents",
    "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}
FORMATS = {
    "BOOL": "?", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "UINT8": "B",
    "UINT16": "H", "UINT32": "I", "UINT64": "Q", "FP32": "f", "FP64": "d", "FP16": "e",
}


def packed(datatype, values):
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(v)) + v for v in values)
    if datatype == "BF16":
        return b"".join(struct.pack("<f", v)[2:] for v in values)
    return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)


def request(inputs, outputs=(), raw=True, id="", **parameters):
    """Inputs: (name, type, shape, values, parameters)."""
    message = service_pb2.ModelInferRequest(model_name="demo", id=id)
    for name, value in parameters.items():
        set_parameter(message.parameters[name], value)
    for name, datatype, shape, values, *more in inputs:
        tensor = message.inputs.add(name=name, datatype=datatype, shape=shape)
        for key, value in (more[0] if more else {}).items():
            set_parameter(tensor.parameters[key], value)
        if raw:
            message.raw_input_contents.append(packed(datatype, values))
        else:
            getattr(tensor.contents, LISTS[datatype]).extend(values)
    for name in outputs:
        message.outputs.add(name=name)
    return message


def set_parameter(parameter, value):
    if isinstance(value, bool):
        parameter.bool_param = value
    elif isinstance(value, int):
        parameter.int64_param = value
    else:
        parameter.string_param = value


def answer(outputs, raw=True, id=""):
    """Outputs: (name, type, shape, values)."""
    message = service_pb2.ModelInferResponse(model_name="demo", model_version="1", id=id)
    for name, datatype, shape, values in outputs:
        tensor = message.outputs.add(name=name, datatype=datatype, shape=shape)
        if raw:
            message.raw_output_contents.append(packed(datatype, values))
        else:
            getattr(tensor.contents, LISTS[datatype]).extend(values)
    return message


def unpacked():
    """InferTensorContents and shapes with a tag for each number, as proto2 wrote them."""
    file = descriptor_pb2.FileDescriptorProto()
    service_pb2.DESCRIPTOR.CopyToProto(file)
    file.name, file.package = "unpacked.proto", "unpacked"
    del file.dependency[:]
    del file.service[:]
    kept = ("InferParameter", "InferTensorContents", "ModelInferRequest")
    messages = [m for m in file.message_type if m.name in kept]
    del file.message_type[:]
    file.message_type.extend(messages)
    numbers = ("INT32", "INT64", "UINT32", "UINT64", "BOOL", "FLOAT", "DOUBLE")
    kinds = [getattr(descriptor_pb2.FieldDescriptorProto, f"TYPE_{n}") for n in numbers]

    def loosen(message):
        for field in message.field:
            if field.HasField("type_name"):
                field.type_name = field.type_name.replace(".inference.", ".unpacked.")
            if field.label == field.LABEL_REPEATED and field.type in kinds:
                field.options.packed = False
        for inner in message.nested_type:
            loosen(inner)

    for message in file.message_type:
        loosen(message)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("unpacked.ModelInferRequest"))


ROWS = [("A.vectors", "FP32", [2, 2], [3, -3, 1, -1])]


def cases():
    for datatype in ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"):
        for raw in (True, False):
            ids = [("A", datatype, [2], [3, 1])]
            yield f"ids {datatype} {raw=}", "sample", request(ids, raw=raw), answer(ROWS)
    hashed = [("H.vectors", "FP32", [2, 2], [3, -3, 1, -1])]
    for raw in (True, False):
        keys = [("H", "BYTES", [2], [b"13", b"1"])]
        yield f"keys {raw=}", "sample", request(keys, raw=raw), answer(hashed)
        large = [("H", "UINT64", [2], [2**64 - 3, 11])]
        yield f"large keys {raw=}", "sample", request(large, raw=raw), answer(hashed)
    ids = [("A", "INT64", [2], [3, 1])]
    yield "id", "sample", request(ids, id="a \u00e9"), answer(ROWS, id="a \u00e9")
    yield "typed answer", "sample", request(ids, binary_data_output=False), answer(ROWS, raw=False)
    mask = [("A.missing", "BOOL", [3], [False, True, False])]
    far = [("A", "INT64", [3], [3, 77, 1])]
    yield "mask", "sample", request(far, ["A.missing"], missing="zero"), answer(mask)
    yield "typed mask", "sample", request(
        far, ["A.missing"], missing="zero", binary_data_output=False), answer(mask, raw=False)
    bags = [("A", "INT64", [4], [3, 1, 2, 5]), ("A.lengths", "INT32", [3], [1, 0, 3])]
    pooled = [("A.vectors", "FP32", [3, 2], [3, -3, 0, 0, 8, -8])]
    for raw in (True, False):
        yield f"bags {raw=}", "sample", request(bags, raw=raw), answer(pooled)
    matrix = [("A", "INT64", [2, 2], [3, 1, 2, 5])]
    mean = [("A.vectors", "FP32", [2, 2], [2, -2, 3.5, -3.5])]
    yield "pooling", "sample", request(matrix, pooling="mean"), answer(mean)
    weighted = bags[:1] + [("A.weights", "FP32", [4], [1, 2, 0.5, 0])]
    sums = [("A.vectors", "FP32", [4, 2], [3, -3, 2, -2, 1, -1, 0, 0])]
    yield "weights", "sample", request(weighted, raw=False), answer(sums)
    yield from scores()
    loose = unpacked().FromString(request(ids, raw=False).SerializeToString())
    yield "not packed", "sample", loose, answer(ROWS)
    loose = unpacked().FromString(request(
        [("A", "INT8", [2], [3, 1]), ("A.weights", "FP64", [2], [1, 1])], raw=False
    ).SerializeToString())
    yield "floats not packed", "sample", loose, answer(ROWS)
    yield "empty", "sample", request([("A", "INT64", [0], [])]), answer(
        [("A.vectors", "FP32", [0, 2], [])])
    # A field that we do not know, and everything in another order.
    message = request(ids, id="o")
    shuffled = b"".join(
        part.SerializeToString() for part in (
            service_pb2.ModelInferRequest(raw_input_contents=message.raw_input_contents),
            service_pb2.ModelInferRequest(inputs=message.inputs),
            service_pb2.ModelInferRequest(id="o", model_name="demo")))
    yield "other order", "sample", shuffled + b"\xfa\x3e\x02hi", answer(ROWS, id="o")


def scores():
    """The small DLRM of the tests: I1 + 10 log1p(I2) + 100 A + 1000 B + 0.5."""
    ids = [("A", "INT64", [1], [1]), ("B", "INT64", [1], [0])]
    logit = [("logit", "FP32", [1], [107.5])]
    for datatype in (
        "FP32", "FP64", "FP16", "BF16", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32",
        "INT64", "UINT64",
    ):
        for raw in (True, False):
            if not raw and datatype in ("FP16", "BF16"):
                continue
            dense = [("I1", datatype, [1], [7]), ("I2", "BOOL", [1], [False])]
            yield f"dense {datatype} {raw=}", "score", request(
                dense + ids, ["logit"], raw=raw), answer(logit)
    columns = [
        ("dense", "FP32", [3, 2], [2, 0, 1, 0, 5, 0]), ("A", "INT32", [3], [0, 3, 4]),
        ("B", "INT8", [3], [0, 1, 2]),
    ]
    best = [("indices", "INT64", [2], [1, 2])]
    yield "top_k", "score", request(columns, ["indices"], top_k=2), answer(best)
    yield "typed top_k", "score", request(
        columns, ["indices"], top_k=2, binary_data_output=False), answer(best, raw=False)
    shared = [
        ("dense", "FP32", [1, 2], [1, 0], {"context": True}), ("A", "INT64", [3], [3, 0, 9]),
        ("B", "INT64", [1], [1], {"context": True}),
    ]
    yield "context", "score", request(shared, ["logit"]), answer(
        [("logit", "FP32", [3], [1301.5, 1001.5, 1901.5])])


def main():
    text = ""
    for name, model, question, reply in cases():
        if not isinstance(question, bytes):
            question = question.SerializeToString()
        text += f"{name}\t{model}\t{question.hex()}\t{reply.SerializeToString().hex()}\n"
    pathlib.Path(__file__).with_name("calls.txt").write_text(text)


if __name__ == "__main__":
    main()
