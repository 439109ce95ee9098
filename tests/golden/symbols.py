"""The number encodings of the paper, section 3, written again in exact arithmetic.

Shares nothing with lib/tokenizer but the specification: vocabularies as lists of symbol texts,
a matrix as the list of its symbols.
"""

from fractions import Fraction
from string import ascii_uppercase

LARGEST_EXPONENT = 100


def special_symbols():
    letters = list(ascii_uppercase)
    return ["EOS", "PAD"] + letters + ["V%d" % n for n in range(1, 101)]


def exponents():
    return ["E%d" % e for e in range(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)]


def fp15_mantissas(exponent):
    small = range(-999, 1000)
    return small if exponent == 0 else [m for m in small if abs(m) >= 100]


def number_symbols(encoding, digits=3):
    if encoding == "p10":
        return ["+", "-"] + [str(d) for d in range(10)] + exponents()
    if encoding == "p1000":
        return ["+", "-"] + [str(m) for m in range(10**digits)] + exponents()
    if encoding == "b1999":
        return ["N%d" % m for m in range(-(10**digits), 10**digits + 1)] + exponents()
    assert encoding == "fp15"
    values = ["N%de%d" % (m, e) for e in range(16) for m in fp15_mantissas(e)]
    return values + ["NaN", "-NaN"]


def vocabulary(encoding, digits=3):
    return special_symbols() + number_symbols(encoding, digits)


def decimal(value, digits):
    """Sign, mantissa of `digits` digits (0 for zero) and exponent, rounded as printf("%.*e")."""
    mantissa, exponent = ("%.*e" % (digits - 1, abs(value))).split("e")
    mantissa = int(mantissa.replace(".", ""))
    exponent = int(exponent) - (digits - 1)
    if mantissa == 0 or exponent < -LARGEST_EXPONENT:
        return "+", 0, 0
    return ("-" if value < 0 else "+"), mantissa, exponent


def fp15(value):
    """m x 10^e / 10^9, m rounded half up in magnitude; a carry to m = 1000 moves into e."""
    sign = -1 if value < 0 else 1
    nan = ["-NaN" if sign < 0 else "NaN"]
    if value in (float("inf"), float("-inf")):
        return nan
    scaled = abs(Fraction(value)) * 10**9
    exponent = 0
    while scaled >= 1000 * 10**exponent:
        exponent += 1
    mantissa = int(scaled / 10**exponent + Fraction(1, 2))
    if mantissa == 1000:
        mantissa, exponent = 100, exponent + 1
    return nan if exponent > 15 else ["N%de%d" % (sign * mantissa, exponent)]


def encode_number(value, encoding, digits=3):
    """Symbols of one value, or None where it has no token."""
    if encoding == "fp15":
        return fp15(value)
    sign, mantissa, exponent = decimal(value, digits)
    if exponent > LARGEST_EXPONENT:
        return None
    tail = ["E%d" % exponent]
    if encoding == "b1999":
        return ["N%d" % (-mantissa if sign == "-" else mantissa)] + tail
    digits_of = list(str(mantissa)) if encoding == "p10" else [str(mantissa)]
    return [sign] + digits_of + tail


def decode_number(symbols, encoding):
    """The double that the symbols of one number stand for."""
    if encoding == "fp15":
        if symbols[0].endswith("NaN"):
            return -1e9 if symbols[0][0] == "-" else 1e9
        mantissa, exponent = symbols[0][1:].split("e")
        return float(Fraction(int(mantissa)) * 10 ** int(exponent) / 10**9)
    exponent = int(symbols[-1][1:])
    if encoding == "b1999":
        mantissa = int(symbols[0][1:])
    else:
        mantissa = int("".join(symbols[1:-1])) * (-1 if symbols[0] == "-" else 1)
    return float(Fraction(mantissa) * Fraction(10) ** exponent)


def encode_matrix(rows, encoding, digits=3, letter=""):
    """Symbols of a matrix given as a list of rows, without the framing EOS."""
    symbols = [letter] if letter else []
    symbols += ["V%d" % len(rows), "V%d" % len(rows[0])]
    for row in rows:
        for value in row:
            symbols += encode_number(value, encoding, digits)
    return symbols


def entry_places(rows, encoding, digits=3, letter=""):
    """1-based (row, column) of every token and of the closing EOS; (0, 0) outside entries."""
    places = [(0, 0)] * (3 if letter else 2)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            places += [(i + 1, j + 1)] * len(encode_number(value, encoding, digits))
    return places + [(0, 0)]


def round_matrix(rows, encoding, digits=3):
    """The matrix that a reader of the tokens sees."""
    return [
        [decode_number(encode_number(value, encoding, digits), encoding) for value in row]
        for row in rows
    ]
