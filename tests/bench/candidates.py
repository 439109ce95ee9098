"""What the answers of a solver reach with candidates, in double precision as it returns them.

    PYTHONPATH=python LAT_LIBRARY=build/lib/liblat.so python3 tests/bench/candidates.py MODEL[.safetensors] [COUNT [K ...]]

An evaluation rounds inputs to tokens first; what a host gives is not rounded.
The matrices are COUNT (1000) of independent coefficients, uniform from -10 to 10, symmetric where the task
asks for that. K (1, 16, 32) is the number of candidates; the next is decoded while the residual is above 0.5 %. An answer
counts by its residual against the matrix, vectors by |V^T V - I| besides.
"""
import random
import sys
import time

import lat

TOLERANCES = (0.05, 0.02, 0.01, 0.005)
SYMMETRIC = ("eigenvalues", "eigenvectors", "syminverse")


def draw(rows, cols, symmetric):
    a = [[random.uniform(-10, 10) for _ in range(cols)] for _ in range(rows)]
    return [[a[min(i, j)][max(i, j)] for j in range(cols)] for i in range(rows)] if symmetric else a


def error(report):
    """max() of a NaN and a number would be either."""
    return report.residual if report.orthogonality != report.orthogonality else max(report.residual,
                                                                                     report.orthogonality)


def main(name, count="1000", *candidates):
    random.seed(5)
    model = lat.Model.load(name) if name.endswith(".safetensors") else lat.Model.load_named(name)
    task = model.task.options
    rows, cols = task["rows"], task["cols"] or task["rows"]
    matrices = [draw(rows, cols, task["name"] in SYMMETRIC) for _ in range(int(count))]
    print("| candidates | within 5 % | 2 % | 1 % | 0.5 % | decoded | ms an answer |\n|---|---|---|---|---|---|---|")
    for most in [int(k) for k in candidates] or [1, 16, 32]:
        began = time.perf_counter()
        reports = lat.Solver(model, candidates=most, tolerance=TOLERANCES[-1]).solve_many(matrices)[1]
        seconds = time.perf_counter() - began
        shares = [100 * sum(error(report) <= t for report in reports) / len(reports) for t in TOLERANCES]
        decoded = sum(report.candidates for report in reports) / len(reports)
        print(f"| {most} | " + " | ".join(f"{share:.1f}" for share in shares) +
              f" | {decoded:.1f} | {1000 * seconds / len(reports):.2f} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
