"""Square operators with structure: Kronecker products and sums, block diagonals, low-rank updates."""

import contextlib
import ctypes
from array import array
from ctypes import byref, c_double, c_int32, c_int64, c_void_p

from ._functions import _library
from ._library import _callback, _function, _integer, _items, _real
from ._matrices import _address, _input, _memoryview, _is_buffer, _vector, matrix
from ._objects import _context, _Handle, _opened
from ._solving import Solver
from ._structures import _OPERATOR, Report

_MAX_DENSE, _MAX_SIZE = 4096, 2 ** 31 - 1


def _like(result, given):
    """A vector, or a matrix of several where such was given."""
    shape = _memoryview(given).shape if _is_buffer(given) else ()
    return matrix(result, *shape) if len(shape) == 2 else memoryview(result)


class Operator(_Handle):
    """A square operator, made by one of the class methods and immutable. Vectors are sequences or buffers of
    as many numbers as its size; several are the rows of a two-dimensional buffer."""
    _free = _library.lat_operator_free

    def __init__(self):
        raise TypeError("an Operator is made by Operator.dense() and its like")

    @classmethod
    def dense(cls, a, context=None):
        """A dense matrix, factorised once."""
        with contextlib.ExitStack() as stack:
            return cls._made(_library.lat_operator_create_dense, _context(context),
                             byref(_input(stack, a, _MAX_DENSE)))

    @classmethod
    def learned(cls, solver, a):
        """A dense matrix whose inverse or eigenvalues a Solver gives, and the solver's Report."""
        answered, report = _opened(solver, Solver, "solver"), Report()
        with contextlib.ExitStack() as stack:
            view = _input(stack, a)
            stack.enter_context(solver._one_thread)
            return cls._made(lambda out: _library.lat_operator_create_learned(
                out, byref(report), answered, byref(view))), report

    @classmethod
    def diagonal(cls, values, context=None):
        """A diagonal matrix."""
        numbers = _vector(values)
        return cls._made(_library.lat_operator_create_diagonal, _context(context), _address(numbers), len(numbers))

    @classmethod
    def tridiagonal(cls, diagonal, neighbour, size, context=None):
        """A symmetric matrix of one value on the diagonal and one beside it."""
        return cls._made(_library.lat_operator_create_tridiagonal, _context(context), _real(diagonal, "diagonal"),
                         _real(neighbour, "neighbour"), _integer(size, c_int64, "size"))

    @classmethod
    def circulant(cls, column, context=None):
        """A circulant matrix of this first column."""
        numbers = _vector(column)
        return cls._made(_library.lat_operator_create_circulant, _context(context), _address(numbers), len(numbers))

    @classmethod
    def function(cls, function, size, context=None):
        """An operator that a function gives: function(x) is A x, of a memoryview of doubles."""
        if _function(function, "function") is None:
            raise TypeError("function must be callable, not None")

        def product(y, x, length, user):
            given = array("d", ctypes.string_at(x, 8 * length))
            result = _vector(function(memoryview(given).toreadonly()))
            if len(result) != length:
                raise ValueError(f"the function gave {len(result)} numbers instead of {length}")
            ctypes.memmove(y, _address(result), 8 * length)

        callback = _callback(_OPERATOR, product)
        return cls._made(_library.lat_operator_create_function, _context(context), callback, None,
                         _integer(size, c_int64, "size"), keeps=(callback,))

    @classmethod
    def _joined(cls, create, parts):
        owned = [_opened(part, Operator, "a part") for part in _items(parts, "parts is a list of operators")]
        return cls._made(create, (c_void_p * len(owned))(*(part._as_parameter_.value for part in owned)), len(owned),
                         keeps=owned)

    @classmethod
    def kronecker(cls, parts):
        """The Kronecker product of operators."""
        return cls._joined(_library.lat_operator_create_kronecker, parts)

    @classmethod
    def kronecker_sum(cls, parts):
        """The Kronecker sum A (x) I + I (x) B of operators."""
        return cls._joined(_library.lat_operator_create_kronecker_sum, parts)

    @classmethod
    def block_diagonal(cls, parts):
        """Operators as blocks along the diagonal."""
        return cls._joined(_library.lat_operator_create_block_diagonal, parts)

    @classmethod
    def low_rank(cls, base, u, v):
        """The update base + U V^T, with U and V of (size, rank)."""
        owned = _opened(base, Operator, "base")
        with contextlib.ExitStack() as stack:
            return cls._made(_library.lat_operator_create_low_rank, owned, byref(_input(stack, u, _MAX_SIZE)),
                             byref(_input(stack, v, _MAX_SIZE)))

    def __len__(self):
        return _library.lat_operator_size(self._open())

    def _mapped(self, function, given):
        operator, x = self._open(), _vector(given)
        size = len(self)
        if len(x) == 0 or len(x) % size != 0:
            raise ValueError(f"{len(x)} numbers are no vectors of an operator of size {size}")
        function(_address(x), operator, _address(x), len(x) // size)
        return _like(x, given)

    def apply(self, x):
        """The product A x."""
        return self._mapped(_library.lat_operator_apply, x)

    def solve(self, b):
        """The solution x of A x = b."""
        return self._mapped(_library.lat_operator_solve, b)

    def eigenvalues(self):
        """All eigenvalues, ascending by real part, then by imaginary part: a list of complex numbers."""
        operator, size = self._open(), len(self)
        real, imaginary = (c_double * size)(), (c_double * size)()
        _library.lat_operator_eigenvalues(real, imaginary, operator)
        return [complex(*parts) for parts in zip(real, imaginary)]

    def log_determinant(self):
        """The logarithm of |det A|, and the sign of det A."""
        logarithm, sign = c_double(), c_int32()
        _library.lat_operator_log_determinant(byref(logarithm), byref(sign), self._open())
        return logarithm.value, sign.value

    def conjugate_gradients(self, b, x=None, precondition=None, tolerance=1e-10, max_steps=1000):
        """Solves A x = b for a symmetric positive definite operator: (x, steps, residual). x: the first
        guess. precondition: an Operator whose solve() stands for the inverse of A."""
        operator, right = self._open(), _vector(b)
        size = len(self)
        guess = array("d", bytes(8 * size)) if x is None else _vector(x)
        other = None if precondition is None else _opened(precondition, Operator, "precondition")
        if len(right) != size or len(guess) != size:
            raise ValueError(f"b and x are vectors of {size} numbers")
        steps, residual = c_int32(), c_double()
        _library.lat_operator_conjugate_gradients(
            _address(guess), byref(steps), byref(residual), operator, other, _address(right),
            _real(tolerance, "tolerance"), _integer(max_steps, c_int32, "max_steps"))
        return memoryview(guess), steps.value, residual.value
