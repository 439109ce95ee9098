"""Models of eigenvalues, each trained on one spectrum and tested on all seven: a table of 7 x 7.

    python3 spectra_table.py [--size 5] [--examples 300000] [--count 1000] [--tolerance 0.05] [--folder spectra]
                             [--spectra semicircle,positive,...]

After section 5 of "Linear algebra with transformers", which trains on matrices with independent coefficients
(semicircle) and others. Models are kept in the folder, and used again where they are; the table is printed,
and written to FOLDER/table.csv.
"""

import argparse
import csv
import pathlib
import sys

import lat

SPECTRA = "semicircle", "positive", "uniform", "gaussian", "laplace", "positive2", "marcenko"


def arguments_of_command():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--task", default="eigenvalues", help="of symmetric matrices (eigenvalues)")
    parser.add_argument("--size", type=int, default=5, help="rows (5)")
    parser.add_argument("--examples", type=int, default=300000, help="to train each model on (300000)")
    parser.add_argument("--count", type=int, default=1000, help="to test on, of each spectrum (1000)")
    parser.add_argument("--tolerance", type=float, default=0.05, help="that counts as right (0.05)")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("spectra"), help="of the models (spectra)")
    parser.add_argument("--spectra", default=",".join(SPECTRA), help="to train and test on, all seven by default")
    return parser.parse_args()


def task(arguments, spectrum):
    return lat.Task(arguments.task, rows=arguments.size, distribution=spectrum, canonical=1)


def train(arguments, spectrum):
    """The model of that spectrum, from the folder where it is."""
    path = arguments.folder / f"{arguments.task}-{arguments.size}-{spectrum}.safetensors"
    if not path.exists():
        print(f"training on {spectrum}", file=sys.stderr)
        tokens = lat.Tokenizer(input_encoding="fp15", output_encoding="p1000")
        model = lat.Model(task(arguments, spectrum), tokens, encoder_width=128, encoder_heads=4, encoder_layers=4,
                          decoder_width=128, decoder_heads=4, norm=lat.NORM_PRE, activation=lat.GELU,
                          matrix_positions=1, factored=1, init=lat.INIT_FOURIER)
        rule = dict(rule="muon", learning_rate=2e-3, beta2=0.98, warmup=300, clip_norm=1, schedule="cosine",
                    period=max(1, arguments.examples // 64), floor=0.02, ema_decay=0.999)
        lat.train(model, rule, batch_size=64, max_examples=arguments.examples)
        model.save(path)
    return lat.Model.load(path)


def test(arguments, model, spectrum):
    rows = lat.evaluate(model, task=task(arguments, spectrum), count=arguments.count, tolerances=[arguments.tolerance],
                        decode=dict(grammar=1))
    return rows[0]["accuracy"][0]


def main():
    arguments = arguments_of_command()
    spectra = arguments.spectra.split(",")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    print(f"% right within {arguments.tolerance:g}; trained on (rows), tested on (columns)")
    print("| trained on |", " | ".join(spectra), "|")
    print("|---|" + "---|" * len(spectra))
    with open(arguments.folder / "table.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trained_on", *spectra])
        for spectrum in spectra:
            model = train(arguments, spectrum)
            row = [test(arguments, model, other) for other in spectra]
            writer.writerow([spectrum, *row])
            print(f"| {spectrum} |", " | ".join(f"{percent:.1f}" for percent in row), "|", flush=True)


if __name__ == "__main__":
    try:
        main()
    except lat.Error as error:
        sys.exit(f"{error.name}: {error}")
