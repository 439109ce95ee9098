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

import collections.abc
import contextlib
import ctypes
import functools
import itertools
import json
import numbers
import operator
import os
import pathlib
import struct
import sys
import threading
from array import array
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t
from ctypes import c_ssize_t, c_uint32, c_uint64, c_void_p

SONAME = "liblat.so.1"

PRECISION_AUTO, PRECISION_F32, PRECISION_BF16 = range(3)
NORM_POST, NORM_PRE = range(2)
ARCHITECTURE_ENCODER_DECODER, ARCHITECTURE_ENCODER, ARCHITECTURE_DECODER, ARCHITECTURE_LSTM, ARCHITECTURE_GRU = range(5)
NORM_KIND_LAYER, NORM_KIND_RMS = range(2)
RELU, GELU = range(2)
POSITIONS_LEARNED, POSITIONS_SINUSOIDAL = range(2)
INIT_RANDOM, INIT_FOURIER = range(2)
GREEDY, BEAM, SAMPLE = range(3)
WITHIN, OUTSIDE, UNDECODABLE, UNKNOWN, CERTIFIED, NO_ANSWER = range(6)
# Report.source
MODEL, REFINED, LAPACK = range(3)
_ROW_MAJOR, _COLUMN_MAJOR = range(2)
_ERROR_SHAPE = -2
_MAX_DIMENSION = 100


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

    def __init__(self, status, message=None):
        self.status = _integer(status, c_int32, "status")
        self.name = _library.lat_status_name(self.status).decode()
        super().__init__(_library.lat_last_error().decode(errors="replace") if message is None
                         else message)

    def __reduce__(self):  # the message is of this process and thread
        return type(self), (self.status, str(self))


_raised = threading.local()  # .exception: what a callback of this thread raised inside a call into C


def _check(status, function, arguments):
    del arguments  # the exception's traceback would keep the handles among them
    exception = getattr(_raised, "exception", None)
    if exception is not None:
        _raised.exception = None
        try:
            raise exception
        finally:
            del exception  # its traceback holds this frame
    if status != 0:
        raise Error(status)


def _callback(kind, function):
    """A function for C around one of Python's. True asks C to stop, and so does an exception, also
    one that another callback left: C's caller raises it."""
    def call(*arguments):
        try:
            stop = bool(function(*arguments))
        except BaseException as exception:  # KeyboardInterrupt too
            if getattr(_raised, "exception", None) is None:
                _raised.exception = exception
        return 1 if getattr(_raised, "exception", None) is not None or stop else 0

    return kind(call)


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


# Values for C

def _type(value):
    return type(value).__name__


def _integer(value, kind, what):
    """An int that fits ctypes' `kind`, which would take any modulo 2^n."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be an integer, not {_type(value)}") from None
    if kind(number).value != number:
        raise OverflowError(f"{what} does not fit {8 * ctypes.sizeof(kind)} bits")
    return number


def _real(value, what):
    """A float of anything that is a real number; texts, which float() reads, are none."""
    imaginary = isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)
    if imaginary or not (hasattr(type(value), "__float__") or hasattr(type(value), "__index__")):
        raise TypeError(f"{what} must be a real number, not {_type(value)}")
    return float(value)


def _without_null(text, what):
    if b"\0" in text:
        raise ValueError(f"{what} holds a null character")
    return text


def _text(value, what):
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"{what} must be a str, not {_type(value)}")
    return _without_null(value.encode() if isinstance(value, str) else value, what)


def _path(value, what):
    return _without_null(os.fsencode(value), what)


def _function(value, what):
    if value is not None and not callable(value):
        raise TypeError(f"{what} must be callable, not {_type(value)}")
    return value


def _items(value, what, most=None):
    """A list of what an iterable yields, the first `most` of them. ctypes' pointers never end."""
    if not isinstance(value, (str, bytes, collections.abc.Mapping, collections.abc.Set, ctypes._Pointer)):
        with contextlib.suppress(TypeError, NotImplementedError):  # memoryviews of two dimensions
            return list(itertools.islice(value, most))
    raise TypeError(f"{what}, not {_type(value)}")


def _option(value, kind, name):
    if kind is c_double:
        return _real(value, name)
    if kind is not c_char_p:
        return _integer(value, kind, name)
    if value is None:  # the default
        return None
    return (_path if name == "directory" else _text)(value, name)


# Structures

_PROGRESS = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)
_EVALUATED = ctypes.CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p)
_OBSERVED = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)
_CANCEL = ctypes.CFUNCTYPE(c_int32, c_void_p)
_LOG = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)
_OPTION_KINDS = (c_int32, c_int64, c_uint32, c_uint64, c_double, c_char_p)


class _Structure(ctypes.Structure):
    """A structure of the C interface, with its defaults and then the values given."""

    def __init__(self, **values):
        initialise = getattr(_library, f"lat_{self.c_name}_init_sized")
        initialise.restype, initialise.argtypes = None, [c_void_p, c_size_t]
        initialise(byref(self), ctypes.sizeof(self))
        kinds = dict(self._fields_[1:])
        for name, value in values.items():
            if kinds.get(name) not in _OPTION_KINDS or name == "reserved":
                raise TypeError(f"{self.c_name} has no {name}")
            setattr(self, name, _option(value, kinds[name], name))

    def __repr__(self):
        values = (f"{name}={getattr(self, name)!r}" for name, _ in self._fields_[1:])
        return f"{type(self).__name__}({', '.join(values)})"


def _fields(*types_and_names):
    """ctypes' list of fields from a type, the names of fields of it, a type, ..."""
    fields = [("struct_size", c_size_t)]
    for kind, names in zip(types_and_names[::2], types_and_names[1::2]):
        fields += [(name, kind) for name in names.split()]
    return fields


def _told(structure, function, handle):
    """What a getter of options tells, as a dict."""
    options = structure()
    function(byref(options), handle)
    values = {name: getattr(options, name) for name, _ in structure._fields_[1:] if name != "reserved"}
    return {name: value.decode() if isinstance(value, bytes) else value
            for name, value in values.items()}


class _ContextOptions(_Structure):
    c_name = "context_options"
    _fields_ = _fields(
        c_int32, "threads precision",
        c_void_p, "allocate release allocate_user",
        _LOG, "log",
        c_void_p, "log_user",
        c_int32, "log_level reserved",
        c_void_p, "parallel parallel_user")


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
        c_int32, "canonical symmetric_noise",
        c_char_p, "structure")


class _ModelOptions(_Structure):
    c_name = "model_options"
    _fields_ = _fields(
        c_int32, "encoder_layers encoder_width encoder_heads encoder_loops",
        c_int32, "decoder_layers decoder_width decoder_heads decoder_loops",
        c_int32, "ffn_factor norm activation positions tied matrix_positions factored",
        c_int32, "cross_query_from_input max_positions init",
        c_double, "dropout",
        c_uint64, "seed",
        c_int32, "architecture norm_kind",
        c_double, "attention_dropout",
        c_int32, "copy_gate encoder_loop_layer decoder_loop_layer encoder_attention query_per_number reserved")


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
        c_char_p, "size_weights task_weights distribution_weights",
        c_double, "target_spread",
        c_int64, "target_spread_examples",
        c_double, "checkpoint_seconds",
        c_int32, "keep_best keep_checkpoints patience reserved",
        c_int32, "rank ranks shards fast_reduce",
        c_void_p, "reduce agree connection source validation_source")


class Progress(_Structure):
    """Where a training run stands."""
    c_name = "progress"
    _fields_ = _fields(
        c_int64, "examples updates tokens",
        c_double, "loss learning_rate gradient_norm seconds examples_per_second accuracy exact",
        c_int32, "validated checkpointed",
        c_double, "best_accuracy best_exact",
        c_int64, "best_examples since_best")


class _DecodeOptions(_Structure):
    c_name = "decode_options"
    _fields_ = _fields(
        c_int32, "method grammar beam_width max_tokens",
        c_double, "length_penalty temperature",
        c_uint64, "seed",
        c_double, "tolerance",
        c_int32, "scaling compare refine fallback",
        c_double, "certify_tolerance",
        c_int32, "candidates reserved",
        _CANCEL, "cancel",
        c_void_p, "cancel_user")


class Report(_Structure):
    """What a solver says of an answer; `verdict` is WITHIN, OUTSIDE, UNDECODABLE, UNKNOWN,
    CERTIFIED or NO_ANSWER; `source` is MODEL, REFINED or LAPACK."""
    c_name = "report"
    _fields_ = _fields(
        c_double, "residual tolerance orthogonality log_probability scale",
        c_int32, "verdict tokens source refine_steps", c_double, "residual_before error_bound",
        c_int32, "candidates candidate")


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
        c_void_p, "user",
        c_int32, "accept_loose accept_zero",
        c_double * 4, "tolerances",
        _OBSERVED, "observe",
        c_int32, "diagnose reserved2",
        c_void_p, "source")


class _Accuracy(ctypes.Structure):
    c_name = "accuracy"
    _fields_ = [("struct_size", c_size_t), ("label", c_char * 32), ("count", c_int64),
                ("accuracy", c_double * 4), ("ceiling", c_double * 4), ("exact", c_double),
                ("well_formed", c_double), ("within_1pct", c_double), ("certified", c_double),
                ("candidates", c_double)]


class _Diagnosis(_Structure):
    c_name = "diagnosis"
    _fields_ = _fields(
        c_int64, "count failed",
        c_double * 4, "values norms orthogonality",
        c_double, "threshold sorted auc right_98 failed_2",
        c_int32, "criterion reserved")


class _Matrix(ctypes.Structure):
    c_name = "matrix"
    _fields_ = [("data", c_void_p), ("rows", c_int32), ("cols", c_int32), ("ld", c_int32),
                ("order", c_int32)]


class _Observation(ctypes.Structure):
    c_name = "observation"
    _fields_ = [("struct_size", c_size_t), ("index", c_uint64), ("task", c_void_p),
                ("input", POINTER(_Matrix)), ("target", POINTER(_Matrix)),
                ("prediction", POINTER(_Matrix)), ("tokens", POINTER(c_int32)),
                ("token_count", c_size_t), ("residual", c_double), ("orthogonality", c_double),
                ("condition", c_double), ("verdict", c_int32), ("candidates", c_int32),
                ("input_count", c_int32), ("result_count", c_int32)]

    def told(self):
        """What is borrowed during the call, as values that last."""
        numbers = "index residual orthogonality condition verdict candidates".split()
        return {**{name: getattr(self, name) for name in numbers},
                "task": _library.lat_task_name(self.task).decode(),
                "tokens": self.tokens[:self.token_count],
                **{name: _rows_of(getattr(self, name)) for name in ("input", "target", "prediction")},
                "inputs": _all_rows(self.input, self.input_count),
                "targets": _all_rows(self.target, self.result_count),
                "predictions": _all_rows(self.prediction, self.result_count)}


class _Tensor(_Structure):
    c_name = "tensor"
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("offset", c_size_t),
                ("size", c_size_t), ("rank", c_int32), ("shape", c_int32 * 2), ("reserved", c_int32)]


def _rows_of(view):
    """The rows of a matrix of the library's, which are packed; None where there is none."""
    if not view:
        return None
    seen = view.contents
    values = (c_double * (seen.rows * seen.cols)).from_address(seen.data)
    return [values[i * seen.cols:(i + 1) * seen.cols] for i in range(seen.rows)]


def _all_rows(views, count):
    """The rows of each of some matrices; None where there are none."""
    return [_rows_of(ctypes.pointer(views[i])) for i in range(count)] if views else None


# Functions

_P = c_void_p
_declare(None,  # the status, checked
         "lat_context_create", _P, _P,
         "lat_tokenizer_create", _P, _P, _P,
         "lat_task_create", _P, _P, _P,
         "lat_task_create_mixture", _P, _P, _P, _P, c_int32,
         "lat_task_get_options", _P, _P,
         "lat_tokenizer_get_options", _P, _P,
         "lat_model_get_options", _P, _P,
         "lat_task_result_shapes", _P, c_int32, _P, _P, c_int32,
         "lat_task_answer_operands", _P, c_int32, _P, _P, c_int32,
         "lat_model_create", _P, _P, _P, _P,
         "lat_model_load", _P, _P, c_char_p, _P,
         "lat_model_inspect", _P, _P, c_char_p,
         "lat_model_load_named", _P, _P, c_char_p, c_char_p, _P,
         "lat_model_name", _P, c_size_t, c_char_p, c_int32,
         "lat_model_create_from", _P, _P, _P, _P,
         "lat_model_save_as", _P, c_char_p, c_char_p,
         "lat_model_load_memory", _P, _P, c_char_p, c_size_t, _P,
         "lat_model_save_memory", _P, _P, c_char_p, c_size_t, c_char_p,
         "lat_model_clone", _P, _P,
         "lat_model_freeze", _P,
         "lat_model_tensor", _P, _P, c_int32,
         "lat_trainer_create", _P, _P, _P, _P,
         "lat_trainer_resume", _P, _P, _P, _P,
         "lat_trainer_run", _P,
         "lat_solver_create", _P, _P, _P,
         "lat_solver_select", _P, c_char_p,
         "lat_solver_solve_operands", _P, c_int32, _P, _P, _P, c_int32, c_int64,
         "lat_evaluate", _P, _P, _P,
         "lat_evaluation_diagnosis", _P, _P)
_declare(c_int32,  # what the free functions leave behind is never looked at
         "lat_version_number",
         "lat_context_free", _P, "lat_tokenizer_free", _P, "lat_task_free", _P,
         "lat_model_free", _P, "lat_trainer_free", _P, "lat_solver_free", _P,
         "lat_evaluation_free", _P,
         "lat_trainer_progress", _P, _P,
         "lat_context_threads", _P, "lat_context_precision", _P,
         "lat_tokenizer_vocabulary_size", _P, c_int32,
         "lat_task_operand_count", _P, "lat_task_result_count", _P,
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

_NATIVE = "<" if sys.byteorder == "little" else ">"
_STANDARD_CODES = {code: codes for codes, codes_of_any_size in
                   (("bhiq", "bhilqn"), ("BHIQ", "BHILQN"), ("efd", "efd"), ("?", "?"))
                   for code in codes_of_any_size}


def _real_format(view):
    """struct's format of a buffer of real numbers, "<d"; None for others. Sizes are the buffer's:
    exporters differ in what "l" means."""
    order, code = view.format[:-1], view.format[-1:]
    for standard in _STANDARD_CODES.get(code, ""):
        if order in ("", "@", "=", "<", ">", "!") and struct.calcsize("=" + standard) == view.itemsize:
            return (">" if order in (">", "!") else "<" if order == "<" else _NATIVE) + standard
    return None


def _copied(view):
    """The numbers of a buffer of any strides as an array of doubles, row by row."""
    form = _real_format(view)
    if form is None:
        raise TypeError(f"a matrix holds real numbers, not those of format {view.format!r}")
    data = view.tobytes()
    return array("d", struct.unpack(f"{form[0]}{len(data) // view.itemsize}{form[1]}", data))


def matrix(values, rows, cols):
    """A rows x cols view of a flat buffer of numbers, row by row; of anything else that yields
    numbers, and of buffers that are not contiguous or of another byte order, a copy in doubles."""
    rows, cols = (_integer(size, c_ssize_t, "rows and cols") for size in (rows, cols))
    try:
        flat = memoryview(values)
    except TypeError:
        flat = memoryview(array("d", [_real(value, "a coefficient") for value in
                                      _items(values, "the values of a matrix are numbers")]))
    form = _real_format(flat)
    if form is None or form[0] != _NATIVE or form[1] == "e" or not flat.c_contiguous:
        flat = memoryview(_copied(flat))
        form = _NATIVE + "d"
    if rows < 1 or cols < 1 or rows * cols != flat.nbytes // flat.itemsize:
        raise ValueError(f"{flat.nbytes // flat.itemsize} values for a {rows} x {cols} matrix")
    return flat.cast("B").cast(form[1], (rows, cols))


def _zeros(rows, cols):
    return matrix(array("d", bytes(8 * rows * cols)), rows, cols)


def _check_size(rows, cols):
    if not (1 <= rows <= _MAX_DIMENSION and 1 <= cols <= _MAX_DIMENSION):
        rows, cols = (n if n <= _MAX_DIMENSION else f"more than {_MAX_DIMENSION}" for n in (rows, cols))
        raise Error(_ERROR_SHAPE, f"a matrix of {rows} rows and {cols} columns is outside "
                                  f"1..{_MAX_DIMENSION}")


def _from_rows(a):
    """A copy of a list of rows."""
    enough = _MAX_DIMENSION + 1
    rows = [_items(row, "a row of a matrix is a list of numbers", enough)
            for row in _items(a, "a matrix is a two-dimensional buffer or a list of rows", enough)]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the rows of a matrix differ in length")
    _check_size(len(rows), len(rows[0]) if rows else 0)
    return matrix(itertools.chain.from_iterable(rows), len(rows), len(rows[0]))


def _two_dimensional(a):
    """A memoryview of a matrix, of numbers of any type; TypeError if `a` is no buffer at all."""
    try:
        view = memoryview(a)
    except ValueError as error:  # numpy's dates
        raise TypeError(f"a matrix is a buffer of real numbers: {error}") from None
    if view.ndim != 2:
        raise TypeError(f"a matrix is a buffer of two dimensions, not {view.ndim}")
    _check_size(*view.shape)
    return view


def _is_buffer(a):
    try:
        memoryview(a)
    except TypeError:
        return False
    except ValueError:
        pass
    return True


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


def _leading_dimension(inner, outer):
    """ld of contiguous lines of (count, stride) doubles, `outer` of them; None if they are not."""
    (length, step), (lines, distance) = inner, outer
    if length > 1 and step != 8:
        return None
    if lines == 1:
        return length
    usable = distance % 8 == 0 and distance >= 8 * length and distance // 8 < 2 ** 31
    return distance // 8 if usable else None


def _in_place(view, address):
    """The C interface's view of a buffer of doubles; None of one that it cannot express."""
    if _real_format(view) != _NATIVE + "d" or address is None or address % 8 != 0:
        return None
    rows, cols = zip(view.shape, view.strides)
    for order, inner, outer in ((_ROW_MAJOR, cols, rows), (_COLUMN_MAJOR, rows, cols)):
        ld = _leading_dimension(inner, outer)
        if ld is not None:
            return _Matrix(address, rows[0], cols[0], ld, order)
    return None


@contextlib.contextmanager
def _borrowed(view, flags=0):
    """The C interface's view of a memoryview that stays in place meanwhile; None as _in_place()."""
    buffer = _Buffer()
    _get_buffer(view, byref(buffer), _STRIDED_WITH_FORMAT | flags)
    try:
        yield _in_place(view, buffer.address)
    finally:
        _release_buffer(byref(buffer))


def _input(stack, a):
    """A matrix to read until the stack unwinds, converted where it must be."""
    view = _two_dimensional(a) if _is_buffer(a) else _from_rows(a)
    if view.format.lstrip("@=" + _NATIVE) == "g":  # long doubles, which struct does not know
        view = _from_rows(a)
    borrowed = stack.enter_context(_borrowed(view))
    if borrowed is None:
        borrowed = stack.enter_context(_borrowed(matrix(_copied(view), *view.shape)))
    return borrowed


def _output(stack, x):
    """A matrix to write in place."""
    if not _is_buffer(x):
        raise TypeError(f"an answer goes into a buffer of doubles, not {_type(x)}")
    view = _two_dimensional(x)
    borrowed = stack.enter_context(_borrowed(view, _WRITABLE))
    if _real_format(view) != _NATIVE + "d":
        raise TypeError(f"an answer goes into a buffer of doubles ('d'), not of {view.format!r}")
    if borrowed is None:
        raise ValueError("neither the rows nor the columns of the answer's buffer are contiguous")
    return borrowed


# Objects

class _Owned:
    """A handle of the C interface, freed with the last reference to it, that of a call under way
    included. `keeps`: what must live as long, such as the log of its context."""

    def __init__(self, free, create, arguments, keeps):
        self._as_parameter_ = c_void_p()
        self._free, self._keeps = free, keeps
        create(byref(self._as_parameter_), *arguments)

    def __del__(self):
        self._free(self._as_parameter_)


class _Handle:
    """An object of the C interface; _open() passes for it in calls."""
    _owned = None

    def _own(self, create, *arguments, keeps=()):
        owned = tuple(item for item in arguments if isinstance(item, _Owned))
        self._owned = _Owned(self._free, create, arguments, (*owned, *keeps))

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
        return _library.lat_context_threads(self._open())

    @property
    def kernels(self):
        return _library.lat_context_kernels(self._open()).decode()


@functools.lru_cache(maxsize=1)
def _default_context():
    return Context()


def _context(context):
    return _opened(_default_context() if context is None else context, Context, "context")


class Tokenizer(_Handle):
    """Encodings of both sides: input_encoding="p1000", output_encoding="p1000", ..."""
    _free = _library.lat_tokenizer_free

    def __init__(self, context=None, **options):
        self._own(_library.lat_tokenizer_create, _context(context),
                  byref(_TokenizerOptions(**options)))

    @property
    def options(self):
        """A dict of lat_tokenizer_options as they took effect."""
        return _told(_TokenizerOptions, _library.lat_tokenizer_get_options, self._open())


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
        task = cls.__new__(cls)
        task._own(_library.lat_task_create_mixture, _context(context),
                  (c_void_p * len(owned))(*(item._as_parameter_.value for item in owned)),
                  None if shares is None else (c_double * len(owned))(*shares), len(owned),
                  keeps=owned)
        return task

    @property
    def options(self):
        """A dict of lat_task_options as they took effect; a mixture has none."""
        return _told(_TaskOptions, _library.lat_task_get_options, self._open())

    @property
    def operand_count(self):
        """Number of matrices in a problem; 0 for a mixture."""
        return _library.lat_task_operand_count(self._open())

    @property
    def result_count(self):
        """Number of matrices in an answer; 0 for a mixture."""
        return _library.lat_task_result_count(self._open())

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


def _operands(problem, count):
    """The matrices of a problem, or an answer, of a task that has `count` of them."""
    return [problem] if count < 2 else _items(problem, "several operands or results are a tuple of matrices")


def _answer(results):
    return results[0] if len(results) == 1 else tuple(results)


def _matrices(matrices):
    return (_Matrix * len(matrices))(*matrices)


def _result_shapes(task, operands):
    shapes = (_Matrix * max(1, _library.lat_task_result_count(task)))()
    _library.lat_task_result_shapes(shapes, len(shapes), task, _matrices(operands), len(operands))
    return [(shape.rows, shape.cols) for shape in shapes]


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
        problem = _opened(task, Task, "task")
        tokens = _opened(Tokenizer(context) if tokenizer is None else tokenizer, Tokenizer, "tokenizer")
        self._own(_library.lat_model_create, problem, tokens, byref(_ModelOptions(**options)))

    @classmethod
    def _made(cls, create, *arguments):
        model = cls.__new__(cls)
        model._own(create, *arguments)
        return model

    @classmethod
    def load(cls, path, context=None):
        """The model of a file, frozen."""
        return cls._made(_library.lat_model_load, _context(context), _path(path, "path"), None)

    @classmethod
    def inspect(cls, path, context=None):
        """The model of a file, to be looked at or saved again: what it does with custom tasks, which
        Python cannot give, raises Error."""
        return cls._made(_library.lat_model_inspect, _context(context), _path(path, "path"))

    @classmethod
    def load_named(cls, name, folders=None, context=None):
        """The model NAME.safetensors of the first of some folders that has it, frozen. A list of paths;
        None: the folder of installed models."""
        return cls._made(_library.lat_model_load_named, _context(context), _folder_list(folders),
                         _path(name, "name"), None)

    @classmethod
    def create_from(cls, model, task):
        """A trainable model of another task, such as a larger size, that starts from the parameters
        of `model` and has its tokenizer and architecture."""
        return cls._made(_library.lat_model_create_from, _opened(model, Model, "model"),
                         _opened(task, Task, "task"), None)

    def clone(self):
        """A trainable copy."""
        return self._made(_library.lat_model_clone, self._open())

    def save(self, path, storage="f32"):
        """Writes the model as safetensors, atomically; storage "bf16" halves its size."""
        _library.lat_model_save_as(self._open(), _path(path, "path"), _text(storage, "storage"))

    @classmethod
    def from_bytes(cls, data, context=None):
        """The model of a file's bytes, frozen; any buffer."""
        content = memoryview(data).tobytes()
        return cls._made(_library.lat_model_load_memory, _context(context), content, len(content), None)

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
    def parameter_count(self):
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


class _Run(_Handle):
    _free = _library.lat_trainer_free


def train(model, optimizer=None, progress=None, resume=False, connect=None, **options):
    """Trains until a limit or goal among the options of lat_trainer_options is reached, without any
    until Ctrl-C; returns where the run ended, a Progress.

    optimizer: a dict of lat_optimizer_options. progress: called with a Progress every report_every
    updates; a true value stops the run with Error CANCELLED, Ctrl-C with KeyboardInterrupt.
    resume: continues the run in options["directory"]. connect: called with the lat_trainer_options
    before the run, to set what connects it with other processes: lat_mpi_attach_fortran() takes them.
    """
    _function(progress, "progress")

    def report(state, user):
        copy = Progress()
        ctypes.memmove(byref(copy), state, min(copy.struct_size, c_size_t.from_address(state).value))
        return progress is not None and progress(copy)

    settings = _TrainerOptions(**options)
    settings.progress = _callback(_PROGRESS, report)
    if connect is not None:
        connect(settings)
    rule = _OptimizerOptions(**({} if optimizer is None else optimizer))
    with contextlib.closing(_Run()) as run:
        run._own(_library.lat_trainer_resume if resume else _library.lat_trainer_create,
                 _opened(model, Model, "model"), byref(rule), byref(settings))
        _library.lat_trainer_run(run._open())
        state = Progress()
        _library.lat_trainer_progress(byref(state), run._open())
    return state


class Solver(_Handle):
    """Answers matrices by a model: Solver(model, tolerance=0.05, ...). cancel: called between the tokens
    of an answer; a true value stops the call with Error CANCELLED."""
    _free = _library.lat_solver_free

    def __init__(self, model, cancel=None, **options):
        source = _opened(model, Model, "model")
        _function(cancel, "cancel")
        self._settings = _DecodeOptions(**options)  # whose callback lives as long as the solver
        if cancel is not None:
            self._settings.cancel = _callback(_CANCEL, lambda user: cancel())
        self._own(_library.lat_solver_create, source, byref(self._settings))
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


class _Evaluation(_Handle):
    _free = _library.lat_evaluation_free


def evaluate(model, task=None, decode=None, progress=None, observe=None, **options):
    """Solves fresh examples and scores them: a list of dicts, the first over all examples.

    task: draws the examples instead of the model's own. decode: a dict of lat_decode_options.
    progress: called with (done, count); a true value cancels. tolerances: up to four. diagnose: the
    first dict has a "diagnosis" of the failed answers. observe: called for each example with a dict
    of lat_observation's members, matrices as lists of rows (input, target, prediction: the first; inputs,
    targets, predictions: all that are written), the predictions None where they are none; a true value
    cancels.
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
    if decode is not None:
        settings.decode = ctypes.pointer(_DecodeOptions(**decode))
    with contextlib.closing(_Evaluation()) as evaluation:
        evaluation._own(_library.lat_evaluate, _opened(model, Model, "model"), byref(settings))
        rows = []
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
