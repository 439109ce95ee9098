"""Writes data/model.json, data/architectures.json and the .safetensors beside them: what the PyTorch
twin computes.

Run with Debian 12's python3 and python3-torch:  python3 tests/golden/make_model.py
With --architectures it writes the architectures' files alone.
"""

import json
import platform
import struct
import sys
from dataclasses import asdict, fields
from pathlib import Path

import torch

from make_tables import dump_lines
from symbols import encode_matrix, entry_places, vocabulary
from twin import Config, Example, Twin, adam_run, noise, noise_parameters, target_tokens

DATA = Path(__file__).parent / "data"
STEPS = 10

# The second clips every step; its parameters after the last are kept. A clipped gradient of a single weight can be as
# small as rounding in f32: an epsilon above that keeps its step from being rounding alone, which ten steps magnify.
RULES = [
    {"rule": "adam", "learning_rate": 1e-2, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0, "clip": 5.0},
    {"rule": "adam", "learning_rate": 1e-2, "beta2": 0.999, "epsilon": 1e-6, "weight_decay": 0.0, "clip": 0.5},
    {"rule": "adamw", "learning_rate": 1e-2, "beta2": 0.98, "epsilon": 1e-8, "weight_decay": 0.1, "clip": 1.0},
]
KEPT_SYMBOLS = 31  # of each row of a variant's logits

MATRICES = [
    [[3.14, -0.00271], [0.0, 941.5], [-7.26, 12.5]],
    [[0.0]],
    [[-8.87, 4.415, 0.5], [9.995, -0.125, 6.02]],
    [[1e-7, -250000.0, 77.7]],
]

BASE = Config(
    encoder_layers=2,
    encoder_width=32,
    encoder_heads=4,
    decoder_layers=2,
    decoder_width=24,
    decoder_heads=4,
    input_encoding="p1000",
)

# What each variant changes in the defaults of Config.
VARIANTS = {
    "plain": {},
    "pre-norm": {"norm": "pre"},
    "gelu": {"activation": "gelu"},
    "untied": {"tied": 0},
    "sinusoidal": {"positions": "sinusoidal"},
    "cross-query": {"cross_query_from_input": 1},
    "cross-query-pre-norm": {"cross_query_from_input": 1, "norm": "pre"},
    "matrix-positions": {"matrix_positions": 1, "input_encoding": "b1999"},
    "loops": {"encoder_loops": 3, "decoder_loops": 2, "encoder_layers": 2},
    "ffn-factor": {"ffn_factor": 2, "encoder_heads": 1, "decoder_heads": 12},
    "odd-widths": {
        "encoder_width": 43,
        "encoder_heads": 1,
        "decoder_width": 35,
        "decoder_heads": 5,
    },
    "fp15": {"input_encoding": "fp15"},
    "factored-input": {"input_encoding": "fp15", "factored": 1},
    "factored-both": {"input_encoding": "fp15", "output_encoding": "fp15", "factored": 1},
    "factored-untied": {
        "input_encoding": "fp15",
        "output_encoding": "fp15",
        "factored": 1,
        "tied": 0,
        "decoder_width": 4,
        "decoder_heads": 2,
    },
    "everything": {
        "norm": "pre",
        "activation": "gelu",
        "tied": 0,
        "matrix_positions": 1,
        "factored": 1,
        "encoder_loops": 2,
        "decoder_loops": 3,
        "input_encoding": "fp15",
    },
}

SAME_LENGTH = {"output_encoding": "p1000"}  # of all numbers

# Those of architectures other than the paper's, in files of their own.
ARCHITECTURES = {
    "rms-norm": {"norm_kind": "rms"},
    "rms-norm-pre-norm": {"norm_kind": "rms", "norm": "pre"},
    "encoder-alone": {"architecture": "encoder", "tied": 0, "encoder_layers": 2, **SAME_LENGTH},
    "encoder-alone-pre-norm": {
        "architecture": "encoder",
        "tied": 0,
        "norm": "pre",
        "matrix_positions": 1,
        **SAME_LENGTH,
    },
    "copy-gate": {"copy_gate": 1, "encoder_loops": 2, "encoder_layers": 2, "decoder_loops": 2},
    "copy-gate-pre-norm": {
        "copy_gate": 1,
        "norm": "pre",
        "encoder_layers": 3,
        "encoder_loops": 3,
        "encoder_loop_layer": 2,
    },
    "gated": {"ffn": "gated", "ffn_factor": 3},
    "gated-pre-norm": {"ffn": "gated", "norm": "pre", "activation": "gelu", "ffn_factor": 2},
    "hashed": {"ffn": "hashed", "ffn_hash_bits": 2},
    "bilinear": {"ffn": "bilinear", "ffn_factor": 2},
    "factored-head": {"output_encoding": "fp15", "factored": 1, "factored_head": 1},
    "factored-head-untied": {"output_encoding": "fp15", "factored_head": 1, "tied": 0, "norm": "pre"},
    "factored-head-untied-factored": {"output_encoding": "fp15", "factored": 1, "factored_head": 1, "tied": 0},
    "decoder-alone-factored-head": {
        "architecture": "decoder",
        "input_encoding": "fp15",
        "output_encoding": "fp15",
        "factored": 1,
        "factored_head": 1,
    },
    "decoder-alone": {"architecture": "decoder", "decoder_layers": 2},
    "decoder-alone-factored": {
        "architecture": "decoder",
        "norm": "pre",
        "matrix_positions": 1,
        "factored": 1,
        "input_encoding": "fp15",
    },
    "query-per-number": {
        "architecture": "encoder",
        "tied": 0,
        "query_per_number": 1,
        "matrix_positions": 1,
        **SAME_LENGTH,
    },
    "lstm": {"architecture": "lstm", "encoder_layers": 2, "decoder_layers": 2},
    "lstm-attention-pre-norm": {
        "architecture": "lstm",
        "encoder_attention": 1,
        "norm": "pre",
        "matrix_positions": 1,
    },
    "gru": {"architecture": "gru", "encoder_layers": 2, "decoder_layers": 2, "tied": 0},
    "gru-attention": {
        "architecture": "gru",
        "encoder_attention": 1,
        "cross_query_from_input": 1,
        "decoder_loops": 2,
    },
}


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = 4 * tensor.numel()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.detach().to(torch.float32).numpy().tobytes())


def transposed(rows):
    return [list(column) for column in zip(*rows)]


def example_of(config, rows):
    """One matrix and its transpose, as token ids and places."""
    sides = []
    input_side = (rows, config.input_encoding)
    output_side = (transposed(rows), config.output_encoding)
    for matrix, encoding in (input_side, output_side):
        ids = {symbol: index for index, symbol in enumerate(vocabulary(encoding))}
        sides.append([ids[symbol] for symbol in encode_matrix(matrix, encoding)])
        sides.append(entry_places(matrix, encoding))
    return Example(source=sides[0], target=sides[2], source_places=sides[1], target_places=sides[3])


def gradients_of(config, parameters, examples):
    loss, logits = Twin(config, parameters).loss_sum(examples)
    names = list(parameters)
    gradients = torch.autograd.grad(loss, [parameters[name] for name in names])
    return float(loss), logits.detach(), dict(zip(names, gradients))


def config_members(config):
    """Those of the first golden files, and of the younger ones what is not the default."""
    names = [f.name for f in fields(Config)]
    younger = names[names.index("output_encoding") + 1 :]
    members = asdict(config)
    return {n: v for n, v in members.items() if n not in younger or v != getattr(Config, n)}


def correct_tokens(logits, examples):
    targets = torch.tensor([t for e in examples for t in e.target + [0]])
    return int((logits.argmax(1) == targets).sum())


def base_case(logit_tensors):
    examples = [example_of(BASE, rows) for rows in MATRICES]
    parameters = noise_parameters(BASE)
    loss, logits, gradients = gradients_of(BASE, parameters, examples)
    write_safetensors(DATA / "model-gradients.safetensors", gradients)
    logit_tensors["base"] = logits
    runs = []
    for rule in RULES:
        losses, norms, after = adam_run(BASE, parameters, examples, STEPS, rule)
        runs.append({**rule, "losses": losses, "norms": norms})
        if rule is RULES[1]:
            write_safetensors(DATA / "model-adam.safetensors", after)
    return {
        "config": config_members(BASE),
        "tokens": [{"input": e.source, "output": e.target} for e in examples],
        "loss_sum": loss,
        "target_tokens": target_tokens(examples),
        "correct_tokens": correct_tokens(logits, examples),
        "adam": runs,
    }


def variant_case(name, changes, logit_tensors):
    config = Config(**changes)
    examples = [example_of(config, rows) for rows in MATRICES]
    loss, logits, gradients = gradients_of(config, noise_parameters(config), examples)
    stride = max(1, logits.shape[1] // KEPT_SYMBOLS)
    logit_tensors[name] = logits[:, ::stride]
    return {
        "name": name,
        "config": config_members(config),
        "tokens": [{"input": e.source, "output": e.target} for e in examples],
        "loss_sum": loss,
        "target_tokens": target_tokens(examples),
        "correct_tokens": correct_tokens(logits, examples),
        "stride": stride,
        "gradients": {n: gradient_marks(n, g) for n, g in gradients.items()},
    }


def gradient_marks(name, gradient):
    """[L2 norm, product with a fixed vector, which tells a permuted gradient from a right one]."""
    flat = gradient.reshape(-1).numpy()
    return [float((flat**2).sum() ** 0.5), float(flat @ noise("mark:" + name, flat.size))]


def write_document(name, variants, with_base):
    logits = {}
    document = {
        "provenance": {
            "script": "tests/golden/make_model.py",
            "parameters": "golden noise of each tensor's name, see twin.py",
            "python": platform.python_version(),
            "torch": torch.__version__,
            "arithmetic": "float64",
        },
        "matrices": MATRICES,
    }
    if with_base:
        document["base"] = base_case(logits)
    document["variants"] = [variant_case(n, c, logits) for n, c in variants.items()]
    write_safetensors(DATA / (name + "-logits.safetensors"), logits)
    with open(DATA / (name + ".json"), "w") as file:
        dump_lines(file, document)


def main():
    DATA.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    if "--architectures" not in sys.argv:
        write_document("model", VARIANTS, with_base=True)
    write_document("architectures", ARCHITECTURES, with_base=False)


if __name__ == "__main__":
    main()
