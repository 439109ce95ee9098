"""Structures of the C interface."""

import ctypes
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64
from ctypes import c_void_p

from ._library import _declare, _library, _option, _type

_declare(None, "lat_loss_sum_add", c_void_p, c_void_p)



_PROGRESS = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)
_EVALUATED = ctypes.CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p)
_OBSERVED = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)
_CANCEL = ctypes.CFUNCTYPE(c_int32, c_void_p)
_LOG = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)
_OPERATOR = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int64, c_void_p)
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
    _fields_ = _fields(
        c_char_p, "input_encoding output_encoding",
        c_int32, "input_digits output_digits input_triangle reserved")


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
        c_char_p, "structure transform",
        c_int32, "scratchpad equilibrate")


_INT32S, _MATRICES, _RANDOM = POINTER(c_int32), c_void_p, c_void_p
_INPUT_SHAPE = ctypes.CFUNCTYPE(c_int32, _INT32S, _INT32S, _RANDOM, c_void_p)
_OUTPUT_SHAPE = ctypes.CFUNCTYPE(c_int32, _INT32S, _INT32S, _INT32S, _INT32S, c_void_p)
_DRAW = ctypes.CFUNCTYPE(c_int32, _MATRICES, _RANDOM, c_void_p)
_ANSWER = ctypes.CFUNCTYPE(c_int32, _MATRICES, _MATRICES, c_void_p)
_RESIDUAL = ctypes.CFUNCTYPE(c_int32, POINTER(c_double), _MATRICES, _MATRICES, _MATRICES, c_void_p)
_CANONICALIZE = ctypes.CFUNCTYPE(c_int32, _MATRICES, c_int32, c_void_p, c_void_p)
_RESTORE = ctypes.CFUNCTYPE(c_int32, _MATRICES, c_int32, c_void_p, c_void_p)


class _TaskFunctions(_Structure):
    c_name = "task_functions"
    _fields_ = _fields(
        c_char_p, "name",
        c_int32, "letter degree scalable thread_safe",
        _INPUT_SHAPE, "input_shape",
        _OUTPUT_SHAPE, "output_shape",
        _DRAW, "draw",
        _ANSWER, "answer",
        _RESIDUAL, "residual",
        _CANONICALIZE, "canonicalize",
        _RESTORE, "restore",
        c_int32, "transform_size reserved operand_count result_count",
        c_int32 * 4, "operand_max_rows operand_max_cols result_max_rows result_max_cols")


class _ScoreOptions(_Structure):
    c_name = "score_options"
    _fields_ = _fields(c_int32, "norm classic_inverse accept_zero reserved")


class _Score(_Structure):
    c_name = "score"
    _fields_ = _fields(c_double, "residual within_1pct orthogonality condition", c_int32, "ordered exact")


class _SamplerOptions(_Structure):
    c_name = "sampler_options"
    _fields_ = _fields(
        c_uint64, "seed",
        c_uint32, "stream",
        c_int32, "reserved",
        c_int64, "repeat_count",
        c_double, "repeat_share sign_bias",
        c_char_p, "size_weights task_weights distribution_weights",
        c_uint64, "first",
        c_int64, "block stride",
        c_void_p, "source",
        c_int32, "source_in_order reserved2")


class _Sequences(ctypes.Structure):
    c_name = "sequences"
    _fields_ = [("tokens", POINTER(c_int32)), ("offsets", POINTER(c_int64)), ("count", c_int64)]

    def told(self):
        """The sequences as lists of tokens."""
        return [self.tokens[self.offsets[i]:self.offsets[i + 1]] for i in range(self.count)]


class LossSum(_Structure):
    """Sums over the tokens of batches: loss, tokens, correct_tokens, examples, correct_examples."""
    c_name = "loss_sum"
    _fields_ = _fields(c_double, "loss", c_int64, "tokens correct_tokens examples correct_examples")

    def add(self, other):
        """Adds another sum."""
        if not isinstance(other, LossSum):
            raise TypeError(f"a sum is a lat.LossSum, not {_type(other)}")
        _library.lat_loss_sum_add(byref(self), byref(other))


class _LinearCertificate(_Structure):
    c_name = "linear_certificate"
    _fields_ = _fields(
        c_int64, "features rank",
        c_double, "lambda_min lambda_max residual lost",
        c_int32, "unique heads")


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
        c_int32, "copy_gate encoder_loop_layer decoder_loop_layer encoder_attention query_per_number ffn ffn_hash_bits factored_head")


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
        c_int32, "keep_best keep_checkpoints patience split_optimizer",
        c_int32, "rank ranks shards fast_reduce",
        c_void_p, "reduce agree connection source validation_source begin_reduce")


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
        c_int32, "candidates average",
        _CANCEL, "cancel",
        c_void_p, "cancel_user")


class Report(_Structure):
    """What a solver says of an answer; `verdict` is WITHIN, OUTSIDE, UNDECODABLE, UNKNOWN,
    CERTIFIED or NO_ANSWER; `source` is MODEL, REFINED or LAPACK."""
    c_name = "report"
    _fields_ = _fields(
        c_double, "residual tolerance orthogonality log_probability scale",
        c_int32, "verdict tokens source refine_steps", c_double, "residual_before error_bound",
        c_int32, "candidates candidate averaged reserved")


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
