"""examples/python/convert_pth.py on checkpoints that are made here, in the layout of the published program, and
answered by the PyTorch twin of tests/golden over the program's own vocabulary: logits within 1e-5, greedy answers
the same. And on files that are no checkpoints: a message, status 1, and nothing written.

    test_convert_pth.py        exit status 77 where PyTorch is missing
"""

import os
import pickle
import subprocess
import sys
import tempfile
import unittest
import zipfile
from collections import OrderedDict

try:
    import numpy
    import torch
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "tests", "golden"))
SCRIPT = os.path.join(SOURCE, "examples", "python", "convert_pth.py")

import lat  # noqa: E402
import symbols as encodings  # noqa: E402
from twin import Config, Example, Twin, noise  # noqa: E402

SPECIAL = (["<s>", "</s>", "<pad>", "(", ")"] + [f"<SPECIAL_{i}>" for i in range(10)] + list("TADMEFI")
           + ["+", "-", "10^", ".", "|"])
POSITIONS = 64
NAMES = {"float,2,10": "p10", "float,2,1000": "p1000", "floatsymbol,2": "b1999", "FP15,2,16": "fp15"}

OPTIONS = dict(
    operation="transpose", generator="uniform", max_input_coeff=10, min_dimension=2, max_dimension=2, force_dim=False,
    first_dimension=5, second_dimension=5, rectangular=False, eigen_distribution="semicircle", noisy_input=False,
    sigma=0.05, max_encoder_dimension=100, cotraining_tasks="TADMEFI", share_inout_emb=True, sinusoidal_embeddings=False,
    enc_emb_dim=12, dec_emb_dim=8, n_enc_layers=2, n_dec_layers=2, n_enc_heads=3, n_dec_heads=2,
    input_encoding="float,2,10", output_encoding="float,2,10", lr=None, fp16=False, exp_name="x")


def words_of(options):
    own = {f"V{i}" for i in range(1, 101)}
    for side in ("input", "output"):
        own.update(encodings.number_symbols(NAMES[options[side + "_encoding"]]))
    return SPECIAL + sorted(own - {"+", "-"})


def twin_config(options):
    return Config(
        encoder_layers=options["n_enc_layers"], encoder_width=options["enc_emb_dim"],
        encoder_heads=options["n_enc_heads"], decoder_layers=options["n_dec_layers"],
        decoder_width=options["dec_emb_dim"], decoder_heads=options["n_dec_heads"], cross_query_from_input=1,
        positions="sinusoidal" if options["sinusoidal_embeddings"] else "learned",
        tied=int(options["share_inout_emb"]))


def linear(out, inner):
    return {"weight": (out, inner), "bias": (out,)}


def module_shapes(options, side, words):
    """The tensors of one of the program's modules, with their shapes."""
    short = side[:3]
    width, memory = options[short + "_emb_dim"], options["enc_emb_dim"]
    norm = {"weight": (width,), "bias": (width,)}
    parts = {"layer_norm_emb": norm, "embeddings": {"weight": (len(words), width)},
             "position_embeddings": {"weight": (POSITIONS, width)}}
    for i in range(options[f"n_{short}_layers"]):
        layer = f"layers.{i}."
        attentions = {"self_attention": width} | ({"cross_attention": memory} if side == "decoder" else {})
        for name, inner in attentions.items():
            for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
                parts[f"{layer}{name}.{part}"] = linear(width, inner if part in ("k_lin", "v_lin") else width)
        for name in ["layer_norm1", "layer_norm2"] + (["layer_norm15"] if side == "decoder" else []):
            parts[layer + name] = norm
        parts[layer + "ffn.lin1"], parts[layer + "ffn.lin2"] = linear(4 * width, width), linear(width, 4 * width)
    if side == "decoder":
        parts["proj"] = linear(len(words), width)
    return {f"{name}.{kind}": shape for name, part in parts.items() for kind, shape in part.items()}


def value_of(name, shape):
    scale = (3.0 / shape[1]) ** 0.5 if len(shape) == 2 else 0.3
    centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
    return torch.from_numpy((noise(name, int(numpy.prod(shape))) * scale + centre).astype("<f4")).reshape(shape)


def make_checkpoint(**changes):
    """(checkpoint, options, words): what the program saves, with weights made here."""
    options = {**OPTIONS, **changes}
    words = words_of(options)
    checkpoint = {"epoch": 3, "n_total_iter": 9, "best_metrics": {"valid": numpy.float64(0.5)}, "params": options}
    for side in ("encoder", "decoder"):
        state = OrderedDict((name, value_of(side + name, shape))
                            for name, shape in module_shapes(options, side, words).items())
        if options["sinusoidal_embeddings"]:
            table = Twin(twin_config(options), {"x.embeddings.weight": state["embeddings.weight"]})
            state["position_embeddings.weight"] = table.position_table("x.", POSITIONS).float()
        checkpoint[side] = state
    state = checkpoint["decoder"]
    if options["share_inout_emb"]:
        state["proj.weight"] = state["embeddings.weight"]
    # A trained model does not choose what is no symbol of its outputs.
    known = set(encodings.vocabulary(NAMES[options["output_encoding"]])) - set(encodings.ascii_uppercase)
    for row, word in enumerate(words):
        if row > 0 and word not in known:
            state["proj.bias"][row] = -50.0
    return checkpoint, options, words


def run_script(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


class Converting(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source = os.path.join(folder.name, "checkpoint.pth")
        self.target = os.path.join(folder.name, "model.safetensors")

    def convert(self, checkpoint, *more):
        torch.save(checkpoint, self.source)
        done = run_script(self.source, self.target, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return lat.Model.load(self.target, lat.Context(precision=lat.PRECISION_F32, threads=1))

    def check_same(self, made, letter=None):
        """The model of the file against the twin, on matrices."""
        checkpoint, options, words = made
        model = self.convert(checkpoint)
        rows = {word: i for i, word in enumerate(words)} | {"EOS": 0}
        state = {f"{side}.{name.removeprefix('module.')}": value.double()
                 for side in ("encoder", "decoder") for name, value in checkpoint[side].items()}
        twin = Twin(twin_config(options), state)
        batch = lat.Batch(model.tokenizer)
        for a in ([[1.5, -20.25], [0.0, 3e-3]], [[-7, 0.125], [9.99, 1]]):
            batch.append(a, [[a[0][0], a[1][0]], [a[0][1], a[1][1]]], letter=letter)
        texts = [[[model.tokenizer.symbol(t, side) for t in tokens] for tokens in batch.sequences(side)]
                 for side in (lat.INPUT, lat.OUTPUT)]
        examples = [Example([rows[s] for s in source], [rows[s] for s in target], [(0, 0)] * 99, [(0, 0)] * 99)
                    for source, target in zip(*texts)]
        self.check_logits(model, batch, twin.logits(examples), rows)
        found, _ = lat.Session(model, grammar=0, max_tokens=9).decode(batch)
        for tokens, example in zip(found, examples):
            self.assertEqual([rows[model.tokenizer.symbol(t, lat.OUTPUT)] for t in tokens],
                             self.greedy(twin, example, 9))

    def check_logits(self, model, batch, expected, rows):
        got = numpy.array(model.logits(batch).tolist())
        for token in range(model.tokenizer.vocabulary_size(lat.OUTPUT)):
            symbol = model.tokenizer.symbol(token, lat.OUTPUT)
            if symbol in rows:
                difference = numpy.abs(got[:, token] - expected[:, rows[symbol]].detach().numpy()).max()
                self.assertLess(difference, 1e-5, symbol)
            elif symbol != "PAD":
                self.assertLess(got[:, token].max(), -1e3, symbol)

    def greedy(self, twin, example, count):
        target = []
        while len(target) < count:
            chosen = int(twin.logits([Example(example.source, target, [(0, 0)] * 99, [(0, 0)] * 99)])[-1].argmax())
            if chosen == 0:
                break
            target.append(chosen)
        return target

    def test_tied(self):
        self.check_same(make_checkpoint())

    def test_p1000_untied_and_sinusoidal(self):
        self.check_same(make_checkpoint(input_encoding="floatsymbol,2", output_encoding="float,2,1000",
                                        share_inout_emb=False, sinusoidal_embeddings=True))

    def test_fp15(self):
        self.check_same(make_checkpoint(operation="eigenvalues", input_encoding="FP15,2,16",
                                        output_encoding="float,2,1000", n_enc_layers=1, n_dec_layers=1))

    def test_cotraining(self):
        self.check_same(make_checkpoint(operation="cotraining", cotraining_tasks="TEI"), letter="T")

    def test_several_gpus_and_an_optimizer(self):
        made = make_checkpoint(n_enc_layers=1, n_dec_layers=1)
        weights = list(made[0]["encoder"].values())
        optimizer = torch.optim.Adam([torch.nn.Parameter(weights[0])])
        optimizer.param_groups[0]["params"][0].grad = weights[0].clone()
        optimizer.step()
        made[0]["optimizer"] = optimizer.state_dict()
        for side in ("encoder", "decoder"):
            made[0][side] = OrderedDict(("module." + name, value) for name, value in made[0][side].items())
        self.check_same(made)

    def test_options_of_the_run(self):
        checkpoint, _, _ = make_checkpoint(operation="eigenvalues", eigen_distribution="positive,laplace", generator="normal",
                                           min_dimension=2, max_dimension=4, noisy_input=True)
        checkpoint["encoder"] = OrderedDict((n, v.half()) for n, v in checkpoint["encoder"].items())
        checkpoint["decoder"] = OrderedDict((n, v.bfloat16()) for n, v in checkpoint["decoder"].items())
        model = self.convert(checkpoint, "f16")
        options = model.task.options
        self.assertEqual([options[n] for n in ("min_size", "max_size", "distribution", "coefficients", "noise")],
                         [2, 4, "positive,laplace", "gaussian", 0.05])
        self.assertEqual(model.options["max_positions"], POSITIONS)

    # ---- What is refused

    def refused(self, message):
        done = run_script(self.source, self.target)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(message, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertFalse(os.path.exists(self.target))

    def refused_checkpoint(self, message, change, **options):
        checkpoint, _, _ = make_checkpoint(n_enc_layers=1, n_dec_layers=1, **options)
        change(checkpoint)
        torch.save(checkpoint, self.source)
        self.refused(message)

    def test_no_file(self):
        self.refused("No such file")

    def test_other_files(self):
        with open(self.source, "wb") as file:
            file.write(b"epoch 3\n")
        self.refused("not a file of torch.save()")
        with zipfile.ZipFile(self.source, "w") as archive:
            archive.writestr("a/readme", "text")
        self.refused("without NAME/data.pkl")
        torch.save(torch.zeros(3), self.source)
        self.refused("holds no dictionary")
        torch.save({"model": 1}, self.source)
        self.refused("there are no options ('params')")
        torch.save({}, self.source, _use_new_zipfile_serialization=False)
        self.refused("not a file of torch.save()")

    def write_pickle(self, content, storages=()):
        with zipfile.ZipFile(self.source, "w") as archive:
            archive.writestr("x/data.pkl", content)
            for name, data in storages:
                archive.writestr("x/data/" + name, data)

    def test_code_is_not_run(self):
        marker = self.target + ".attacked"
        for attack in ((os.system, (f"touch {marker}",)), (open, (marker, "w")), (getattr, ("x", "upper")),
                       (exec, (f"open({marker!r}, 'w')",))):
            call = type("Attack", (), {"__reduce__": lambda self, attack=attack: attack})
            for protocol in (0, 2, 4):
                self.write_pickle(pickle.dumps({"params": call()}, protocol))
                self.refused("which is no tensor and no container")
        self.assertFalse(os.path.exists(marker))

    def test_broken_pickles(self):
        whole = pickle.dumps({"params": {"operation": "transpose"}})
        for size in range(len(whole)):
            self.write_pickle(whole[:size])
            with self.subTest(size=size):
                sys.path.insert(0, os.path.dirname(SCRIPT))
                import convert_pth
                with self.assertRaises(convert_pth.Refused):
                    convert_pth.read_checkpoint(self.source)

    def test_tensors_outside_their_storage(self):
        class Storage:
            pass

        class Tensor:
            def __init__(self, *arguments):
                self.arguments = arguments

            def __reduce__(self):
                return torch._utils._rebuild_tensor_v2, self.arguments

        class Writer(pickle.Pickler):
            def persistent_id(self, thing):
                return ("storage", torch.FloatStorage, "0", "cpu", 4) if isinstance(thing, Storage) else None

        for offset, size, stride, bytes_ in ((0, (5,), (1,), 16), (3, (2,), (1,), 16), (0, (2,), (9,), 16),
                                             (0, (1 << 40,), (0,), 16), (-1, (2,), (1,), 16), (0, (2,), (1,), 12)):
            with open(self.target + ".pkl", "wb") as file:
                Writer(file, 2).dump(Tensor(Storage(), offset, size, stride, False, OrderedDict()))
            with open(self.target + ".pkl", "rb") as file:
                self.write_pickle(file.read(), [("0", bytes(bytes_))])
            self.refused("elements" if offset >= 0 else "a tensor is not described")
            os.remove(self.target + ".pkl")

    def test_tensors_that_do_not_fit(self):
        def put(side, name, value):
            return lambda checkpoint: checkpoint[side].__setitem__(name, value)

        self.refused_checkpoint("there is no tensor encoder.layers.0.ffn.lin1.bias",
                                lambda c: c["encoder"].pop("layers.0.ffn.lin1.bias"))
        self.refused_checkpoint("there is no module 'decoder'", lambda c: c.pop("decoder"))
        self.refused_checkpoint("tensor decoder.layer_norm_emb.weight: shape [7], expected [8]",
                                put("decoder", "layer_norm_emb.weight", torch.ones(7)))
        self.refused_checkpoint("lat has no place for tensor encoder.extra",
                                put("encoder", "extra", torch.ones(7)))
        self.refused_checkpoint("is not a tensor of floating-point numbers",
                                put("encoder", "layer_norm_emb.bias", torch.ones(12, dtype=torch.int32)))
        self.refused_checkpoint("not finite, or beyond f32",
                                put("encoder", "layer_norm_emb.bias", torch.full((12,), 1e300, dtype=torch.float64)))
        self.refused_checkpoint("not decoder.embeddings.weight",
                                lambda c: c["decoder"].__setitem__("proj.weight", c["decoder"]["proj.weight"] + 1))
        self.refused_checkpoint("not the sinusoids",
                                put("encoder", "position_embeddings.weight", torch.ones(POSITIONS, 12)),
                                sinusoidal_embeddings=True)

    def test_options_that_do_not_fit(self):
        def put(name, value):
            return lambda checkpoint: checkpoint["params"].__setitem__(name, value)

        self.refused_checkpoint("encoding 'float,2,16' is none of lat's", put("input_encoding", "float,2,16"))
        self.refused_checkpoint("operation 'roots' is none of", put("operation", "roots"))
        self.refused_checkpoint("option n_enc_layers is missing", lambda c: c["params"].pop("n_enc_layers"))
        self.refused_checkpoint("option dec_emb_dim is '8', not of type int", put("dec_emb_dim", "8"))
        self.refused_checkpoint("heads", put("n_dec_heads", 3))
        self.refused_checkpoint("distribution", put("eigen_distribution", "other"), operation="eigenvalues")

    def test_what_f16_does_not_hold(self):
        checkpoint, _, _ = make_checkpoint()
        checkpoint["encoder"]["layer_norm_emb.bias"][3] = 1e5
        torch.save(checkpoint, self.source)
        done = run_script(self.source, self.target, "f16")
        self.assertEqual(done.returncode, 1)
        self.assertIn("encoder.layer_norm_emb.bias: element 3 is 100000, which f16 does not hold", done.stderr)
        self.assertFalse(os.path.exists(self.target))


if __name__ == "__main__":
    unittest.main()
