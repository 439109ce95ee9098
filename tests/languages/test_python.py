"""lat.py: matrices of every kind, errors, callbacks, files. LAT_LIBRARY names the library."""

import ctypes
import os
import tempfile
import unittest
from array import array

import lat

try:
    import numpy
except ImportError:
    numpy = None

SMALL = dict(encoder_width=8, encoder_heads=2, decoder_width=8, decoder_heads=2)


def small_model(name="transpose", **sizes):
    return lat.Model(lat.Task(name, **sizes), **SMALL)


class Matrices(unittest.TestCase):
    """Task.answer() is LAPACK's, so the values are known."""

    def setUp(self):
        self.task = lat.Task("transpose", rows=2, cols=3)

    def check(self, a):
        self.assertEqual(self.task.answer(a).tolist(), [[1, 4], [2, 5], [3, 6]])

    def test_list_of_rows(self):
        self.check([[1, 2, 3], (4, 5, 6)])

    def test_array_in_place(self):
        values = array("d", [1, 2, 3, 4, 5, 6])
        a = lat.matrix(values, 2, 3)
        self.check(a)
        values[5] = 7
        self.assertEqual(a[1, 2], 7)

    def test_any_numbers(self):
        self.check(lat.matrix(range(1, 7), 2, 3))

    def test_read_only(self):
        self.check(lat.matrix(array("d", range(1, 7)), 2, 3).toreadonly())

    def test_ctypes_array(self):
        self.check(((ctypes.c_double * 3) * 2)((1, 2, 3), (4, 5, 6)))

    def test_refusals(self):
        floats = lat.matrix(array("f", range(6)), 2, 3)
        for a in (floats, array("d", range(6)), [1, 2]):
            with self.assertRaises(TypeError):
                self.task.answer(a)
        with self.assertRaisesRegex(ValueError, "differ in length"):
            self.task.answer([[1, 2, 3], [4]])
        with self.assertRaises(TypeError):
            lat.matrix(array("d", range(6)), 3, 3)

    def test_vectors(self):
        self.assertEqual(lat.Task("transpose", rows=1, cols=3).answer([[1, 2, 3]]).tolist(),
                         [[1], [2], [3]])

    @unittest.skipIf(numpy is None, "no numpy")
    def test_numpy(self):
        a = numpy.array([[1.0, 2, 3], [4, 5, 6]])
        padded = numpy.zeros((4, 5))
        padded[:2, :3] = a
        for order in (a, numpy.asfortranarray(a), padded[:2, :3],
                      numpy.asfortranarray(padded)[:2, :3]):
            self.check(order)
        with self.assertRaisesRegex(ValueError, "contiguous"):
            self.task.answer(numpy.repeat(numpy.repeat(a, 2, 0), 2, 1)[::2, ::2])
        with self.assertRaises(TypeError):
            self.task.answer(a.astype("f"))

    @unittest.skipIf(numpy is None, "no numpy")
    def test_numpy_answer(self):
        x, report = lat.Solver(small_model(rows=2)).solve(numpy.eye(2))
        for order in "CF":
            out = numpy.full((2, 2), numpy.nan, order=order)
            same, _ = lat.Solver(small_model(rows=2)).solve(numpy.eye(2), out)
            self.assertIs(same, out)
            self.assertEqual(out.tolist(), x.tolist())


class Errors(unittest.TestCase):
    def test_message_and_name(self):
        with self.assertRaisesRegex(lat.Error, "nonsense") as caught:
            lat.Task("nonsense")
        self.assertEqual((caught.exception.status, caught.exception.name), (-12, "NOT_FOUND"))

    def test_unknown_option(self):
        with self.assertRaisesRegex(TypeError, "model_options has no encoder_with"):
            lat.Model(lat.Task("transpose"), encoder_with=8)

    def test_closed(self):
        with small_model(rows=2) as model:
            pass
        with self.assertRaisesRegex(lat.Error, "NULL"):
            model.save("never")
        model.close()

    def test_shape(self):
        with self.assertRaises(lat.Error) as caught:
            lat.Solver(small_model(rows=2)).solve([[1, 2, 3]])
        self.assertEqual(caught.exception.name, "SHAPE")

    def test_read_only_answer(self):
        with self.assertRaises(BufferError):
            lat.Solver(small_model(rows=2)).solve(
                [[1, 2], [3, 4]], lat.matrix(array("d", range(4)), 2, 2).toreadonly())


class Training(unittest.TestCase):
    def test_train_save_load_solve(self):
        model = small_model(rows=2)
        seen = []
        state = lat.train(model, dict(rule="adamw"), seen.append, batch_size=4, max_examples=16,
                          report_every=1, validate_every=0)
        self.assertEqual((state.examples, state.updates), (16, 4))
        self.assertEqual(seen[-1].examples, 16)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.safetensors")
            model.save(path)
            loaded = lat.Model.load(path)
        self.assertEqual(loaded.config["task"]["name"], "transpose")
        a = [[1, 2], [3, 4]]
        x, report = lat.Solver(loaded).solve(a)
        y, _ = lat.Solver(model).solve(a)
        self.assertEqual((x.shape, x.tolist()), ((2, 2), y.tolist()))
        self.assertIn(report.verdict, (lat.WITHIN, lat.OUTSIDE))
        self.assertGreater(report.residual, -1)
        self.assertIn("residual=", repr(report))

    def test_watcher_stops(self):
        with self.assertRaises(lat.Error) as caught:
            lat.train(small_model(rows=2), progress=lambda progress: True, report_every=1)
        self.assertEqual(caught.exception.name, "CANCELLED")

    def test_exceptions_pass(self):
        def interrupted(progress):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            lat.train(small_model(rows=2), progress=interrupted, report_every=1)

    def test_resume(self):
        run = dict(batch_size=4, validate_every=0)
        with tempfile.TemporaryDirectory() as folder:
            lat.train(small_model(rows=2), directory=folder, max_examples=8, **run)
            state = lat.train(small_model(rows=2), directory=folder, max_examples=16, resume=True,
                              **run)
        self.assertEqual(state.examples, 16)

    def test_refused_options(self):
        with self.assertRaisesRegex(lat.Error, "max_examples -1 is outside"):
            lat.train(small_model(rows=2), max_examples=-1)


class Models(unittest.TestCase):
    def test_tensors(self):
        model = small_model(rows=2)
        tensors = model.tensors()
        self.assertEqual(sum(tensor.shape[0] * tensor.shape[1] for tensor in tensors.values()),
                         model.parameter_count)
        self.assertEqual(tensors["encoder.layers.0.ffn.lin1.weight"].shape, (32, 8))
        self.assertEqual(tensors["encoder.layer_norm_emb.weight"].tolist(), [[1.0]] * 8)

    def test_clone(self):
        model = small_model(rows=2)
        model.freeze()
        self.assertEqual(model.clone().parameter_count, model.parameter_count)

    def test_named(self):
        model = small_model(rows=2)
        with tempfile.TemporaryDirectory() as folder:
            model.save(os.path.join(folder, "small.safetensors"), storage="bf16")
            self.assertEqual(lat.model_names(["/nowhere", folder]), ["small"])
            same = lat.Model.load_named("small", [folder])
            self.assertEqual(same.parameter_count, model.parameter_count)
            with self.assertRaisesRegex(lat.Error, "no model other in .*; there are small"):
                lat.Model.load_named("other", [folder])
        self.assertTrue(os.path.isabs(lat.model_folder()))
        self.assertIsInstance(lat.model_names(), list)

    def test_create_from(self):
        model = small_model(rows=2)
        larger = lat.Model.create_from(model, lat.Task("transpose", rows=3))
        self.assertGreater(larger.parameter_count, model.parameter_count)
        self.assertEqual(larger.config["task"]["rows"], 3)

    def test_mixture(self):
        tasks = [lat.Task("transpose", rows=2), lat.Task("eigenvalues", rows=2)]
        model = lat.Model(lat.Task.mixture(tasks, [1, 2]), **SMALL)
        solver = lat.Solver(model)
        with self.assertRaises(lat.Error):
            solver.solve([[1, 2], [2, 1]])
        solver.select("eigenvalues")
        self.assertEqual(solver.solve([[1, 2], [2, 1]])[0].shape, (2, 1))
        with self.assertRaises(lat.Error):
            solver.select("svd")

    def test_solve_many(self):
        solver = lat.Solver(small_model(rows=2))
        matrices = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
        answers, reports = solver.solve_many(matrices)
        self.assertEqual([x.tolist() for x in answers],
                         [solver.solve(a)[0].tolist() for a in matrices])
        self.assertEqual(len(reports), 2)

    def test_evaluate(self):
        calls = []
        rows = lat.evaluate(small_model(rows=2), count=8, decode=dict(grammar=1),
                            progress=lambda done, count: calls.append((done, count)))
        self.assertEqual((rows[0]["label"], rows[0]["count"]), ("all", 8))
        self.assertEqual((len(rows[0]["accuracy"]), rows[0]["well_formed"]), (4, 100.0))
        self.assertEqual(calls[-1], (8, 8))


class Library(unittest.TestCase):
    def test_version_and_names(self):
        self.assertRegex(lat.version(), r"^\d+\.\d+\.\d+$")
        self.assertIn("svd", lat.task_names())

    def test_context(self):
        context = lat.Context(threads=1, precision=lat.PRECISION_F32)
        self.assertEqual(context.threads, 1)
        self.assertTrue(context.kernels)
        with self.assertRaisesRegex(lat.Error, "threads"):
            lat.Context(threads=-1)


if __name__ == "__main__":
    unittest.main()
