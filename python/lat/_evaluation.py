"""Accuracy on fresh examples, or on given ones."""

import contextlib
import ctypes
from ctypes import POINTER, byref, c_double
from typing import Any, Dict, List

from ._examples import _lend
from ._functions import _library
from ._library import _callback, _function, _real, _type
from ._models import Model
from ._objects import _Handle, _opened
from ._structures import _EVALUATED, _OBSERVED, _Accuracy, _DecodeOptions, _Diagnosis, _EvaluateOptions, _Observation
from ._tasks import Task


class _Evaluation(_Handle):
    _free = _library.lat_evaluation_free


def evaluate(model, task=None, decode=None, progress=None, observe=None, source=None, **options):
    """Solves fresh examples and scores them: a list of dicts, the first over all examples.

    task: draws the examples instead of the model's own. decode: a dict of lat_decode_options.
    progress: called with (done, count); a true value cancels. tolerances: up to four. diagnose: the
    first dict has a "diagnosis" of the failed answers. observe: called for each example with a dict
    of lat_observation's members, matrices as lists of rows (input, target, prediction: the first; inputs,
    targets, predictions: all that are written), the predictions None where they are none; a true value
    cancels. source: a Batch of examples to be taken instead of drawn ones.
    """
    _function(progress, "progress")
    _function(observe, "observe")
    tolerances = options.pop("tolerances", [])
    if not isinstance(tolerances, (list, tuple)):
        raise TypeError(f"tolerances is a list of numbers, not {_type(tolerances)}")
    tolerances = [_real(value, "tolerances") for value in tolerances]
    if len(tolerances) > 4:
        raise ValueError(f"{len(tolerances)} tolerances are more than 4")
    settings = _EvaluateOptions(**options)
    settings.tolerances = (c_double * 4)(*tolerances)
    settings.progress = _callback(_EVALUATED, lambda done, count, user:
                                  progress is not None and progress(done, count))
    if observe is not None:
        settings.observe = _callback(_OBSERVED, lambda observation, user: observe(
            ctypes.cast(observation, POINTER(_Observation)).contents.told()))
    if task is not None:
        problem = _opened(task, Task, "task")
        settings.task = problem._as_parameter_
    lent = _lend(settings, source=source)
    if decode is not None:
        settings.decode = ctypes.pointer(_DecodeOptions(**decode))
    with contextlib.closing(_Evaluation()) as evaluation:
        evaluation._own(_library.lat_evaluate, _opened(model, Model, "model"), byref(settings))
        del lent
        rows: List[Dict[str, Any]] = []
        while row := _library.lat_evaluation_row(evaluation._open(), len(rows)):
            values = {name: getattr(row.contents, name) for name, _ in _Accuracy._fields_[1:]}
            rows.append({name: list(value) if isinstance(value, ctypes.Array) else
                         value.decode() if isinstance(value, bytes) else value
                         for name, value in values.items()})
        if settings.diagnose:
            found = _Diagnosis()
            _library.lat_evaluation_diagnosis(byref(found), evaluation._open())
            rows[0]["diagnosis"] = {
                name: list(value) if isinstance(value, ctypes.Array) else value
                for name, _ in _Diagnosis._fields_[1:] if name != "reserved"
                for value in [getattr(found, name)]}
        return rows
