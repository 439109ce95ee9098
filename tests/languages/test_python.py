"""lat.py: matrices of every kind, errors, callbacks, files. LAT_LIBRARY names the library."""

import copy
import ctypes
import gc
import itertools
import math
import os
import pathlib
import pickle
import tempfile
import threading
import unittest
import weakref
from array import array
from decimal import Decimal
from fractions import Fraction

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

    def test_numbers_of_every_type(self):
        self.check([[1, 2.0, Fraction(3)], [Decimal(4), True * 5, 6]])
        for kind in "bBhHiIlLqQfd":
            self.check(lat.matrix(array(kind, range(1, 7)), 2, 3))
        for kind in (ctypes.c_int8, ctypes.c_uint16, ctypes.c_int64, ctypes.c_ulong, ctypes.c_float,
                     ctypes.c_double.__ctype_be__, ctypes.c_int32.__ctype_be__, ctypes.c_longdouble):
            self.check(((kind * 3) * 2)((1, 2, 3), (4, 5, 6)))
            self.check([(kind * 3)(1, 2, 3), (4, 5, 6)])
            if kind is not ctypes.c_longdouble:
                self.check(lat.matrix((kind * 6)(1, 2, 3, 4, 5, 6), 2, 3))
        booleans = ((ctypes.c_bool * 3) * 2)((True, False, True), (False, False, True))
        self.assertEqual(self.task.answer(booleans).tolist(), [[1, 0], [0, 0], [1, 1]])

    def test_strides(self):
        wide = lat.matrix(array("d", [1, 2, 3, 4, 5, 6, -1, -1, -1]), 3, 3)
        self.check(wide[:2])
        self.check(lat.matrix(array("d", [4, 5, 6, 1, 2, 3]), 2, 3)[::-1])
        self.check(lat.matrix(array("f", [1, 2, 3, 0, 0, 0, 4, 5, 6]), 3, 3)[::2])
        self.check(lat.matrix(array("d", [6, 5, 4, 3, 2, 1])[::-1], 2, 3))
        self.check(lat.matrix(memoryview(array("d", range(12)))[1:7], 2, 3))
        self.check(lat.matrix(memoryview(array("d", [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]))[::2], 2, 3))

    def test_numbers_that_are_none(self):
        complexes = [[1j] * 3] * 2
        for a in (complexes, [["1", "2", "3"]] * 2, ["123", "456"], [b"123", b"456"], [[None] * 3] * 2,
                  [[object()] * 3] * 2, [[[1]] * 3] * 2, {1: 2}, [{1, 2, 3}, {4, 5, 6}], "text", b"", None,
                  5, ((ctypes.c_char * 3) * 2)(), ((ctypes.c_void_p * 3) * 2)()):
            with self.assertRaises(TypeError, msg=repr(a)):
                self.task.answer(a)
        with self.assertRaises(OverflowError):
            self.task.answer([[10 ** 400, 2, 3], [4, 5, 6]])
        for value, text in ((float("nan"), "nan"), (float("-inf"), "-inf")):
            with self.assertRaisesRegex(lat.Error, "input") as caught:
                self.task.answer([[value, 2, 3], [4, 5, 6]])
            self.assertEqual(caught.exception.name, "NUMERIC")

    def test_sizes(self):
        for a, text in (([], "0 rows"), ([[]], "0 columns"), ([[], []], "0 columns"),
                        ([[1] * 101], "more than 100 columns"), (itertools.repeat([1]), "more than 100 rows"),
                        ([itertools.count()], "more than 100 columns"),
                        (lat.matrix(bytes(303), 3, 101), "more than 100 columns"),
                        (lat.matrix(bytes(8 * 300), 300, 8), "more than 100 rows")):
            with self.assertRaisesRegex(lat.Error, text) as caught:
                self.task.answer(a)
            self.assertEqual(caught.exception.name, "SHAPE")
        for rows, cols in ((0, 6), (-2, -3), (2 ** 32 + 2, 3), (2 ** 62, 8)):
            with self.assertRaises(ValueError):
                lat.matrix(array("d", range(6)), rows, cols)

    def test_refusals(self):
        for a in (array("d", range(6)), [1, 2]):
            with self.assertRaises(TypeError):
                self.task.answer(a)
        with self.assertRaisesRegex(ValueError, "differ in length"):
            self.task.answer([[1, 2, 3], [4]])
        with self.assertRaisesRegex(ValueError, "6 values for a 3 x 3 matrix"):
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
        for strided in (numpy.repeat(numpy.repeat(a, 2, 0), 2, 1)[::2, ::2], a[::-1, ::-1][::-1, ::-1],
                        a[::-1].copy()[::-1], a.T.copy().T, padded.reshape(20)[[0, 1, 2, 5, 6, 7]].reshape(2, 3),
                        numpy.frombuffer(b"x" + a.tobytes(), "d", 6, 1).reshape(2, 3)):
            self.check(strided)
        for kind in "bhilqBHILQefdg?":
            for order in "<>" if kind != "g" else "=":  # numpy lends the latter natively only
                b = a.astype(numpy.dtype(kind).newbyteorder(order))
                self.assertEqual(self.task.answer(b).tolist(), b.astype("d").T.tolist(), (kind, order))
        self.check([[numpy.float32(1), numpy.int8(2), numpy.uint64(3)], numpy.array([4, 5, 6], "f")])
        for kind in ("F", "D", "O", "S4", "U4", "M8[s]", [("x", "d")]):
            with self.assertRaises(TypeError, msg=kind):
                self.task.answer(numpy.zeros((2, 3), kind))
        with self.assertRaises(TypeError):
            self.task.answer([[numpy.complex128(1)] * 3] * 2)
        with self.assertRaisesRegex(lat.Error, "more than 100"):
            self.task.answer(numpy.broadcast_to(numpy.float32(1), (10 ** 9, 10 ** 9)))

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
        with self.assertRaisesRegex(ValueError, "the Model is closed"):
            model.save("never")
        model.close()

    def test_shape(self):
        with self.assertRaises(lat.Error) as caught:
            lat.Solver(small_model(rows=2)).solve([[1, 2, 3]])
        self.assertEqual(caught.exception.name, "SHAPE")

    def test_pickled(self):
        with self.assertRaises(lat.Error) as caught:
            lat.Task("nonsense")
        error = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((error.status, error.name, str(error)),
                         (-12, "NOT_FOUND", str(caught.exception)))

    def test_objects_are_not_copied(self):
        model = small_model(rows=2)
        for owner in (lat.Context(), lat.Tokenizer(), lat.Task("transpose"), model, lat.Solver(model)):
            for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaisesRegex(TypeError, "cannot be copied"):
                    duplicate(owner)

    def test_message_of_a_path_that_is_not_utf8(self):
        with self.assertRaises(lat.Error) as caught:
            lat.Model.load(b"/nowhere/\xff\xfe")
        self.assertEqual(caught.exception.name, "IO")

    def test_answers_go_into_doubles(self):
        solver = lat.Solver(small_model(rows=2))
        for out, error in ((lat.matrix(array("f", 4 * [0]), 2, 2), TypeError), ([[0, 0], [0, 0]], TypeError),
                           (lat.matrix(array("d", 12 * [0]), 6, 2)[::-3], ValueError)):
            with self.assertRaises(error):
                solver.solve([[1, 2], [3, 4]], out)
        with self.assertRaisesRegex(ValueError, "1 matrices for 2 answers"):
            solver.solve_many([[[1, 2], [3, 4]]], [None, None])

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
            self.assertEqual(lat.Model.inspect(path).config, loaded.config)
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

    def test_a_failed_run_lets_go_of_its_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            run = dict(directory=pathlib.Path(folder, "run"), batch_size=4, validate_every=0)
            try:
                lat.train(small_model(rows=2), progress=lambda progress: True, report_every=1, **run)
            except lat.Error:  # while the exception, and so its traceback, is there
                state = lat.train(small_model(rows=2), resume=True, max_examples=16, **run)
        self.assertEqual(state.examples, 16)

    def test_paths_of_every_kind(self):
        with tempfile.TemporaryDirectory() as folder:
            for i, kind in enumerate((str, os.fsencode, pathlib.Path)):
                run = kind(os.path.join(folder, f"run{i}"))
                lat.train(small_model(rows=2), directory=run, batch_size=4, max_examples=4, validate_every=0)
                self.assertEqual(lat.Model.load(kind(os.path.join(folder, f"run{i}", "model.safetensors")))
                                 .config["task"]["name"], "transpose")
            path = os.path.join(os.fsencode(folder), b"not utf-8 \xff")
            small_model(rows=2).save(path)
            lat.Model.load(os.fsdecode(path))

    def test_callbacks_leave_nothing_behind(self):
        class Failure(Exception):
            pass

        def fail(*arguments):
            raise Failure

        model = small_model(rows=2)
        seen = []
        for call in (lambda: lat.train(model, progress=fail, report_every=1),
                     lambda: lat.evaluate(model, count=4, progress=fail)):
            with self.assertRaises(Failure) as caught:
                call()
            seen.append(weakref.ref(caught.exception))
        del caught
        owned = weakref.ref(model._owned)
        del model, call
        gc.collect()
        self.assertEqual([reference() for reference in (*seen, owned)], [None, None, None])

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

    def test_bytes(self):
        model = small_model(rows=2)
        data = model.to_bytes()
        same = lat.Model.from_bytes(bytearray(data))
        self.assertEqual(same.to_bytes(), data)
        self.assertEqual({name: x.tolist() for name, x in same.tensors().items()},
                         {name: x.tolist() for name, x in model.tensors().items()})
        self.assertLess(len(model.to_bytes(storage="bf16")), len(data))
        with self.assertRaises(lat.Error):
            lat.Model.from_bytes(data[:-1])
        with self.assertRaises(TypeError):
            lat.Model.from_bytes(9)

    def test_cancel(self):
        model = small_model(rows=2)
        calls = []
        solver = lat.Solver(model, cancel=lambda: calls.append(0) or len(calls) == 3)
        with self.assertRaises(lat.Error) as caught:
            solver.solve([[1, 2], [3, 4]])
        self.assertEqual((caught.exception.name, len(calls)), ("CANCELLED", 3))
        solver.solve([[1, 2], [3, 4]])  # which goes on

        def fail():
            raise KeyError("stop")
        with self.assertRaises(KeyError):
            lat.Solver(model, cancel=fail).solve([[1, 2], [3, 4]])
        with self.assertRaises(TypeError):
            lat.Solver(model, cancel=3)

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

    def test_copy_parameters(self):
        model, other = small_model(rows=2), small_model(rows=2)
        other.set_parameters([0] * other.parameter_count)
        other.copy_parameters(model)
        self.assertEqual(list(other.parameters), list(model.parameters))
        with self.assertRaisesRegex(lat.Error, "no tensor's name begins with 'none'"):
            other.copy_parameters(model, "none")

    def test_operands(self):
        systems, a, b = lat.Task("linear-system", rows=2), [[2, 0], [0, 4]], [[1], [2]]
        self.assertEqual((systems.operand_count, systems.result_count), (2, 1))
        self.assertEqual(systems.options["cols"], 1)
        self.assertEqual(systems.answer((a, b)).tolist(), [[0.5], [0.5]])
        values, vectors = lat.Task("eigenvectors", rows=2).answer(a)
        self.assertEqual((values.tolist(), vectors.shape), ([[2.0, 4.0]], (2, 2)))
        with self.assertRaisesRegex(lat.Error, "has 2 operands"):
            systems.answer((a,))
        model = lat.Model(systems, **SMALL)
        self.assertEqual(model.options["encoder_width"], SMALL["encoder_width"])
        solver = lat.Solver(model, fallback=1)
        x, report = solver.solve((a, b))
        self.assertEqual((x.tolist(), report.source), ([[0.5], [0.5]], lat.LAPACK))
        answers, _ = solver.solve_many([(a, b), (a, b)])
        self.assertEqual(len(answers), 2)
        with self.assertRaisesRegex(ValueError, "2 operands"):
            solver.solve((a,))

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
        rows = lat.evaluate(small_model("inverse", rows=2), count=8, diagnose=1,
                            tolerances=[0.5, 0.1], decode=dict(candidates=2, refine=2))
        self.assertEqual(rows[0]["diagnosis"]["criterion"], 2)
        self.assertTrue(math.isnan(rows[0]["accuracy"][2]))
        self.assertGreaterEqual(rows[0]["candidates"], 1)

    def test_observe(self):
        seen = []
        model = small_model("inverse", rows=2)
        lat.evaluate(model, count=6, batch_size=4, decode=dict(grammar=1), observe=lambda o: seen.append(o))
        self.assertEqual([o["index"] for o in seen], list(range(6)))
        for o in seen:
            self.assertEqual((o["task"], o["candidates"]), ("inverse", 1))
            self.assertEqual((o["inputs"], o["targets"]), ([o["input"]], [o["target"]]))
            (a, b), (c, d) = o["input"]
            (p, q), (r, s) = o["target"]
            self.assertAlmostEqual(a * p + b * r, 1, delta=0.2)
            self.assertAlmostEqual(c * q + d * s, 1, delta=0.2)
            self.assertEqual([len(row) for row in o["prediction"]], [2, 2])
            self.assertTrue(o["tokens"] and o["condition"] > 0)
        with self.assertRaises(lat.Error) as caught:
            lat.evaluate(model, count=6, observe=lambda o: o["index"] == 2)
        self.assertEqual(caught.exception.name, "CANCELLED")
        with self.assertRaises(ZeroDivisionError):
            lat.evaluate(model, count=6, observe=lambda o: 1 / 0)


class Threads(unittest.TestCase):
    def test_closed_by_another_thread(self):
        solver = lat.Solver(small_model(rows=2))
        started = threading.Event()

        def close():
            started.wait()
            solver.close()

        thread = threading.Thread(target=close)
        thread.start()
        with self.assertRaisesRegex(ValueError, "closed"):
            while True:
                solver.solve_many([[[1, 2], [3, 4]]] * 256)
                started.set()
        thread.join()

    def test_one_solver_for_several(self):
        solver = lat.Solver(small_model(rows=2))
        matrices = [[[i, 2], [3, 4]] for i in range(64)]
        expected = [x.tolist() for x in solver.solve_many(matrices)[0]]
        found = {}

        def solve(name):
            found[name] = [x.tolist() for _ in range(4) for x in solver.solve_many(matrices)[0]]

        threads = [threading.Thread(target=solve, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, {i: expected * 4 for i in range(4)})


class Logs(unittest.TestCase):
    def test_lines(self):
        lines = []
        context = lat.Context(log=lambda level, line: lines.append((level, line)), log_level=4)
        task, tokens = lat.Task("transpose", context, rows=2), lat.Tokenizer(context)
        context.close()
        model = lat.Model(task, tokens, **SMALL)
        del task, tokens
        gc.collect()
        lat.train(model, batch_size=4, max_examples=4, validate_every=0)
        self.assertEqual(lines[0][0], 3)
        self.assertIn("training from example 0", lines[0][1])

    def test_exceptions_come_out_of_the_call(self):
        def fail(level, line):
            raise KeyError(line)

        context = lat.Context(log=fail)
        model = lat.Model(lat.Task("transpose", context, rows=2), lat.Tokenizer(context), **SMALL)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "model")
            model.save(path)
            with self.assertRaisesRegex(KeyError, "loaded"):
                lat.Model.load(path, context)
            run = dict(directory=pathlib.Path(folder, "run"), max_examples=8)
            with self.assertRaisesRegex(KeyError, "training from"):
                lat.train(model, **run)
        self.assertEqual(lat.Solver(model).solve([[1, 2], [3, 4]])[0].shape, (2, 2))


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
