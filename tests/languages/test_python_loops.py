"""What loops of one's own are made of in Python: tokens, examples, gradients, sessions, custom tasks, and
structured operators. LAT_LIBRARY names the library."""

import cmath
import math
import os
import random
import tempfile
import unittest
from array import array

import lat

SMALL = dict(encoder_width=8, encoder_heads=2, decoder_width=8, decoder_heads=2)
A = [[1, 2], [3, 4]]


def small_model(name="transpose", **sizes):
    return lat.Model(lat.Task(name, **sizes), **SMALL)


def square(**functions):
    """The square of a 2 x 2 matrix as a custom task."""
    table = dict(
        input_shape=lambda random: (2, 2), output_shape=lambda shape: shape,
        draw=lambda random, shape: [[10 * random.uniform() for _ in range(shape[1])] for _ in range(shape[0])],
        answer=lambda a: [[sum(a[i, k] * a[k, j] for k in range(2)) for j in range(2)] for i in range(2)],
        operand_max=(2, 2), result_max=(2, 2))
    table.update(functions)
    return lat.Task.custom("square", "Q", **table)


class Tokens(unittest.TestCase):
    def test_encode_and_decode(self):
        tokenizer = lat.Tokenizer(output_encoding="fp15")
        tokens = tokenizer.encode([[3.14, -2]], letter="T")
        self.assertEqual([tokenizer.symbol(token) for token in tokens],
                         ["T", "V1", "V2", "+", "314", "E-2", "-", "200", "E-2"])
        self.assertEqual(tokenizer.find("E-2"), tokens[5])
        x, letter, used = tokenizer.decode(tokens + tokens)
        self.assertEqual((x.tolist(), letter, used), ([[3.14, -2]], "T", len(tokens)))
        self.assertEqual(len(tokenizer.encode(A, lat.OUTPUT)), 2 + 4)
        self.assertEqual(tokenizer.encoding(lat.OUTPUT), "fp15")
        self.assertEqual(tokenizer.max_tokens(2, 2), 3 + 12)
        self.assertGreater(tokenizer.vocabulary_size(lat.OUTPUT), 29000)
        with self.assertRaises(ValueError):
            tokenizer.encoding(2)
        for wrong in ([], [lat.TOKEN_EOS], tokens[:-1]):
            with self.assertRaises(lat.Error):
                tokenizer.decode(wrong)

    def test_triangle(self):
        tokenizer = lat.Tokenizer(input_triangle=1)
        tokens = tokenizer.encode([[1, 2], [2, 5]])
        self.assertEqual(tokenizer.decode(tokens)[0].tolist(), [[1, 2], [2, 5]])


class Examples(unittest.TestCase):
    def test_sampler(self):
        task = lat.Task("transpose", rows=2, cols=3)
        sampler = lat.Sampler(task, seed=5)
        batch = sampler.next(8)
        self.assertEqual((len(batch), sampler.position), (8, 8))
        a, x = batch.matrix(3), batch.matrix(3, lat.OUTPUT)
        self.assertEqual((a.shape, x.tolist()), ((2, 3), [list(row) for row in zip(*a.tolist())]))
        sampler.seek(3)
        self.assertEqual(sampler.next(1).sequences()[0], batch.sequences()[3])
        self.assertIs(sampler.next(2, batch), batch)
        self.assertEqual(len(batch), 2)
        self.assertNotEqual(lat.Sampler(task, seed=6).next(2).sequences(), batch.sequences())

    def test_append(self):
        tokenizer, systems = lat.Tokenizer(), lat.Task("linear-system", rows=2)
        batch = lat.Batch(tokenizer)
        batch.append(A)
        batch.append(A, A, letter="T")
        batch.append((A, [[1], [2]]), [[0], [0.5]], systems)
        self.assertEqual(len(batch), 3)
        self.assertEqual(batch.sequences(lat.OUTPUT)[0], [])
        self.assertEqual(batch.sequences()[1][0], tokenizer.find("T"))
        self.assertEqual([x.tolist() for x in batch.operands(2)], [A, [[1], [2]]])
        self.assertEqual([x.tolist() for x in batch.operands(2, lat.OUTPUT)], [[[0], [0.5]]])
        self.assertEqual((batch.operands(9), batch.component(1)), ([], 0))
        with self.assertRaises(lat.Error):
            batch.append((A,), None, systems)
        with self.assertRaises(lat.Error):
            batch.matrix(9)
        batch.clear()
        self.assertEqual(len(batch), 0)

    def test_source(self):
        task, tokenizer = lat.Task("transpose", rows=2), lat.Tokenizer()
        batch = lat.Batch(tokenizer)
        for k in range(4):
            batch.append([[k, 2], [3, 4]], [[k, 3], [2, 4]])
        model = lat.Model(task, tokenizer, **SMALL)
        sampler = lat.Sampler(task, tokenizer, source=batch, source_in_order=1)
        with self.assertRaisesRegex(ValueError, "source"):
            batch.clear()
        with self.assertRaisesRegex(ValueError, "source"):
            sampler.next(1, batch)
        self.assertEqual(sampler.next(4).sequences(), batch.sequences())
        del sampler
        seen = []
        lat.evaluate(model, source=batch, count=4, observe=lambda o: seen.append(o["input"]))
        self.assertEqual(sorted(seen), sorted(batch.matrix(i).tolist() for i in range(4)))
        lat.train(model, source=batch, validation_source=batch, batch_size=2, max_examples=4)
        batch.clear()  # nobody takes from it any longer
        with self.assertRaises(lat.Error):
            lat.Sampler(task, tokenizer, source=batch)


def read(gradients):
    with gradients.map() as values:
        return list(values)


class Loops(unittest.TestCase):
    def test_loop_is_the_trainer(self):
        rule, model, twin = dict(learning_rate=1e-2, ema_decay=0.5), small_model(rows=2), small_model(rows=2)
        optimizer, gradients = lat.Optimizer(model, **rule), lat.Gradients(model)
        sampler = lat.Sampler(model.task, model.tokenizer, seed=3)
        before = model.parameters.tolist()
        for _ in range(4):
            total = lat.LossSum()
            for _ in range(2):
                self.assertIs(gradients.accumulate(model, sampler.next(8), total), total)
            self.assertEqual(total.examples, 16)
            optimizer.step(model, gradients, total)
            self.assertEqual((total.tokens, read(gradients)), (0, [0.0] * len(gradients)))
        self.assertEqual((optimizer.updates, optimizer.learning_rate), (4, 1e-2))
        self.assertGreater(optimizer.gradient_norm, 0)
        self.assertNotEqual(model.parameters.tolist(), before)
        end = lat.train(twin, rule, seed=3, batch_size=8, accumulation=2, max_examples=64, validate_every=0)
        self.assertEqual(end.updates, 4)
        optimizer.swap_average(model)
        self.assertEqual(model.parameters, twin.parameters)

    def test_checkpoint(self):
        model, other = small_model(rows=2), small_model(rows=2)
        optimizer, gradients = lat.Optimizer(model), lat.Gradients(model)
        batch = lat.Sampler(model.task).next(4)
        optimizer.step(model, gradients, gradients.accumulate(model, batch))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "checkpoint")
            optimizer.save(model, path)
            again = lat.Optimizer(other)
            again.load(other, path)
        self.assertEqual((again.updates, other.parameters), (1, model.parameters))

    def test_gradients_are_the_loss_s(self):
        model = small_model(rows=2)
        batch = lat.Sampler(model.task).next(4)
        gradients = lat.Gradients(model)
        total = gradients.accumulate(model, batch)
        self.assertAlmostEqual(model.loss(batch).loss, total.loss, places=3)
        values, slope = array("f", model.parameters), read(gradients)
        place = max(range(len(slope)), key=lambda i: abs(slope[i]))
        losses = []
        for step in (-1e-3, 1e-3):
            moved = array("f", values)
            moved[place] += step
            model.set_parameters(moved)
            losses.append(model.loss(batch).loss)
        self.assertAlmostEqual((losses[1] - losses[0]) / 2e-3 / slope[place], 1, delta=0.02)
        with self.assertRaisesRegex(lat.Error, "mapped"), gradients.map() as lent:
            lent[0] = 7
            gradients.accumulate(model, batch)
        self.assertEqual(read(gradients), [7, *slope[1:]])  # given back by the exception too
        gradients.zero()
        self.assertEqual(sum(map(abs, read(gradients))), 0)
        gradients.seek(3)
        gradients.set_target_spread(1)
        self.assertGreater(gradients.accumulate(model, batch).loss, 0)

    def test_parameters(self):
        model = small_model(rows=2)
        seen, count = model.parameters, model.parameter_count
        model.set_parameters([0.5] * count)
        self.assertEqual(seen.tolist(), [0.5] * count)
        for wrong in ([1], [math.nan] * count, ["x"] * count):
            with self.assertRaises((ValueError, TypeError, lat.Error)):
                model.set_parameters(wrong)
        self.assertEqual(seen.tolist(), [0.5] * count)
        self.assertTrue(seen.readonly)
        model.freeze()
        with self.assertRaises(lat.Error):
            model.set_parameters([0.25] * count)
        model.close()
        self.assertEqual(seen[0], 0.5)  # the view keeps what it shows

    def test_logits_and_session(self):
        model = small_model(rows=2)
        batch = lat.Sampler(model.task).next(3)
        logits = model.logits(batch)
        rows = sum(len(tokens) + 1 for tokens in batch.sequences(lat.OUTPUT))
        self.assertEqual(logits.shape, (rows, model.tokenizer.vocabulary_size(lat.OUTPUT)))
        answers, logs = lat.Session(model, grammar=1).decode(batch)
        self.assertEqual((len(answers), len(logs)), (3, 3))
        self.assertTrue(all(value < 0 for value in logs))
        x, report = lat.Solver(model, grammar=1, scaling=0).solve(batch.matrix(0))
        self.assertEqual(model.tokenizer.decode(answers[0], lat.OUTPUT)[0].tolist(), x.tolist())
        with self.assertRaises(KeyError):
            lat.Session(model, cancel=lambda: {}["stop"]).decode(batch)

    def test_trainer(self):
        model = small_model(rows=2)
        with tempfile.TemporaryDirectory() as folder:
            run = lat.Trainer(model, directory=os.path.join(folder, "run"), batch_size=4, max_examples=8,
                              validate_every=0)
            run.run()
            self.assertEqual((run.state.examples, run.state.updates), (8, 2))
            run.checkpoint()
        with self.assertRaises(lat.Error):
            lat.Trainer(model, max_examples=8).checkpoint()


class Tasks(unittest.TestCase):
    def test_components(self):
        mixture = lat.Task.mixture([lat.Task("transpose", rows=2), lat.Task("svd", rows=2)], [1, 3])
        self.assertEqual([(task.name, task.letter, weight) for task, weight in mixture.components],
                         [("transpose", "T", 1), ("svd", "S", 3)])
        self.assertEqual((mixture.name, mixture.letter), ("mixture", None))
        self.assertEqual(mixture.components[1][0].max_shapes, ([(2, 2)], [(1, 2), (2, 2), (2, 2)]))

    def test_score(self):
        task = lat.Task("inverse", rows=2)
        exact = task.score([[2, 0], [0, 4]], [[0.5, 0], [0, 0.25]])
        self.assertEqual((exact["residual"], exact["exact"]), (0, 1))
        off = task.score([[2, 0], [0, 4]], [[0.5, 0], [0, 0.5]], norm=lat.NORM_MAX)
        self.assertEqual(off["residual"], 1)
        systems = lat.Task("linear-system", rows=2)
        self.assertEqual(systems.score((A, [[5], [11]]), [[1], [2]], target=[[1], [2]])["residual"], 0)

    def test_canonical_forms(self):
        for name, a in (("inverse", A), ("svd", [[1, 2, 3], [4, 5, 7]])):
            task = lat.Task(name, rows=2, cols=len(a[0]), canonical=1)
            moved, transform = task.canonicalize(a)
            back = task.restore(transform, task.answer(moved))
            self.assertLess(task.score(a, back)["residual"], 1e-12, name)
            with self.assertRaises(ValueError):
                task.restore(transform, [[[1]]] * 3 if name == "svd" else [[1]])
            with self.assertRaises(TypeError):
                lat.Task(name, rows=2, cols=len(a[0]), canonical=1).restore(transform, back)

    def test_custom(self):
        task = square(degree=2, scalable=True)
        self.assertEqual((task.name, task.letter, task.answer(A).tolist()), ("square", "Q", [[7, 10], [15, 22]]))
        model = lat.Model(task, **SMALL)
        before = model.parameters.tolist()
        end = lat.train(model, batch_size=4, max_examples=8, validate_count=4, validate_every=4)
        self.assertEqual(end.examples, 8)
        self.assertNotEqual(model.parameters.tolist(), before)
        x, report = lat.Solver(model, grammar=1).solve(A)
        self.assertEqual(x.shape, (2, 2))
        with self.assertRaisesRegex(lat.Error, "square"):
            lat.Model.from_bytes(model.to_bytes())
        again = lat.Model.from_bytes(model.to_bytes(), custom=task)
        self.assertEqual(again.parameters, model.parameters)
        batch = lat.Sampler(task, seed=1).next(2)
        self.assertEqual(batch.matrix(1, lat.OUTPUT).tolist(), task.answer(batch.matrix(1)).tolist())

    def test_custom_residual_and_several(self):
        seen = []
        task = lat.Task.custom(
            "scaled", "Q", input_shape=lambda random: [(2, 2), (1, 1)], output_shape=lambda a, c: a,
            draw=lambda random, a, c: (A, [[random.integer(1, 9)]]),
            answer=lambda a, c: [[x * c[0, 0] for x in row] for row in a.tolist()],
            residual=lambda operands, target, x: seen.append((operands, target, x)) or 0.25, operand_count=2)
        self.assertEqual(task.answer((A, [[2]])).tolist(), [[2, 4], [6, 8]])
        self.assertEqual(task.score((A, [[2]]), A)["residual"], 0.25)
        (a, c), target, x = seen[0]
        self.assertEqual((a.tolist(), c.tolist(), x.tolist()), (A, [[2]], A))
        self.assertEqual((task.operand_count, task.result_count), (2, 1))

    def test_custom_canonical(self):
        """Rows in ascending order of their first number."""
        def canonicalize(a):
            order = sorted(range(2), key=lambda i: a[i, 0])
            return [a.tolist()[i] for i in order], bytes(order)

        def restore(order, x):
            rows = [None, None]
            for place, i in enumerate(order):
                rows[i] = x.tolist()[place]
            return rows

        task = square(answer=lambda a: [[-v for v in row] for row in a.tolist()], canonicalize=canonicalize,
                      restore=restore, transform_size=2)
        moved, transform = task.canonicalize([[3, 4], [1, 2]])
        self.assertEqual(moved.tolist(), [[1, 2], [3, 4]])
        self.assertEqual(task.restore(transform, task.answer(moved)).tolist(), [[-3, -4], [-1, -2]])
        with self.assertRaisesRegex(ValueError, "transform_size"):
            square(canonicalize=lambda a: (a, b"123"), restore=restore, transform_size=2).canonicalize(A)

    def test_custom_failures(self):
        def fail(*arguments):
            raise KeyError("stop")

        for what, call in (("answer", lambda task: task.answer(A)), ("output_shape", lambda task: task.answer(A)),
                           ("draw", lambda task: lat.Sampler(task).next(1)),
                           ("input_shape", lambda task: lat.Sampler(task).next(1))):
            with self.assertRaises(KeyError, msg=what):
                call(square(**{what: fail}))
        with self.assertRaises(lat.Error):  # every example is discarded
            lat.Sampler(square(draw=lambda random, shape: None)).next(1)
        for wrong, error in (([[1]], ValueError), ((A, A), TypeError), ("text", TypeError), (5, TypeError)):
            with self.assertRaises(error, msg=repr(wrong)):
                square(answer=lambda a: wrong).answer(A)
        for wrong in ((2,), (2, 2, 2), [(2, 2), (2, 2)]):
            with self.assertRaises((ValueError, TypeError), msg=repr(wrong)):
                square(output_shape=lambda shape: wrong).answer(A)
        kept = []
        lat.Sampler(square(draw=lambda random, shape: kept.append(random) or A)).next(1)
        with self.assertRaisesRegex(ValueError, "call"):
            kept[0].uniform()
        self.assertEqual(square().answer(A).tolist(), [[7, 10], [15, 22]])


class Operators(unittest.TestCase):
    def close(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for x, y in zip(found, expected):
            self.assertTrue(cmath.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12), (list(found), expected))

    def test_leaves(self):
        dense = lat.Operator.dense([[2, 1], [0, 4]])
        self.assertEqual(len(dense), 2)
        self.close(dense.apply([1, 2]), [4, 8])
        self.close(dense.solve(array("d", [4, 8])), [1, 2])
        self.assertEqual(dense.apply(lat.matrix(range(4), 2, 2)).tolist(), [[1, 4], [7, 12]])
        self.close(dense.eigenvalues(), [2, 4])
        self.assertEqual(dense.log_determinant(), (math.log(8), 1))
        self.close(lat.Operator.diagonal([3, 5]).apply([1, 1]), [3, 5])
        self.close(lat.Operator.tridiagonal(2, 1, 3).apply([1, 1, 1]), [3, 4, 3])
        self.close(lat.Operator.circulant([1, 2]).apply([1, 0]), [1, 2])
        for wrong in ([1], [1, 2, 3], []):
            with self.assertRaises(ValueError):
                dense.apply(wrong)
        with self.assertRaises(lat.Error):
            lat.Operator.dense([[1, 2, 3]])

    def test_composites(self):
        a, b = lat.Operator.dense([[2, 0], [0, 3]]), lat.Operator.dense([[5, 0], [0, 7]])
        self.close(lat.Operator.kronecker([a, b]).apply([1, 1, 1, 1]), [10, 14, 15, 21])
        self.close(lat.Operator.kronecker_sum([a, b]).eigenvalues(), [7, 8, 9, 10])
        self.close(lat.Operator.block_diagonal([a, b]).solve([2, 3, 5, 7]), [1, 1, 1, 1])
        update = lat.Operator.low_rank(a, [[1], [0]], [[1], [0]])
        a.close()
        self.close(update.apply([1, 1]), [3, 3])

    def test_functions(self):
        operator = lat.Operator.function(lambda x: [2 * value for value in x], 3)
        self.close(operator.apply([1, 2, 3]), [2, 4, 6])
        self.close(operator.solve([2, 4, 6]), [1, 2, 3])
        x, steps, residual = operator.conjugate_gradients([2, 2, 2], precondition=lat.Operator.diagonal([1, 1, 1]))
        self.close(x, [1, 1, 1])
        self.assertEqual((steps, residual), (1, 0))
        with self.assertRaises(KeyError):
            lat.Operator.function(lambda x: {}["stop"], 2).apply([1, 2])
        with self.assertRaises(ValueError):
            lat.Operator.function(lambda x: [1], 2).apply([1, 2])

    def test_learned(self):
        solver = lat.Solver(small_model("inverse", rows=2), fallback=1)
        operator, report = lat.Operator.learned(solver, [[2, 0], [0, 4]])
        self.assertEqual(report.source, lat.LAPACK)
        self.close(operator.solve([2, 4]), [1, 1])


class Linear(unittest.TestCase):
    def test_descent_and_gradient(self):
        stack = lat.LinearAttention(1, 1, 2)
        self.assertEqual(len(stack), 12)
        z = [[1, 2], [2, 4], [1, 0]]  # examples of y = 2 x, and a query
        self.assertEqual(stack.apply(z, 2).tolist(), z)
        stack.set_descent([[0]], 0.4, 2)
        self.assertAlmostEqual(stack.apply(z, 2)[2, 1], -0.4 * (1 * 2 + 2 * 4) / 2)
        d_parameters, d_z = stack.gradient(z, [[0, 0], [0, 0], [0, 1]], 2)
        before, step = stack.apply(z, 2)[2, 1], 1e-6
        for place in (5, 7):
            self.assertAlmostEqual(stack.parameters[place], stack.parameters.tolist()[place])
            stack.parameters[place] += step
            self.assertAlmostEqual((stack.apply(z, 2)[2, 1] - before) / step, d_parameters[place], places=4)
            stack.parameters[place] -= step
        self.assertEqual(d_z.shape, (3, 2))
        p = stack.matrix(0, lat.LINEAR_P)
        p[0, 0] = 9
        self.assertEqual(stack.parameters[4], 9)
        with self.assertRaises(ValueError):
            stack.apply([[1, 2, 3]], 1)
        with self.assertRaises(lat.Error):
            stack.matrix(1)

    def test_fit(self):
        """What a layer computes is found again from what it adds to the query."""
        teacher, stack = lat.LinearAttention(1, 1, 2), lat.LinearAttention(1, 2, 2)
        teacher.set_descent([[0]], 0.3, 2)
        draw = random.Random(1).random
        z = [[[draw(), draw()] for _ in range(3)] for _ in range(12)]
        y = [[teacher.apply(example, 2)[2, 1] - example[2][1]] for example in z]
        told = stack.fit(z, y, 2)
        self.assertEqual((told["features"], told["rank"], told["unique"]), (6, 6, 1))
        self.assertLess(told["residual"], 1e-12)
        self.assertAlmostEqual(stack.apply(z[0], 2)[2, 1], z[0][2][1] + y[0][0])
        with self.assertRaises(ValueError):
            stack.fit(z[:2], y, 2)


if __name__ == "__main__":
    unittest.main()
