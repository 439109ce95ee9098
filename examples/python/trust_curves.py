"""How accuracy depends on the condition number, and what refinement makes of the answers.

    python3 trust_curves.py [MODEL [COUNT [OUTPUT]]]     inverse-5x5, 1000 examples, trust_curves

Writes OUTPUT.csv, a line for each example, and, where matplotlib is installed, OUTPUT.png: the share of right
and of certified answers against the condition number, and residuals before and after refinement. The cells
(# %%) run one after the other in editors that know notebooks.
"""

# %% What it needs: lat alone. matplotlib is for the picture.
import csv
import math
import os
import sys
from typing import Dict

import lat

STEPS = 30
COLUMNS = ["condition", "residual_before", "residual_after", "certified", "error_bound"]


# %% Examples: the matrices that an evaluation of the model draws, and their condition numbers.
def load(name):
    return lat.Model.load(name) if os.path.exists(name) else lat.Model.load_named(name)


def norm(rows):
    return math.sqrt(sum(value * value for row in rows for value in row))


def condition(rows):
    """|A|_F |A^-1|_F of a square matrix; infinity where LAPACK finds no inverse."""
    try:
        return norm(rows) * norm(lat.Task("inverse", rows=len(rows)).answer(rows).tolist())
    except lat.Error:
        return math.inf


def draw(model, count):
    matrices = []
    lat.evaluate(model, count=count, observe=lambda seen: matrices.append(seen["input"]))
    return matrices


# %% Answers: each decoded once, refined, certified.
def measure(model, matrices):
    reports = lat.Solver(model, refine=STEPS).solve_many(matrices)[1]
    return [dict(zip(COLUMNS, (condition(a), report.residual_before, report.residual,
                               int(report.verdict == lat.CERTIFIED), report.error_bound)))
            for a, report in zip(matrices, reports)]


# %% The table: a row for each decade of the condition number.
def decades(rows):
    found: Dict[int, list] = {}
    for row in rows:
        if math.isfinite(row["condition"]):
            found.setdefault(int(math.log10(row["condition"])), []).append(row)
    return sorted(found.items())


def share(rows, holds):
    return 100 * sum(1 for row in rows if holds(row)) / len(rows)


def is_right(row):
    return row["residual_before"] <= 0.05


def median(rows, column):
    return sorted(row[column] for row in rows)[len(rows) // 2]


def show(rows):
    print("condition  examples  within 5 %  certified  median residual before, after")
    for decade, own in [*decades(rows), ("all", rows)]:
        label = decade if decade == "all" else f"1e{decade}"
        print(f"{label:>9} {len(own):9d} {share(own, is_right):11.1f}"
              f" {share(own, lambda row: row['certified']):10.1f}"
              f" {median(own, 'residual_before'):16.3g}, {median(own, 'residual_after'):.3g}")


def write(rows, path):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


# %% The picture.
def plot(rows, path):
    try:
        import matplotlib
    except ImportError:
        print(f"matplotlib is not installed: no {path}, the numbers are in the CSV file", file=sys.stderr)
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4))
    centres = [10 ** (decade + 0.5) for decade, _ in decades(rows)]
    for label, holds in (("within 5 % as decoded", is_right), ("certified once refined", lambda row: row["certified"])):
        left.semilogx(centres, [share(own, holds) for _, own in decades(rows)], "o-", label=label)
    left.set(xlabel="condition number", ylabel="% of answers", ylim=(-2, 102))
    left.legend()
    for label, column in (("before", "residual_before"), ("after", "residual_after")):
        right.loglog([row["condition"] for row in rows], [max(row[column], 1e-17) for row in rows], ".", label=label)
    right.set(xlabel="condition number", ylabel="residual")
    right.legend()
    figure.tight_layout()
    figure.savefig(path)


# %% All of it.
def main(name="inverse-5x5", count=1000, output="trust_curves"):
    model = load(name)
    rows = measure(model, draw(model, int(count)))
    show(rows)
    write(rows, output + ".csv")
    plot(rows, output + ".png")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except lat.Error as error:
        sys.exit(f"{error.name}: {error}")
