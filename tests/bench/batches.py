"""Examples to a given accuracy at several batch sizes: where larger batches stop paying.

    batches.py LAT FOLDER [--batches 32 ... 1024] [--rates 0.5 1 2] [--goals 50 90] [--most 1000000]
               [--base 'OPTIONS OF lat train']

Trains the base's problem at each batch size, at rates that grow with the square root of the batch (times each of --rates),
held constant after the warm-up, and validates the moving average of the weights. A run ends at the last goal, or at the
most examples. For each batch size the table has the rate whose run was first, and examples and updates to each goal. A
run that is there already is not made again.
"""

import argparse
import json
import os
import shlex

from measuring import run, table

BASE = ("--task eigenvalues --size 3 --canonical --triangle --input-encoding fp15 --output-encoding p1000 --factored --fourier "
        "--encoder-layers 4 --decoder-layers 1 --width 64 --heads 4 --norm pre --activation gelu --matrix-positions "
        "--optimizer muon --beta2 0.98 --clip-norm 1 --threads 1 --seed 1")
REFERENCE, ADAM_RATE, MUON_RATE = 128, 6e-3, 0.02  # a batch and its rates, docs/results/recipes.md
WARMUP = 25600  # examples
AVERAGED = 51200  # examples that the moving average of the weights looks back
VALIDATIONS = 50  # of a run of the most examples


def validations(folder):
    """(examples, % within 5 %) of a run."""
    with open(os.path.join(folder, "log.jsonl")) as log:
        rows = [json.loads(line) for line in log]
    return [(row["examples"], row["accuracy"]) for row in rows if row.get("accuracy") is not None]


def train(arguments, batch, factor):
    folder = os.path.join(arguments.folder, "batch%d-rate%g" % (batch, factor))
    if not os.path.exists(os.path.join(folder, "model.safetensors")):
        scale = factor * (batch / REFERENCE) ** 0.5
        step = max(batch, arguments.most // VALIDATIONS // batch * batch)
        run([arguments.lat, "train", *shlex.split(arguments.base), "--batch-size", batch,
             "--learning-rate", "%g" % (ADAM_RATE * scale), "--muon-learning-rate", "%g" % (MUON_RATE * scale),
             "--warmup", max(1, WARMUP // batch), "--ema-decay", "%.6f" % max(0.0, 1 - batch / AVERAGED),
             "--examples", arguments.most // batch * batch, "--validate-every", step, "--validate-count", arguments.count,
             "--until-accuracy", arguments.goals[-1], "--checkpoint-every", 0, "--quiet", "--out", folder])
    return validations(folder)


def reached(curve, goal):
    return next((examples for examples, accuracy in curve if accuracy >= goal), None)


def first_reached(curve, goals):
    """What orders runs: examples to the last goal, then to those before."""
    return [reached(curve, goal) or float("inf") for goal in reversed(goals)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lat")
    parser.add_argument("folder")
    parser.add_argument("--batches", nargs="+", type=int, default=[32, 64, 128, 256, 512, 1024])
    parser.add_argument("--rates", nargs="+", type=float, default=[0.5, 1, 2])
    parser.add_argument("--goals", nargs="+", type=float, default=[50, 90])
    parser.add_argument("--most", type=int, default=400000)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--base", default=BASE)
    arguments = parser.parse_args()
    rows = []
    for batch in arguments.batches:
        runs = {factor: train(arguments, batch, factor) for factor in arguments.rates}
        best = min(runs, key=lambda factor: first_reached(runs[factor], arguments.goals))
        found = [reached(runs[best], goal) for goal in arguments.goals]
        rows.append([batch, "%g" % best, *(examples or "-" for examples in found),
                     *(examples // batch if examples else "-" for examples in found)])
        print(*rows[-1], flush=True)
    heads = ["%s to %g %%" % (what, goal) for what in ("examples", "updates") for goal in arguments.goals]
    print("\n".join(table(["batch", "rate", *heads], rows)))


if __name__ == "__main__":
    main()
