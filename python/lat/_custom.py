"""Tasks of one's own: functions of Python behind the C interface's table of callbacks."""

import ctypes
from ctypes import POINTER, c_int32
from typing import Optional

from ._constants import _MAX_OPERANDS
from ._functions import _library
from ._library import _function, _integer, _items, _raised, _real, _text, _without_null
from ._matrices import _address, _answer, _copied, _copy_of, _operands, _view
from ._structures import _ANSWER, _CANONICALIZE, _DRAW, _INPUT_SHAPE, _OUTPUT_SHAPE, _RESIDUAL, _RESTORE
from ._structures import _Matrix, _TaskFunctions
from ._tokenizers import _letter

_REJECT, _FAILED = 1, -1


class Random:
    """The random stream of an example, for a custom task's functions: it is theirs during the call alone."""
    _stream: Optional[int] = None

    def __init__(self):
        raise TypeError("a Random is made by the library")

    def _open(self):
        if self._stream is None:
            raise ValueError("a Random serves only the call that it was passed to")
        return self._stream

    def uniform(self):
        """A float uniform on [0, 1)."""
        return _library.lat_random_uniform(self._open())

    def normal(self):
        """A standard normal float."""
        return _library.lat_random_normal(self._open())

    def integer(self, low, high):
        """An integer uniform on low..high, both included."""
        return _library.lat_random_integer(self._open(), _integer(low, c_int32, "low"), _integer(high, c_int32, "high"))


def _guarded(kind, function):
    """A callback that says FAILED where a function raised, and REJECT where it returned None."""
    def call(*arguments):
        try:
            if getattr(_raised, "exception", None) is None:
                return _REJECT if function(*arguments[:-1]) is None else 0
        except BaseException as exception:
            _raised.exception = exception
        return _FAILED

    return kind(call)


def _with_random(function, stream, *arguments):
    random = Random.__new__(Random)
    random._stream = stream
    try:
        return function(random, *arguments)
    finally:
        random._stream = None


def _views(address, count):
    return ctypes.cast(address, POINTER(_Matrix))[:count]


def _copies(address, count):
    """Read-only copies of matrices of the library's."""
    return [_copy_of(view).toreadonly() for view in _views(address, count)]


def _write(views, given, what):
    """Fills the library's matrices, which are packed, with those that a function returned."""
    matrices = _operands(given, len(views))
    if len(matrices) != len(views):
        raise ValueError(f"{what} gave {len(matrices)} matrices instead of {len(views)}")
    for view, matrix in zip(views, matrices):
        source = _view(matrix)
        if source.shape != (view.rows, view.cols):
            raise ValueError(f"{what} gave a matrix of {source.shape[0]} x {source.shape[1]} instead of "
                             f"{view.rows} x {view.cols}")
        values = _copied(source)
        ctypes.memmove(view.data, _address(values), 8 * len(values))
    return True


def _shape(shape, what):
    sides = _items(shape, f"{what} is (rows, cols)")
    if len(sides) != 2:
        raise ValueError(f"{what} is (rows, cols), not {len(sides)} numbers")
    return [_integer(side, c_int32, what) for side in sides]


def _shapes(given, count, what):
    shapes = [given] if count == 1 else _items(given, f"{what} is a list of (rows, cols)")
    if len(shapes) != count:
        raise ValueError(f"{what} is a list of {count} shapes, not {len(shapes)}")
    return [_shape(shape, what) for shape in shapes]


def _write_shapes(rows, cols, given, count, what):
    if given is None:
        return None
    for i, (height, width) in enumerate(_shapes(given, count, what)):
        rows[i], cols[i] = height, width
    return True


class _Callbacks:
    """A task's functions of Python as C calls them."""

    def __init__(self, operand_count, result_count, transform_size, functions):
        self.operands, self.results, self.transform_size = operand_count, result_count, transform_size
        self.functions = functions

    def input_shape(self, rows, cols, stream):
        shapes = _with_random(self.functions["input_shape"], stream)
        return _write_shapes(rows, cols, shapes, self.operands, "input_shape")

    def output_shape(self, rows, cols, input_rows, input_cols):
        shapes = self.functions["output_shape"](*zip(input_rows[:self.operands], input_cols[:self.operands]))
        return _write_shapes(rows, cols, shapes, self.results, "output_shape")

    def draw(self, operands, stream):
        views = _views(operands, self.operands)
        drawn = _with_random(self.functions["draw"], stream, *((view.rows, view.cols) for view in views))
        return None if drawn is None else _write(views, drawn, "draw")

    def answer(self, results, operands):
        found = self.functions["answer"](*_copies(operands, self.operands))
        return None if found is None else _write(_views(results, self.results), found, "answer")

    def residual(self, residual, operands, targets, predictions):
        given = [_answer(_copies(address, count)) if address else None for address, count in
                 ((operands, self.operands), (targets, self.results), (predictions, self.results))]
        residual[0] = _real(self.functions["residual"](*given), "a residual")
        return True

    def canonicalize(self, operands, count, transform):
        moved, data = self.functions["canonicalize"](*_copies(operands, count))
        data = memoryview(data).tobytes()
        if len(data) > self.transform_size:
            raise ValueError(f"canonicalize gave {len(data)} bytes, more than transform_size {self.transform_size}")
        ctypes.memmove(transform, data, len(data))
        return _write(_views(operands, count), moved, "canonicalize")

    def restore(self, results, count, transform):
        data = ctypes.string_at(transform, self.transform_size)
        return _write(_views(results, count), self.functions["restore"](data, *_copies(results, count)), "restore")


_KINDS = dict(input_shape=_INPUT_SHAPE, output_shape=_OUTPUT_SHAPE, draw=_DRAW, answer=_ANSWER, residual=_RESIDUAL,
              canonicalize=_CANONICALIZE, restore=_RESTORE)
_OPTIONAL = ("residual", "canonicalize", "restore")


def _count(value, what):
    count = _integer(value, c_int32, what)
    if not 1 <= count <= _MAX_OPERANDS:
        raise ValueError(f"{what} {count} is outside 1..{_MAX_OPERANDS}")
    return count


def _task_functions(name, letter, functions, operand_count, result_count, operand_max, result_max, transform_size,
                    degree, scalable):
    """A lat_task_functions; it keeps its callbacks."""
    table = _TaskFunctions()
    table.name = _without_null(_text(name, "name"), "name")
    table.letter = _letter(letter)
    table.degree, table.scalable = _integer(degree, c_int32, "degree"), 1 if scalable else 0
    table.operand_count = _count(operand_count, "operand_count")
    table.result_count = _count(result_count, "result_count")
    table.transform_size = _integer(transform_size, c_int32, "transform_size")
    for most, count, what in ((operand_max, table.operand_count, "operand"),
                              (result_max, table.result_count, "result")):
        for i, (rows, cols) in enumerate([] if most is None else _shapes(most, count, f"{what}_max")):
            getattr(table, f"{what}_max_rows")[i], getattr(table, f"{what}_max_cols")[i] = rows, cols
    callbacks = _Callbacks(table.operand_count, table.result_count, table.transform_size, functions)
    for what, function in functions.items():
        if _function(function, what) is None:
            if what not in _OPTIONAL:
                raise TypeError(f"{what} must be callable, not None")
            continue
        setattr(table, what, _guarded(_KINDS[what], getattr(callbacks, what)))
    return table
