"""The encoder-decoder once more, in PyTorch and in the plainest way: one sequence at a time, no
padding, no masks but the causal one. Parameters are a dictionary under the names that lat writes
into its files.

All arithmetic is in float64, so that differences from the library are the library's.
"""

import math
from dataclasses import dataclass, field

import numpy
import torch
from torch.nn import functional

import symbols as encodings

MAX_DIMENSION = 100
EOS = 0
FIRST_NUMBER = 128


@dataclass
class Config:
    encoder_layers: int = 1
    encoder_width: int = 16
    encoder_heads: int = 2
    encoder_loops: int = 1
    decoder_layers: int = 1
    decoder_width: int = 12
    decoder_heads: int = 3
    decoder_loops: int = 1
    ffn_factor: int = 4
    norm: str = "post"
    activation: str = "relu"
    positions: str = "learned"
    tied: int = 1
    matrix_positions: int = 0
    factored: int = 0
    cross_query_from_input: int = 0
    max_positions: int = 48
    input_encoding: str = "p10"
    output_encoding: str = "p10"
    # Younger than the first golden files: written where they are not the defaults.
    norm_kind: str = "layer"
    architecture: str = "encoder-decoder"
    copy_gate: int = 0
    encoder_loop_layer: int = 0
    decoder_loop_layer: int = 0
    encoder_attention: int = 0
    query_per_number: int = 0
    ffn: str = "plain"
    ffn_hash_bits: int = 4
    factored_head: int = 0


@dataclass
class Example:
    """Token ids without framing, and the place of each token and of the closing EOS."""

    source: list
    target: list
    source_places: list = field(default_factory=list)
    target_places: list = field(default_factory=list)


def stack_of(config, side):
    """(layers, width, heads, loops, encoding) of the encoder or the decoder."""
    encoding = config.input_encoding if side == "encoder" else config.output_encoding
    get = lambda what: getattr(config, "%s_%s" % (side, what))
    return get("layers"), get("width"), get("heads"), get("loops"), encoding


def sides_of(config):
    """The stacks of the architecture."""
    alone = config.architecture in ("encoder", "decoder")
    return [config.architecture] if alone else ["encoder", "decoder"]


def is_recurrent(config):
    return config.architecture in ("lstm", "gru")


def linear_shapes(shapes, name, out, inner):
    shapes[name + ".weight"] = (out, inner)
    shapes[name + ".bias"] = (out,)


def norm_shapes(shapes, config, name, width):
    shapes[name + ".weight"] = (width,)
    if config.norm_kind == "layer":
        shapes[name + ".bias"] = (width,)


SPECIAL = FIRST_NUMBER + 2  # symbols of fp15 without factors: NaN and -NaN close the list


def has_halves(config, prefix):
    """Whether exponents have two rows, one for each half of a decade: those of answers, of a factored head."""
    return bool(config.factored_head) and prefix == "decoder."


def table_shapes(shapes, config, prefix, width, encoding):
    symbols = len(encodings.vocabulary(encoding))
    if config.factored and encoding == "fp15":
        shapes[prefix + "embeddings.mantissa.weight"] = (1999, width)
        shapes[prefix + "embeddings.exponent.weight"] = (32 if has_halves(config, prefix) else 16, width)
        symbols = SPECIAL
    shapes[prefix + "embeddings.weight"] = (symbols, width)
    if config.positions == "learned":
        shapes[prefix + "position_embeddings.weight"] = (config.max_positions, width)


def embedding_shapes(shapes, config, side):
    _, width, _, _, encoding = stack_of(config, side)
    if config.architecture == "decoder":
        table_shapes(shapes, config, side + ".problem_", width, config.input_encoding)
    table_shapes(shapes, config, side + ".", width, encoding)
    if config.architecture == "encoder":
        shapes[side + ".query_embeddings.weight"] = (config.max_positions, width)
    if config.query_per_number:
        shapes["encoder.number_heads.weight"] = (3, width)  # of p1000
    if config.matrix_positions:
        shapes[side + ".row_embeddings.weight"] = (MAX_DIMENSION + 1, width)
        shapes[side + ".col_embeddings.weight"] = (MAX_DIMENSION + 1, width)
    norm_shapes(shapes, config, side + ".layer_norm_emb", width)


def attention_shapes(shapes, name, width, memory):
    for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
        linear_shapes(shapes, name + "." + part, width, memory if part in ("k_lin", "v_lin") else width)


def recurrent_shapes(shapes, config, side, prefix):
    width, name = stack_of(config, side)[1], prefix + "." + config.architecture
    gates = {"lstm": 4, "gru": 3}[config.architecture] * width
    linear_shapes(shapes, name + ".input_lin", gates, width)
    linear_shapes(shapes, name + ".state_lin", gates, width)
    if side == "decoder":
        linear_shapes(shapes, name + ".first_h_lin", width, config.encoder_width)
        if config.architecture == "lstm":
            linear_shapes(shapes, name + ".first_c_lin", width, config.encoder_width)
    norm_shapes(shapes, config, prefix + ".layer_norm1", width)
    if side == "decoder" and config.encoder_attention:
        attention_shapes(shapes, prefix + ".cross_attention", width, config.encoder_width)
        norm_shapes(shapes, config, prefix + ".layer_norm15", width)


def layer_shapes(shapes, config, side, prefix):
    if is_recurrent(config):
        return recurrent_shapes(shapes, config, side, prefix)
    width = stack_of(config, side)[1]
    attention_shapes(shapes, prefix + ".self_attention", width, width)
    norm_shapes(shapes, config, prefix + ".layer_norm1", width)
    if side == "decoder" and config.architecture == "encoder-decoder":
        attention_shapes(shapes, prefix + ".cross_attention", width, config.encoder_width)
        norm_shapes(shapes, config, prefix + ".layer_norm15", width)
    if config.ffn == "hashed":
        rows = width // config.ffn_hash_bits << config.ffn_hash_bits
        shapes[prefix + ".ffn.tables.weight"] = (rows, width)
    else:
        halves = 1 if config.ffn == "plain" else 2
        linear_shapes(shapes, prefix + ".ffn.lin1", halves * config.ffn_factor * width, width)
        linear_shapes(shapes, prefix + ".ffn.lin2", width, config.ffn_factor * width)
    norm_shapes(shapes, config, prefix + ".layer_norm2", width)
    if config.copy_gate and stack_of(config, side)[3] > 1:
        linear_shapes(shapes, prefix + ".copy_gate.lin", width, width)
        norm_shapes(shapes, config, prefix + ".layer_norm3", width)


def parameter_shapes(config):
    shapes = {}
    for side in sides_of(config):
        embedding_shapes(shapes, config, side)
        layers, width, _, _, encoding = stack_of(config, side)
        for index in range(layers):
            layer_shapes(shapes, config, side, "%s.layers.%d" % (side, index))
        if config.norm == "pre":
            norm_shapes(shapes, config, side + ".layer_norm_out", width)
    scores = SPECIAL + 1999 + 32 if config.factored_head else len(encodings.vocabulary(config.output_encoding))
    last = sides_of(config)[-1]
    if not config.tied:
        shapes[last + ".proj.weight"] = (scores, stack_of(config, last)[1])
    shapes[last + ".proj.bias"] = (scores,)
    return shapes


def name_hash(text):
    """FNV-1a, 32 bits."""
    state = 2166136261
    for byte in text.encode():
        state = (state ^ byte) * 16777619 & 0xFFFFFFFF
    return state


def noise(text, count):
    """`count` numbers in [-1, 1) that C makes alike: golden_noise() in golden_noise.c."""
    x = (name_hash(text) + numpy.arange(count, dtype=numpy.uint64) * 0x9E3779B9) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return (x ^ (x >> 16)).astype(numpy.float64) / 2.0**31 - 1.0


def noise_parameters(config):
    """Parameters far from any symmetric point, so that no gradient is small by accident."""
    parameters = {}
    for name, shape in parameter_shapes(config).items():
        scale = math.sqrt(3.0 / shape[1]) if len(shape) == 2 else 0.3
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        value = noise(name, math.prod(shape)) * scale + centre
        value = torch.from_numpy(value.astype(numpy.float32).astype(numpy.float64))
        parameters[name] = value.reshape(shape).requires_grad_()
    return parameters


def query_of_tokens(example):
    """The query position of each token of an answer: those of a number share one."""
    places = example.target_places
    queries = [0]
    for before, place in zip(places, places[1:]):
        queries.append(queries[-1] + (place == (0, 0) or place != before))
    return queries


class Twin:
    def __init__(self, config, parameters):
        self.config = config
        self.p = parameters

    def linear(self, name, x):
        return functional.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def norm(self, name, x):
        weight = self.p[name + ".weight"]
        if self.config.norm_kind == "rms":
            return weight * x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-12)
        return functional.layer_norm(x, weight.shape, weight, self.p[name + ".bias"], eps=1e-12)

    def table(self, prefix):
        """(vocabulary, width) embeddings; factored ones put together."""
        plain = self.p[prefix + "embeddings.weight"]
        mantissa = self.p.get(prefix + "embeddings.mantissa.weight")
        if mantissa is None:
            return plain
        return self.put_together(plain, mantissa, self.p[prefix + "embeddings.exponent.weight"], has_halves(self.config, prefix))

    @staticmethod
    def put_together(plain, mantissa, exponent, halves):
        """What all fp15 symbols are the sum of; with halves exponents of the upper half of a decade are rows 16 .. 31."""
        upper = lambda m: 16 if halves and 10 * m * m > 999 * 999 else 0
        pairs = [(m, e) for e in range(16) for m in encodings.fp15_mantissas(e)]
        values = (mantissa[torch.tensor([m + 999 for m, _ in pairs])]
                  + exponent[torch.tensor([e + upper(m) for m, e in pairs])])
        return torch.cat([plain[:FIRST_NUMBER], values, plain[FIRST_NUMBER:]])

    def position_table(self, prefix, length):
        if self.config.positions == "learned":
            return self.p[prefix + "position_embeddings.weight"][:length]
        width = self.p[prefix + "embeddings.weight"].shape[1]
        place = torch.arange(length, dtype=torch.float64)[:, None]
        column = torch.arange(width)
        angle = place / 10000.0 ** (2 * (column // 2) / width)
        return torch.where(column % 2 == 0, torch.sin(angle), torch.cos(angle))

    def symbols(self, prefix, tokens):
        return self.table(prefix)[torch.tensor(tokens)] + self.position_table(prefix, len(tokens))

    def embed(self, side, tokens, places):
        return self.embed_sum(side, self.symbols(side + ".", tokens), places)

    def embed_sum(self, side, x, places):
        if self.config.matrix_positions:
            rows = torch.tensor([r for r, _ in places])
            cols = torch.tensor([c for _, c in places])
            x = x + self.p[side + ".row_embeddings.weight"][rows]
            x = x + self.p[side + ".col_embeddings.weight"][cols]
        return self.norm(side + ".layer_norm_emb", x)

    def attention(self, name, heads, query, memory, causal=False):
        split = lambda x: x.reshape(len(x), heads, -1).transpose(0, 1)
        q = split(self.linear(name + ".q_lin", query))
        k = split(self.linear(name + ".k_lin", memory))
        v = split(self.linear(name + ".v_lin", memory))
        scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
        if causal:
            later = torch.ones(scores.shape[1:], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(later, float("-inf"))
        mixed = torch.softmax(scores, dim=-1) @ v
        return self.linear(name + ".out_lin", mixed.transpose(0, 1).reshape(len(query), -1))

    def hashed(self, name, x):
        """The sum over chunks of p(z) times the row of the chunk's table that its signs name."""
        bits = self.config.ffn_hash_bits
        z = x.unflatten(-1, (-1, bits))
        rows = ((z > 0) * 2 ** torch.arange(bits)).sum(-1) + 2**bits * torch.arange(z.shape[-2])
        factor = torch.sigmoid(2 * z.abs()).prod(-1)
        return (factor.unsqueeze(-1) * self.p[name + ".tables.weight"][rows]).sum(-2)

    def feed_forward(self, name, x):
        if self.config.ffn == "hashed":
            return self.hashed(name, x)
        inner = self.linear(name + ".lin1", x)
        value, gate = inner.chunk(2, -1) if self.config.ffn != "plain" else (1, inner)
        if self.config.ffn != "bilinear":
            gate = functional.gelu(gate) if self.config.activation == "gelu" else gate.relu()
        return self.linear(name + ".lin2", value * gate)

    def block(self, norm, x, function):
        """One residual block, its LayerNorm after the sum or before the function."""
        if self.config.norm == "pre":
            return x + function(lambda y: self.norm(norm, y))
        return self.norm(norm, x + function(lambda y: y))

    def recurrent(self, name, x, memory):
        """torch.nn.LSTM or GRU with the parameters of that name; a decoder's states begin with what
        the encoder has behind the problem's last token."""
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[self.config.architecture]
        layer = kind(x.shape[1], x.shape[1]).double()
        order = ("input_lin.weight", "state_lin.weight", "input_lin.bias", "state_lin.bias")
        layer._flat_weights = [self.p[name + "." + part] for part in order]
        first = None
        if memory is not None:
            first = self.linear(name + ".first_h_lin", memory[-1:])
            if kind is torch.nn.LSTM:
                first = (first, self.linear(name + ".first_c_lin", memory[-1:]))
        return layer(x, first)[0]

    def recurrent_layer(self, prefix, heads, x, memory):
        entry = x
        name = prefix + "." + self.config.architecture
        x = self.block(prefix + ".layer_norm1", x, lambda norm: self.recurrent(name, norm(entry), memory))
        if memory is None or not self.config.encoder_attention:
            return x
        query = entry if self.config.cross_query_from_input else x
        attend = lambda norm: self.attention(prefix + ".cross_attention", heads, norm(query), memory)
        return self.block(prefix + ".layer_norm15", x, attend)

    def layer(self, prefix, heads, x, memory, causal):
        if is_recurrent(self.config):
            return self.recurrent_layer(prefix, heads, x, memory)
        entry = x
        own = prefix + ".self_attention"
        x = self.block(
            prefix + ".layer_norm1",
            x,
            lambda norm: self.attention(own, heads, norm(entry), norm(entry), causal),
        )
        if memory is not None:
            query = entry if self.config.cross_query_from_input else x
            x = self.block(
                prefix + ".layer_norm15",
                x,
                lambda norm: self.attention(
                    prefix + ".cross_attention", heads, norm(query), memory
                ),
            )
        before = x
        x = self.block(
            prefix + ".layer_norm2",
            x,
            lambda norm: self.feed_forward(prefix + ".ffn", norm(before)),
        )
        return self.gate(prefix, entry, x) if prefix + ".copy_gate.lin.weight" in self.p else x

    def gate(self, prefix, entry, x):
        """A copy of the layer's input, or what the layer made of it."""
        norm = lambda y: self.norm(prefix + ".layer_norm3", y)
        pre = self.config.norm == "pre"
        gate = torch.sigmoid(self.linear(prefix + ".copy_gate.lin", norm(x) if pre else x))
        mixed = gate * x + (1 - gate) * entry
        return mixed if pre else norm(mixed)

    def stack(self, side, x, memory=None, causal=False):
        layers, _, heads, loops, _ = stack_of(self.config, side)
        looped = getattr(self.config, side + "_loop_layer")
        order = list(range(layers)) * loops
        if looped > 0:
            order = [i for i in range(layers) for _ in range(loops if i + 1 == looped else 1)]
        for index in order:
            x = self.layer("%s.layers.%d" % (side, index), heads, x, memory, causal)
        return self.norm(side + ".layer_norm_out", x) if self.config.norm == "pre" else x

    def logits(self, examples):
        """(target tokens + examples, output vocabulary), sequence after sequence."""
        if len(sides_of(self.config)) == 1:
            return self.one_stack_logits(examples)
        rows = []
        for example in examples:
            source = [EOS] + example.source + [EOS]
            memory = self.stack(
                "encoder", self.embed("encoder", source, [(0, 0)] + example.source_places)
            )
            # Row and column embeddings of the decoder are those of the token to predict.
            fed = self.embed("decoder", [EOS] + example.target, example.target_places)
            rows.append(self.stack("decoder", fed, memory, True))
        return self.project("decoder", torch.cat(rows))

    def one_stack_logits(self, examples):
        """Behind the problem stand query positions, or EOS and the answer."""
        side, rows = self.config.architecture, []
        prefix = side + (".problem_" if side == "decoder" else ".")
        for example in examples:
            source = [EOS] + example.source + [EOS]
            length = len(example.target) + 1
            own = list(range(length))
            if side == "encoder":
                if self.config.query_per_number:
                    own = query_of_tokens(example)
                behind = self.p["encoder.query_embeddings.weight"][: own[-1] + 1]
            else:
                behind = self.symbols("decoder.", [EOS] + example.target)
            x = torch.cat([self.symbols(prefix, source), behind])
            answered = [example.target_places[own.index(q)] for q in range(own[-1] + 1)]
            x = self.embed_sum(side, x, [(0, 0)] + example.source_places + answered)
            x = self.stack(side, x, None, side == "decoder")[-own[-1] - 1 :][own]
            if self.config.query_per_number:
                heads = self.p["encoder.number_heads.weight"]
                for token in range(length):
                    if example.target_places[token] != (0, 0):
                        head = token - own.index(own[token])
                        x = x + functional.one_hot(torch.tensor(token), length)[:, None] * heads[head]
            rows.append(x)
        return self.project(side, torch.cat(rows))

    def project(self, side, hidden):
        whole = lambda rows: self.put_together(*torch.split(rows, [SPECIAL, 1999, 32]), True)
        bias = self.p[side + ".proj.bias"]
        weight = self.table(side + ".") if self.config.tied else self.p[side + ".proj.weight"]
        if self.config.factored_head:
            weight = weight if self.config.tied else whole(weight)
            bias = whole(bias)
        return functional.linear(hidden, weight, bias)

    def loss_sum(self, examples):
        """Sum of the cross-entropies, and the logits."""
        logits = self.logits(examples)
        targets = torch.tensor([t for e in examples for t in e.target + [EOS]])
        return functional.cross_entropy(logits, targets, reduction="sum"), logits


def target_tokens(examples):
    return sum(len(example.target) + 1 for example in examples)


def adam_run(config, parameters, examples, steps, rule):
    """Adam or AdamW on one batch with the mean loss; returns the losses a token, the gradient norms
    before clipping and the parameters after."""
    twin = Twin(config, {n: p.detach().clone().requires_grad_() for n, p in parameters.items()})
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[rule["rule"]]
    optimizer = kind(
        twin.p.values(),
        lr=rule["learning_rate"],
        betas=(0.9, rule["beta2"]),
        eps=rule["epsilon"],
        weight_decay=rule["weight_decay"],
    )
    losses, norms = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = twin.loss_sum(examples)[0] / target_tokens(examples)
        loss.backward()
        norm = sum(float((p.grad**2).sum()) for p in twin.p.values()) ** 0.5
        if norm > rule["clip"]:
            for p in twin.p.values():
                p.grad *= rule["clip"] / norm
        optimizer.step()
        losses.append(float(loss))
        norms.append(norm)
    return losses, norms, twin.p
