"""Linear self-attention in double precision, without softmax."""

import contextlib
import itertools
from array import array
from ctypes import byref, c_double, c_int32, c_int64

from ._constants import LINEAR_A
from ._functions import _library
from ._library import _integer, _items, _real
from ._matrices import _address, _copied, _input, _live, _view, matrix
from ._objects import _alone, _context, _Handle
from ._structures import _LinearCertificate, _Matrix

_MAX_ROWS = 2 ** 31 - 1


class LinearAttention(_Handle):
    """A stack of layers of linear attention, whose parameters are zero at first."""
    _free = _library.lat_linear_free

    def __init__(self, layers, heads, width, context=None):
        self._own(_library.lat_linear_create, _context(context), _integer(layers, c_int32, "layers"),
                  _integer(heads, c_int32, "heads"), _integer(width, c_int32, "width"))
        self._width = width

    def __len__(self):
        return _library.lat_linear_size(self._open())

    @property
    def parameters(self):
        """All parameters, a memoryview of doubles that may be written."""
        stack = self._open()
        return _live(_library.lat_linear_parameters(stack), c_double, (len(self),), stack, True)

    def matrix(self, layer, which=LINEAR_A, head=0):
        """One matrix of a layer, a memoryview that may be written: LINEAR_A, LINEAR_P or LINEAR_S."""
        stack, seen = self._open(), _Matrix()
        _library.lat_linear_matrix(byref(seen), stack, _integer(layer, c_int32, "layer"),
                                   _integer(head, c_int32, "head"), _integer(which, c_int32, "which"))
        return _live(seen.data, c_double, (seen.rows, seen.cols), stack, True)

    def _rows(self, z):
        view = _view(z, _MAX_ROWS)
        if view.shape[1] != self._width:
            raise ValueError(f"tokens of width {view.shape[1]} for a stack of width {self._width}")
        return _copied(view), view.shape[0]

    def apply(self, z, context):
        """All layers on a matrix of (tokens, width), of which the first `context` rows act as keys."""
        stack = self._open()
        rows, tokens = self._rows(z)
        with _alone(stack):
            _library.lat_linear_apply(_address(rows), stack, tokens, _integer(context, c_int64, "context"))
        return matrix(rows, tokens, self._width)

    def gradient(self, z, d_out, context):
        """Gradients of a loss by the parameters, a memoryview, and by z; d_out: by the output."""
        stack = self._open()
        (rows, tokens), (slope, outputs) = self._rows(z), self._rows(d_out)
        if outputs != tokens:
            raise ValueError(f"d_out has {outputs} rows, z {tokens}")
        d_parameters, d_z = array("d", bytes(8 * len(self))), array("d", bytes(8 * len(rows)))
        with _alone(stack):
            _library.lat_linear_gradient(_address(d_parameters), _address(d_z), stack, _address(rows),
                                         _address(slope), tokens, _integer(context, c_int64, "context"))
        return memoryview(d_parameters), matrix(d_z, tokens, self._width)

    def set_descent(self, w0, rate, examples):
        """Weights that make each layer a step of gradient descent on the least squares of its context."""
        stack = self._open()
        with contextlib.ExitStack() as scope, _alone(stack):
            _library.lat_linear_set_descent(stack, byref(_input(scope, w0, 4096)), _real(rate, "rate"),
                                            _integer(examples, c_int64, "examples"))

    def fit(self, z, y, context):
        """Learns a stack of one layer by least squares: z is a list of examples, each of (tokens, width), of
        which the last token is the query, and y a matrix of (examples, outputs), what is to be added to its
        last values. Returns a dict of lat_linear_certificate."""
        stack, certificate = self._open(), _LinearCertificate()
        examples = [self._rows(example) for example in _items(z, "z is a list of matrices")]
        wanted = _view(y, _MAX_ROWS)
        if len({tokens for _, tokens in examples}) != 1 or len(examples) != wanted.shape[0]:
            raise ValueError("z is as many examples as y has rows, of one number of tokens each")
        values = array("d", itertools.chain.from_iterable(rows for rows, _ in examples))
        targets = _copied(wanted)
        with _alone(stack):
            _library.lat_linear_fit(stack, byref(certificate), _address(values), _address(targets), len(examples),
                                    examples[0][1], _integer(context, c_int64, "context"), wanted.shape[1])
        return {name: getattr(certificate, name) for name, _ in _LinearCertificate._fields_[1:]}
