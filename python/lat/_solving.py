"""Answers by a model: tokens decoded by sessions, matrices by solvers."""

import contextlib
import itertools
import threading
from ctypes import POINTER, byref, c_double, cast

from ._examples import Batch
from ._functions import _library
from ._library import _callback, _function, _items, _text
from ._matrices import _answer, _input, _matrices, _operands, _output, _zeros
from ._models import Model
from ._objects import _alone, _Handle, _opened
from ._structures import _CANCEL, Report, _DecodeOptions, _Sequences
from ._tasks import _result_shapes


def _decode_options(cancel, options):
    _function(cancel, "cancel")
    settings = _DecodeOptions(**options)
    if cancel is not None:
        settings.cancel = _callback(_CANCEL, lambda user: cancel())
    return settings


class Session(_Handle):
    """Decodes batches by a model: Session(model, method=BEAM, beam_width=4, ...). cancel: as a Solver's."""
    _free = _library.lat_session_free

    def __init__(self, model, cancel=None, **options):
        source, settings = _opened(model, Model, "model"), _decode_options(cancel, options)
        self._own(_library.lat_session_create, source, byref(settings), keeps=(settings,))

    def decode(self, batch):
        """The answer to each example of a batch, a list of tokens each, and their log-probabilities."""
        session, examples, seen = self._open(), _opened(batch, Batch, "batch"), _Sequences()
        with _alone(session, examples):
            _library.lat_session_decode(byref(seen), session, examples)
            values = cast(_library.lat_session_log_probabilities(session), POINTER(c_double))
            return seen.told(), values[:seen.count]


class Solver(_Handle):
    """Answers matrices by a model: Solver(model, tolerance=0.05, ...). cancel: called between the tokens
    of an answer; a true value stops the call with Error CANCELLED."""
    _free = _library.lat_solver_free

    def __init__(self, model, cancel=None, **options):
        source, settings = _opened(model, Model, "model"), _decode_options(cancel, options)
        self._own(_library.lat_solver_create, source, byref(settings), keeps=(settings,))
        # Borrowed: the solver keeps its model, and that keeps them.
        self._tasks = _library.lat_model_task(source)
        self._task = _library.lat_task_component(self._tasks, 0)
        self._one_thread = threading.RLock()  # a solver serves one thread at a time

    def select(self, name):
        """Chooses the task of a mixture."""
        name, solver = _text(name, "name"), self._open()
        with self._one_thread:
            _library.lat_solver_select(solver, name)
            components = (_library.lat_task_component(self._tasks, i) for i in itertools.count())
            self._task = next(task for task in components if _library.lat_task_name(task) == name)

    def solve(self, a, out=None):
        """The answer and a Report; a wrong answer is no error. `a` is a matrix, or a tuple of
        operands; a task of several results answers with a tuple of them. The answer goes into `out`,
        a buffer or a tuple of them, where it is given."""
        (x,), (report,) = self.solve_many([a], None if out is None else [out])
        return x, report

    def solve_many(self, matrices, outs=None):
        """Lists of answers and Reports, faster than one by one. outs: a buffer (a tuple of them for
        several results), or None, for each."""
        solver = self._open()
        with contextlib.ExitStack() as stack:
            taken = _library.lat_task_operand_count(self._task)
            given = _library.lat_task_result_count(self._task)
            problems = [[_input(stack, operand) for operand in _operands(a, taken)]
                        for a in _items(matrices, "matrices is a list of matrices")]
            count = len(problems)
            outs = [None] * count if outs is None else _items(outs, "outs is a list of buffers")
            if len(outs) != count:
                raise ValueError(f"{count} matrices for {len(outs)} answers")
            stack.enter_context(self._one_thread)
            if any(len(problem) != max(1, taken) for problem in problems):
                raise ValueError(f"a problem has {taken} operands")
            answers = [[_zeros(*shape) for shape in _result_shapes(self._task, problem)]
                       if x is None else _operands(x, given) for x, problem in zip(outs, problems)]
            if any(len(answer) != max(1, given) for answer in answers):
                raise ValueError(f"an answer has {given} matrices")
            targets = [_output(stack, x) for answer in answers for x in answer]
            reports = (Report * count)(*(Report() for _ in problems))
            _library.lat_solver_solve_operands(
                _matrices(targets), max(1, given), reports, solver,
                _matrices([operand for problem in problems for operand in problem]),
                len(problems[0]) if count > 0 else 1, count)
        return [_answer(answer) for answer in answers], list(reports)
