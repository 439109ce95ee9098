"""lat for Python: the C library through ctypes. Nothing to compile; numpy is welcome, not needed.

    import lat

    solver = lat.Solver(lat.Model.load("model.safetensors"))
    x, report = solver.solve([[1, 2, 3], [2, 4, 5], [3, 5, 6]])
    print(x[0, 1], report.residual, report.verdict == lat.WITHIN)

A matrix is any two-dimensional buffer of doubles whose rows or columns are contiguous, which the
library reads and writes in place: a numpy array in either order, a memoryview, lat.matrix() of an
array.array. A list of rows is copied. Answers are memoryviews: x[i, j], x.tolist(), or
numpy.asarray(x) without a copy.

Options are keyword arguments with the names that the C headers document. A failed call raises
lat.Error. While the library computes, other Python threads run; what may be shared between threads
is as in C.

The library is looked for in $LAT_LIBRARY (a file), in the lib folders beside this file's folder and
above it, and where the system looks.
"""

import contextlib
import ctypes
import functools
import itertools
import json
import os
import pathlib
import sys
from array import array
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t
from ctypes import c_ssize_t, c_uint32, c_uint64, c_void_p

SONAME = "liblat.so.0"

PRECISION_AUTO, PRECISION_F32, PRECISION_BF16 = range(3)
NORM_POST, NORM_PRE = range(2)
RELU, GELU = range(2)
POSITIONS_LEARNED, POSITIONS_SINUSOIDAL = range(2)
INIT_RANDOM, INIT_FOURIER = range(2)
GREEDY, BEAM, SAMPLE = range(3)
WITHIN, OUTSIDE, UNDECODABLE, UNKNOWN = range(4)
_ROW_MAJOR, _COLUMN_MAJOR = range(2)


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

    def __init__(self, status):
        super().__init__(_library.lat_last_error().decode())
        self.status = status
        self.name = _library.lat_status_name(status).decode()


def _check(status, function, arguments):
    if status != 0:
        raise Error(status)


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


# Structures

_PROGRESS = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)
_EVALUATED = ctypes.CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p)


class _Structure(ctypes.Structure):
    """A structure of the C interface, with its defaults and then the values given."""

    def __init__(self, **values):
        initialise = getattr(_library, f"lat_{self.c_name}_init_sized")
        initialise.restype, initialise.argtypes = None, [c_void_p, c_size_t]
        initialise(byref(self), ctypes.sizeof(self))
        for name, value in values.items():
            if name not in dict(self._fields_):
                raise TypeError(f"{self.c_name} has no {name}")
            setattr(self, name, value.encode() if isinstance(value, str) else value)

    def __repr__(self):
        values = (f"{name}={getattr(self, name)!r}" for name, _ in self._fields_[1:])
        return f"{type(self).__name__}({', '.join(values)})"


def _fields(*types_and_names):
    """ctypes' list of fields from a type, the names of fields of it, a type, ..."""
    fields = [("struct_size", c_size_t)]
    for kind, names in zip(types_and_names[::2], types_and_names[1::2]):
        fields += [(name, kind) for name in names.split()]
    return fields


class _ContextOptions(_Structure):
    c_name = "context_options"
    _fields_ = _fields(
        c_int32, "threads precision",
        c_void_p, "allocate release allocate_user log log_user",
        c_int32, "log_level reserved")


class _TokenizerOptions(_Structure):
    c_name = "tokenizer_options"
    _fields_ = _fields(c_char_p, "input_encoding output_encoding", c_int32, "input_digits output_digits input_triangle reserved")


class _TaskOptions(_Structure):
    c_name = "task_options"
    _fields_ = _fields(
        c_char_p, "name",
        c_int32, "rows cols min_size max_size rectangular",
        c_char_p, "coefficients",
        c_double, "range",
        c_char_p, "distribution",
        c_double, "noise",
        c_int32, "canonical symmetric_noise")


class _ModelOptions(_Structure):
    c_name = "model_options"
    _fields_ = _fields(
        c_int32, "encoder_layers encoder_width encoder_heads encoder_loops",
        c_int32, "decoder_layers decoder_width decoder_heads decoder_loops",
        c_int32, "ffn_factor norm activation positions tied matrix_positions factored",
        c_int32, "cross_query_from_input max_positions init",
        c_double, "dropout",
        c_uint64, "seed")


class _OptimizerOptions(_Structure):
    c_name = "optimizer_options"
    _fields_ = _fields(
        c_char_p, "rule schedule",
        c_double, "learning_rate beta1 beta2 epsilon weight_decay",
        c_double, "muon_learning_rate muon_momentum clip_norm",
        c_int64, "warmup period",
        c_double, "period_multiplier shrink floor ema_decay")


class _TrainerOptions(_Structure):
    c_name = "trainer_options"
    _fields_ = _fields(
        c_char_p, "directory",
        c_uint64, "seed",
        c_int32, "batch_size accumulation",
        c_int64, "repeat_count",
        c_double, "repeat_share",
        c_double, "sign_bias",
        c_int64, "max_examples",
        c_double, "max_seconds until_exact until_accuracy",
        c_int64, "validate_every validate_count checkpoint_every report_every",
        _PROGRESS, "progress",
        c_void_p, "user",
        c_char_p, "size_weights task_weights distribution_weights")


class Progress(_Structure):
    """Where a training run stands."""
    c_name = "progress"
    _fields_ = _fields(
        c_int64, "examples updates tokens",
        c_double, "loss learning_rate gradient_norm seconds examples_per_second accuracy exact",
        c_int32, "validated checkpointed")


class _DecodeOptions(_Structure):
    c_name = "decode_options"
    _fields_ = _fields(
        c_int32, "method grammar beam_width max_tokens",
        c_double, "length_penalty temperature",
        c_uint64, "seed",
        c_double, "tolerance",
        c_int32, "scaling compare")


class Report(_Structure):
    """What a solver says of an answer; `verdict` is WITHIN, OUTSIDE, UNDECODABLE or UNKNOWN."""
    c_name = "report"
    _fields_ = _fields(
        c_double, "residual tolerance orthogonality log_probability scale", c_int32, "verdict tokens")


class _EvaluateOptions(_Structure):
    c_name = "evaluate_options"
    _fields_ = _fields(
        c_int64, "count",
        c_uint64, "seed",
        c_uint32, "stream",
        c_int32, "reserved",
        c_uint64, "first",
        c_int32, "batch_size norm classic_inverse accept_trailing ceiling",
        c_void_p, "task",
        POINTER(_DecodeOptions), "decode",
        _EVALUATED, "progress",
        c_void_p, "user")


class _Accuracy(ctypes.Structure):
    c_name = "accuracy"
    _fields_ = [("label", c_char * 32), ("count", c_int64), ("accuracy", c_double * 4),
                ("ceiling", c_double * 4), ("exact", c_double), ("well_formed", c_double),
                ("within_1pct", c_double)]


class _Matrix(ctypes.Structure):
    c_name = "matrix"
    _fields_ = [("data", c_void_p), ("rows", c_int32), ("cols", c_int32), ("ld", c_int32),
                ("order", c_int32)]


class _Tensor(ctypes.Structure):
    c_name = "tensor"
    _fields_ = [("name", c_char_p), ("offset", c_size_t), ("size", c_size_t), ("rank", c_int32),
                ("shape", c_int32 * 2), ("reserved", c_int32)]


# Functions

_P = c_void_p
_declare(None,  # the status, checked
         "lat_context_create", _P, _P,
         "lat_tokenizer_create", _P, _P, _P,
         "lat_task_create", _P, _P, _P,
         "lat_task_create_mixture", _P, _P, _P, _P, c_int32,
         "lat_task_output_shape", _P, _P, _P, c_int32, c_int32,
         "lat_task_answer", _P, _P, _P,
         "lat_model_create", _P, _P, _P, _P,
         "lat_model_load", _P, _P, c_char_p, _P,
         "lat_model_load_named", _P, _P, c_char_p, c_char_p, _P,
         "lat_model_name", _P, c_size_t, c_char_p, c_int32,
         "lat_model_create_from", _P, _P, _P, _P,
         "lat_model_save_as", _P, c_char_p, c_char_p,
         "lat_model_clone", _P, _P,
         "lat_model_freeze", _P,
         "lat_model_tensor", _P, _P, c_int32,
         "lat_trainer_create", _P, _P, _P, _P,
         "lat_trainer_resume", _P, _P, _P, _P,
         "lat_trainer_run", _P,
         "lat_solver_create", _P, _P, _P,
         "lat_solver_select", _P, c_char_p,
         "lat_solver_solve_many", _P, _P, _P, _P, c_int64,
         "lat_evaluate", _P, _P, _P)
_declare(c_int32,  # what the free functions leave behind is never looked at
         "lat_version_number",
         "lat_context_free", _P, "lat_tokenizer_free", _P, "lat_task_free", _P,
         "lat_model_free", _P, "lat_trainer_free", _P, "lat_solver_free", _P,
         "lat_evaluation_free", _P,
         "lat_trainer_progress", _P, _P,
         "lat_context_threads", _P, "lat_context_precision", _P,
         "lat_tokenizer_vocabulary_size", _P, c_int32,
         "lat_task_builtin_count", "lat_task_component_count", _P, "lat_model_tensor_count", _P)
_declare(c_char_p,
         "lat_last_error", "lat_status_name", c_int32, "lat_version_string", "lat_build_info",
         "lat_context_kernels", _P, "lat_task_builtin_name", c_int32, "lat_task_name", _P,
         "lat_model_config", _P, "lat_model_folder")
_declare(c_void_p,
         "lat_task_component", _P, c_int32, "lat_model_task", _P, "lat_model_parameters", _P)
_declare(c_size_t, "lat_model_parameter_count", _P)
_declare(POINTER(_Accuracy), "lat_evaluation_row", _P, c_int32)


def version():
    """Version of the library in use."""
    return _library.lat_version_string().decode()


def task_names():
    """Names of the built-in tasks."""
    return [_library.lat_task_builtin_name(i).decode()
            for i in range(_library.lat_task_builtin_count())]


# Matrices

def matrix(values, rows, cols):
    """A rows x cols view of a flat buffer of doubles, row by row; of anything else that yields
    numbers, a copy. Without values: zeros."""
    try:
        flat = memoryview(values)
    except TypeError:
        flat = memoryview(array("d", values))
    return flat.cast("B").cast(flat.format, (rows, cols))


def _zeros(rows, cols):
    return matrix(array("d", bytes(8 * rows * cols)), rows, cols)


def _as_buffer(a):
    try:
        memoryview(a)
        return a
    except TypeError:
        rows = [list(row) for row in a]
    if len({len(row) for row in rows}) != 1:
        raise ValueError("the rows of a matrix differ in length")
    return matrix(itertools.chain.from_iterable(rows), len(rows), len(rows[0]))


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer."""
    _fields_ = [("address", c_void_p), ("owner", ctypes.py_object), ("length", c_ssize_t),
                ("itemsize", c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
                ("format", c_char_p), ("shape", POINTER(c_ssize_t)), ("strides", POINTER(c_ssize_t)),
                ("suboffsets", POINTER(c_ssize_t)), ("internal", c_void_p)]


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, POINTER(_Buffer), ctypes.c_int]
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes, _release_buffer.restype = [POINTER(_Buffer)], None
_STRIDED_WITH_FORMAT, _WRITABLE = 0x1C, 0x01
_DOUBLES = (b"d", b"@d", b"=d", b"<d" if sys.byteorder == "little" else b">d")


def _leading_dimension(inner, outer):
    """ld of contiguous lines of (count, stride) doubles, `outer` of them; None if they are not."""
    (length, step), (lines, distance) = inner, outer
    if length > 1 and step != 8:
        return None
    if lines == 1:
        return length
    return distance // 8 if distance % 8 == 0 and distance >= 8 * length else None


def _describe(buffer):
    if buffer.ndim != 2 or buffer.format not in _DOUBLES:
        raise TypeError(f"a matrix is a two-dimensional buffer of doubles ('d'), not one of "
                        f"{buffer.ndim} dimensions and format {buffer.format.decode()!r}")
    rows, cols = ((buffer.shape[i], buffer.strides[i]) for i in range(2))
    for order, inner, outer in ((_ROW_MAJOR, cols, rows), (_COLUMN_MAJOR, rows, cols)):
        ld = _leading_dimension(inner, outer)
        if ld is not None:
            return _Matrix(buffer.address, rows[0], cols[0], ld, order)
    raise ValueError("neither the rows nor the columns of the matrix are contiguous")


@contextlib.contextmanager
def _borrowed(a, flags=0):
    """The C interface's view of a buffer, which stays in place meanwhile."""
    buffer = _Buffer()
    _get_buffer(memoryview(a), byref(buffer), _STRIDED_WITH_FORMAT | flags)
    try:
        yield _describe(buffer)
    finally:
        _release_buffer(byref(buffer))


# Objects

class _Handle:
    """Owns a handle of the C interface and passes for it in calls."""
    _as_parameter_ = None

    def _own(self, create, *arguments):
        handle = c_void_p()
        create(byref(handle), *arguments)
        self._as_parameter_ = handle

    def close(self):
        """Frees the handle now; otherwise that happens with the object's end."""
        handle, self._as_parameter_ = self._as_parameter_, None
        self._free(handle)

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Context(_Handle):
    """Threads and precision: threads=0 (all), precision=PRECISION_AUTO."""
    _free = _library.lat_context_free

    def __init__(self, **options):
        self._own(_library.lat_context_create, byref(_ContextOptions(**options)))

    @property
    def threads(self):
        return _library.lat_context_threads(self)

    @property
    def kernels(self):
        return _library.lat_context_kernels(self).decode()


@functools.lru_cache(maxsize=1)
def _default_context():
    return Context()


class Tokenizer(_Handle):
    """Encodings of both sides: input_encoding="p1000", output_encoding="p1000", ..."""
    _free = _library.lat_tokenizer_free

    def __init__(self, context=None, **options):
        self._own(_library.lat_tokenizer_create, context or _default_context(),
                  byref(_TokenizerOptions(**options)))


class Task(_Handle):
    """A problem: Task("eigenvalues", rows=5), ..."""
    _free = _library.lat_task_free

    def __init__(self, name, context=None, **options):
        self._own(_library.lat_task_create, context or _default_context(),
                  byref(_TaskOptions(name=name, **options)))

    @classmethod
    def mixture(cls, tasks, weights=None, context=None):
        """Several tasks for one model."""
        task = cls.__new__(cls)
        handles = (c_void_p * len(tasks))(*(item._as_parameter_.value for item in tasks))
        shares = None if weights is None else (c_double * len(tasks))(*weights)
        task._own(_library.lat_task_create_mixture, context or _default_context(), handles, shares,
                  len(tasks))
        return task

    def answer(self, a):
        """The answer to one matrix, by LAPACK."""
        a = _as_buffer(a)
        with _borrowed(a) as source:
            out = _zeros(*_output_shape(self, source))
            with _borrowed(out, _WRITABLE) as target:
                _library.lat_task_answer(byref(target), self, byref(source))
        return out


def _output_shape(task, a):
    rows, cols = c_int32(), c_int32()
    _library.lat_task_output_shape(byref(rows), byref(cols), task, a.rows, a.cols)
    return rows.value, cols.value


def _folder_list(folders):
    return None if folders is None else b":".join(os.fsencode(folder) for folder in folders)


def model_folder():
    """The folder of installed models."""
    return os.fsdecode(_library.lat_model_folder())


def model_names(folders=None):
    """Names for Model.load_named(), in alphabetical order."""
    names, text = [], ctypes.create_string_buffer(256)
    while True:
        try:
            _library.lat_model_name(text, len(text), _folder_list(folders), len(names))
        except Error as error:
            if error.name != "NOT_FOUND":
                raise
            return names
        names.append(os.fsdecode(text.value))


class Model(_Handle):
    """A transformer with initial parameters: Model(task, encoder_width=128, ...)."""
    _free = _library.lat_model_free

    def __init__(self, task, tokenizer=None, context=None, **options):
        tokenizer = tokenizer or Tokenizer(context)
        self._own(_library.lat_model_create, task, tokenizer, byref(_ModelOptions(**options)))

    @classmethod
    def _made(cls, create, *arguments):
        model = cls.__new__(cls)
        model._own(create, *arguments)
        return model

    @classmethod
    def load(cls, path, context=None):
        """The model of a file, frozen."""
        return cls._made(_library.lat_model_load, context or _default_context(), os.fsencode(path),
                         None)

    @classmethod
    def load_named(cls, name, folders=None, context=None):
        """The model NAME.safetensors of the first of some folders that has it, frozen. A list of paths;
        None: the folder of installed models."""
        return cls._made(_library.lat_model_load_named, context or _default_context(),
                         _folder_list(folders), os.fsencode(name), None)

    @classmethod
    def create_from(cls, model, task):
        """A trainable model of another task, such as a larger size, that starts from the parameters
        of @p model and has its tokenizer and architecture."""
        return cls._made(_library.lat_model_create_from, model, task, None)

    def clone(self):
        """A trainable copy."""
        return self._made(_library.lat_model_clone, self)

    def save(self, path, storage="f32"):
        """Writes the model as safetensors, atomically; storage "bf16" halves its size."""
        _library.lat_model_save_as(self, os.fsencode(path), storage.encode())

    def freeze(self):
        """Makes the model immutable, for use by several threads."""
        _library.lat_model_freeze(self)

    @property
    def config(self):
        """The model's metadata."""
        return json.loads(_library.lat_model_config(self))

    @property
    def parameter_count(self):
        return _library.lat_model_parameter_count(self)

    def tensors(self):
        """Copies of the parameters by name: two-dimensional memoryviews of floats."""
        start = _library.lat_model_parameters(self)
        found = {}
        for i in range(_library.lat_model_tensor_count(self)):
            tensor = _Tensor()
            _library.lat_model_tensor(byref(tensor), self, i)
            values = array("f", ctypes.string_at(start + 4 * tensor.offset, 4 * tensor.size))
            found[tensor.name.decode()] = matrix(values, *tensor.shape)
        return found


class _Caught:
    """A callback for C around one of Python's: it stops on a true value and on an exception, which
    leave() raises again once the call into C has returned."""

    def __init__(self, function, kind):
        self.function, self.exception = function, None
        self.callback = kind(self)

    def __call__(self, *arguments):
        try:
            return 1 if self.function is not None and self.function(*arguments) else 0
        except BaseException as exception:  # KeyboardInterrupt too
            self.exception = exception
            return 1

    def leave(self):
        exception, self.exception = self.exception, None
        if exception is not None:
            raise exception


def train(model, optimizer=None, progress=None, resume=False, **options):
    """Trains until a limit or goal among the options of lat_trainer_options is reached, without any
    until Ctrl-C; returns where the run ended, a Progress.

    optimizer: a dict of lat_optimizer_options. progress: called with a Progress every report_every
    updates; a true value stops the run with Error CANCELLED, Ctrl-C with KeyboardInterrupt.
    resume: continues the run in options["directory"].
    """
    def report(state, user):
        copy = Progress()
        ctypes.memmove(byref(copy), state, min(copy.struct_size, c_size_t.from_address(state).value))
        return progress and progress(copy)

    class Run(_Handle):
        _free = _library.lat_trainer_free

    caught = _Caught(report, _PROGRESS)
    create = _library.lat_trainer_resume if resume else _library.lat_trainer_create
    with Run() as run:
        run._own(create, model, byref(_OptimizerOptions(**(optimizer or {}))),
                 byref(_TrainerOptions(progress=caught.callback, **options)))
        try:
            _library.lat_trainer_run(run)
        finally:
            caught.leave()
        state = Progress()
        _library.lat_trainer_progress(byref(state), run)
    return state


class Solver(_Handle):
    """Answers matrices by a model: Solver(model, tolerance=0.05, ...)."""
    _free = _library.lat_solver_free

    def __init__(self, model, **options):
        self._own(_library.lat_solver_create, model, byref(_DecodeOptions(**options)))
        self._tasks = _library.lat_model_task(model)
        self._task = _library.lat_task_component(self._tasks, 0)

    def select(self, name):
        """Chooses the task of a mixture."""
        _library.lat_solver_select(self, name.encode())
        components = (_library.lat_task_component(self._tasks, i) for i in itertools.count())
        self._task = next(task for task in components
                          if _library.lat_task_name(task) == name.encode())

    def solve(self, a, out=None):
        """The answer and a Report; a wrong answer is no error. The answer goes into `out` where it
        is given."""
        (x,), (report,) = self.solve_many([a], None if out is None else [out])
        return x, report

    def solve_many(self, matrices, outs=None):
        """Lists of answers and Reports, faster than one by one."""
        matrices = [_as_buffer(a) for a in matrices]
        with contextlib.ExitStack() as stack:
            sources = [stack.enter_context(_borrowed(a)) for a in matrices]
            if outs is None:
                outs = [_zeros(*_output_shape(self._task, source)) for source in sources]
            targets = [stack.enter_context(_borrowed(x, _WRITABLE)) for x in outs]
            if len(targets) != len(sources):
                raise ValueError(f"{len(targets)} matrices for {len(sources)} answers")
            count = len(sources)
            reports = (Report * count)(*(Report() for _ in sources))
            _library.lat_solver_solve_many((_Matrix * count)(*targets), reports, self,
                                           (_Matrix * count)(*sources), count)
        return list(outs), list(reports)


class _Evaluation(_Handle):
    _free = _library.lat_evaluation_free


def evaluate(model, task=None, decode=None, progress=None, **options):
    """Solves fresh examples and scores them: a list of dicts, the first over all examples.

    task: draws the examples instead of the model's own. decode: a dict of lat_decode_options.
    progress: called with (done, count); a true value cancels.
    """
    caught = _Caught(lambda done, count, user: progress and progress(done, count), _EVALUATED)
    settings = _EvaluateOptions(progress=caught.callback, **options)
    if task is not None:
        settings.task = task._as_parameter_
    if decode is not None:
        settings.decode = ctypes.pointer(_DecodeOptions(**decode))
    with _Evaluation() as evaluation:
        try:
            evaluation._own(_library.lat_evaluate, model, byref(settings))
        finally:
            caught.leave()
        rows = []
        while row := _library.lat_evaluation_row(evaluation, len(rows)):
            values = {name: getattr(row.contents, name) for name, _ in _Accuracy._fields_}
            rows.append({name: list(value) if isinstance(value, ctypes.Array) else
                         value.decode() if isinstance(value, bytes) else value
                         for name, value in values.items()})
        return rows
