"""Training runs."""

import contextlib
import ctypes
from ctypes import byref, c_size_t

from ._examples import _lend
from ._functions import _library
from ._library import _callback, _function
from ._models import Model
from ._objects import _alone, _Handle, _opened
from ._structures import _PROGRESS, Progress, _OptimizerOptions, _TrainerOptions


def _copied_progress(state):
    copy = Progress()
    ctypes.memmove(byref(copy), state, min(copy.struct_size, c_size_t.from_address(state).value))
    return copy


class Trainer(_Handle):
    """A training run, with the arguments of train()."""
    _free = _library.lat_trainer_free

    def __init__(self, model, optimizer=None, progress=None, resume=False, connect=None, source=None,
                 validation_source=None, **options):
        _function(progress, "progress")
        settings = _TrainerOptions(**options)
        settings.progress = _callback(_PROGRESS, lambda state, user:
                                      progress is not None and progress(_copied_progress(state)))
        if connect is not None:
            connect(settings)
        rule = _OptimizerOptions(**({} if optimizer is None else optimizer))
        lent = _lend(settings, source=source, validation_source=validation_source)
        self._own(_library.lat_trainer_resume if resume else _library.lat_trainer_create,
                  _opened(model, Model, "model"), byref(rule), byref(settings), keeps=(settings, lent))

    def run(self):
        """Trains until a limit or goal is reached, then writes the run's files."""
        with _alone(self._open()):
            _library.lat_trainer_run(self._open())

    def checkpoint(self):
        """Writes the checkpoint now."""
        with _alone(self._open()):
            _library.lat_trainer_checkpoint(self._open())

    @property
    def state(self):
        """Where the run stands, a Progress."""
        state, trainer = Progress(), self._open()
        with _alone(trainer):
            _library.lat_trainer_progress(byref(state), trainer)
        return state


def train(model, optimizer=None, progress=None, resume=False, connect=None, source=None,
          validation_source=None, **options):
    """Trains until a limit or goal among the options of lat_trainer_options is reached, without any
    until Ctrl-C; returns where the run ended, a Progress.

    optimizer: a dict of lat_optimizer_options. progress: called with a Progress every report_every
    updates; a true value stops the run with Error CANCELLED, Ctrl-C with KeyboardInterrupt.
    resume: continues the run in options["directory"]. connect: called with the lat_trainer_options
    before the run, to set what connects it with other processes: lat_mpi_attach_fortran() takes them.
    source, validation_source: Batches of examples of one's own, instead of drawn ones.
    """
    with contextlib.closing(Trainer(model, optimizer, progress, resume, connect, source, validation_source,
                                    **options)) as run:
        run.run()
        return run.state
