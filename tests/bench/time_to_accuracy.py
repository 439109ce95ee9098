"""The published recipe in PyTorch for so many minutes of one core: how accurate it is then, and what its budget would take.

    time_to_accuracy.py [--size 5] [--minutes 15] [--count 500] [--encoding fp15] [--layers 6 --width 512 --heads 8]
                        [--batch 64 --rate 1e-4 --warmup 10000]

Eigenvalues of matrices as the paper draws them, by an encoder of `layers` layers and a decoder of one, trained by Adam
with a linear warm-up, in bf16 where PyTorch takes it. Examples and scores are this library's (python/lat); drawing them is
not counted in the minutes. The model is that of peers.py. Give it one core: taskset -c 0 python3 ...
"""

import argparse
import time

import torch
from torch.nn import functional

import lat
from peer_model import EOS, Adam, Model, Shape

BUDGET = 60_000_000  # examples, the paper's least


class Examples:
    """Token tensors of consecutive examples; sequences of this task are equally long."""

    def __init__(self, size, encoding, stream):
        self.task = lat.Task("eigenvalues", rows=size)
        self.tokenizer = lat.Tokenizer(input_encoding=encoding, output_encoding=encoding)
        self.sampler = lat.Sampler(self.task, self.tokenizer, stream=stream, seed=1)

    def draw(self, count):
        batch = self.sampler.next(count)
        framed = (functional.pad(torch.tensor(batch.sequences(side)), (1, 1), value=EOS)
                  for side in (lat.INPUT, lat.OUTPUT))
        return batch, *framed


def accuracy(model, examples, count):
    """% of `count` fresh examples within 5 % by greedy decoding."""
    batch, source, target = examples.draw(count)
    right = 0
    decoded = model.decode(source, target.shape[1] - 2).tolist()  # all but both EOS
    for i, tokens in enumerate(decoded):
        try:
            prediction, _, _ = examples.tokenizer.decode(tokens, lat.OUTPUT)
        except lat.Error:
            continue
        scores = examples.task.score(batch.matrix(i, lat.INPUT), prediction, batch.matrix(i, lat.OUTPUT))
        right += scores["residual"] <= 0.05
    return 100 * right / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, value in (("size", int, 5), ("minutes", float, 15), ("count", int, 500), ("layers", int, 6),
                              ("width", int, 512), ("heads", int, 8), ("batch", int, 64), ("rate", float, 1e-4),
                              ("warmup", int, 10000), ("encoding", str, "fp15")):
        parser.add_argument("--" + name, type=kind, default=value)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    training, fresh = (Examples(arguments.size, arguments.encoding, stream) for stream in (0, 2))
    symbols = tuple(training.tokenizer.vocabulary_size(side) for side in (lat.INPUT, lat.OUTPUT))
    shape = Shape((arguments.layers, arguments.width, arguments.heads), (1, arguments.width, arguments.heads), symbols, ())
    model = Model(shape)
    optimizer = Adam(model.parameters(), rate=arguments.rate)
    spent, seen, told = 0.0, 0, 0.0
    while spent < 60 * arguments.minutes:
        _, source, target = training.draw(arguments.batch)
        begin = time.monotonic()
        optimizer.rate = arguments.rate * min(1, (optimizer.steps + 1) / arguments.warmup)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model.loss(source, target)
        loss.backward()
        optimizer.step()
        model.zero_grad(set_to_none=True)
        spent, seen = spent + time.monotonic() - begin, seen + arguments.batch
        if spent >= told:
            print(f"{spent:6.0f} s  {seen:8d} examples  loss {loss.item():.4f} a token", flush=True)
            told += 60
    rate = seen / spent
    print(f"{seen} examples in {spent:.0f} s, {rate:.1f} a second: {accuracy(model, fresh, arguments.count):.1f} % of"
          f" {arguments.count} within 5 %; {BUDGET} examples take {BUDGET / rate / 86400:.0f} days of this core")


if __name__ == "__main__":
    main()
