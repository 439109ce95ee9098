"""Matrices of Python as views of the C interface, in place where they can be."""

import contextlib
import ctypes
import itertools
import math
import struct
import sys
from array import array
from ctypes import POINTER, byref, c_char_p, c_ssize_t, c_void_p

from ._constants import _COLUMN_MAJOR, _ERROR_SHAPE, _MAX_DIMENSION, _ROW_MAJOR
from ._library import Error, _integer, _items, _real, _type
from ._structures import _Matrix

_NATIVE = "<" if sys.byteorder == "little" else ">"
_STANDARD_CODES = {code: codes for codes, codes_of_any_size in
                   (("bhiq", "bhilqn"), ("BHIQ", "BHILQN"), ("efd", "efd"), ("?", "?"))
                   for code in codes_of_any_size}


def _real_format(view):
    """struct's format of a buffer of real numbers, "<d"; None for others. Sizes are the buffer's:
    exporters differ in what "l" means."""
    order, code = view.format[:-1], view.format[-1:]
    for standard in _STANDARD_CODES.get(code, ""):
        if order in ("", "@", "=", "<", ">", "!") and struct.calcsize("=" + standard) == view.itemsize:
            return (">" if order in (">", "!") else "<" if order == "<" else _NATIVE) + standard
    return None


def _copied(view):
    """The numbers of a buffer of any strides as an array of doubles, row by row."""
    form = _real_format(view)
    if form is None:
        raise TypeError(f"a matrix holds real numbers, not those of format {view.format!r}")
    data = view.tobytes()
    return array("d", struct.unpack(f"{form[0]}{len(data) // view.itemsize}{form[1]}", data))


def matrix(values, rows, cols):
    """A rows x cols view of a flat buffer of numbers, row by row; of anything else that yields
    numbers, and of buffers that are not contiguous or of another byte order, a copy in doubles."""
    rows, cols = (_integer(size, c_ssize_t, "rows and cols") for size in (rows, cols))
    try:
        flat = memoryview(values)
    except TypeError:
        flat = memoryview(array("d", [_real(value, "a coefficient") for value in
                                      _items(values, "the values of a matrix are numbers")]))
    form = _real_format(flat)
    if form is None or form[0] != _NATIVE or form[1] == "e" or not flat.c_contiguous:
        flat = memoryview(_copied(flat))
        form = _NATIVE + "d"
    if rows < 1 or cols < 1 or rows * cols != flat.nbytes // flat.itemsize:
        raise ValueError(f"{flat.nbytes // flat.itemsize} values for a {rows} x {cols} matrix")
    return flat.cast("B").cast(form[1], (rows, cols))


def _zeros(rows, cols):
    return matrix(array("d", bytes(8 * rows * cols)), rows, cols)


def _check_size(rows, cols, most):
    if not (1 <= rows <= most and 1 <= cols <= most):
        rows, cols = (n if n <= most else f"more than {most}" for n in (rows, cols))
        raise Error(_ERROR_SHAPE, f"a matrix of {rows} rows and {cols} columns is outside 1..{most}")


def _from_rows(a, most):
    """A copy of a list of rows."""
    enough = most + 1
    rows = [_items(row, "a row of a matrix is a list of numbers", enough)
            for row in _items(a, "a matrix is a two-dimensional buffer or a list of rows", enough)]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the rows of a matrix differ in length")
    _check_size(len(rows), len(rows[0]) if rows else 0, most)
    return matrix(itertools.chain.from_iterable(rows), len(rows), len(rows[0]))


def _memoryview(a):
    """A memoryview of numbers of any type; TypeError if `a` is no buffer at all."""
    try:
        return memoryview(a)
    except ValueError as error:  # numpy's dates
        raise TypeError(f"a matrix is a buffer of real numbers: {error}") from None


def _two_dimensional(a, most):
    view = _memoryview(a)
    if view.ndim != 2:
        raise TypeError(f"a matrix is a buffer of two dimensions, not {view.ndim}")
    rows, cols = view.shape
    _check_size(rows, cols, most)
    return view


def _is_long_double(view):
    """Of these struct knows nothing."""
    return view.format.lstrip("@=" + _NATIVE) == "g"


def _is_buffer(a):
    try:
        memoryview(a)
    except TypeError:
        return False
    except ValueError:
        pass
    return True


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer."""
    _fields_ = [("address", c_void_p), ("owner", ctypes.py_object), ("length", c_ssize_t),
                ("itemsize", c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
                ("format", c_char_p), ("shape", POINTER(c_ssize_t)), ("strides", POINTER(c_ssize_t)),
                ("suboffsets", POINTER(c_ssize_t)), ("internal", c_void_p)]


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, POINTER(_Buffer), ctypes.c_int]
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes, _release_buffer.restype = [POINTER(_Buffer)], None
_STRIDED_WITH_FORMAT, _WRITABLE = 0x1C, 0x01


def _leading_dimension(inner, outer):
    """ld of contiguous lines of (count, stride) doubles, `outer` of them; None if they are not."""
    (length, step), (lines, distance) = inner, outer
    if length > 1 and step != 8:
        return None
    if lines == 1:
        return length
    usable = distance % 8 == 0 and distance >= 8 * length and distance // 8 < 2 ** 31
    return distance // 8 if usable else None


def _in_place(view, address):
    """The C interface's view of a buffer of doubles; None of one that it cannot express."""
    if _real_format(view) != _NATIVE + "d" or address is None or address % 8 != 0:
        return None
    rows, cols = zip(view.shape, view.strides)
    for order, inner, outer in ((_ROW_MAJOR, cols, rows), (_COLUMN_MAJOR, rows, cols)):
        ld = _leading_dimension(inner, outer)
        if ld is not None:
            return _Matrix(address, rows[0], cols[0], ld, order)
    return None


@contextlib.contextmanager
def _borrowed(view, flags=0):
    """The C interface's view of a memoryview that stays in place meanwhile; None as _in_place()."""
    buffer = _Buffer()
    _get_buffer(view, byref(buffer), _STRIDED_WITH_FORMAT | flags)
    try:
        yield _in_place(view, buffer.address)
    finally:
        _release_buffer(byref(buffer))


def _view(a, most=_MAX_DIMENSION):
    """A memoryview of a matrix of any kind."""
    view = _two_dimensional(a, most) if _is_buffer(a) else _from_rows(a, most)
    return _from_rows(a, most) if _is_long_double(view) else view


def _doubles(a, most=_MAX_DIMENSION):
    """A copy of a matrix as a view of doubles, row by row."""
    view = _view(a, most)
    return matrix(_copied(view), *view.shape)


def _input(stack, a, most=_MAX_DIMENSION):
    """A matrix to read until the stack unwinds, converted where it must be."""
    view = _view(a, most)
    borrowed = stack.enter_context(_borrowed(view))
    if borrowed is None:
        borrowed = stack.enter_context(_borrowed(matrix(_copied(view), *view.shape)))
    return borrowed


def _output(stack, x):
    """A matrix to write in place."""
    if not _is_buffer(x):
        raise TypeError(f"an answer goes into a buffer of doubles, not {_type(x)}")
    view = _two_dimensional(x, _MAX_DIMENSION)
    borrowed = stack.enter_context(_borrowed(view, _WRITABLE))
    if _real_format(view) != _NATIVE + "d":
        raise TypeError(f"an answer goes into a buffer of doubles ('d'), not of {view.format!r}")
    if borrowed is None:
        raise ValueError("neither the rows nor the columns of the answer's buffer are contiguous")
    return borrowed


def _matrices(matrices):
    return (_Matrix * len(matrices))(*matrices)


def _operands(problem, count):
    """The matrices of a problem, or an answer, of a task that has `count` of them."""
    return [problem] if count < 2 else _items(problem, "several operands or results are a tuple of matrices")


def _answer(results):
    return results[0] if len(results) == 1 else tuple(results)


def _copy_of(seen):
    """A copy of a row-major matrix of the library's."""
    row = 8 * seen.cols
    data = b"".join(ctypes.string_at(seen.data + 8 * i * seen.ld, row) for i in range(seen.rows))
    return matrix(array("d", data), seen.rows, seen.cols)


# Vectors

def _vector(values, what="a coefficient of a vector"):
    """A copy of numbers as an array of doubles."""
    if _is_buffer(values):
        view = _memoryview(values)
        if view.ndim == 0:
            raise TypeError("a vector is a buffer of one dimension, or of two for several vectors")
        if not _is_long_double(view):
            return _copied(view)
    return array("d", [_real(value, what) for value in _items(values, "a vector is a list of numbers")])


def _floats(values):
    """A copy of numbers as an array of floats."""
    if _is_buffer(values):
        view = _memoryview(values)
        if view.ndim > 0 and _real_format(view) == _NATIVE + "f":
            return array("f", view.tobytes())
    return array("f", _vector(values, "a parameter"))


def _address(values):
    return values.buffer_info()[0]


def _live(address, kind, shape, owner, writable):
    """A view of the library's numbers that keeps their owner."""
    numbers = (kind * math.prod(shape)).from_address(address)
    numbers.owner = owner
    view = memoryview(numbers).cast("B").cast(kind._type_, shape)
    return view if writable else view.toreadonly()
