"""What each part of a recipe is worth: variants of one recipe at equal processor time, on several tasks.

    ablation.py LAT FOLDER [--seconds 45] [--count 2000] [--tasks NAME...] [--variants NAME...]

Each variant is timed on a few batches first, and then trained on as many examples as the seconds of one thread allow, with
its cosine over all of them, so that every run ends with its rate annealed. Evaluated on fresh examples without a grammar,
% within 5 and 1 %. A run that is there already is not made again.
"""

import argparse
import json
import os
import shutil

from measuring import run, run_json, table

RECIPE = ("--input-encoding fp15 --output-encoding p1000 --factored --fourier --width 64 --heads 4 --norm pre --activation gelu "
          "--matrix-positions --optimizer muon --learning-rate 6e-3 --beta2 0.98 --clip-norm 1 --floor 0.02 --ema-decay 0.999 "
          "--batch-size 128")
TASKS = {
    "eigenvalues 4x4": "--task eigenvalues --min-size 4 --max-size 4 --canonical --triangle --encoder-layers 4 --decoder-layers 1",
    "matvec 3x3": "--task matvec --min-size 3 --max-size 3 --canonical --encoder-layers 2 --decoder-layers 2",
}
# {examples}, {half} and {eighth}: of the run
VARIANTS = {
    "the recipe": "",
    "raw inputs": "--no-canonical",
    "AdamW at 2e-3": "--optimizer adamw --learning-rate 2e-3",
    "rate 2e-3 beside Muon": "--learning-rate 2e-3",
    "batches of 32, rate 3e-3": "--batch-size 32 --learning-rate 3e-3",
    "batches of 512, rate 1.2e-2": "--batch-size 512 --learning-rate 1.2e-2",
    "no average of weights": "--ema-decay 0",
    "beta2 0.999": "--beta2 0.999",
    "random initial embeddings": "--no-fourier",
    "no factored symbols": "--no-factored",
    "no matrix positions": "--no-matrix-positions",
    "post-norm": "--norm post",
    "RMSNorm": "--norm-kind rms",
    "ReLU": "--activation relu",
    "targets spread for half of the run": "--target-spread 10 --target-spread-examples {half}",
    "a quarter of examples from 50,000": "--repeat-count 50000 --repeat-share 0.25",
    "half of signs biased": "--sign-bias 0.5",
    "sizes from small to large": "--min-size 2 --size-weights 2:1@0;2:0.5,{size}:0.5@{eighth};{size}:1@{half}",
    "P1000 in": "--input-encoding p1000 --no-factored",
    "FP15 out": "--output-encoding fp15",
    "FP15 out, factored head": "--output-encoding fp15 --factored-head",
    "width 128": "--width 128",
    "half of the layers": "--encoder-layers {fewer} --decoder-layers 1",
    "twice the encoder": "--encoder-layers {more}",
    "one encoder layer, looped": "--encoder-layers 1 --encoder-loops {layers}",
    "gated feed-forward": "--ffn gated --ffn-factor 3",
    "scratchpad": "--scratchpad",
}
NOT_FOR = {"eigenvalues 4x4": ("scratchpad", "half of signs biased")}  # nothing to write down; canonical signs
WARMUP = 300  # updates at most, and a tenth of a run
TIMED = 20  # updates


def option(words, name):
    """The last value of an option among words."""
    return words[len(words) - 1 - words[::-1].index(name) + 1]


def words_of(task, variant, examples):
    base = TASKS[task].split()
    layers = int(option(base, "--encoder-layers"))
    text = VARIANTS[variant].format(examples=examples, half=examples // 2, eighth=examples // 8, size=option(base, "--max-size"),
                                    layers=layers, fewer=layers // 2, more=2 * layers)
    words = RECIPE.split() + base + text.split()
    updates = examples // int(option(words, "--batch-size"))
    return words + ["--schedule", "cosine", "--period", updates, "--warmup", max(1, min(WARMUP, updates // 10))]


def train(lat, folder, words, examples):
    """Processor seconds of a training."""
    before = os.times()
    run([lat, "train", *words, "--examples", examples, "--validate-every", 0, "--checkpoint-every", 0, "--seed", 1,
         "--threads", 1, "--quiet", "--out", folder])
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def examples_in(lat, folder, task, variant, seconds):
    """Examples that the seconds allow; what starting takes is left out by a second, longer run."""
    batch = int(option(words_of(task, variant, 8 * TIMED), "--batch-size"))
    times = []
    for updates in (TIMED, 3 * TIMED):
        shutil.rmtree(folder, ignore_errors=True)
        times.append(train(lat, folder, words_of(task, variant, updates * batch), updates * batch))
    shutil.rmtree(folder)
    return max(1, int(seconds / (times[1] - times[0]) * 2 * TIMED)) * batch


def measure(arguments, task, variant):
    """[examples, seconds, % within 5 %, within 1 %]"""
    folder = os.path.join(arguments.folder, "%s, %s" % (task, variant))
    known = os.path.join(folder, "ablation.json")
    if not os.path.exists(known):
        examples = examples_in(arguments.lat, folder + ", timed", task, variant, arguments.seconds)
        shutil.rmtree(folder, ignore_errors=True)
        seconds = train(arguments.lat, folder, words_of(task, variant, examples), examples)
        found = run_json([arguments.lat, "eval", folder, "--size", option(TASKS[task].split(), "--max-size"), "--count",
                          arguments.count, "--seed", 7, "--threads", 1, "--json"])["accuracy"]
        with open(known, "w") as file:
            json.dump([examples, round(seconds, 1), found["0.05"], found["0.01"]], file)
    with open(known) as file:
        return json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lat")
    parser.add_argument("folder")
    parser.add_argument("--seconds", type=float, default=45, help="processor time of a training (%(default)s)")
    parser.add_argument("--count", type=int, default=2000, help="fresh examples (%(default)s)")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    rows = []
    for variant in arguments.variants:
        row = [variant]
        for task in arguments.tasks:
            if variant in NOT_FOR.get(task, ()):
                row += ["-", "-"]
                continue
            examples, _, within_5, within_1 = measure(arguments, task, variant)
            row += ["%d" % examples, "%.1f / %.1f" % (within_5, within_1)]
        rows.append(row)
        print(*row, flush=True)
    heads = [head for task in arguments.tasks for head in (task + ": examples", "5 / 1 %")]
    print("\n".join(table(["variant", *heads], rows)))


if __name__ == "__main__":
    main()
