#!/usr/bin/env python3
"""Whether mixed precision trains as well as f32: the same runs in both, over several seeds.

Each run trains on one thread and is evaluated on fresh examples in the precision it was trained in.
A seed gives both precisions the same initial parameters and the same examples. For people, not run by
ctest; as many runs at once as there are processors.
"""

import argparse
import math
import os
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import measuring

PRECISIONS = ("f32", "bf16")
BATCH = 32  # of the recipe for arithmetic, examples/lat/presets.c
SIX_LAYERS = (
    "--preset eigenvalues-3x3 --encoder-layers 6 --encoder-loops 1 --decoder-layers 1 --width 64"
)
MEASURES = {
    "5 %": lambda found: found["accuracy"]["0.05"],
    "1 %": lambda found: found["accuracy"]["0.01"],
    "exact": lambda found: found["exact"],
}


class Model:
    """Options of `lat train`, examples and seeds."""

    def __init__(self, title, words, examples, seeds):
        self.title, self.words = title, words.split()
        self.examples, self.seeds = examples, range(1, seeds + 1)

    def command(self, precision, seed, folder):
        return [
            *("train", *self.words, "--examples", self.examples, "--precision", precision),
            *("--seed", seed, "--threads", 1, "--validate-every", 0, "--out", folder),
        ]


def models(options):
    period = max(options.examples // BATCH, 1)
    return [
        Model("Quick start", "--preset quickstart", options.quick_examples, options.quick_seeds),
        Model(
            "Six layers, eigenvalues 3x3",
            "%s --period %d" % (SIX_LAYERS, period),
            options.examples,
            options.seeds,
        ),
    ]


def evaluate(options, model, precision, seed):
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        measuring.run([options.lat, *model.command(precision, seed, run), "--quiet"])
        found = measuring.run_json(
            [options.lat, "eval", run / "model.safetensors", "--count", options.count]
            + ["--precision", precision, "--threads", 1, "--quiet", "--json"]
        )
    print(model.title, precision, seed, found["accuracy"]["0.05"], file=sys.stderr)
    return found


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else math.nan


def difference(f32, bf16):
    """Of the means, with its standard error over the seeds."""
    error = math.sqrt(spread(f32) ** 2 / len(f32) + spread(bf16) ** 2 / len(bf16))
    return statistics.mean(bf16) - statistics.mean(f32), error


def report(model, found):
    """found: results by precision, one a seed."""
    rows = []
    for name, measure in MEASURES.items():
        values = [[measure(result) for result in found[precision]] for precision in PRECISIONS]
        row = [name]
        for each in values:
            row += ["%.2f" % statistics.mean(each), "%.2f" % spread(each)]
            row += [" ".join("%.2f" % value for value in each)]
        rows.append([*row, "%+.2f +- %.2f" % difference(*values)])
    titles = ["within"]
    for precision in PRECISIONS:
        titles += [precision + ", mean", "deviation", "every seed"]
    command = " ".join(map(str, model.command("PRECISION", "SEED", "DIR")))
    lines = ["", "## " + model.title, "", "    lat " + command]
    return lines + measuring.table([*titles, "difference"], rows)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lat", required=True, help="the lat command of a Release build")
    parser.add_argument("--output", help="Markdown file to write, besides printing")
    parser.add_argument("--examples", type=int, default=240000, help="of the six-layer model")
    parser.add_argument("--seeds", type=int, default=3, help="of the six-layer model")
    parser.add_argument("--quick-examples", type=int, default=16000, help="of the quick start")
    parser.add_argument("--quick-seeds", type=int, default=5, help="of the quick start")
    parser.add_argument("--count", type=int, default=10000, help="examples of an evaluation")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at once")
    options = parser.parse_args()
    options.said = measuring.said(parser, options, "lat", "output")
    return options


def head(options):
    return [
        "# Mixed precision beside f32",
        "",
        "Written by",
        "",
        "    python3 tests/bench/precision.py " + " ".join(["--lat build/examples/lat/lat", *options.said]),
        "",
        measuring.machine(1),
        "",
        "Percentages of %s fresh examples, decoded greedily without the grammar, in the precision that" % f"{options.count:,}",
        "the model was trained in. A seed gives both precisions the same initial parameters and examples.",
        "Differences, bf16 less f32, with the standard error over seeds: nothing within twice of it is",
        "distinguishable from noise.",
    ]  # fmt: skip


def main():
    options = read_options()
    lines = []
    with ThreadPoolExecutor(options.jobs) as team:
        for model in models(options):
            jobs = {
                (seed, precision): team.submit(evaluate, options, model, precision, seed)
                for seed in model.seeds
                for precision in PRECISIONS
            }
            found = {p: [jobs[seed, p].result() for seed in model.seeds] for p in PRECISIONS}
            lines += report(model, found)
    measuring.publish(head(options) + lines, options.output)


if __name__ == "__main__":
    main()
