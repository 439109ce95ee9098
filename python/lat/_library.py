"""The library, its errors, and Python's values as C's."""

import collections.abc
import contextlib
import ctypes
import itertools
import numbers
import operator
import os
import pathlib
import threading
from ctypes import c_char_p, c_double, c_int32

SONAME = "liblat.so.1"


def _load():
    if "LAT_LIBRARY" in os.environ:
        return ctypes.CDLL(os.environ["LAT_LIBRARY"])
    for folder in pathlib.Path(__file__).resolve().parents:
        for pattern in ("lib*/" + SONAME, "lib/*/" + SONAME):
            for path in sorted(folder.glob(pattern)):
                return ctypes.CDLL(str(path))
    return ctypes.CDLL(SONAME)


_library = _load()


class Error(Exception):
    """A failed call: `status`, one of the C interface's negative codes, its `name`, such as
    "SHAPE", and the library's message."""

    def __init__(self, status, message=None):
        self.status = _integer(status, c_int32, "status")
        self.name = _library.lat_status_name(self.status).decode()
        super().__init__(_library.lat_last_error().decode(errors="replace") if message is None
                         else message)

    def __reduce__(self):  # the message is of this process and thread
        return type(self), (self.status, str(self))


_raised = threading.local()  # .exception: what a callback of this thread raised inside a call into C


def _check(status, function, arguments):
    del arguments  # the exception's traceback would keep the handles among them
    exception = getattr(_raised, "exception", None)
    if exception is not None:
        _raised.exception = None
        try:
            raise exception
        finally:
            del exception  # its traceback holds this frame
    if status != 0:
        raise Error(status)


def _callback(kind, function):
    """A function for C around one of Python's. True asks C to stop, and so does an exception, also
    one that another callback left: C's caller raises it."""
    def call(*arguments):
        try:
            stop = bool(function(*arguments))
        except BaseException as exception:  # KeyboardInterrupt too
            if getattr(_raised, "exception", None) is None:
                _raised.exception = exception
        return 1 if getattr(_raised, "exception", None) is not None or stop else 0

    return kind(call)


def _declare(result, *names_and_parameters):
    """Functions of one result: "name" followed by the types of its parameters, and so on."""
    for item in names_and_parameters:
        if isinstance(item, str):
            function = getattr(_library, item)
            function.restype = result or c_int32
            function.argtypes = []
            if result is None:
                function.errcheck = _check
        else:
            function.argtypes = function.argtypes + [item]



# Values for C

def _type(value):
    return type(value).__name__


def _integer(value, kind, what):
    """An int that fits ctypes' `kind`, which would take any modulo 2^n."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be an integer, not {_type(value)}") from None
    if kind(number).value != number:
        raise OverflowError(f"{what} does not fit {8 * ctypes.sizeof(kind)} bits")
    return number


def _real(value, what):
    """A float of anything that is a real number; texts, which float() reads, are none."""
    imaginary = isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)
    if imaginary or not (hasattr(type(value), "__float__") or hasattr(type(value), "__index__")):
        raise TypeError(f"{what} must be a real number, not {_type(value)}")
    return float(value)


def _without_null(text, what):
    if b"\0" in text:
        raise ValueError(f"{what} holds a null character")
    return text


def _text(value, what):
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"{what} must be a str, not {_type(value)}")
    return _without_null(value.encode() if isinstance(value, str) else value, what)


def _path(value, what):
    return _without_null(os.fsencode(value), what)


def _function(value, what):
    if value is not None and not callable(value):
        raise TypeError(f"{what} must be callable, not {_type(value)}")
    return value


def _items(value, what, most=None):
    """A list of what an iterable yields, the first `most` of them. ctypes' pointers never end."""
    if not isinstance(value, (str, bytes, collections.abc.Mapping, collections.abc.Set, ctypes._Pointer)):
        with contextlib.suppress(TypeError, NotImplementedError):  # memoryviews of two dimensions
            return list(itertools.islice(value, most))
    raise TypeError(f"{what}, not {_type(value)}")


def _option(value, kind, name):
    if kind is c_double:
        return _real(value, name)
    if kind is not c_char_p:
        return _integer(value, kind, name)
    if value is None:  # the default
        return None
    return (_path if name == "directory" else _text)(value, name)
