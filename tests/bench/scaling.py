#!/usr/bin/env python3
"""How the cost of a training step grows with width, depth, size of the matrices and batch.

One model, and around it one dimension changed at a time; `lat bench` measures each. Where cost grows
as the work does, utilization stays what it is. For people, not run by ctest; nothing else should run.
"""

import argparse
import os
import sys

import measuring
from measuring import number

HEAD = 32  # columns a head
BASE = {"width": 256, "layers": 1, "size": 5, "batch": 64}
DIMENSIONS = {
    "width": (64, 128, 256, 512, 768, 1024),
    "layers": (1, 2, 4, 8),
    "size": (5, 8, 10, 15, 20),
    "batch": (4, 8, 16, 32, 64, 128, 256, 512),
}
PRECISIONS = ("f32", "bf16")


def words(setting):
    """Options of the lat command."""
    return [
        *("--task", "transpose", "--encoding", "p1000", "--size", setting["size"]),
        *("--width", setting["width"], "--heads", setting["width"] // HEAD),
        *("--layers", setting["layers"], "--batch-size", setting["batch"]),
        "--no-decoding",
    ]


class Measured:
    """Every setting once, whatever the tables it stands in."""

    def __init__(self, options):
        self.options, self.found = options, {}

    def get(self, setting, precision):
        key = tuple(setting.values()), precision
        if key not in self.found:
            o = self.options
            self.found[key] = measuring.bench(
                o.lat, words(setting), precision, o.threads, o.seconds, o.repeats
            )
            print(setting, precision, self.found[key]["utilization"], file=sys.stderr)
        return self.found[key]


def row(measured, dimension, value, precision):
    """What was measured; the last column is the time of an operation, relative to the model in the
    middle: 1 where cost grows as the work."""
    found = measured.get({**BASE, dimension: value}, precision)
    base = measured.get(BASE, precision)
    rate, step = found["train_examples_per_second"], found["model_gflops"]
    return [
        value,
        number(1e3 * step / rate),
        number(rate),
        number(step),
        number(found["gemm_ceiling_gflops"]),
        "%.1f %%" % (100 * found["utilization"]),
        "%.0f %%" % (100 * step / found["gemm_ceiling_gflops"]),
        "%.2f" % (base["model_gflops"] / step),
    ]


def head(options, watch):
    return [
        "# How cost grows with width, depth, size and batch",
        "",
        "Written by",
        "",
        "    python3 tests/bench/scaling.py " + " ".join(["--lat build/examples/lat/lat", *options.said]),
        "",
        measuring.machine(options.threads),
        *measuring.quietness(watch),
        "",
        "Training of transpositions, P1000 on both sides, heads of %d columns; where a table does not say" % HEAD,
        "otherwise, width %(width)d, %(layers)d layer on either side, %(size)dx%(size)d matrices, batches of %(batch)d. Medians of" % BASE,
        "%d measurements of %g s by" % (options.repeats, options.seconds),
        "",
        "    lat bench " + " ".join(map(str, words(BASE))),
        "",
        "\"products alone\" are the linear layers' products in the same shapes, \"utilization\" is GFLOP/s over the",
        "instruction's rate fed from the first-level cache, \"relative cost\" the time of an operation over",
        "that of the model in the middle: 1 where cost grows as the work.",
    ]  # fmt: skip


def tables(measured, options):
    lines = []
    for precision in options.precisions:
        for dimension in options.dimensions:
            titles = [dimension, "MFLOP/example", "examples/s", "GFLOP/s", "products alone"]
            titles += ["utilization", "of products alone", "relative cost"]
            rows = [row(measured, dimension, v, precision) for v in DIMENSIONS[dimension]]
            lines += ["", "## %s, %s" % (dimension.capitalize(), precision)]
            lines += measuring.table(titles, rows)
    return lines


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lat", required=True, help="the lat command of a Release build")
    parser.add_argument("--output", help="Markdown file to write, besides printing")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="length of one measurement")
    parser.add_argument("--dimensions", nargs="+", choices=DIMENSIONS, default=list(DIMENSIONS))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    options = parser.parse_args()
    options.said = measuring.said(parser, options, "lat", "output")
    return options


def main():
    options = read_options()
    watch = measuring.Watch()
    lines = tables(Measured(options), options)
    measuring.publish(head(options, watch) + lines, options.output)


if __name__ == "__main__":
    main()
