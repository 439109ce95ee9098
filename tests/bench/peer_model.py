"""The published sweeps' encoder-decoder in PyTorch, as fast as PyTorch 1.13 takes it on processors:
fused q, k, v, rectangular batches without padding (all sequences of these sweeps are equally long),
Adam in one pass over memory; in decoding keys and values cached, those of the source computed once,
all heads of a sequence in one product, and bf16 weights rounded once, not in every step.

As a program it serves peers.py: one JSON request a line, one answer a line.
"""

import json
import sys
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

EOS = 0
POSITIONS = 256


@dataclass(frozen=True)
class Shape:
    """(layers, width, heads) of both sides, symbols of both, tokens of both without framing EOS."""

    encoder: tuple
    decoder: tuple
    symbols: tuple
    lengths: tuple


class Attention(nn.Module):
    def __init__(self, width, memory_width, heads):
        super().__init__()
        self.heads = heads
        if memory_width is not None:
            self.q = nn.Linear(width, width)
            self.kv = nn.Linear(memory_width, 2 * width)
        else:
            self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        head = torch.arange(width) // (width // heads)
        mine = (head == torch.arange(heads)[:, None]).float()  # (heads, width): whose columns
        self.register_buffer("mine", mine)
        self.register_buffer("scaled", mine * (width // heads) ** -0.5)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def project(self, x):
        return [self.split(part) for part in self.qkv(x).chunk(3, dim=-1)]

    def remember(self, memory):
        return [self.split(part) for part in self.kv(memory).chunk(2, dim=-1)]

    def mix(self, q, k, v, mask=None):
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(2, 3)
        if mask is not None:
            scores = scores + mask
        mixed = torch.softmax(scores, dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(q.shape[0], q.shape[2], -1))

    def mix_one(self, q, k, v):
        """One query a sequence, q (count, width), k and v (count, tokens, width): a small product a
        sequence over all heads costs less than one a head, though most of it is masked."""
        scores = torch.bmm(q[:, None] * self.scaled, k.transpose(1, 2))
        mixed = torch.bmm(torch.softmax(scores, dim=-1), v)
        return self.out(mixed.mul_(self.mine).sum(1))


class Layer(nn.Module):
    def __init__(self, width, heads, memory_width=None):
        super().__init__()
        self.own = Attention(width, None, heads)
        self.norm1 = nn.LayerNorm(width, eps=1e-12)
        if memory_width is not None:
            self.cross = Attention(width, memory_width, heads)
            self.norm15 = nn.LayerNorm(width, eps=1e-12)
        self.lin1 = nn.Linear(width, 4 * width)
        self.lin2 = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-12)

    def feed_forward(self, x):
        return self.norm2(x + self.lin2(functional.relu_(self.lin1(x))))

    def forward(self, x, memory=None, mask=None):
        x = self.norm1(x + self.own.mix(*self.own.project(x), mask))
        if memory is not None:
            q = self.cross.split(self.cross.q(x))
            x = self.norm15(x + self.cross.mix(q, *self.cross.remember(memory)))
        return self.feed_forward(x)

    def step(self, x, cache, remembered, place):
        """One token of every sequence, its key and value put into the cache."""
        q, k, v = self.own.qkv(x).chunk(3, dim=-1)
        cache[0][:, place] = k
        cache[1][:, place] = v
        x = self.norm1(x + self.own.mix_one(q, *(seen[:, : place + 1] for seen in cache)))
        return self.feed_forward(self.norm15(x + self.cross.mix_one(self.cross.q(x), *remembered)))


class Side(nn.Module):
    def __init__(self, symbols, layers, width, heads, memory_width=None):
        super().__init__()
        self.symbols = nn.Embedding(symbols, width)
        self.positions = nn.Embedding(POSITIONS, width)
        for table in (self.symbols, self.positions):
            nn.init.normal_(table.weight, std=width**-0.5)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(width, heads, memory_width) for _ in range(layers))

    def forward(self, tokens, memory=None, mask=None):
        x = self.norm(self.symbols(tokens) + self.positions.weight[: tokens.shape[1]])
        for layer in self.layers:
            x = layer(x, memory, mask)
        return x


class Model(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.encoder = Side(shape.symbols[0], *shape.encoder)
        self.decoder = Side(shape.symbols[1], *shape.decoder, shape.encoder[1])
        self.bias = nn.Parameter(torch.zeros(shape.symbols[1]))

    def logits(self, x):
        return functional.linear(x, self.decoder.symbols.weight, self.bias)

    def loss(self, source, target):
        """`target` opens and closes with EOS: all but its last symbol go in, all but its first come
        out."""
        length = target.shape[1] - 1
        mask = torch.full((length, length), float("-inf")).triu(1)
        x = self.decoder(target[:, :-1], self.encoder(source), mask)
        return functional.cross_entropy(
            self.logits(x).flatten(0, 1).float(), target[:, 1:].flatten()
        )

    @torch.inference_mode()
    def decode(self, source, length):
        """The likeliest token after each, `length` of them: (count, length)."""
        side, memory, count = self.decoder, self.encoder(source), source.shape[0]
        remembered = [
            [part.contiguous() for part in layer.cross.kv(memory).chunk(2, dim=-1)]
            for layer in side.layers
        ]
        caches = [[memory.new_empty(count, length, k.shape[2]) for _ in "kv"] for k, _ in remembered]
        token, tokens = torch.full((count,), EOS), []
        for place in range(length):
            x = side.norm(side.symbols(token) + side.positions.weight[place])
            for layer, cache, known in zip(side.layers, caches, remembered):
                x = layer.step(x, cache, known, place)
            token = self.logits(x).float().argmax(dim=-1)
            tokens.append(token)
        return torch.stack(tokens, dim=1)


class Adam:
    """torch.optim.Adam with clipping, piece by piece of what fits the cache."""

    PIECE = 1 << 17

    def __init__(self, parameters, rate=1e-4, betas=(0.9, 0.999), eps=1e-8, clip=5.0):
        self.parameters = list(parameters)
        self.rate, self.betas, self.eps, self.clip, self.steps = rate, betas, eps, clip, 0
        self.pieces = [
            [
                (w, torch.zeros_like(w), torch.zeros_like(w))
                for w in p.detach().view(-1).split(self.PIECE)
            ]
            for p in self.parameters
        ]
        self.scratch = torch.empty(self.PIECE)

    @torch.no_grad()
    def step(self):
        self.steps += 1
        (beta1, beta2), gradients = self.betas, [p.grad for p in self.parameters]
        norm = torch.stack([g.norm() for g in gradients]).norm().item()
        shrink = min(1.0, self.clip / (norm + 1e-6))
        root = (1 - beta2**self.steps) ** 0.5
        rate = self.rate * root / (1 - beta1**self.steps)
        for pieces, gradient in zip(self.pieces, gradients):
            for (w, m, v), g in zip(pieces, gradient.view(-1).split(self.PIECE)):
                m.mul_(beta1).add_(g, alpha=(1 - beta1) * shrink)
                v.mul_(beta2).addcmul_(g, g, value=(1 - beta2) * shrink * shrink)
                denominator = torch.sqrt(v, out=self.scratch[: len(v)]).add_(self.eps * root)
                w.addcdiv_(m, denominator, value=-rate)


class Peer:
    """A model with its optimizer and a supply of random sequences of the true lengths."""

    def __init__(self, shape):
        self.shape = shape
        self.model = Model(shape)
        self.optimizer = None
        self.rounded = None  # the model in bf16, for decoding

    def sequences(self, count, side):
        inner = torch.randint(1, self.shape.symbols[side], (count, self.shape.lengths[side]))
        return functional.pad(inner, (1, 1))

    def train(self, count, bf16):
        self.optimizer = self.optimizer or Adam(self.model.parameters())
        source, target = self.sequences(count, 0), self.sequences(count, 1)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = self.model.loss(source, target)
        loss.backward()
        self.optimizer.step()
        self.model.zero_grad(set_to_none=True)

    def decode(self, count, bf16):
        if bf16 and self.rounded is None:
            self.rounded = Model(self.shape)
            self.rounded.load_state_dict(self.model.state_dict())
            self.rounded.bfloat16()
        model = self.rounded if bf16 else self.model
        model.decode(self.sequences(count, 0), self.shape.lengths[1])


def rate(work, seconds):
    """Runs of work() a second, over as many as fill the time."""
    started, runs = time.perf_counter(), 0
    while True:
        work()
        runs += 1
        passed = time.perf_counter() - started
        if passed >= seconds:
            return runs / passed


def serve(threads):
    """Requests name a shape, what to do ("train" or "decode"), of how many sequences, in which
    precision and for how long; the answer is runs a second. The first of a kind is run once before."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    peers, warm = {}, set()
    print(json.dumps(torch.__version__), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        shape = Shape(*(tuple(field) for field in request["shape"]))
        kind = shape, request["what"], request["count"], request["bf16"]
        if shape not in peers:
            peers[shape] = Peer(shape)
        work = lambda: getattr(peers[shape], request["what"])(request["count"], request["bf16"])
        if kind not in warm:
            work()
            warm.add(kind)
        print(rate(work, request["seconds"]), flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
