"""Examples as tokens: batches, and the samplers that draw them."""

import contextlib
from ctypes import byref, c_int64, c_uint64

from ._constants import INPUT
from ._functions import _library
from ._library import _integer
from ._matrices import _copy_of, _input, _matrices, _operands
from ._objects import _alone, _Handle, _opened
from ._structures import _Matrix, _SamplerOptions, _Sequences
from ._tasks import Task
from ._tokenizers import Tokenizer, _letter, _side, _tokenizer_or_default


class Batch(_Handle):
    """Examples as tokens, of a tokenizer's encodings. Sides are INPUT and OUTPUT."""
    _free = _library.lat_batch_free

    def __init__(self, tokenizer):
        self._own(_library.lat_batch_create, _opened(tokenizer, Tokenizer, "tokenizer"))

    @contextlib.contextmanager
    def _changing(self):
        batch = self._open()
        with _alone(batch):
            if batch.lent > 0:
                raise ValueError("the Batch is a source of examples, which must not change")
            yield batch

    def __len__(self):
        return _library.lat_batch_size(self._open())

    def clear(self):
        """Empties the batch."""
        with self._changing() as batch:
            _library.lat_batch_clear(batch)

    def append(self, a, x=None, task=None, letter=None):
        """Adds an example: a matrix and its answer, None for one that is to be decoded. With a task they
        are its operands and results, tuples where there are several. letter: put in front of both,
        for a mixture's model."""
        problem = None if task is None else _opened(task, Task, "task")
        taken, given = (1, 1) if task is None else (task.operand_count, task.result_count)
        with contextlib.ExitStack() as stack:
            sources = [_input(stack, operand) for operand in _operands(a, taken)]
            targets = None if x is None else [_input(stack, result) for result in _operands(x, given)]
            batch = stack.enter_context(self._changing())
            results = None if targets is None else _matrices(targets)
            if task is None:
                _library.lat_batch_append(batch, _letter(letter), _matrices(sources), results)
            else:
                _library.lat_batch_append_operands(
                    batch, _letter(letter), problem, _matrices(sources), len(sources), results,
                    given if targets is None else len(targets))

    def sequences(self, side=INPUT):
        """The tokens of each example's side, a list of lists."""
        batch, seen = self._open(), _Sequences()
        with _alone(batch):
            _library.lat_batch_sequences(byref(seen), batch, _side(side))
            return seen.told()

    def matrix(self, index, side=INPUT):
        """A copy of the matrix that an example's side was written from, before rounding."""
        batch, seen = self._open(), _Matrix()
        with _alone(batch):
            _library.lat_batch_matrix(byref(seen), batch, _side(side), _integer(index, c_int64, "index"))
            return _copy_of(seen)

    def operands(self, index, side=INPUT):
        """Copies of an example's operands, or results; [] where there are none."""
        batch, place, found = self._open(), _integer(index, c_int64, "index"), []
        with _alone(batch):
            for i in range(_library.lat_batch_operand_count(batch, _side(side), place)):
                seen = _Matrix()
                _library.lat_batch_operand(byref(seen), batch, _side(side), place, i)
                found.append(_copy_of(seen))
        return found

    def component(self, index):
        """Which task of a mixture an example came from; 0 otherwise."""
        return _library.lat_batch_component(self._open(), _integer(index, c_int64, "index"))


class _Lent:
    """While it lives the batch of a source stays as it is."""

    def __init__(self, batch):
        self.batch = batch
        with batch.lock:
            batch.lent += 1

    def __del__(self):
        with self.batch.lock:
            self.batch.lent -= 1


def _lend(settings, **sources):
    """Sets a structure's sources of examples, batches or None; returns what must live as long."""
    kept = []
    for name, batch in sources.items():
        if batch is not None:
            kept.append(_Lent(_opened(batch, Batch, name)))
            setattr(settings, name, kept[-1].batch._as_parameter_)
    return kept


class Sampler(_Handle):
    """Draws the examples of a task: Sampler(task, tokenizer, seed=1, stream=2, ...). source: a Batch of
    examples to be taken instead."""
    _free = _library.lat_sampler_free

    def __init__(self, task, tokenizer=None, source=None, context=None, **options):
        problem = _opened(task, Task, "task")
        self._tokenizer = _tokenizer_or_default(tokenizer, context)
        settings = _SamplerOptions(**options)
        self._own(_library.lat_sampler_create, problem, self._tokenizer._open(), byref(settings),
                  keeps=(settings, _lend(settings, source=source)))

    def next(self, count, batch=None):
        """The next examples, in a new Batch, or in place of those of one that is given."""
        number, sampler = _integer(count, c_int64, "count"), self._open()
        filled = Batch(self._tokenizer) if batch is None else batch
        owned = _opened(filled, Batch, "batch")
        with _alone(sampler, owned), filled._changing():
            _library.lat_sampler_next(owned, sampler, number)
        return filled

    @property
    def position(self):
        """Number of the next example."""
        return _library.lat_sampler_position(self._open())

    def seek(self, index):
        """Moves to an example."""
        sampler = self._open()
        with _alone(sampler):
            _library.lat_sampler_seek(sampler, _integer(index, c_uint64, "index"))
