"""Handles of the C interface as objects, and contexts."""

import functools
import threading
from ctypes import byref, c_double, c_int32, c_int64, c_void_p
from typing import Any

from ._functions import _library
from ._library import _callback, _function, _integer, _real, _type
from ._structures import _LOG, _ContextOptions



class _Owned:
    """A handle of the C interface, freed with the last reference to it, that of a call under way
    included. `keeps`: what must live as long, such as the log of its context."""

    def __init__(self, free, create, arguments, keeps):
        self._as_parameter_ = c_void_p()
        self._free, self._keeps = free, keeps
        self.lock = threading.RLock()
        self.lent = 0  # times that a batch is a source of examples
        create(byref(self._as_parameter_), *arguments)

    def __del__(self):
        self._free(self._as_parameter_)


class _Borrowed(_Owned):
    """A handle that another one owns."""

    def __init__(self, address, owner):
        super().__init__(None, lambda handle: None, (), (owner,))
        self._as_parameter_.value = address

    def __del__(self):
        pass


class _alone:
    """Threads take turns with objects that serve one at a time. It holds the locks alone: an exception's
    traceback must not keep an object that is closed, such as a trainer with its folder."""

    def __init__(self, *owned):
        self._locks = [item.lock for item in sorted(owned, key=id)]

    def __enter__(self):
        for lock in self._locks:
            lock.acquire()

    def __exit__(self, *exception):
        for lock in reversed(self._locks):
            lock.release()


class _Handle:
    """An object of the C interface; _open() passes for it in calls."""
    _free: Any  # each class's lat_..._free
    _owned = None

    def _own(self, create, *arguments, keeps=()):
        owned = tuple(item for item in arguments if isinstance(item, _Owned))
        self._owned = _Owned(self._free, create, arguments, (*owned, *keeps))

    @classmethod
    def _of(cls, address, owner):
        """A handle that lives as long as its owner."""
        item = cls.__new__(cls)
        item._owned = _Borrowed(address, owner)
        return item

    @classmethod
    def _made(cls, create, *arguments, keeps=()):
        item = cls.__new__(cls)
        item._own(create, *arguments, keeps=keeps)
        return item

    def _open(self):
        if self._owned is None:
            raise ValueError(f"the {type(self).__name__} is closed")
        return self._owned

    def close(self):
        """Frees the handle now; otherwise that happens with the object's end."""
        self._owned = None

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, *exception):
        self.close()

    def __reduce_ex__(self, protocol):
        raise TypeError(f"a {type(self).__name__} owns memory of the library: it cannot be copied "
                        "or pickled")


def _opened(value, kind, what):
    if not isinstance(value, kind):
        raise TypeError(f"{what} must be a lat.{kind.__name__}, not {_type(value)}")
    return value._open()



class Context(_Handle):
    """Threads and precision: threads=0 (all), precision=PRECISION_AUTO. log: called with the level
    and the text of each line."""
    _free = _library.lat_context_free

    def __init__(self, log=None, **options):
        settings = _ContextOptions(**options)
        if _function(log, "log") is not None:
            settings.log = _callback(_LOG, lambda level, line, user:
                                     log(level, line.decode(errors="replace")) and None)
        self._own(_library.lat_context_create, byref(settings), keeps=(settings,))

    @property
    def threads(self):
        """Threads that a call may use."""
        return _library.lat_context_threads(self._open())

    @property
    def precision(self):
        """PRECISION_F32 or PRECISION_BF16: what PRECISION_AUTO was resolved to."""
        return _library.lat_context_precision(self._open())

    @property
    def kernels(self):
        """Name of the kernels that carry out the products."""
        return _library.lat_context_kernels(self._open()).decode()

    def measure(self, tokens, outputs, inputs, seconds=1.0):
        """Floating-point operations a second that the processor can reach, and that the products of a
        linear layer in training do: (ceiling, products)."""
        ceiling, products = c_double(), c_double()
        _library.lat_context_measure(
            byref(ceiling), byref(products), self._open(), _integer(tokens, c_int64, "tokens"),
            _integer(outputs, c_int32, "outputs"), _integer(inputs, c_int32, "inputs"), _real(seconds, "seconds"))
        return ceiling.value, products.value


@functools.lru_cache(maxsize=1)
def _default_context():
    return Context()


def _context(context):
    return _opened(_default_context() if context is None else context, Context, "context")
