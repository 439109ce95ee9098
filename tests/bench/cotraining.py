"""Tasks trained together against each alone: the paper's co-training.

    cotraining.py LAT FOLDER [--tasks NAME...] [--size 4] [--examples 128000] [--count 1000] [OPTION OF lat train...]

One recipe throughout. Each task is trained alone on --examples; one model on all of them, as many examples as one
alone; and one on as many of each task as alone. Every model is evaluated on the tasks that it has learned, on
--count fresh examples of each, or about as many, % within 5 and 1 % (greedy, with a grammar). A model that is there
already is not trained again.
"""

import argparse
import os

from measuring import run, run_json, table

TASKS = ("add", "matvec", "eigenvalues", "singular-values")
BATCH = 128
RECIPE = ("--canonical --encoder-layers 4 --decoder-layers 2 --width 128 --heads 4 --norm pre --activation gelu --matrix-positions "
          "--input-encoding fp15 --output-encoding fp15 --factored --factored-head --fourier --optimizer muon --learning-rate 6e-3 "
          "--warmup 100 --beta2 0.98 --clip-norm 1 --schedule cosine --floor 0.02 --ema-decay 0.999").split()


def train(arguments, options, name, tasks, examples):
    model = os.path.join(arguments.folder, name)
    if not os.path.exists(os.path.join(model, "model.safetensors")):
        run([arguments.lat, "train", "--task", ",".join(tasks), "--size", arguments.size, *RECIPE, "--batch-size", BATCH,
             "--examples", examples, "--period", examples // BATCH, "--seed", 1, "--threads", 1, "--validate-every", 0,
             "--quiet", "--out", model, *options])
    return model


def accuracies(arguments, model, tasks):
    """% within 5 and 1 % of each task; a model of several draws them equally often."""
    found = run_json([arguments.lat, "eval", model, "--count", len(tasks) * arguments.count, "--seed", 7, "--grammar",
                      "--threads", 1, "--json"])
    groups = {group["label"]: group for group in found["groups"]} if len(tasks) > 1 else {tasks[0]: found}
    return {task: "%.1f / %.1f" % (groups[task]["accuracy"]["0.05"], groups[task]["accuracy"]["0.01"]) for task in tasks}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lat")
    parser.add_argument("folder")
    parser.add_argument("--tasks", nargs="+", default=TASKS, metavar="NAME", help="(%s)" % " ".join(TASKS))
    parser.add_argument("--size", type=int, default=4, help="of the square matrices (%(default)s)")
    parser.add_argument("--examples", type=int, default=128000, help="of each training alone (%(default)s)")
    parser.add_argument("--count", type=int, default=1000, help="of each evaluation (%(default)s)")
    arguments, options = parser.parse_known_args()
    trainings = [(task, [task], arguments.examples) for task in arguments.tasks]
    trainings += [("together", arguments.tasks, arguments.examples),
                  ("together, as many of each", arguments.tasks, len(arguments.tasks) * arguments.examples)]
    rows = []
    for name, tasks, examples in trainings:
        model = train(arguments, options, name, tasks, examples)
        found = accuracies(arguments, model, tasks)
        rows.append([name, examples, *(found.get(task, "-") for task in arguments.tasks)])
        print(*rows[-1], flush=True)
    print("\n".join(table(["trained on", "examples", *arguments.tasks], rows)))


if __name__ == "__main__":
    main()
