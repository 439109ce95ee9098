"""examples/python/export_onnx.py and import_onnx.py: graphs that ONNX's checker accepts, the same file back, and, where
ONNX Runtime is there for node (NODE_PATH=... with onnxruntime-node), lat's logits and greedy answers.

    test_onnx.py [Files|Runtime]        exit status 77 where numpy or onnx is missing
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
    import onnx
    from onnx import numpy_helper
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "..", "..", "examples", "python")
sys.path.insert(0, os.path.join(HERE, "..", "golden"))

import lat  # noqa: E402
from symbols import entry_places  # noqa: E402

SMALL = dict(encoder_layers=2, encoder_width=24, encoder_heads=3, decoder_layers=2, decoder_width=16, decoder_heads=2)
CASES = {
    "published": (dict(cross_query_from_input=1), {}),
    "pre-norm": (dict(norm=lat.NORM_PRE, activation=lat.GELU, positions=lat.POSITIONS_SINUSOIDAL, tied=0, ffn_factor=2,
                      encoder_loops=2, decoder_loops=2), dict(input_encoding="p1000", output_encoding="b1999")),
    "factored": (dict(norm=lat.NORM_PRE, activation=lat.GELU, matrix_positions=1, factored=1, encoder_loops=3,
                      encoder_loop_layer=2), dict(input_encoding="fp15", output_encoding="fp15")),
    "factored-head": (dict(matrix_positions=1, factored=1, factored_head=1), dict(input_encoding="fp15", output_encoding="fp15")),
    "factored-head-untied": (dict(factored_head=1, tied=0), dict(output_encoding="fp15")),
    "factored-input": (dict(norm=lat.NORM_PRE, cross_query_from_input=1, matrix_positions=1, factored=1, tied=0),
                       dict(input_encoding="fp15", output_encoding="p1000")),
}
MATRICES = [[[1.5, -20.25], [7.5, 3e-3]], [[-7, 0.125], [9.99, 1]]]


def has_runtime():
    node = shutil.which("node")
    return node is not None and subprocess.run([node, "-e", "require('onnxruntime-node')"], capture_output=True,
                                               check=False).returncode == 0


def run_script(name, *arguments):
    return subprocess.run([sys.executable, os.path.join(SCRIPTS, name), *arguments], capture_output=True, text=True,
                          check=False)


def make_model(context, options, encodings, task=None):
    """Every parameter away from its initial value, so that biases and gains count."""
    tokenizer = lat.Tokenizer(context, **encodings)
    model = lat.Model(task or lat.Task("transpose", context, rows=2), tokenizer, context, **{**SMALL, **options})
    noise = numpy.random.default_rng(1).uniform(-0.2, 0.2, model.parameter_count)
    model.set_parameters((numpy.array(model.parameters) + noise).astype("f4"))
    return model


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.context = lat.Context(precision=lat.PRECISION_F32, threads=1)
        self.source, self.graphs, self.target = (
            os.path.join(folder.name, name) for name in ("model.safetensors", "graphs", "again.safetensors"))

    def export(self, model):
        model.save(self.source)
        done = run_script("export_onnx.py", self.source, self.graphs)
        self.assertEqual(done.returncode, 0, done.stderr)

    def refused(self, script, message, *arguments):
        done = run_script(script, *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(message, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


class Files(Scratch):
    def test_checker_and_import(self):
        for name, (options, encodings) in CASES.items():
            with self.subTest(case=name):
                self.export(make_model(self.context, options, encodings))
                for graph in ("encoder", "decoder", "decoder_step"):
                    model = onnx.load(os.path.join(self.graphs, graph + ".onnx"))
                    onnx.checker.check_model(model, full_check=True)
                    self.assertEqual([entry.version for entry in model.opset_import], [17])
                done = run_script("import_onnx.py", self.graphs, self.target)
                self.assertEqual(done.returncode, 0, done.stderr)
                with open(self.source, "rb") as before, open(self.target, "rb") as after:
                    self.assertEqual(before.read(), after.read())

    def test_kinds_that_are_not_exported(self):
        for options, message in ((dict(architecture=lat.ARCHITECTURE_GRU), "architecture gru is not exported"),
                                 (dict(architecture=lat.ARCHITECTURE_DECODER), "architecture decoder is not exported"),
                                 (dict(norm_kind=lat.NORM_KIND_RMS), "norm_kind rms is not exported"),
                                 (dict(ffn=lat.FFN_GATED), "a gated ffn is not exported"),
                                 (dict(copy_gate=1, encoder_loops=2), "copy_gate is not exported")):
            make_model(self.context, options, {}).save(self.source)
            self.refused("export_onnx.py", message, self.source, self.graphs)
            self.assertFalse(os.path.exists(self.graphs))
        self.refused("export_onnx.py", "cannot open", self.target, self.graphs)

    def test_graphs_of_other_origin(self):
        self.refused("import_onnx.py", "No such file", self.graphs, self.target)
        self.export(make_model(self.context, {}, {}))
        encoder = os.path.join(self.graphs, "encoder.onnx")
        whole = onnx.load(encoder)
        with open(encoder, "wb") as file:
            file.write(b"\xff text")
        self.refused("import_onnx.py", "not an ONNX file", self.graphs, self.target)
        bias = "encoder.layer_norm_emb.bias"

        def changed(change):
            model = onnx.ModelProto()
            model.CopyFrom(whole)
            change(model, next(t for t in model.graph.initializer if t.name == bias))
            onnx.save(model, encoder)

        def put(value):
            return lambda model, tensor: tensor.CopyFrom(numpy_helper.from_array(value, bias))

        changed(lambda model, tensor: model.ClearField("metadata_props"))
        self.refused("import_onnx.py", "there is no lat.config in its metadata", self.graphs, self.target)
        changed(lambda model, tensor: model.graph.initializer.remove(tensor))
        self.refused("import_onnx.py", "tensors; its lat.config describes", self.graphs, self.target)
        changed(put(numpy.ones(3, "f4")))
        self.refused("import_onnx.py", f"tensor {bias}: shape 3", self.graphs, self.target)
        changed(put(numpy.ones(24, "f8")))
        self.refused("import_onnx.py", f"tensor {bias}: not float32", self.graphs, self.target)
        changed(put(numpy.full(24, numpy.nan, "f4")))
        self.refused("import_onnx.py", bias, self.graphs, self.target)
        changed(lambda model, tensor: setattr(model.metadata_props[0], "value", "{}"))
        self.refused("import_onnx.py", "different models", self.graphs, self.target)
        self.assertFalse(os.path.exists(self.target))


@unittest.skipUnless(has_runtime(), "no onnxruntime-node")
class Runtime(Scratch):
    def test_runtime(self):
        for name, (options, encodings) in CASES.items():
            with self.subTest(case=name):
                model = make_model(self.context, options, encodings)
                self.export(model)
                self.compare(model)

    def compare(self, model):
        batch = lat.Batch(model.tokenizer)
        for a in MATRICES:
            batch.append(a, [list(column) for column in zip(*a)])
        sources, targets = (batch.sequences(side) for side in (lat.INPUT, lat.OUTPUT))
        # EOS in front, and behind a problem; places in the decoder are those of the token to predict.
        request = {"folder": self.graphs, "heads": SMALL["decoder_heads"],
                   "size": SMALL["decoder_width"] // SMALL["decoder_heads"],
                   "source": {"tokens": [[0, *tokens, 0] for tokens in sources]},
                   "target": {"tokens": [[0, *tokens] for tokens in targets]}}
        if model.options["matrix_positions"]:
            for member, side, front in (("source", lat.INPUT, [(0, 0)]), ("target", lat.OUTPUT, [])):
                places = [front + entry_places(a, model.tokenizer.encoding(side)) for a in MATRICES]
                request[member].update(rows=[[r for r, _ in p] for p in places], cols=[[c for _, c in p] for p in places])
        done = subprocess.run(["node", os.path.join(HERE, "run_onnx.js")], input=json.dumps(request), capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        expected = numpy.array(model.logits(batch).tolist())
        whole = numpy.array(answer["whole"]).reshape(expected.shape)
        stepwise = numpy.array(answer["steps"]).reshape(len(answer["steps"]), len(MATRICES), -1)
        self.assertLess(numpy.abs(whole - expected).max(), 1e-5)
        self.assertLess(numpy.abs(stepwise.swapaxes(0, 1).reshape(expected.shape) - expected).max(), 1e-5)
        if not model.options["matrix_positions"]:  # else the places of an answer depend on the answer
            count = len(answer["greedy"])
            found, _ = lat.Session(model, grammar=0, max_tokens=count).decode(batch)
            for i, tokens in enumerate(found):
                self.assertEqual(list(tokens), [row[i] for row in answer["greedy"]][:len(tokens)])
                self.assertTrue(len(tokens) == count or answer["greedy"][len(tokens)][i] == 0)


if __name__ == "__main__":
    unittest.main()
