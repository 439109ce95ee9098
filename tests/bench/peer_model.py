"""The published sweeps' encoder-decoder in PyTorch, as fast as PyTorch takes it: fused q, k, v,
rectangular batches without padding (all sequences of these sweeps are equally long), keys and values
cached in decoding, those of the source computed once."""

import time

import torch
from torch import nn
from torch.nn import functional

EOS = 0


class Attention(nn.Module):
    def __init__(self, width, memory_width, heads):
        super().__init__()
        self.heads = heads
        self.crosses = memory_width is not None
        if self.crosses:
            self.q = nn.Linear(width, width)
            self.kv = nn.Linear(memory_width, 2 * width)
        else:
            self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

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
        return self.norm2(x + self.lin2(functional.relu(self.lin1(x))))

    def forward(self, x, memory=None, mask=None):
        x = self.norm1(x + self.own.mix(*self.own.project(x), mask))
        if memory is not None:
            q = self.cross.split(self.cross.q(x))
            x = self.norm15(x + self.cross.mix(q, *self.cross.remember(memory)))
        return self.feed_forward(x)

    def step(self, x, cache, remembered, place):
        """One token of every sequence, its key and value put into the cache."""
        q, k, v = self.own.project(x)
        cache[0][:, :, place : place + 1] = k
        cache[1][:, :, place : place + 1] = v
        seen = cache[0][:, :, : place + 1], cache[1][:, :, : place + 1]
        x = self.norm1(x + self.own.mix(q, *seen))
        q = self.cross.split(self.cross.q(x))
        return self.feed_forward(self.norm15(x + self.cross.mix(q, *remembered)))


class Side(nn.Module):
    def __init__(self, symbols, positions, layers, width, heads, memory_width=None):
        super().__init__()
        self.symbols = nn.Embedding(symbols, width)
        self.positions = nn.Embedding(positions, width)
        for table in (self.symbols, self.positions):
            nn.init.normal_(table.weight, std=width**-0.5)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(width, heads, memory_width) for _ in range(layers))

    def embed(self, tokens, place=0):
        return self.norm(
            self.symbols(tokens) + self.positions.weight[place : place + tokens.shape[1]]
        )

    def forward(self, tokens, memory=None, mask=None):
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x, memory, mask)
        return x


class Model(nn.Module):
    def __init__(self, sweep, source_symbols, target_symbols):
        super().__init__()
        self.encoder = Side(source_symbols, 256, *sweep.encoder)
        self.decoder = Side(target_symbols, 256, *sweep.decoder, sweep.encoder[1])
        self.bias = nn.Parameter(torch.zeros(target_symbols))

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
        """The likeliest token after each, `length` of them."""
        memory = self.encoder(source)
        remembered = [layer.cross.remember(memory) for layer in self.decoder.layers]
        shape = remembered[0][0].shape[:2] + (length, remembered[0][0].shape[3])
        kind = remembered[0][0].dtype
        caches = [
            [torch.empty(shape, dtype=kind) for _ in "kv"] for _ in self.decoder.layers
        ]
        token = torch.full((source.shape[0], 1), EOS)
        for place in range(length):
            x = self.decoder.embed(token, place)
            for layer, cache, known in zip(self.decoder.layers, caches, remembered):
                x = layer.step(x, cache, known, place)
            token = self.logits(x[:, -1]).argmax(dim=-1, keepdim=True)
        return token


class Peer:
    """A model with its optimizer and a supply of random sequences of the true lengths."""

    def __init__(self, sweep, source_symbols, target_symbols):
        self.sweep = sweep
        self.symbols = source_symbols, target_symbols
        self.model = Model(sweep, source_symbols, target_symbols)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)

    def sequences(self, count, side):
        length = self.sweep.source_length if side == 0 else self.sweep.target_length
        return functional.pad(torch.randint(1, self.symbols[side], (count, length)), (1, 1))

    def train(self, count, bf16):
        source, target = self.sequences(count, 0), self.sequences(count, 1)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = self.model.loss(source, target)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()

    def decode(self, count, bf16):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            self.model.decode(self.sequences(count, 0), self.sweep.target_length)


def rate(work, seconds, warm):
    """Runs of work() a second, over as many as fill the time; one before that unless warm."""
    if not warm:
        work()
    started, runs = time.perf_counter(), 0
    while True:
        work()
        runs += 1
        passed = time.perf_counter() - started
        if passed >= seconds:
            return runs / passed
