"""lat for Python: the C library through ctypes. Nothing to compile; numpy is welcome, not needed.

    import lat

    solver = lat.Solver(lat.Model.load("model.safetensors"))
    x, report = solver.solve([[1, 2, 3], [2, 4, 5], [3, 5, 6]])
    print(x[0, 1], report.residual, report.verdict == lat.WITHIN)

A matrix is any two-dimensional buffer of real numbers: a numpy array of any real type, order and
strides, a memoryview, lat.matrix() of an array.array; or a list of rows of numbers (int, float,
Fraction, Decimal, ...). Doubles whose rows or columns are contiguous are read in place, all else is
converted once. Answers are memoryviews: x[i, j], x.tolist(), or numpy.asarray(x) without a copy.

Options are keyword arguments with the names that the C headers document. A path is a str, bytes or
os.PathLike. A call that the library refuses raises lat.Error; an argument of a wrong type raises
TypeError, a number that C cannot hold OverflowError, a closed object or a null character in a text
ValueError. What a callback raises comes out of the call that led to it.

While the library computes, other Python threads run; what may be shared between threads is as in C.
Objects own memory of the library: they are not copied or pickled, and close() frees that memory, or
the end of the object; a call that is under way in another thread keeps it until it returns.

The library is looked for in $LAT_LIBRARY (a file), in the lib folders beside this file's folder and
above it, and where the system looks.
"""

from . import _constants
from ._constants import *
from ._custom import Random
from ._evaluation import evaluate
from ._examples import Batch, Sampler
from ._functions import build_info, task_names, version
from ._library import Error
from ._linear import LinearAttention
from ._loops import Gradients, Optimizer
from ._matrices import matrix
from ._models import Model, model_folder, model_names
from ._objects import Context
from ._operators import Operator
from ._solving import Session, Solver
from ._structures import LossSum, Progress, Report
from ._tasks import Task
from ._tokenizers import Tokenizer
from ._training import Trainer, train

__all__ = [name for name in vars(_constants) if not name.startswith("_")]
for _item in (Random, evaluate, Batch, Sampler, build_info, task_names, version, Error, LinearAttention, Gradients,
              Optimizer, matrix, Model, model_folder, model_names, Context, Operator, Session, Solver, LossSum,
              Progress, Report, Task, Tokenizer, Trainer, train):
    _item.__module__ = "lat"  # where users find it
    __all__.append(_item.__name__)
del _item
