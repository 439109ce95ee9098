#!/usr/bin/env python3
"""Training rates of small models by AdamW and Muon, on one thread and on two, of one build or several.

Eigenvalues of 5x5 matrices from FP15 to P1000 by 4 encoder layers and one decoder layer; with
--campaign by the options that the shipped models are trained with (docs/models.md). Every round measures
each setting of each build once by `lat bench`; what is told are medians over the rounds and, in
parentheses, the best, which other programs disturb least. With --peer PyTorch trains a model of the same
layers, widths, lengths and symbols by Adam (peer_model.py; `sh cmake/dependencies.sh bench` installs
it, /usr/bin/python3 finds it). For people, not run by ctest.
"""

import argparse
import itertools
import statistics

import measuring
import peers
from measuring import number

KEYS = ("train_examples_per_second", "utilization", "muon_gflops")


TASK = ("--task", "eigenvalues", "--size", 5)
SPELLING = ("--input-encoding", "fp15", "--output-encoding", "p1000")
CAMPAIGN_TASK = ("--canonical", "--triangle")
CAMPAIGN = ("--factored", "--fourier", "--norm", "pre", "--activation", "gelu", "--matrix-positions")
LAYERS = 4, 1


def heads_of(width, campaign):
    return 4 if campaign and width <= 128 else max(4, width // 32)


def words(width, rule, batch, campaign):
    """Options of the lat command."""
    return [
        *TASK,
        *SPELLING,
        *(CAMPAIGN_TASK + CAMPAIGN if campaign else ()),
        *("--encoder-layers", LAYERS[0], "--decoder-layers", LAYERS[1]),
        *("--width", width, "--heads", heads_of(width, campaign)),
        *("--optimizer", rule, "--batch-size", batch, "--no-decoding"),
    ]


class PeerRates:
    """PyTorch, in a process for each number of threads."""

    def __init__(self, lat, campaign, threads):
        sample = [lat, "sample", *TASK, *SPELLING, *(CAMPAIGN_TASK if campaign else ())]
        found = measuring.run_json([*sample, "--count", 1, "--json"])
        self.lengths = len(found["input_tokens"]), len(found["output_tokens"])
        self.campaign = campaign
        self.processes = {count: peers.Peer(count, {}) for count in threads}
        self.sweeps = {}

    def rate(self, width, batch, threads, precision, seconds):
        """Examples a second."""
        if width not in self.sweeps:
            sides = [(layers, width, heads_of(width, self.campaign)) for layers in LAYERS]
            self.sweeps[width] = peers.Sweep("small", *sides, "fp15", "p1000", self.lengths)
        process = self.processes[threads]
        return process.rate(self.sweeps[width], "separate", "train", batch, precision, seconds)

    def rows(self, found):
        version = next(iter(self.processes.values())).version
        for (width, batch, threads), rates in found.items():
            cell = "%s (%s)" % (number(statistics.median(rates)), number(max(rates)))
            yield [width, "adam", batch, threads, "PyTorch " + version, cell, "-", "-"]

    def close(self):
        for process in self.processes.values():
            process.close()


def row(setting, found):
    """A setting's line: rates, share of the instruction's rate, Muon's own products."""
    rates = [figures[KEYS[0]] for figures in found]
    shares = [100 * figures[KEYS[1]] for figures in found]
    muon = [figures[KEYS[2]] for figures in found if KEYS[2] in figures]
    cells = ["%s (%s)" % (number(statistics.median(x)), number(max(x))) for x in (rates, shares)]
    return [*setting, *cells, number(statistics.median(muon) if muon else None)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lat", nargs="+", required=True, help="the commands to measure")
    parser.add_argument("--widths", nargs="+", type=int, default=[64, 128, 256])
    parser.add_argument("--rules", nargs="+", default=["adamw", "muon"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--batches", nargs="+", type=int, default=[64])
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a measurement")
    parser.add_argument("--campaign", action="store_true", help="as the shipped models are trained")
    parser.add_argument("--peer", action="store_true", help="PyTorch's rates too")
    parser.add_argument("--output", help="a file for the table")
    options = parser.parse_args()
    settings = list(
        itertools.product(options.widths, options.rules, options.batches, options.threads, options.lat)
    )
    found = {setting: [] for setting in settings}
    peer = PeerRates(options.lat[0], options.campaign, options.threads) if options.peer else None
    theirs = {
        setting: [] for setting in itertools.product(options.widths, options.batches, options.threads) if peer
    }
    watch = measuring.Watch()
    for _ in range(options.rounds):
        for width, rule, batch, threads, lat in settings:
            figures = measuring.bench(
                lat,
                words(width, rule, batch, options.campaign),
                options.precision,
                threads,
                options.seconds,
            )
            found[width, rule, batch, threads, lat].append(figures)
        for width, batch, threads in theirs:
            rate = peer.rate(width, batch, threads, options.precision, options.seconds)
            theirs[width, batch, threads].append(rate)
    if peer:
        peer.close()
    titles = "width, rule, batch, threads, build, examples/s, % of the instruction, Muon GFLOP/s"
    lines = ["Measured " + measuring.machine(max(options.threads)), *measuring.quietness(watch)]
    rows = [row(s, found[s]) for s in settings] + (list(peer.rows(theirs)) if peer else [])
    lines += measuring.table(titles.split(", "), rows)
    measuring.publish(lines, options.output)


if __name__ == "__main__":
    main()
