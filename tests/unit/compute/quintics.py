"""Coefficients of lib/compute/orthogonalise.c: quintics.py LEAST STEPS.

Each step is the odd polynomial a x + b x^3 + c x^5 whose largest deviation from 1 on [l, u] is the
smallest that there is, found by Remez's exchange; the first interval is [LEAST, 1], and a step that
deviates by e leaves [1 - e, 1 + e] to the next.
"""
import math
import sys


def solve(rows, right):
    """Gauss-Jordan elimination with pivots."""
    m = [row + [value] for row, value in zip(rows, right)]
    n = len(m)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(m[r][i]))
        m[i], m[pivot] = m[pivot], m[i]
        for r in range(n):
            if r != i:
                factor = m[r][i] / m[i][i]
                m[r] = [x - factor * y for x, y in zip(m[r], m[i])]
    return [m[i][n] / m[i][i] for i in range(n)]


def quintic(l, u):
    """(a, b, c) and the deviation, of alternating sign at l, at both extrema and at u."""
    q, r, before = (3 * l + u) / 4, (l + 3 * u) / 4, 0
    while True:
        points = ((l, 1), (q, -1), (r, 1), (u, -1))
        a, b, c, e = solve([[x, x**3, x**5, sign] for x, sign in points], [1] * 4)
        if abs(e - before) < 1e-15:
            return (a, b, c), e
        root, before = math.sqrt(9 * b * b - 20 * a * c), e
        q, r = math.sqrt((-3 * b - root) / (10 * c)), math.sqrt((-3 * b + root) / (10 * c))


def main():
    l, u = float(sys.argv[1]), 1.0
    for _ in range(int(sys.argv[2])):
        coefficients, e = quintic(l, u)
        l, u = 1 - e, 1 + e
        print("{%.9f, %.9f, %.9f}  %.4f to %.4f" % (*coefficients, l, u))


main()
