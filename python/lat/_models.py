"""Models: parameters, losses, files."""

import ctypes
import json
import os
from array import array
from ctypes import byref, c_float, c_size_t, c_void_p
from typing import List

from ._examples import Batch
from ._functions import _library
from ._library import Error, _items, _path, _text
from ._matrices import _address, _floats, _live, matrix
from ._objects import _alone, _context, _Handle, _opened
from ._structures import LossSum, _ModelOptions, _Tensor, _told
from ._tasks import Task
from ._tokenizers import Tokenizer, _tokenizer_or_default


def _folder_list(folders):
    if folders is None:
        return None
    paths = [_path(folder, "a folder") for folder in _items(folders, "folders is a list of paths")]
    if any(b":" in path for path in paths):
        raise ValueError("the name of a folder of models holds a colon")
    return b":".join(paths)


def model_folder():
    """The folder of installed models."""
    return os.fsdecode(_library.lat_model_folder())


def model_names(folders=None):
    """Names for Model.load_named(), in alphabetical order."""
    names: List[str] = []
    text = ctypes.create_string_buffer(256)
    while True:
        try:
            _library.lat_model_name(text, len(text), _folder_list(folders), len(names))
        except Error as error:
            if error.name != "NOT_FOUND":
                raise
            return names
        names.append(os.fsdecode(text.value))


def _custom(task):
    return None if task is None else _opened(task, Task, "custom")


def _sum(total):
    if total is None:
        return LossSum()
    if not isinstance(total, LossSum):
        raise TypeError(f"a sum is a lat.LossSum, not {type(total).__name__}")
    return total


class Model(_Handle):
    """A transformer with initial parameters: Model(task, encoder_width=128, ...)."""
    _free = _library.lat_model_free

    def __init__(self, task, tokenizer=None, context=None, **options):
        problem = _opened(task, Task, "task")
        tokens = _tokenizer_or_default(tokenizer, context)._open()
        self._own(_library.lat_model_create, problem, tokens, byref(_ModelOptions(**options)))

    @classmethod
    def load(cls, path, context=None, custom=None):
        """The model of a file, frozen. custom: the task of a model of a custom task."""
        return cls._made(_library.lat_model_load, _context(context), _path(path, "path"), _custom(custom))

    @classmethod
    def inspect(cls, path, context=None):
        """The model of a file, to be looked at or saved again; what draws, answers or solves a custom task
        of it raises Error."""
        return cls._made(_library.lat_model_inspect, _context(context), _path(path, "path"))

    @classmethod
    def load_named(cls, name, folders=None, context=None, custom=None):
        """The model NAME.safetensors of the first of some folders that has it, frozen. A list of paths;
        None: the folder of installed models."""
        return cls._made(_library.lat_model_load_named, _context(context), _folder_list(folders),
                         _path(name, "name"), _custom(custom))

    @classmethod
    def create_from(cls, model, task):
        """A trainable model of another task, such as a larger size, that starts from the parameters
        of `model` and has its tokenizer and architecture."""
        return cls._made(_library.lat_model_create_from, _opened(model, Model, "model"),
                         _opened(task, Task, "task"), None)

    def copy_parameters(self, model, prefix=""):
        """Copies the parameters of the tensors whose names begin with `prefix`, such as "encoder.", from
        another model."""
        _library.lat_model_copy_parameters(self._open(), _opened(model, Model, "model"), _text(prefix, "prefix"))

    def clone(self):
        """A trainable copy."""
        return self._made(_library.lat_model_clone, self._open())

    def save(self, path, storage="f32"):
        """Writes the model as safetensors, atomically; storage "bf16" or "f16" halves its size."""
        _library.lat_model_save_as(self._open(), _path(path, "path"), _text(storage, "storage"))

    @classmethod
    def from_bytes(cls, data, context=None, custom=None):
        """The model of a file's bytes, frozen; any buffer."""
        content = memoryview(data).tobytes()
        return cls._made(_library.lat_model_load_memory, _context(context), content, len(content), _custom(custom))

    def to_bytes(self, storage="f32"):
        """The bytes that save() writes."""
        size, kind, model = c_size_t(), _text(storage, "storage"), self._open()
        _library.lat_model_save_memory(byref(size), model, None, 0, kind)
        data = ctypes.create_string_buffer(size.value)
        _library.lat_model_save_memory(byref(size), model, data, size.value, kind)
        return data.raw

    def freeze(self):
        """Makes the model immutable, for use by several threads."""
        _library.lat_model_freeze(self._open())

    @property
    def config(self):
        """The model's metadata."""
        return json.loads(_library.lat_model_config(self._open()))

    @property
    def options(self):
        """A dict of lat_model_options as they took effect."""
        return _told(_ModelOptions, _library.lat_model_get_options, self._open())

    @property
    def task(self):
        """The model's task."""
        model = self._open()
        return Task._of(_library.lat_model_task(model), model)

    @property
    def tokenizer(self):
        """The model's tokenizer."""
        model = self._open()
        return Tokenizer._of(_library.lat_model_tokenizer(model), model)

    @property
    def parameters(self):
        """All parameters, a read-only memoryview of floats that follows what training does to them."""
        model = self._open()
        return _live(_library.lat_model_parameters(model), c_float, (self.parameter_count,), model, False)

    def set_parameters(self, values):
        """Replaces all parameters of a trainable model; values: any numbers, as many as there are."""
        model, data = self._open(), _floats(values)
        if len(data) != self.parameter_count:
            raise ValueError(f"{len(data)} values for {self.parameter_count} parameters")
        with _alone(model):
            mapped, size = c_void_p(), 4 * len(data)
            _library.lat_model_map(byref(mapped), model)
            before = ctypes.string_at(mapped, size)
            try:
                ctypes.memmove(mapped, _address(data), size)
                _library.lat_model_commit(model)
            except BaseException:
                ctypes.memmove(mapped, before, size)
                _library.lat_model_commit(model)
                raise

    def loss(self, batch, total=None):
        """Adds a batch's loss, without dropout, to a LossSum, a new one where none is given."""
        model, examples = self._open(), _opened(batch, Batch, "batch")
        total = _sum(total)
        with _alone(examples):
            _library.lat_model_loss(byref(total), model, examples)
        return total

    def logits(self, batch):
        """Logits under teacher forcing, a matrix of floats: a row for each token of the targets and each
        closing EOS, sequence after sequence."""
        model, examples = self._open(), _opened(batch, Batch, "batch")
        with _alone(examples):
            rows = sum(len(tokens) + 1 for tokens in batch.sequences(1))
            symbols = self.tokenizer.vocabulary_size(1)
            values = array("f", bytes(4 * rows * symbols))
            _library.lat_model_logits(_address(values), len(values), model, examples)
        return matrix(values, rows, symbols)

    @property
    def parameter_count(self):
        """Number of parameters."""
        return _library.lat_model_parameter_count(self._open())

    def tensors(self):
        """Copies of the parameters by name: two-dimensional memoryviews of floats."""
        model = self._open()
        start = _library.lat_model_parameters(model)
        found = {}
        for i in range(_library.lat_model_tensor_count(model)):
            tensor = _Tensor()
            _library.lat_model_tensor(byref(tensor), model, i)
            values = array("f", ctypes.string_at(start + 4 * tensor.offset, 4 * tensor.size))
            found[tensor.name.decode()] = matrix(values, *tensor.shape)
        return found
