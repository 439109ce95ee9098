"""Writes the seeds of the corpora beside this file: python3 make_corpus.py [TINY_RUN]

TINY_RUN is a folder of a run of the model in fuzz_checkpoint.c; its files are the seeds of models
and checkpoints:

    lat train --task transpose --size 1 --encoding p10 --width 1 --heads 1 --ffn-factor 1 \\
      --examples 64 --validate-every 0 --precision f32 --threads 1 --out TINY_RUN

An option that is added to runs makes old checkpoints those of another run: then make them anew."""
import json
import pathlib
import struct
import sys

corpus = pathlib.Path(__file__).parent / "corpus"


def put(target, name, data):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def container(header, data=b""):
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    return struct.pack("<Q", len(text)) + text.encode() + data


def tensor(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


two = {"__metadata__": {"lat.config": "{}"}, "a": tensor([2, 2], 0, 16), "b": tensor([4], 16, 32)}
put("safetensors", "good", container(two, bytes(32)))
put("safetensors", "truncated", container(two, bytes(32))[:-5])
put("safetensors", "overlap", container({**two, "b": tensor([4], 12, 28)}, bytes(32)))
put("safetensors", "hole", container({**two, "b": tensor([3], 20, 32)}, bytes(32)))
put("safetensors", "huge-header", struct.pack("<Q", 2**63) + b"{}")
put("safetensors", "huge-shape", container({"a": tensor([2**62, 4], 0, 16)}, bytes(16)))
put("safetensors", "duplicate", container('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
                                          '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)))
put("safetensors", "deep", container("{" + '"a":[' * 50 + "]" * 50 + "}"))
put("safetensors", "dtype", container({"a": tensor([4], 0, 8, "F16")}, bytes(8)))
put("safetensors", "rank", container({"a": tensor([1, 1, 1], 0, 4)}, bytes(4)))
put("safetensors", "empty", b"")

task = {"name": "inverse", "rows": 2, "cols": 2, "range": 10.0, "distribution": "semicircle"}
config = {"task": task, "tokenizer": {"input_encoding": "p10", "output_encoding": "p10", "input_digits": 3},
          "model": {"encoder_width": 16, "encoder_heads": 2, "decoder_width": 16, "decoder_heads": 2},
          "library": "0.1.0", "training": None}
put("config", "good", json.dumps(config))
put("config", "mixture", json.dumps({**config, "task": {
    "name": "mixture", "tasks": [{**task}, {**task, "name": "eigenvalues"}], "weights": [1.0, 2.0]}}))
put("config", "custom", json.dumps({**config, "task": {"name": "own", "custom": True}}))
put("config", "large", json.dumps({**config, "model": {"encoder_layers": 64, "encoder_width": 4096}}))
put("config", "factored-head", json.dumps({**config, "tokenizer": {**config["tokenizer"], "output_encoding": "fp15"},
                                           "model": {**config["model"], "factored": 1, "factored_head": 1}}))
put("config", "wrong", json.dumps({**config, "model": {"encoder_layers": -1}}))

put("options", "task", b"\0" + json.dumps(task).encode())
put("options", "tokenizer", b"\1" + json.dumps(config["tokenizer"]).encode())
put("options", "model", b"\2" + json.dumps({**config["model"], "seed": "18446744073709551615"}).encode())
put("options", "spectra", b"\3laplace:2,marcenko,positive:1e-3")
put("options", "weight", b"\3uniform:-1,gaussian:nan")

for kind, first in enumerate(("p10", "p1000", "b1999", "fp15")):
    for side in range(2):
        tokens = [28, 28] + [128, 131, 132, 133, 160][: 5 if kind == 0 else 3 if kind == 1 else 2 if kind == 2 else 1]
        put("tokens", f"{first}-{side}", bytes([kind + 4 * side]) + struct.pack(f"<{len(tokens)}h", *tokens))
for name, kind, tokens in (  # what only the loose reading takes: digits and exponents that are missing or too many
        ("short", 0, [128, 135, 137, 237]), ("whole", 0, [129, 133, 131, 134]), ("long", 0, [128] + [139] * 40 + [140]),
        ("two", 1, [128, 135, 137, 1133]), ("alone", 1, [129, 444])):
    tokens = [28, 28] + tokens
    put("tokens", f"loose-{name}", bytes([kind]) + struct.pack(f"<{len(tokens)}h", *tokens))
put("tokens", "negative", b"\0" + struct.pack("<3h", -1, -32768, 32767))


def raw_npy(header, data, version=1):
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode() + data


def npy(descr, shape, data, order=False, version=1):
    return raw_npy(f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n", data, version)


put("matrix", "f8.npy", npy("<f8", "(2, 2)", struct.pack("<4d", 1, 2, 3, 4)))
put("matrix", "f4-fortran.npy", npy("<f4", "(1, 2)", struct.pack("<2f", 1, 2), True, 2))
put("matrix", "i4.npy", npy("<i4", "(2, 1)", struct.pack("<2i", 1, -2)))
put("matrix", "cut.npy", npy("<f8", "(2, 2)", bytes(31)))
put("matrix", "huge.npy", npy("<f8", "(99999999999, 2)", bytes(16)))
put("matrix", "nan.npy", npy("<f8", "(1, 1)", struct.pack("<d", float("nan"))))
put("matrix", "coordinate.mtx", "%%MatrixMarket matrix coordinate real general\n% c\n2 2 2\n1 1 3.5\n2 2 -1e3\n")
put("matrix", "array.mtx", "%%MatrixMarket matrix array integer symmetric\n2 2\n1\n2\n3\n")
put("matrix", "skew.mtx", "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 3\n")
put("matrix", "rows.csv", "1, 2,3\n4,5 ,6 # c\n")
put("matrix", "rows.txt", "1 2\r\n\r\n-3e-4\t0x1p3\r\n")
put("matrix", "ragged.txt", "1 2\n3\n")
put("matrix", "infinite.txt", "1 inf\n")
put("matrix", "f2-big.npy", npy(">f2", "(1, 2, )", bytes([0x47, 0x80, 0x03, 0xFF]), True, 3))
put("matrix", "i1.npy", npy("|i1", "(2,1,)", bytes([0x80, 0x7F])))
put("matrix", "i2-big.npy", npy(">i2", "(1, 1)", bytes([0x80, 1])))
put("matrix", "u8.npy", npy("<u8", "(1L, 1L)", bytes([255] * 8)))
put("matrix", "b1.npy", npy("|b1", "(1, 2)", bytes([0, 1]), True, 2))
put("matrix", "longdouble.npy", npy("<f16", "(1, 1)", bytes(16)))
put("matrix", "records.npy", raw_npy("{'descr': [('x', '<f8'), ('y', '>i4')], 'fortran_order': False, 'shape': (1, 1)}",
                                     bytes(12)))
put("matrix", "quotes.npy", raw_npy('{"shape":(1,1),"descr":"u1","fortran_order":False,}   ', b"\x07"))
put("matrix", "vector.npy", npy("<f8", "(2,)", bytes(16)))
put("matrix", "pattern.mtx", "%%MATRIXMARKET Matrix Coordinate PATTERN Symmetric\r\r3 3 2\r3 1\r2 2\r")
put("matrix", "sum.mtx", "\ufeff%%MatrixMarket matrix coordinate integer general\r\n1 2 3\r\n1 2 3\r\n1 2 -1\r\n1 1 2D0\r\n")
put("matrix", "both-halves.mtx", "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 2\n2 1 3\n1 2 -3\n")
put("matrix", "mark-quotes.csv", '\ufeff"1.5","-2",\r\n"3D-1","4.d2",\r\n')
put("matrix", "old-macintosh.txt", "# c\r1\t2 # d\r3\t4")
put("matrix", "decimal-commas.tsv", "1,5\t2,5\n3,5\t4,5\n")
put("matrix", "msvc.txt", "1 2\n3 -1.#IND\n")
put("matrix", "utf-16.csv", "1,2\n".encode("utf-16"))
put("matrix", "escape.txt", "1 \033[2J\u009b\u00c4 " + "\u00c4" * 20 + "\n")

if len(sys.argv) > 1:
    run = pathlib.Path(sys.argv[1])
    for target, name in (("model", "model.safetensors"), ("checkpoint", "checkpoint.safetensors")):
        data = (run / name).read_bytes()
        put(target, "good", data)
        put(target, "truncated", data[:-7])
        put(target, "not-finite", data[:-4] + struct.pack("<f", float("nan")))
        put(target, "renamed", data.replace(b"encoder", b"encodes", 1))
