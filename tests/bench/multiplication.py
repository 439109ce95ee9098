"""Products of n x 1 and n x n digits by examples/multiply.c: right answers over n, in either order of digits, with and
without partial products, every model trained on the same number of examples.

    multiplication.py EXAMPLE [--most 5] [--examples 128000] [--output FOLDER]

EXAMPLE is the path of example_multiply. Writes FOLDER/multiplication.csv, and FOLDER/multiplication.svg where matplotlib
is installed. A row that the file has already is not trained again.
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import time

KEY = ("n", "m", "order", "partial", "examples")
COLUMNS = (*KEY, "right", "seconds")
WAYS = [(order, partial) for partial in ("0", "1") for order in ("forward", "reversed")]


def plan(most, examples):
    """Keys of the rows: a product by one digit is its own partial product."""
    for n in map(str, range(1, most + 1)):
        for m in dict.fromkeys(("1", n)):
            for order, partial in WAYS:
                if m != "1" or partial == "0":
                    yield n, m, order, partial, examples


def train(example, key):
    n, m, order, partial, examples = key
    begin = time.monotonic()
    out = subprocess.run([example, n, m, order, examples, partial], capture_output=True, text=True, check=True).stdout
    right = re.search(r": ([\d.]+) % right;", out).group(1)
    return dict(zip(COLUMNS, (*key, right, str(round(time.monotonic() - begin)))))


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def write(rows, path):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def plot(rows, path):
    try:
        import matplotlib
    except ImportError:
        print(f"matplotlib is not installed: no {path}, the numbers are in the CSV file", file=sys.stderr)
        return
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "multiplication"  # the same numbers make the same file
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot
    figure, both = pyplot.subplots(1, 2, figsize=(9, 4), sharey=True)
    panels = (("n x 1 digits", lambda row: row["m"] == "1"), ("n x n digits", lambda row: row["m"] == row["n"]))
    for axes, (title, belongs) in zip(both, panels):
        for order, partial in WAYS:
            own = [row for row in rows if belongs(row) and row["order"] == order and row["partial"] == partial]
            if own:
                axes.plot([int(row["n"]) for row in own], [float(row["right"]) for row in own],
                          "o-" if partial == "1" else "s--",
                          label=order + (", partial products" if partial == "1" else ""))
        axes.set(title=title, xlabel="n", ylim=(-2, 102))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="lower left")
    both[0].set_ylabel("% of 2,000 products right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example")
    parser.add_argument("--most", type=int, default=5, help="digits (%(default)s)")
    parser.add_argument("--examples", type=int, default=128000, help="of each training (%(default)s)")
    parser.add_argument("--output", default=".", help="folder (%(default)s)")
    arguments = parser.parse_args()
    os.makedirs(arguments.output, exist_ok=True)
    path = os.path.join(arguments.output, "multiplication.csv")
    rows = read(path)
    known = {tuple(row[column] for column in KEY) for row in rows}
    for key in plan(arguments.most, str(arguments.examples)):
        if key not in known:
            rows.append(train(arguments.example, key))
            write(rows, path)
            print(*rows[-1].values(), flush=True)
    plot(rows, os.path.join(arguments.output, "multiplication.svg"))


if __name__ == "__main__":
    main()
