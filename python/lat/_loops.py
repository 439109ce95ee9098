"""Training loops of one's own: gradients and optimizers."""

import contextlib
from ctypes import byref, c_float, c_uint64, c_void_p

from ._examples import Batch
from ._functions import _library
from ._library import _integer, _path, _real, _type
from ._matrices import _live
from ._models import Model, _sum
from ._objects import _alone, _Handle, _opened
from ._structures import LossSum, _OptimizerOptions


@contextlib.contextmanager
def _mapped(gradients):
    values = c_void_p()
    with _alone(gradients):
        _library.lat_gradients_map(byref(values), gradients)
    try:
        yield _live(values.value, c_float, (_library.lat_gradients_size(gradients),), gradients, True)
    finally:
        with _alone(gradients):
            _library.lat_gradients_commit(gradients)


class Gradients(_Handle):
    """The gradient of a sum of losses, one flat vector laid out as a model's parameters."""
    _free = _library.lat_gradients_free

    def __init__(self, model):
        self._own(_library.lat_gradients_create, _opened(model, Model, "model"))

    def __len__(self):
        return _library.lat_gradients_size(self._open())

    def map(self):
        """Lends the vector: `with gradients.map() as values`. values is a memoryview of floats, to be read and
        written until the end of the block, in which the gradients are used for nothing else."""
        return _mapped(self._open())

    def zero(self):
        """Sets the gradients to zero."""
        gradients = self._open()
        with _alone(gradients):
            _library.lat_gradients_zero(gradients)

    def seek(self, index):
        """Dropout goes on as in call number `index` of accumulate(), from 0."""
        gradients = self._open()
        with _alone(gradients):
            _library.lat_gradients_seek(gradients, _integer(index, c_uint64, "index"))

    def set_target_spread(self, width):
        """Label smoothing over neighbouring mantissas, see lat_gradients_set_target_spread()."""
        gradients = self._open()
        with _alone(gradients):
            _library.lat_gradients_set_target_spread(gradients, _real(width, "width"))

    def accumulate(self, model, batch, total=None):
        """Adds the gradient of the sum of a batch's losses, and the loss to a LossSum, a new one where
        none is given. Returns the sum."""
        source, examples, gradients = (_opened(model, Model, "model"), _opened(batch, Batch, "batch"),
                                       self._open())
        total = _sum(total)
        with _alone(gradients, examples):
            _library.lat_gradients_accumulate(gradients, byref(total), source, examples)
        return total


class Optimizer(_Handle):
    """Updates a trainable model's parameters: Optimizer(model, rule="adamw", learning_rate=1e-3, ...)."""
    _free = _library.lat_optimizer_free

    def __init__(self, model, **options):
        self._own(_library.lat_optimizer_create, _opened(model, Model, "model"), byref(_OptimizerOptions(**options)))

    def _with_model(self, function, model, *arguments):
        optimizer, target = self._open(), _opened(model, Model, "model")
        with _alone(optimizer):
            function(optimizer, target, *arguments)

    def step(self, model, gradients, total):
        """One update. Divides the gradients by total.tokens; gradients and total are zero afterwards."""
        vector = _opened(gradients, Gradients, "gradients")
        if not isinstance(total, LossSum):
            raise TypeError(f"total must be a lat.LossSum, not {_type(total)}")
        with _alone(vector):
            self._with_model(_library.lat_optimizer_step, model, vector, byref(total))

    def swap_average(self, model):
        """Exchanges the model's parameters and their average; the next call brings them back."""
        self._with_model(_library.lat_optimizer_swap_average, model)

    def save(self, model, path):
        """Writes model and optimizer as one file, atomically."""
        self._with_model(_library.lat_optimizer_save, model, _path(path, "path"))

    def load(self, model, path):
        """Takes parameters, moments, average and number of updates from a file of save()."""
        self._with_model(_library.lat_optimizer_load, model, _path(path, "path"))

    @property
    def updates(self):
        """Number of updates done."""
        return _library.lat_optimizer_updates(self._open())

    @property
    def learning_rate(self):
        """The learning rate of the next update."""
        return _library.lat_optimizer_learning_rate(self._open())

    @property
    def gradient_norm(self):
        """The norm of the mean gradient before clipping, at the last update; 0 before."""
        return _library.lat_optimizer_gradient_norm(self._open())
