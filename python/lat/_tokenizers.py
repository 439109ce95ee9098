"""Matrices as tokens."""

import contextlib
import ctypes
from array import array
from ctypes import byref, c_int32, c_size_t

from ._constants import _MAX_DIMENSION, _ROW_MAJOR, INPUT
from ._functions import _library
from ._library import _integer, _items, _text, _type
from ._matrices import _address, _input, _zeros
from ._objects import _context, _Handle
from ._structures import _Matrix, _TokenizerOptions, _told


def _side(side):
    return _integer(side, c_int32, "side")


def _letter(letter):
    """A letter's code; 0 for None."""
    if letter is None:
        return 0
    code = _text(letter, "letter")
    if len(code) != 1:
        raise ValueError(f"a letter is one of A to Z, not {letter!r}")
    return code[0]


def _letter_told(code):
    return chr(code) if code else None


def _tokens(tokens):
    return array("i", [_integer(token, c_int32, "a token") for token in
                       _items(tokens, "tokens is a list of integers")])


class Tokenizer(_Handle):
    """Encodings of both sides: Tokenizer(input_encoding="p1000", output_encoding="p1000", ...). Sides are
    INPUT and OUTPUT."""
    _free = _library.lat_tokenizer_free

    def __init__(self, context=None, **options):
        self._own(_library.lat_tokenizer_create, _context(context),
                  byref(_TokenizerOptions(**options)))

    @property
    def options(self):
        """A dict of lat_tokenizer_options as they took effect."""
        return _told(_TokenizerOptions, _library.lat_tokenizer_get_options, self._open())

    def encoding(self, side=INPUT):
        """Name of a side's encoding."""
        name = _library.lat_tokenizer_encoding(self._open(), _side(side))
        if name is None:
            raise ValueError(f"a tokenizer has no side {side}")
        return name.decode()

    def vocabulary_size(self, side=INPUT):
        """Number of symbols of a side."""
        return _library.lat_tokenizer_vocabulary_size(self._open(), _side(side))

    def symbol(self, token, side=INPUT):
        """The text of a token, such as "E-2"."""
        text = ctypes.create_string_buffer(16)
        _library.lat_tokenizer_symbol(text, len(text), self._open(), _side(side), _integer(token, c_int32, "token"))
        return text.value.decode()

    def find(self, symbol, side=INPUT):
        """The token of a symbol's text."""
        token = c_int32()
        _library.lat_tokenizer_find(byref(token), self._open(), _side(side), _text(symbol, "symbol"))
        return token.value

    def max_tokens(self, rows, cols, side=INPUT):
        """The most tokens that a rows x cols matrix takes; 0 for a bad size."""
        return _library.lat_tokenizer_max_tokens(self._open(), _side(side), _integer(rows, c_int32, "rows"),
                                                 _integer(cols, c_int32, "cols"))

    def encode(self, a, side=INPUT, letter=None):
        """A matrix as a list of tokens, with a task's letter in front where one is given."""
        tokenizer, count = self._open(), c_size_t()
        with contextlib.ExitStack() as stack:
            view = _input(stack, a)
            room = _library.lat_tokenizer_max_tokens(tokenizer, _side(side), view.rows, view.cols)
            tokens = (c_int32 * max(1, room))()
            _library.lat_tokenizer_encode(tokens, len(tokens), byref(count), tokenizer, _side(side),
                                          _letter(letter), byref(view))
        return tokens[:count.value]

    def decode(self, tokens, side=INPUT):
        """The matrix in front of a list of tokens, its task's letter or None, and the number of tokens
        that were read: fewer than there are when others follow."""
        written, letter, used = _tokens(tokens), c_int32(), c_size_t()
        room = (ctypes.c_double * _MAX_DIMENSION ** 2)()
        view = _Matrix(ctypes.addressof(room), 0, 0, 0, _ROW_MAJOR)
        _library.lat_tokenizer_decode(byref(view), len(room), byref(letter), byref(used), self._open(),
                                      _side(side), _address(written), len(written))
        x = _zeros(view.rows, view.cols)
        for i in range(view.rows):
            for j in range(view.cols):
                x[i, j] = room[i * view.ld + j]
        return x, _letter_told(letter.value), used.value


def _tokenizer_or_default(tokenizer, context):
    if tokenizer is None:
        return Tokenizer(context)
    if not isinstance(tokenizer, Tokenizer):
        raise TypeError(f"tokenizer must be a lat.Tokenizer, not {_type(tokenizer)}")
    return tokenizer
