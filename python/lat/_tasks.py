"""Problems of linear algebra: their operands, answers and scores."""

import contextlib
import ctypes
import itertools
from ctypes import byref, c_double, c_void_p

from ._custom import _task_functions
from ._functions import _library
from ._library import _items, _real, _text
from ._matrices import _answer, _doubles, _input, _matrices, _operands, _output, _zeros
from ._objects import _context, _Handle, _opened
from ._structures import _Matrix, _Score, _ScoreOptions, _TaskOptions, _told
from ._tokenizers import _letter_told


class Task(_Handle):
    """A problem: Task("eigenvalues", rows=5), ..."""
    _free = _library.lat_task_free

    def __init__(self, name, context=None, **options):
        self._own(_library.lat_task_create, _context(context),
                  byref(_TaskOptions(name=_text(name, "name"), **options)))

    @classmethod
    def mixture(cls, tasks, weights=None, context=None):
        """Several tasks for one model."""
        owned = [_opened(item, Task, "a task") for item in _items(tasks, "tasks is a list of tasks")]
        shares = None if weights is None else [
            _real(weight, "a weight") for weight in _items(weights, "weights is a list of numbers")]
        if shares is not None and len(shares) != len(owned):
            raise ValueError(f"{len(shares)} weights for {len(owned)} tasks")
        return cls._made(_library.lat_task_create_mixture, _context(context),
                         (c_void_p * len(owned))(*(item._as_parameter_.value for item in owned)),
                         None if shares is None else (c_double * len(owned))(*shares), len(owned),
                         keeps=owned)

    @classmethod
    def custom(cls, name, letter, input_shape, output_shape, draw, answer, residual=None, canonicalize=None,
               restore=None, transform_size=0, degree=0, scalable=False, operand_count=1, result_count=1,
               operand_max=None, result_max=None, context=None):
        """A task of one's own, by functions.

        input_shape(random): (rows, cols) of a new example, a list of them for several operands.
        output_shape(*shapes): likewise of the answer to operands of these shapes.
        draw(random, *shapes): the operands, a matrix or a tuple of them. answer(*operands): the results.
        These may return None: for an example that is discarded, or shapes that the task does not take.
        residual(a, target, prediction): a float; each is a matrix, or a tuple of them where there are
        several, the target None where there is none. canonicalize(*operands): (operands, transform), of
        which transform is bytes, at most transform_size; restore(transform, *results): the results
        for the operands as they were. operand_max, result_max: largest shapes.

        Functions get copies, and are called on the thread that calls the library. What they raise comes
        out of that call.
        """
        functions = dict(input_shape=input_shape, output_shape=output_shape, draw=draw, answer=answer,
                         residual=residual, canonicalize=canonicalize, restore=restore)
        table = _task_functions(name, letter, functions, operand_count, result_count, operand_max, result_max,
                                transform_size, degree, scalable)
        return cls._made(_library.lat_task_create_custom, _context(context), byref(table), None, keeps=(table,))

    @property
    def options(self):
        """A dict of lat_task_options as they took effect; mixtures and custom tasks have none."""
        return _told(_TaskOptions, _library.lat_task_get_options, self._open())

    @property
    def name(self):
        """The task's name; "mixture" for a mixture."""
        return _library.lat_task_name(self._open()).decode()

    @property
    def letter(self):
        """The task's letter; None for a mixture."""
        return _letter_told(_library.lat_task_letter(self._open()))

    @property
    def components(self):
        """The tasks of a mixture with their weights, [(task, weight), ...]; of others the task itself."""
        task = self._open()
        addresses = (_library.lat_task_component(task, i) for i in itertools.count())
        return [(Task._of(address, task), _library.lat_task_weight(task, i))
                for i, address in enumerate(itertools.takewhile(bool, addresses))]

    @property
    def operand_count(self):
        """Number of matrices in a problem; 0 for a mixture."""
        return _library.lat_task_operand_count(self._open())

    @property
    def result_count(self):
        """Number of matrices in an answer; 0 for a mixture."""
        return _library.lat_task_result_count(self._open())

    @property
    def max_shapes(self):
        """Largest operands and results, two lists of (rows, cols); not of mixtures."""
        task = self._open()
        operands = (_Matrix * max(1, self.operand_count))()
        results = (_Matrix * max(1, self.result_count))()
        _library.lat_task_max_operands(operands, len(operands), results, len(results), task)
        return [(x.rows, x.cols) for x in operands], [(x.rows, x.cols) for x in results]

    def answer(self, a):
        """The answer to a matrix, or to a tuple of operands where the task has several, by LAPACK. A
        task of several results answers with a tuple of them."""
        task = self._open()
        with contextlib.ExitStack() as stack:
            sources = [_input(stack, operand) for operand in _operands(a, self.operand_count)]
            outs = [_zeros(*shape) for shape in _result_shapes(task, sources)]
            _library.lat_task_answer_operands(_matrices([_output(stack, out) for out in outs]), len(outs),
                                              task, _matrices(sources), len(sources))
        return _answer(outs)

    def score(self, a, prediction, target=None, **options):
        """A dict of lat_score: residual, within_1pct, orthogonality, condition, ordered, exact. Options are
        those of lat_score_options."""
        task, score, settings = self._open(), _Score(), _ScoreOptions(**options)
        with contextlib.ExitStack() as stack:
            def read(given, count):
                return [_input(stack, x) for x in _operands(given, count)]
            operands = read(a, self.operand_count)
            predictions = read(prediction, self.result_count)
            targets = predictions if target is None else read(target, self.result_count)
            if len(targets) != len(predictions):
                raise ValueError(f"{len(targets)} targets for {len(predictions)} predictions")
            _library.lat_task_score_operands(
                byref(score), task, _matrices(operands), len(operands),
                None if target is None else _matrices(targets), _matrices(predictions), len(predictions),
                byref(settings))
        return {name: getattr(score, name) for name, _ in _Score._fields_[1:]}

    def canonicalize(self, a):
        """The canonical form of a matrix or a tuple of operands, and what restore() needs to know."""
        task = self._open()
        transform = ctypes.create_string_buffer(max(1, _library.lat_task_transform_size(task)))
        with contextlib.ExitStack() as stack:
            operands = [_doubles(operand) for operand in _operands(a, self.operand_count)]
            sources = [_input(stack, operand) for operand in operands]
            if len(sources) != self.operand_count:
                raise ValueError(f"{len(sources)} operands for a task of {self.operand_count}")
            moved = _matrices(sources)
            _library.lat_task_canonicalize(moved, len(sources), transform, task, _matrices(sources))
            told = _Transform(task, transform, _result_shapes(task, moved), _result_shapes(task, sources))
        return _answer([x.cast("B").cast("d", (view.rows, view.cols)) for x, view in zip(operands, moved)]), told

    def restore(self, transform, x):
        """The answer to operands, from that to their canonical form; transform: of canonicalize()."""
        task = self._open()
        if not isinstance(transform, _Transform) or transform.task is not task:
            raise TypeError("transform is what canonicalize() of this task gives with the canonical form")
        given = [_doubles(result) for result in _operands(x, self.result_count)]
        if [result.shape for result in given] != transform.canonical_shapes:
            raise ValueError(f"the canonical answer has shapes {transform.canonical_shapes}")
        results = [_zeros(*shape) for shape in transform.shapes]
        with contextlib.ExitStack() as stack:
            _library.lat_task_restore(_matrices([_output(stack, result) for result in results]), len(results), task,
                                      transform.data, _matrices([_input(stack, result) for result in given]))
        return _answer(results)


class _Transform:
    """How operands were moved; shapes are those of the answers."""

    def __init__(self, task, data, canonical_shapes, shapes):
        self.task, self.data, self.canonical_shapes, self.shapes = task, data, canonical_shapes, shapes


def _result_shapes(task, operands):
    shapes = (_Matrix * max(1, _library.lat_task_result_count(task)))()
    _library.lat_task_result_shapes(shapes, len(shapes), task, _matrices(operands), len(operands))
    return [(shape.rows, shape.cols) for shape in shapes]
