"""Makes a model file of the graphs that export_onnx.py wrote.

    python3 import_onnx.py FOLDER MODEL.safetensors      reads FOLDER/encoder.onnx, decoder.onnx

Needs numpy and onnx. Parameters and metadata are taken from the graphs, which other programs may have trained on;
what the graphs compute is not looked at. Graphs of other origin are refused, and nothing is written then.
"""

import json
import os
import struct
import sys
import tempfile

import numpy
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

import lat

CONSTANT = "lat.constant."


class Refused(Exception):
    """The graphs are none of export_onnx.py; the text says why."""


def read_graph(path):
    """(lat.config, parameters by name) of one file."""
    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise Refused(f"{path}: not an ONNX file: {error}") from None
    config = {entry.key: entry.value for entry in model.metadata_props}.get("lat.config")
    if config is None:
        raise Refused(f"{path}: there is no lat.config in its metadata, so it was not exported from lat")
    tensors = {}
    for stored in model.graph.initializer:
        if not stored.name.startswith(CONSTANT):
            tensors[stored.name] = read_tensor(path, stored)
    return config, tensors


def read_tensor(path, stored):
    if stored.data_type != onnx.TensorProto.FLOAT or stored.data_location == onnx.TensorProto.EXTERNAL:
        raise Refused(f"{path}: tensor {stored.name}: not float32 within the file")
    try:
        return numpy_helper.to_array(stored)
    except ValueError as error:
        raise Refused(f"{path}: tensor {stored.name}: {error}") from None


def read_model(folder):
    """(lat.config, parameters) of both graphs; keys and values of cross-attention are in either."""
    config, tensors = read_graph(os.path.join(folder, "encoder.onnx"))
    other, more = read_graph(os.path.join(folder, "decoder.onnx"))
    if other != config:
        raise Refused("encoder.onnx and decoder.onnx are of different models")
    for name in tensors.keys() & more.keys():
        if not numpy.array_equal(tensors[name], more[name]):
            raise Refused(f"tensor {name}: encoder.onnx and decoder.onnx differ")
    return config, {**tensors, **more}


def write_safetensors(file, config, tensors):
    header, end = {"__metadata__": {"lat.config": config}}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [end, end + 4 * value.size]}
        end += 4 * value.size
    text = json.dumps(header).encode()
    file.write(struct.pack("<Q", len(text)) + text)
    for value in tensors.values():
        file.write(value.astype("<f4").tobytes())


def main(folder, target):
    try:
        config, tensors = read_model(folder)
        with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
            write_safetensors(file, config, tensors)
            file.flush()
            model = lat.Model.inspect(file.name)  # checks names, shapes and numbers
        model.save(target)
    except (Refused, OSError, lat.Error) as error:
        sys.exit(f"import_onnx.py: {folder}: {error}")
    print(f"{target}: {model.parameter_count} parameters")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
