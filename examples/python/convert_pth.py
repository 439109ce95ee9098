"""Converts a checkpoint of the paper's published program (PyTorch, .pth) to a model file of lat.

    python3 convert_pth.py CHECKPOINT.pth MODEL.safetensors [f32|bf16|f16]

Needs numpy, and not PyTorch: a checkpoint is a zip file with a pickle and the bytes of the tensors, and the
pickle is read by an unpickler that knows containers and tensors and refuses all else by name, so that a file
from anywhere cannot run code. Exit status 1 and a message where it cannot be converted; nothing is written then.

The program keeps one vocabulary for both sides; rows of embeddings are taken to lat's, one for each side. A symbol that
the checkpoint does not have (letters of tasks that it does not know) gets embeddings of zero and a bias at which it is
never chosen. Symbols that the output's encoding does not have are left out of the softmax.
"""

import math
import pickle
import sys
import zipfile

import numpy

import lat

MAX_PICKLE = 1 << 24
NEVER = -1e4  # bias of a symbol that is not to be chosen
SPECIAL_WORDS = 22 + 5  # words before those of the encodings
TASKS = {
    "invert_matrix": "inverse", "matrix_vector": "matvec", "matrix_product": "product", "matrix_sum": "add",
    "eigenvalues": "eigenvalues", "eigenvectors": "eigenvectors", "syminverse": "syminverse",
    "singularvalues": "singular-values", "singularvectors": "svd", "transpose": "transpose",
}
LETTERS = {"T": "transpose", "A": "add", "D": "matvec", "M": "product", "E": "eigenvalues", "F": "eigenvectors",
           "I": "inverse"}
STORAGES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "BFloat16Storage": "bf16",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?",
}


class Refused(Exception):
    """The file cannot be converted; the text says why."""


# ---- The file: a zip archive NAME/data.pkl, NAME/data/0, ...

class Ignored:
    """Stands for what a checkpoint has beside its tensors and no conversion needs, such as numpy's scalars."""

    def __init__(self, *_):
        pass

    def __setstate__(self, _):
        pass


class OrderedItems(dict):
    """For collections.OrderedDict: a pickle sets attributes of it (_metadata), which a dict has no place for."""


def strided(storage, offset, size, stride, *_):
    """A tensor as an array. Its elements lie in the storage, and it has no more of them than that."""
    fits = (isinstance(storage, numpy.ndarray) and isinstance(size, tuple) and isinstance(stride, tuple)
            and len(size) == len(stride)
            and all(type(n) is int and n >= 0 for n in (offset, *size, *stride)))
    if not fits:
        raise Refused("a tensor is not described by a storage, an offset, a size and strides")
    count = math.prod(size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride))
    if count > len(storage) or count > 0 and last >= len(storage):
        raise Refused(f"a tensor of shape {size} lies outside its storage of {len(storage)} elements")
    if count == 0:
        return numpy.zeros(size, storage.dtype)
    width = storage.itemsize
    return numpy.lib.stride_tricks.as_strided(storage[offset:], size, [width * step for step in stride],
                                              writeable=False)


class Reader(pickle.Unpickler):
    """Knows the globals of this table, and no other."""

    KNOWN = {
        ("collections", "OrderedDict"): OrderedItems,
        ("torch._utils", "_rebuild_tensor_v2"): strided,
        ("numpy.core.multiarray", "scalar"): Ignored,
        ("numpy._core.multiarray", "scalar"): Ignored,
        ("numpy", "dtype"): Ignored,
        ("_codecs", "encode"): Ignored,  # bytes in the protocol that torch.save() uses
        ("torch", "device"): Ignored,
        **{("torch", name): kind for name, kind in STORAGES.items()},
    }

    def __init__(self, archive, prefix):
        super().__init__(archive.open(prefix + "data.pkl"))
        self.archive, self.prefix, self.storages = archive, prefix, {}

    def find_class(self, module, name):
        known = self.KNOWN.get((module, name))
        if known is None:
            raise Refused(f"it asks for {module}.{name}, which is no tensor and no container: not a checkpoint "
                          "of the published program, and possibly an attack")
        return known

    def persistent_load(self, identity):
        fits = (isinstance(identity, tuple) and len(identity) == 5 and identity[0] == "storage"
                and identity[1] in STORAGES.values() and isinstance(identity[2], str) and type(identity[4]) is int)
        if not fits:
            raise Refused("a storage is not described as PyTorch does it")
        _, kind, key, _, count = identity
        if key not in self.storages:
            self.storages[key] = self.read_storage(kind, key, count)
        return self.storages[key]

    def read_storage(self, kind, key, count):
        name = self.prefix + "data/" + key
        dtype = numpy.dtype("<u2" if kind == "bf16" else kind)
        if name not in self.archive.namelist():
            raise Refused(f"{name} is not in it: the file is not whole")
        entry = self.archive.getinfo(name)
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != count * dtype.itemsize:
            raise Refused(f"{name} has {entry.file_size} bytes, not the {count * dtype.itemsize} of {count} elements")
        values = numpy.frombuffer(self.archive.read(name), dtype)
        return (values.astype("<u4") << 16).view("<f4") if kind == "bf16" else values


def read_checkpoint(path):
    """The checkpoint's dictionary, its tensors as arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl") and name.count("/") == 1]
            if len(pickles) != 1:
                raise Refused("a zip file without NAME/data.pkl, so not one of torch.save()")
            if archive.getinfo(pickles[0]).file_size > MAX_PICKLE:
                raise Refused(f"its pickle is longer than {MAX_PICKLE} bytes")
            return Reader(archive, pickles[0][:-len("data.pkl")]).load()
    except zipfile.BadZipFile:
        raise Refused("not a file of torch.save(), which is a zip file since PyTorch 1.6; an older one can be "
                      "loaded and saved again by PyTorch") from None
    except (Refused, OSError, MemoryError):
        raise
    except Exception as error:  # whatever a broken pickle makes pickle raise
        raise Refused(f"its pickle cannot be read: {error}") from None


# ---- What the checkpoint's options mean

class Settings:
    """The options of the run, looked up with their kind checked."""

    def __init__(self, members):
        if not isinstance(members, dict):
            raise Refused("there are no options ('params') in it")
        self.members = members

    def get(self, name, kind, default=None):
        value = self.members.get(name, default)
        if type(value) is not kind:
            told = "is missing" if value is None else f"is {value!r}, not of type {kind.__name__}"
            raise Refused(f"option {name} {told}")
        return value


def encoding_of(text):
    """(name, digits) of an encoding: "float,2,1000", "floatsymbol,2", "FP15,2,16"."""
    kind, *numbers = text.split(",")
    if not all(number.isdigit() for number in numbers) or not numbers:
        raise Refused(f"encoding '{text}' is not known")
    digits, base = int(numbers[0]) + 1, int(numbers[1]) if len(numbers) > 1 else 0
    if kind == "float" and base == 10:
        return "p10", digits
    if kind == "float" and base == 10**digits:
        return "p1000", digits
    if kind == "floatsymbol":
        return "b1999", digits
    if kind == "FP15" and (digits, base) == (3, 16):
        return "fp15", digits
    raise Refused(f"encoding '{text}' is none of lat's: float,2,10  float,2,1000  floatsymbol,2  FP15,2,16")


def encoding_words(encoding, digits):
    """The words that an encoding brings into the vocabulary."""
    exponents = [f"E{e}" for e in range(-100, 101)]
    if encoding == "p10":
        return [str(d) for d in range(10)] + exponents
    if encoding == "p1000":
        return [str(m) for m in range(10**digits)] + exponents
    if encoding == "b1999":
        return [f"N{m}" for m in range(-(10**digits), 10**digits + 1)] + exponents
    large = [f"N{sign}{m}e{e}" for e in range(16) for m in range(100, 1000) for sign in ("", "-")]
    return [f"N{m}e0" for m in range(-99, 100)] + large + ["NaN", "-NaN"]


def word_rows(settings, encodings):
    """Where each word has its row. Ends of sequences are word 0 and padding word 1, whatever they are called;
    task letters come after 15 others, then the signs, then what the encodings bring, sorted as texts."""
    own = {f"V{n}" for n in range(1, settings.get("max_encoder_dimension", int, 100) + 1)}
    for encoding, digits in encodings:
        own.update(encoding_words(encoding, digits))
    rows = {"EOS": 0, "PAD": 1, "+": 22, "-": 23}
    rows.update({letter: 15 + i for i, letter in enumerate("TADMEFI")})
    rows.update({word: SPECIAL_WORDS + i for i, word in enumerate(sorted(own))})
    return rows


def task_options(settings):
    low, high = settings.get("min_dimension", int, 5), settings.get("max_dimension", int, 5)
    if settings.get("force_dim", bool, False):
        size = dict(rows=settings.get("first_dimension", int), cols=settings.get("second_dimension", int))
    elif low == high:
        size = dict(rows=low, cols=low)
    else:
        size = dict(min_size=low, max_size=high, rectangular=int(settings.get("rectangular", bool, False)))
    noise = settings.members.get("sigma", 0.0) if settings.get("noisy_input", bool, False) else 0.0
    gaussian = settings.get("generator", str, "uniform") == "normal"
    return dict(size, coefficients="gaussian" if gaussian else "uniform", noise=float(noise),
                range=float(settings.get("max_input_coeff", int, 10)))


SPECTRAL = ("eigenvalues", "eigenvectors", "syminverse")


def make_task(settings, context):
    operation, options = settings.get("operation", str), task_options(settings)

    def make(name):
        spectrum = settings.get("eigen_distribution", str, "semicircle")
        more = dict(distribution=spectrum) if name in SPECTRAL else {}
        return lat.Task(name, context, **options, **more)

    if operation == "cotraining":
        letters = settings.get("cotraining_tasks", str)
        if not letters or any(letter not in LETTERS for letter in letters):
            raise Refused(f"option cotraining_tasks is '{letters}', not letters of {''.join(LETTERS)}")
        return lat.Task.mixture([make(LETTERS[letter]) for letter in letters], context=context)
    if operation not in TASKS:
        raise Refused(f"operation '{operation}' is none of cotraining, {', '.join(TASKS)}")
    return make(TASKS[operation])


def architecture(settings, positions):
    get = lambda name: settings.get(name, int)
    sinusoidal = settings.get("sinusoidal_embeddings", bool, False)
    return dict(
        encoder_layers=get("n_enc_layers"), encoder_width=get("enc_emb_dim"), encoder_heads=get("n_enc_heads"),
        decoder_layers=get("n_dec_layers"), decoder_width=get("dec_emb_dim"), decoder_heads=get("n_dec_heads"),
        norm=lat.NORM_POST, activation=lat.RELU, max_positions=positions, cross_query_from_input=1,
        positions=lat.POSITIONS_SINUSOIDAL if sinusoidal else lat.POSITIONS_LEARNED,
        tied=int(settings.get("share_inout_emb", bool, True)))


# ---- Tensors

def state_of(checkpoint, side):
    """The module's tensors as f32, by lat's names."""
    state = checkpoint.get(side)
    if not isinstance(state, dict):
        raise Refused(f"there is no module '{side}' in it")
    if state and all(isinstance(name, str) and name.startswith("module.") for name in state):
        state = {name[len("module."):]: value for name, value in state.items()}  # trained on several GPUs
    for name, value in state.items():
        if not isinstance(value, numpy.ndarray) or value.dtype.kind != "f":
            raise Refused(f"{side}.{name} is not a tensor of floating-point numbers")
    with numpy.errstate(over="ignore"):
        return {f"{side}.{name}": value.astype("<f4") for name, value in state.items()}


def take(state, name, shape):
    if name not in state:
        raise Refused(f"there is no tensor {name}")
    value = state.pop(name)
    if value.shape != shape:
        raise Refused(f"tensor {name}: shape {list(value.shape)}, expected {list(shape)}")
    if not numpy.isfinite(value).all():
        raise Refused(f"tensor {name}: an element is not finite, or beyond f32")
    return value


def drop_sinusoids(state, side, width):
    """lat computes them; the checkpoint's have to be the same."""
    name = side + ".position_embeddings.weight"
    places = numpy.arange(len(state.get(name, ())))[:, None]
    column = numpy.arange(width)
    angles = places / 10000.0 ** (2 * (column // 2) / width)
    expected = numpy.where(column % 2 == 0, numpy.sin(angles), numpy.cos(angles))
    if numpy.abs(take(state, name, expected.shape) - expected).max(initial=0) > 1e-5:
        raise Refused(f"tensor {name}: not the sinusoids that lat computes")


def chosen_rows(table, words, symbols, absent):
    """Rows in the order of lat's vocabulary; `absent` where the checkpoint has no such word."""
    rows = numpy.array([words.get(symbol, -1) for symbol in symbols])
    out = table[rows]
    out[rows < 0] = absent
    return out


def convert_tensors(model, state, words):
    """All parameters of the model, end to end in its order. What is left in `state` is no part of it."""
    total, tied = max(words.values()) + 1, model.options["tied"]
    symbols = {"encoder": vocabulary(model.tokenizer, lat.INPUT), "decoder": vocabulary(model.tokenizer, lat.OUTPUT)}
    parts = []
    if tied and "decoder.proj.weight" in state and not numpy.array_equal(
            state.pop("decoder.proj.weight"), state.get("decoder.embeddings.weight")):
        raise Refused("decoder.proj.weight is not decoder.embeddings.weight, though share_inout_emb says so")
    for name, tensor in model.tensors().items():
        side, rest = name.split(".", 1)
        # The package shows vectors as one row.
        shape = tensor.shape if name.endswith("weight") and "norm" not in name else (max(tensor.shape),)
        if rest in ("embeddings.weight", "proj.weight", "proj.bias"):
            table = take(state, name, (total,) + shape[1:])
            parts.append(chosen_rows(table, words, symbols[side], NEVER if rest == "proj.bias" else 0))
        else:
            parts.append(take(state, name, shape))
    return numpy.concatenate([part.reshape(-1) for part in parts])


def vocabulary(tokenizer, side):
    return [tokenizer.symbol(i, side) for i in range(tokenizer.vocabulary_size(side))]


def convert(checkpoint, context):
    if not isinstance(checkpoint, dict):
        raise Refused("not a checkpoint of the published program: it holds no dictionary")
    settings = Settings(checkpoint.get("params"))
    encodings = [encoding_of(settings.get(side + "_encoding", str)) for side in ("input", "output")]
    state = {**state_of(checkpoint, "encoder"), **state_of(checkpoint, "decoder")}
    learned = state.get("encoder.position_embeddings.weight")
    options = architecture(settings, 0 if learned is None else len(learned))
    tokenizer = lat.Tokenizer(context, input_encoding=encodings[0][0], input_digits=encodings[0][1],
                              output_encoding=encodings[1][0], output_digits=encodings[1][1])
    model = lat.Model(make_task(settings, context), tokenizer, context, **options)
    if options["positions"] == lat.POSITIONS_SINUSOIDAL:
        for side in ("encoder", "decoder"):
            drop_sinusoids(state, side, options[side + "_width"])
    values = convert_tensors(model, state, word_rows(settings, encodings))
    if state:
        raise Refused(f"lat has no place for tensor {min(state)}")
    model.set_parameters(values)
    return model


def main(source, target, storage="f32"):
    try:
        model = convert(read_checkpoint(source), lat.Context())
        model.save(target, storage)
    except (Refused, OSError, lat.Error) as error:
        sys.exit(f"convert_pth.py: {source}: {error}")
    print(f"{target}: {model.task.name}, {model.parameter_count} parameters")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
