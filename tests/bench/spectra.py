"""Accuracy on one spectrum of eigenvalues after training on another: the table of the paper's generalization.

    spectra.py LAT FOLDER [--examples 256000] [--count 1000] [--train NAME...] [OPTION OF lat train...]

Trains the preset eigenvalues-5x5-canonical on each spectrum, into FOLDER/NAME, and evaluates every model on all of them
within 5 % (greedy, with a grammar). A model that is there already is not trained again.
"""

import argparse
import os

from measuring import run, run_json, table

SPECTRA = ("semicircle", "positive", "uniform", "gaussian", "laplace", "positive2", "marcenko")
BATCH = 128  # the preset's


def train(lat, folder, name, examples, options):
    model = os.path.join(folder, name)
    if not os.path.exists(os.path.join(model, "model.safetensors")):
        run([lat, "train", "--preset", "eigenvalues-5x5-canonical", "--distribution", name, "--examples", examples,
             "--period", examples // BATCH, "--seed", 1, "--threads", 1, "--quiet", "--out", model, *options])
    return model


def accuracy(lat, model, name, count):
    found = run_json([lat, "eval", model, "--distribution", name, "--count", count, "--seed", 7, "--grammar",
                      "--threads", 1, "--json"])
    return found["accuracy"]["0.05"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lat")
    parser.add_argument("folder")
    parser.add_argument("--examples", type=int, default=256000, help="of each training (%(default)s)")
    parser.add_argument("--count", type=int, default=1000, help="of each evaluation (%(default)s)")
    parser.add_argument("--train", nargs="+", choices=SPECTRA, default=SPECTRA, help="spectra (all)")
    arguments, options = parser.parse_known_args()
    rows = []
    for trained in arguments.train:
        model = train(arguments.lat, arguments.folder, trained, arguments.examples, options)
        rows.append([trained, *("%.1f" % accuracy(arguments.lat, model, name, arguments.count) for name in SPECTRA)])
        print(*rows[-1], flush=True)
    print("\n".join(table(["trained on", *SPECTRA], rows)))


if __name__ == "__main__":
    main()
