"""sgemm of a BLAS library at a model's shapes: the three products of each linear layer in training.

    peer_gemm.py LIBRARY THREADS OWN SECONDS 'TOKENS OUT IN' ...

Prints the seconds of each layer, best of several, as a JSON array. OWN 1: the library has threads of its own (told by its
environment); 0: every product is cut into THREADS pieces here.
"""

import ctypes
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy

ONE, ZERO = ctypes.c_float(1), ctypes.c_float(0)


def whole(x):
    return ctypes.byref(ctypes.c_int(x))


def address(array, offset):
    return ctypes.c_void_p(array.ctypes.data + 4 * offset)


class Products:
    """Row-major products by a column-major sgemm: operands change places."""

    def __init__(self, path, threads, own):
        self.sgemm = ctypes.CDLL(path).sgemm_
        self.pieces = 1 if own else threads
        self.team = ThreadPoolExecutor(self.pieces)

    def run(self, flags, m, n, k, a, lda, b, ldb, b_step, c):
        """C (m, n) of columns, cut along n; b_step: elements of B from one column to the next."""
        step = -(-n // self.pieces)

        def piece(first):
            self.sgemm(
                flags[:1], flags[1:], whole(m), whole(min(step, n - first)), whole(k),
                ctypes.byref(ONE), address(a, 0), whole(lda), address(b, first * b_step),
                whole(ldb), ctypes.byref(ZERO), address(c, first * m), whole(m),
            )  # fmt: skip

        list(self.team.map(piece, range(0, n, step)))

    def layer(self, x, weight, y, d_x, d_weight):
        tokens, inner = x.shape
        out = y.shape[1]
        self.run(b"TN", out, tokens, inner, weight, inner, x, inner, inner, y)
        self.run(b"NN", inner, tokens, out, weight, inner, y, out, out, d_x)
        self.run(b"NT", inner, out, tokens, x, inner, y, out, 1, d_weight)


def seconds_of(products, shape, seconds):
    tokens, out, inner = shape
    make = lambda *size: numpy.random.default_rng(1).random(size, dtype=numpy.float32) - 0.5
    operands = make(tokens, inner), make(out, inner), make(tokens, out)
    operands += (make(tokens, inner), make(out, inner))
    products.layer(*operands)
    check = operands[0][:1] @ operands[1].T
    assert numpy.allclose(operands[2][:1], check, atol=1e-2), "sgemm gives another product"
    best, end = float("inf"), time.perf_counter() + seconds
    while True:
        started = time.perf_counter()
        products.layer(*operands)
        now = time.perf_counter()
        best = min(best, now - started)
        if now >= end:
            return best


def main():
    path, threads, own, seconds = sys.argv[1:5]
    products = Products(path, int(threads), own == "1")
    shapes = [[int(word) for word in text.split()] for text in sys.argv[5:]]
    print(json.dumps([seconds_of(products, shape, float(seconds)) for shape in shapes]))


main()
