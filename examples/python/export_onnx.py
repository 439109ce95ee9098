"""Writes a model as ONNX graphs: encoder, decoder, and a decoder with a cache of keys and values.

    python3 export_onnx.py MODEL FOLDER      FOLDER/encoder.onnx, decoder.onnx, decoder_step.onnx

Needs numpy and onnx. The graphs use operator set 17; docs/interchange.md lists their inputs and outputs. Parameters keep
their names and shapes, and the model's metadata is in each graph as lat.config, so that import_onnx.py makes a model of
them again. Exported are encoder-decoders of attention and LayerNorm, the kind that the paper trains; others are refused.
"""

import json
import os
import sys

import numpy
from onnx import TensorProto, checker, helper, numpy_helper

import lat

OPSET = 17
EPSILON = 1e-12  # of LayerNorm
FIRST_NUMBER = 128  # symbols before those of the encoding: EOS, PAD, 26 letters, V1..V100
CONSTANT = "lat.constant."  # in front of what is no parameter


class Refused(Exception):
    """The model cannot be exported; the text says why."""


class Graph:
    """Nodes, inputs and outputs of one file. Values are known by their names."""

    def __init__(self, name, tensors, options):
        self.name, self.tensors, self.options = name, tensors, options
        self.nodes, self.inputs, self.outputs, self.initializers, self.made = [], [], [], {}, {}

    def node(self, kind, *inputs, **attributes):
        out = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def once(self, key, make):
        """A value that several places share."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def parameter(self, name):
        self.initializers[name] = self.tensors[name]
        return name

    def constant(self, value, dtype=numpy.int64):
        name = f"{CONSTANT}{len(self.initializers)}"
        self.initializers[name] = numpy.array(value, dtype)
        return name

    def input(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name, value, shape):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    # ---- The model's parts

    def linear(self, name, x):
        weight = self.once(name, lambda: self.node("Transpose", self.parameter(name + ".weight"), perm=[1, 0]))
        return self.node("Add", self.node("MatMul", x, weight), self.parameter(name + ".bias"))

    def norm(self, name, x):
        return self.node("LayerNormalization", x, self.parameter(name + ".weight"), self.parameter(name + ".bias"),
                         axis=-1, epsilon=EPSILON)

    def block(self, norm, x, function):
        """One residual block, its LayerNorm after the sum or before the function."""
        if self.options["norm"] == lat.NORM_PRE:
            return self.node("Add", x, function(lambda y: self.norm(norm, y)))
        return self.norm(norm, self.node("Add", x, function(lambda y: y)))

    def heads(self, x, heads):
        """(batch, tokens, width) as (batch, heads, tokens, width / heads)."""
        split = self.node("Reshape", x, self.constant([0, 0, heads, -1]))
        return self.node("Transpose", split, perm=[0, 2, 1, 3])

    def attend(self, name, query, keys, values, heads, width, seen=None):
        scores = self.node("MatMul", query, self.node("Transpose", keys, perm=[0, 1, 3, 2]))
        scores = self.node("Mul", scores, self.constant((width / heads) ** -0.5, numpy.float32))
        if seen is not None:
            scores = self.node("Where", seen, scores, self.constant(-numpy.inf, numpy.float32))
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), values)
        joined = self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), self.constant([0, 0, width]))
        return self.linear(name + ".out_lin", joined)

    def feed_forward(self, name, x):
        inner = self.linear(name + ".lin1", x)
        if self.options["activation"] == lat.RELU:
            inner = self.node("Relu", inner)
        else:  # x Phi(x)
            erf = self.node("Erf", self.node("Mul", inner, self.constant(0.5**0.5, numpy.float32)))
            phi = self.node("Mul", self.node("Add", erf, self.constant(1, numpy.float32)),
                            self.constant(0.5, numpy.float32))
            inner = self.node("Mul", inner, phi)
        return self.linear(name + ".lin2", inner)

    def table(self, side):
        """(symbols, width) embeddings; factored ones are put together."""
        plain = self.parameter(side + ".embeddings.weight")
        if side + ".embeddings.mantissa.weight" not in self.tensors:
            return plain
        mantissa, exponent = (self.parameter(f"{side}.embeddings.{part}.weight") for part in ("mantissa", "exponent"))
        return self.put_together(plain, mantissa, exponent, side == "decoder" and self.options["factored_head"])

    def put_together(self, special, mantissa, exponent, halves):
        """What each fp15 symbol is the sum of. With halves an exponent's second row is that of mantissas from 316 on."""
        pairs = [(m + 999, e + (16 if halves and abs(m) >= 316 else 0))
                 for e in range(16) for m in range(-999, 1000) if e == 0 or abs(m) >= 100]
        parts = [self.node("Gather", table, self.constant([pair[i] for pair in pairs]))
                 for i, table in enumerate((mantissa, exponent))]
        ends = [self.constant([0]), self.constant([FIRST_NUMBER]), self.constant([FIRST_NUMBER + 2])]
        first, last = (self.node("Slice", special, ends[i], ends[i + 1], ends[0]) for i in range(2))
        return self.node("Concat", first, self.node("Add", *parts), last, axis=0)

    def symbol_rows(self, scores):
        """Of a factored head's rows, or biases, those of symbols."""
        ends = [self.constant([end]) for end in (0, FIRST_NUMBER + 2, FIRST_NUMBER + 2001, FIRST_NUMBER + 2033)]
        special, mantissa, exponent = (self.node("Slice", scores, ends[i], ends[i + 1], ends[0]) for i in range(3))
        return self.put_together(special, mantissa, exponent, True)

    def shared_table(self, side):
        return self.once("table", lambda: self.table(side))

    def length(self, x, axis):
        """Size of a dimension, a scalar."""
        return self.node("Gather", self.node("Shape", x), self.constant(axis), axis=0)

    def range(self, low, high):
        return self.node("Range", low, high, self.constant(1))

    def positions(self, side):
        if self.options["positions"] == lat.POSITIONS_LEARNED:
            return self.parameter(side + ".position_embeddings.weight")
        width = self.options[side + "_width"]
        column = numpy.arange(width)
        angle = numpy.arange(self.options["max_positions"])[:, None] * 10000.0 ** (-(column // 2 * 2) / width)
        return self.constant(numpy.where(column % 2 == 0, numpy.sin(angle), numpy.cos(angle)), numpy.float32)

    def embed(self, side, past):
        """The inputs `tokens`, and with matrix positions `rows` and `cols`, as vectors; `past`: tokens before them."""
        tokens = self.input("tokens", TensorProto.INT64, ["batch", "tokens"])
        end = self.node("Add", past, self.length(tokens, 1))
        x = self.node("Gather", self.shared_table(side), tokens)
        x = self.node("Add", x, self.node("Gather", self.positions(side), self.range(past, end)))
        for axis in ("row", "col") if self.options["matrix_positions"] else ():
            places = self.input(axis + "s", TensorProto.INT64, ["batch", "tokens"])
            x = self.node("Add", x, self.node("Gather", self.parameter(f"{side}.{axis}_embeddings.weight"), places))
        return self.norm(side + ".layer_norm_emb", x), end

    def order(self, side):
        """Layers in the order in which they are applied."""
        layers, loops = self.options[side + "_layers"], self.options[side + "_loops"]
        looped = self.options[side + "_loop_layer"]
        if looped == 0:
            return list(range(layers)) * loops
        return [i for i in range(layers) for _ in range(loops if i + 1 == looped else 1)]

    def finish(self, side, x):
        return self.norm(side + ".layer_norm_out", x) if self.options["norm"] == lat.NORM_PRE else x

    def model(self, config):
        stored = [numpy_helper.from_array(value, name)
                  for name, value in self.initializers.items()]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, stored)
        model = helper.make_model(graph, producer_name="lat", opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        helper.set_model_props(model, {"lat.config": config})
        checker.check_model(model, full_check=True)
        return model


def sizes(options):
    """Heads and width of the decoder, and the shape of its keys and values."""
    heads, width = options["decoder_heads"], options["decoder_width"]
    return heads, width, lambda tokens: ["batch", heads, tokens, width // heads]


def build_encoder(graph):
    """tokens (batch, tokens) -> memory (batch, tokens, width), and the keys and values that a decoder with a cache takes."""
    options = graph.options
    heads, width = options["encoder_heads"], options["encoder_width"]
    x, _ = graph.embed("encoder", graph.constant(0))

    def attention(name, y):
        q, k, v = (graph.heads(graph.linear(f"{name}.{part}_lin", y), heads) for part in "qkv")
        return graph.attend(name, q, k, v, heads, width)

    for i in graph.order("encoder"):
        layer = f"encoder.layers.{i}."
        x = graph.block(layer + "layer_norm1", x, lambda norm: attention(layer + "self_attention", norm(x)))
        x = graph.block(layer + "layer_norm2", x, lambda norm: graph.feed_forward(layer + "ffn", norm(x)))
    memory = graph.finish("encoder", x)
    graph.output("memory", memory, ["batch", "tokens", width])
    heads, _, shape = sizes(options)
    for i in range(options["decoder_layers"]):
        for part, name in (("k_lin", "key"), ("v_lin", "value")):
            value = graph.heads(graph.linear(f"decoder.layers.{i}.cross_attention.{part}", memory), heads)
            graph.output(f"cross.{i}.{name}", value, shape("tokens"))


def build_decoder(graph, cached):
    """tokens (batch, tokens) and the encoder's memory -> logits (batch, tokens, symbols). With a cache: the keys and
    values of the tokens before, and of the memory, in place of the memory; and those with these tokens behind."""
    options = graph.options
    heads, width, shape = sizes(options)
    order = graph.order("decoder")
    pasts = [[graph.input(f"past.{n}.{part}", TensorProto.FLOAT, shape("past")) for part in ("key", "value")]
             for n in range(len(order))] if cached else []
    past = graph.length(pasts[0][0], 2) if cached else graph.constant(0)
    x, end = graph.embed("decoder", past)
    if cached:
        memories = [[graph.input(f"cross.{i}.{part}", TensorProto.FLOAT, shape("memory")) for part in ("key", "value")]
                    for i in range(options["decoder_layers"])]
    else:
        memory = graph.input("memory", TensorProto.FLOAT, ["batch", "memory", options["encoder_width"]])
        memories = [[graph.heads(graph.linear(f"decoder.layers.{i}.cross_attention.{part}_lin", memory), heads)
                     for part in "kv"] for i in range(options["decoder_layers"])]
    queries = graph.node("Unsqueeze", graph.range(past, end), graph.constant([1]))
    seen = graph.node("LessOrEqual", graph.range(graph.constant(0), end), queries)

    def self_attention(n, name, y):
        q, k, v = (graph.heads(graph.linear(f"{name}.{part}_lin", y), heads) for part in "qkv")
        if cached:
            k, v = (graph.node("Concat", before, own, axis=2) for before, own in zip(pasts[n], (k, v)))
            graph.output(f"present.{n}.key", k, shape("total"))
            graph.output(f"present.{n}.value", v, shape("total"))
        return graph.attend(name, q, k, v, heads, width, seen)

    def cross_attention(i, name, y):
        return graph.attend(name, graph.heads(graph.linear(name + ".q_lin", y), heads), *memories[i], heads, width)

    for n, i in enumerate(order):
        layer, entry = f"decoder.layers.{i}.", x
        x = graph.block(layer + "layer_norm1", x, lambda norm: self_attention(n, layer + "self_attention", norm(entry)))
        query = entry if options["cross_query_from_input"] else x
        x = graph.block(layer + "layer_norm15", x,
                        lambda norm: cross_attention(i, layer + "cross_attention", norm(query)))
        x = graph.block(layer + "layer_norm2", x, lambda norm: graph.feed_forward(layer + "ffn", norm(x)))
    of_symbols = graph.symbol_rows if options["factored_head"] else lambda scores: scores
    head = graph.shared_table("decoder") if options["tied"] else of_symbols(graph.parameter("decoder.proj.weight"))
    logits = graph.node("MatMul", graph.finish("decoder", x), graph.node("Transpose", head, perm=[1, 0]))
    bias = graph.parameter("decoder.proj.bias")
    symbols = FIRST_NUMBER + 29001 if options["factored_head"] else len(graph.tensors[bias])
    graph.output("logits", graph.node("Add", logits, of_symbols(bias)), ["batch", "tokens", symbols])


ARCHITECTURES = ("encoder-decoder", "encoder", "decoder", "lstm", "gru")


def check_kind(options):
    if options["architecture"] != 0:
        raise Refused(f"architecture {ARCHITECTURES[options['architecture']]} is not exported, only encoder-decoder")
    if options["norm_kind"] != 0:
        raise Refused("norm_kind rms is not exported, only layer")
    if options["ffn"] != 0:
        raise Refused("a gated ffn is not exported, only the plain one")
    if options["copy_gate"]:
        raise Refused("copy_gate is not exported")


def arrays_of(model):
    """The parameters by name, vectors with one dimension."""
    def array(name, view):
        value = numpy.array(view, numpy.float32)
        return value if name.endswith("weight") and "norm" not in name else value.reshape(-1)

    return {name: array(name, view) for name, view in model.tensors().items()}


def export(model):
    """The three graphs by the names of their files."""
    options, tensors, config = model.options, arrays_of(model), json.dumps(model.config)
    check_kind(options)
    builders = {"encoder": build_encoder, "decoder": lambda g: build_decoder(g, False),
                "decoder_step": lambda g: build_decoder(g, True)}
    graphs = {}
    for name, build in builders.items():
        graph = Graph(name, tensors, options)
        build(graph)
        graphs[name] = graph.model(config)
    return graphs


def write(path, data):
    """The whole file or none."""
    scratch = f"{path}.{os.getpid()}.tmp"
    try:
        with open(scratch, "wb") as file:
            file.write(data)
        os.replace(scratch, path)
    finally:
        if os.path.exists(scratch):
            os.remove(scratch)


def main(source, folder):
    try:
        graphs = export(lat.Model.inspect(source))
        os.makedirs(folder, exist_ok=True)
        for name, graph in graphs.items():
            write(os.path.join(folder, name + ".onnx"), graph.SerializeToString())
    except (Refused, OSError, lat.Error) as error:
        sys.exit(f"export_onnx.py: {source}: {error}")
    print(f"{folder}: {', '.join(name + '.onnx' for name in graphs)}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
