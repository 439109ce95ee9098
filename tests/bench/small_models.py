#!/usr/bin/env python3
"""Training rates of small models by AdamW and Muon, on one thread and on two, of one build or several.

Eigenvalues of 5x5 matrices from FP15 to P1000 by 4 encoder layers and one decoder layer. Every round
measures each setting of each build once by `lat bench`; what is told are medians over the rounds and,
in parentheses, the best, which other programs disturb least. For people, not run by ctest.
"""

import argparse
import itertools
import statistics

import measuring
from measuring import number

KEYS = ("train_examples_per_second", "utilization", "muon_gflops")


def words(width, rule, batch):
    """Options of the lat command."""
    return [
        *("--task", "eigenvalues", "--size", 5),
        *("--input-encoding", "fp15", "--output-encoding", "p1000"),
        *("--encoder-layers", 4, "--decoder-layers", 1),
        *("--width", width, "--heads", max(4, width // 32)),
        *("--optimizer", rule, "--batch-size", batch, "--no-decoding"),
    ]


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
    parser.add_argument("--output", help="a file for the table")
    options = parser.parse_args()
    settings = list(
        itertools.product(options.widths, options.rules, options.batches, options.threads, options.lat)
    )
    found = {setting: [] for setting in settings}
    watch = measuring.Watch()
    for _ in range(options.rounds):
        for width, rule, batch, threads, lat in settings:
            figures = measuring.bench(
                lat, words(width, rule, batch), options.precision, threads, options.seconds
            )
            found[width, rule, batch, threads, lat].append(figures)
    titles = "width, rule, batch, threads, build, examples/s, % of the instruction, Muon GFLOP/s"
    lines = ["Measured " + measuring.machine(max(options.threads)), *measuring.quietness(watch)]
    lines += measuring.table(titles.split(", "), [row(s, found[s]) for s in settings])
    measuring.publish(lines, options.output)


main()
