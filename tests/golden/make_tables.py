"""Writes data/tables.json: tokens in exact arithmetic, answers by routes other than the library's,
residuals with numpy.

Run with Debian 12's python3 and python3-numpy:  python3 tests/golden/make_tables.py
"""

import json
import platform
from fractions import Fraction
from pathlib import Path

import numpy

from symbols import decode_number, encode_matrix, encode_number, round_matrix, vocabulary

SEED = 20211203
DATA = Path(__file__).parent / "data"

ENCODINGS = [("p10", 3), ("p1000", 3), ("b1999", 3), ("fp15", 3)]
OTHER_DIGITS = [("p10", 1), ("p10", 2), ("p10", 9), ("p1000", 1), ("p1000", 4)]
OTHER_DIGITS += [("b1999", 2), ("b1999", 4)]

LETTERS = {
    "transpose": "T",
    "add": "A",
    "matvec": "D",
    "product": "M",
    "eigenvalues": "E",
    "eigenvectors": "F",
    "inverse": "I",
    "syminverse": "Y",
    "singular-values": "G",
    "svd": "S",
}
SHAPES = {
    "transpose": [(5, 5), (2, 7), (4, 1)],
    "add": [(3, 3), (2, 5), (1, 1)],
    "matvec": [(4, 4), (3, 2), (1, 5)],
    "product": [(3, 3), (4, 2), (2, 4)],
    "eigenvalues": [(2, 2), (5, 5), (8, 8)],
    "eigenvectors": [(2, 2), (3, 3), (5, 5)],
    "inverse": [(1, 1), (3, 3), (5, 5)],
    "syminverse": [(2, 2), (3, 3), (5, 5)],
    "singular-values": [(4, 4), (2, 5), (5, 3)],
    "svd": [(4, 4), (2, 5), (5, 3)],
}
SYMMETRIC = ("eigenvalues", "eigenvectors", "syminverse")

# Worked examples, ties (exact in binary and not), carries, both ends of every range.
VALUES = [
    3.14, -0.00271, 0.0, -0.0, 1.0, -1.0, 10.0, 123.0, 0.1, -99.95, 2.5, 3.125,
    1.005, 1005.0, 1015.0, -1005.0, -1025.0, 9.995, 99950.0, -99850.0, 999.5, 0.9995,
    9.9949999999999992, 0.125, 0.0625, 1.115, 1e-5, 1e-6, 9.994e-7, 9.995e-7, 1e-7, -5.005e-7, 1e-9,
    1.5e-9, 2.5e-9, 4e-10, 6e-10, -6e-10, 0.25e-9, 123456789.0, 9.99e8, 9.994e8,
    9.995e8, -9.996e8, 1e9, 1.0000000001e9, -3e9, 1e-98, 1.004e-98, 9.99e-99, 9.996e-99,
    1e-99, -2e-150, 5e-324, 2.2250738585072014e-308,
    1e100, 9.99e102, 9.9949e102, 9.9951e102, 1e103, -1.7e308, 7.205759403792794e16,
    4503599627370497.5,
]  # fmt: skip


def text_of(symbols):
    return " ".join(symbols)


def encoding_table(encoding, digits):
    values = []
    for value in VALUES:
        symbols = encode_number(value, encoding, digits)
        row = {"value": value, "symbols": None, "read": None}
        if symbols is not None:
            row.update(symbols=text_of(symbols), read=decode_number(symbols, encoding))
        values.append(row)
    names = vocabulary(encoding, digits)
    marks = sorted({0, 1, 2, 27, 28, 127, 128, len(names) - 1} | set(range(131, len(names), 977)))
    return {
        "encoding": encoding,
        "digits": digits,
        "size": len(names),
        "names": [[index, names[index]] for index in marks],
        "values": values,
    }


def draw_input(task, shape, random):
    rows, cols = shape
    if task in ("add", "product"):
        return random.uniform(-10, 10, (rows, 2 * cols))
    if task == "matvec":
        return random.uniform(-10, 10, (rows, cols + 1))
    a = random.uniform(-10, 10, shape)
    return numpy.tril(a) + numpy.tril(a, -1).T if task in SYMMETRIC else a


def exact_product(a, b):
    """a b with every sum exact, rounded once."""
    rows = [[Fraction(x) for x in row] for row in a.tolist()]
    cols = [[Fraction(x) for x in col] for col in b.T.tolist()]
    return numpy.array([[float(sum(x * y for x, y in zip(r, c))) for c in cols] for r in rows])


def exact_inverse(a):
    """Gauss-Jordan over the rationals, rounded once."""
    n = len(a)
    identity = numpy.eye(n).tolist()
    work = [[Fraction(x) for x in row + unit] for row, unit in zip(a.tolist(), identity)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if work[i][k] != 0)
        work[k], work[pivot] = work[pivot], work[k]
        work[k] = [x / work[k][k] for x in work[k]]
        for i in range(n):
            if i != k:
                work[i] = [x - work[i][k] * y for x, y in zip(work[i], work[k])]
    return numpy.array([[float(x) for x in row[n:]] for row in work])


def split(a):
    half = a.shape[1] // 2
    return a[:, :half], a[:, half:]


def eigenvectors(a):
    """Values and vectors with the signs of numpy; the values checked by the unsymmetric solver."""
    values, vectors = numpy.linalg.eigh(a, UPLO="L")
    assert numpy.allclose(values, numpy.sort(numpy.linalg.eigvals(a).real), atol=1e-11)
    assert numpy.allclose(a @ vectors, vectors * values, atol=1e-11)
    return numpy.vstack([values, vectors])


def svd(a):
    u, s, vt = numpy.linalg.svd(a, full_matrices=False)
    assert numpy.allclose(u * s @ vt, a, atol=1e-11)
    return numpy.vstack([s, u, vt.T])


def singular_values(a):
    gram = a @ a.T if a.shape[0] <= a.shape[1] else a.T @ a
    return numpy.sqrt(numpy.sort(numpy.linalg.eigvals(gram).real)[::-1])[:, None]


ANSWERS = {
    "transpose": lambda a: a.T,
    "add": lambda a: split(a)[0] + split(a)[1],
    "matvec": lambda a: exact_product(a[:, :-1].T, a[:, -1:]),
    "product": lambda a: exact_product(split(a)[0].T, split(a)[1]),
    "eigenvalues": lambda a: numpy.sort(numpy.linalg.eigvals(a).real)[::-1][:, None],
    "eigenvectors": eigenvectors,
    "inverse": exact_inverse,
    "syminverse": exact_inverse,
    "singular-values": singular_values,
    "svd": svd,
}

NORMS = [
    lambda x: numpy.abs(x).sum(),
    lambda x: numpy.abs(x).max(),
    lambda x: (x * x).sum(),
]


def vectors_of(task, a, prediction):
    if task == "eigenvectors":
        return [prediction[1:]]
    if task == "svd":
        return [prediction[1 : 1 + len(a)], prediction[1 + len(a) :]]
    return []


def residual(task, a, target, prediction, norm):
    if task in ("inverse", "syminverse"):
        identity = numpy.eye(len(a))
        return norm(a @ prediction - identity) / norm(identity)
    if task in ("eigenvectors", "svd"):
        vectors = vectors_of(task, a, prediction)
        middle = vectors[0].T @ a @ vectors[-1]
        return norm(middle - numpy.diag(prediction[0])) / norm(prediction[0])
    return norm(prediction - target) / norm(a if task == "transpose" else target)


def orthogonality(v):
    return float(numpy.abs(v.T @ v - numpy.eye(v.shape[1])).max())


def score(task, a, target, prediction):
    """What lat_task_score() should say; None stands for NaN."""
    vectors = vectors_of(task, a, prediction)
    close = numpy.abs(prediction - target) <= 0.01 * numpy.abs(target)
    return {
        "prediction": prediction.tolist(),
        "residuals": [float(residual(task, a, target, prediction, norm)) for norm in NORMS],
        "classic": float(NORMS[0](prediction - target) / NORMS[0](target)),
        "within_1pct": float(close.mean()),
        "orthogonality": max(map(orthogonality, vectors), default=None),
        "condition": max((float(numpy.linalg.cond(v)) for v in vectors), default=None),
        "exact": int((prediction == target).all()),
    }


def task_case(task, shape, random):
    a = draw_input(task, shape, random)
    answer = ANSWERS[task](a)
    target = numpy.array(round_matrix(answer.tolist(), "p1000"))
    seen = numpy.array(round_matrix(a.tolist(), "p1000"))
    off = target * (1 + 0.02 * random.standard_normal(target.shape))
    near = numpy.array(round_matrix(off.tolist(), "p1000"))
    far = random.uniform(-1, 1, target.shape)
    tokens = {}
    for encoding, digits in ENCODINGS:
        tokens[encoding] = {
            "input": text_of(encode_matrix(a.tolist(), encoding, digits, LETTERS[task])),
            "output": text_of(encode_matrix(answer.tolist(), encoding, digits, LETTERS[task])),
        }
    return {
        "task": task,
        "rows": shape[0],
        "cols": shape[1],
        "input": a.tolist(),
        "answer": answer.tolist(),
        "tokens": tokens,
        "seen": seen.tolist(),
        "target": target.tolist(),
        "scores": [score(task, seen, target, p) for p in (target, near, far)],
    }


def dump_lines(file, document):
    """One line for each item of a list, so that a change shows as a change of lines."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list):
            text = "[\n%s\n]" % ",\n".join(json.dumps(item) for item in value)
        else:
            text = json.dumps(value)
        parts.append("%s: %s" % (json.dumps(key), text))
    file.write("{\n%s\n}\n" % ",\n".join(parts))


def main():
    DATA.mkdir(exist_ok=True)
    random = numpy.random.Generator(numpy.random.PCG64(SEED))
    cases = [task_case(task, shape, random) for task, shapes in SHAPES.items() for shape in shapes]
    document = {
        "provenance": {
            "script": "tests/golden/make_tables.py",
            "seed": SEED,
            "python": platform.python_version(),
            "numpy": numpy.__version__,
        },
        "encodings": [encoding_table(*pair) for pair in ENCODINGS + OTHER_DIGITS],
        "cases": cases,
    }
    with open(DATA / "tables.json", "w") as file:
        dump_lines(file, document)


if __name__ == "__main__":
    main()
