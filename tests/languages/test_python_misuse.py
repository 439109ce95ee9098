"""The Python package with wrong arguments: a Python exception each time, and never the end of the interpreter.

Every public function, method and property is called with every wrong value for every parameter, in a
child process; one that is missing below fails. LAT_LIBRARY names the library.
"""

import ctypes
import inspect
import os
import sys
import tempfile
import traceback
import unittest
from array import array

import lat
from lat import _objects
from lat import _structures as structures

A = [[1, 2], [3, 4]]
SMALL = dict(encoder_width=8, encoder_heads=2, decoder_width=8, decoder_heads=2)
EXPECTED = (TypeError, ValueError, OverflowError, BufferError, lat.Error)


class World:
    """Valid arguments."""

    def __init__(self):
        self.context = lat.Context(threads=1)
        self.tokenizer = lat.Tokenizer(self.context)
        self.task = lat.Task("transpose", self.context, rows=2)
        self.model = lat.Model(self.task, self.tokenizer, **SMALL)
        self.solver = lat.Solver(self.model)
        self.path = "model.safetensors"
        self.model.save(self.path)
        self.batch = lat.Batch(self.tokenizer)
        self.batch.append(A, A)
        self.sampler = lat.Sampler(self.task, self.tokenizer)
        self.trainer = lat.Trainer(self.model, max_examples=1)
        self.gradients = lat.Gradients(self.model)
        self.optimizer = lat.Optimizer(self.model)
        self.session = lat.Session(self.model)
        self.operator = lat.Operator.dense(A, self.context)
        self.linear = lat.LinearAttention(1, 1, 2, self.context)

    def objects(self):
        return [self.context, self.tokenizer, self.task, self.model, self.solver, self.batch, self.sampler,
                self.trainer, self.gradients, self.optimizer, self.session, self.operator, self.linear]


def is_text(value):
    return isinstance(value, str) and "\0" not in value or isinstance(value, bytes) and b"\0" not in value


# What may stand in for each kind of parameter besides what is right.
ACCEPTED = {
    "integer": lambda value: isinstance(value, int),
    "real": lambda value: isinstance(value, (int, float)),
    "text": is_text,
    "path": is_text,
    "callable": lambda value: value is None or callable(value),
    "mapping": lambda value: value is None or value == {},
    "weights": lambda value: value is None or value == [5] or isinstance(value, array),
    "folders": lambda value: value is None or isinstance(value, (list, tuple)) and all(map(is_text, value)),
    "outs": lambda value: value is None or value == [None],
    "count": lambda value: isinstance(value, int),
    "function": callable,
    "vector": lambda value: isinstance(value, (bytes, bytearray, list, array, memoryview)),
    "shape": lambda value: value is None or isinstance(value, bytearray),  # two integers
    "anything": lambda value: True,
}
for handle in ("context", "tokenizer", "task", "out", "batch", "operator", "nothing"):
    ACCEPTED[handle] = lambda value: value is None
NEVER = {"matrix", "matrices", "tasks", "values", "name", "storage", "letter", "tokens", "total", "transform"}


# name: (function of the world that gives the callable, {parameter: (kind, valid value)}, options)
CASES = {
    "version": (lambda w: lat.version, lambda w: {}, None),
    "build_info": (lambda w: lat.build_info, lambda w: {}, None),
    "task_names": (lambda w: lat.task_names, lambda w: {}, None),
    "matrix": (lambda w: lat.matrix, lambda w: dict(
        values=("values", range(6)), rows=("integer", 2), cols=("integer", 3)), None),
    "model_folder": (lambda w: lat.model_folder, lambda w: {}, None),
    "model_names": (lambda w: lat.model_names, lambda w: dict(folders=("folders", ["."])), None),
    "train": (lambda w: lat.train, lambda w: dict(
        model=("own model", w.model), optimizer=("mapping", None),
        progress=("callable", None), resume=("anything", True), source=("batch", None),
        validation_source=("batch", None), directory=("path", "nowhere"), max_examples=("fixed", 1)),
        structures._TrainerOptions),
    "Trainer": (lambda w: lat.Trainer, lambda w: dict(
        model=("own model", w.model), optimizer=("mapping", None),
        progress=("callable", None), resume=("anything", True), source=("batch", None),
        validation_source=("batch", None), directory=("path", "nowhere"), max_examples=("fixed", 1)),
        structures._TrainerOptions),
    "Trainer.run": (lambda w: w.trainer.run, lambda w: {}, None),
    "Trainer.checkpoint": (lambda w: w.trainer.checkpoint, lambda w: {}, None),
    "Trainer.state": (lambda w: (lambda: w.trainer.state), lambda w: {}, None),
    "evaluate": (lambda w: lat.evaluate, lambda w: dict(
        model=("own model", w.model), task=("task", None), decode=("mapping", None),
        progress=("callable", None), observe=("callable", None),
        source=("batch", None), count=("fixed", 1)), structures._EvaluateOptions),
    "Error": (lambda w: lat.Error, lambda w: dict(status=("integer", -1), message=("anything", "text")), None),
    "Report": (lambda w: lat.Report, lambda w: {}, lat.Report),
    "Progress": (lambda w: lat.Progress, lambda w: {}, lat.Progress),
    "Context": (lambda w: lat.Context, lambda w: dict(log=("callable", None)), structures._ContextOptions),
    "Context.threads": (lambda w: (lambda: w.context.threads), lambda w: {}, None),
    "Context.kernels": (lambda w: (lambda: w.context.kernels), lambda w: {}, None),
    "Tokenizer": (lambda w: lat.Tokenizer, lambda w: dict(context=("context", None)), structures._TokenizerOptions),
    "Context.precision": (lambda w: (lambda: w.context.precision), lambda w: {}, None),
    "Context.measure": (lambda w: w.context.measure, lambda w: dict(
        tokens=("count", 8), outputs=("count", 8), inputs=("count", 8), seconds=("fixed", 0)), None),
    "Tokenizer.encoding": (lambda w: w.tokenizer.encoding, lambda w: dict(side=("integer", 0)), None),
    "Tokenizer.vocabulary_size": (lambda w: w.tokenizer.vocabulary_size, lambda w: dict(side=("integer", 0)), None),
    "Tokenizer.symbol": (lambda w: w.tokenizer.symbol, lambda w: dict(
        token=("integer", 5), side=("integer", 0)), None),
    "Tokenizer.find": (lambda w: w.tokenizer.find, lambda w: dict(
        symbol=("text", "V2"), side=("integer", 0)), None),
    "Tokenizer.max_tokens": (lambda w: w.tokenizer.max_tokens, lambda w: dict(
        rows=("integer", 2), cols=("integer", 2), side=("integer", 0)), None),
    "Tokenizer.encode": (lambda w: w.tokenizer.encode, lambda w: dict(
        a=("matrix", A), side=("integer", 0), letter=("nothing", None)), None),
    "Tokenizer.decode": (lambda w: w.tokenizer.decode, lambda w: dict(
        tokens=("tokens", w.tokenizer.encode(A)), side=("integer", 0)), None),
    "Tokenizer.options": (lambda w: (lambda: w.tokenizer.options), lambda w: {}, None),
    "Task.operand_count": (lambda w: (lambda: w.task.operand_count), lambda w: {}, None),
    "Task.result_count": (lambda w: (lambda: w.task.result_count), lambda w: {}, None),
    "Task.options": (lambda w: (lambda: w.task.options), lambda w: {}, None),
    "Task": (lambda w: lat.Task, lambda w: dict(name=("name", "svd"), context=("context", None)),
             structures._TaskOptions),
    "Task.mixture": (lambda w: lat.Task.mixture, lambda w: dict(
        tasks=("tasks", [w.task]), weights=("weights", None), context=("context", None)), None),
    "Task.answer": (lambda w: w.task.answer, lambda w: dict(a=("matrix", A)), None),
    "Task.custom": (lambda w: lat.Task.custom, lambda w: dict(
        name=("text", "own"), letter=("letter", "Q"), input_shape=("function", len), output_shape=("function", len),
        draw=("function", len), answer=("function", len), residual=("callable", None),
        canonicalize=("callable", None), restore=("callable", None), transform_size=("integer", 0),
        degree=("integer", 0), scalable=("anything", False), operand_count=("integer", 1),
        result_count=("integer", 1), operand_max=("shape", None), result_max=("shape", None),
        context=("context", None)), None),
    "Task.name": (lambda w: (lambda: w.task.name), lambda w: {}, None),
    "Task.letter": (lambda w: (lambda: w.task.letter), lambda w: {}, None),
    "Task.components": (lambda w: (lambda: w.task.components), lambda w: {}, None),
    "Task.max_shapes": (lambda w: (lambda: w.task.max_shapes), lambda w: {}, None),
    "Task.score": (lambda w: w.task.score, lambda w: dict(
        a=("matrix", A), prediction=("matrix", A), target=("nothing", None)), structures._ScoreOptions),
    "Task.canonicalize": (lambda w: w.task.canonicalize, lambda w: dict(a=("matrix", A)), None),
    "Task.restore": (lambda w: w.task.restore, lambda w: dict(transform=("transform", b""), x=("matrix", A)), None),
    "Random": (lambda w: lat.Random, lambda w: {}, None),
    "Batch": (lambda w: lat.Batch, lambda w: dict(tokenizer=("own tokenizer", w.tokenizer)), None),
    "Batch.clear": (lambda w: w.batch.clear, lambda w: {}, None),
    "Batch.append": (lambda w: w.batch.append, lambda w: dict(
        a=("matrix", A), x=("nothing", None), task=("task", None), letter=("nothing", None)), None),
    "Batch.sequences": (lambda w: w.batch.sequences, lambda w: dict(side=("integer", 0)), None),
    "Batch.matrix": (lambda w: w.batch.matrix, lambda w: dict(index=("integer", 0), side=("integer", 0)), None),
    "Batch.operands": (lambda w: w.batch.operands, lambda w: dict(index=("integer", 0), side=("integer", 0)), None),
    "Batch.component": (lambda w: w.batch.component, lambda w: dict(index=("integer", 0)), None),
    "Sampler": (lambda w: lat.Sampler, lambda w: dict(
        task=("own task", w.task), tokenizer=("tokenizer", None), source=("batch", None),
        context=("context", None)), structures._SamplerOptions),
    "Sampler.next": (lambda w: w.sampler.next, lambda w: dict(count=("count", 1), batch=("batch", None)), None),
    "Sampler.position": (lambda w: (lambda: w.sampler.position), lambda w: {}, None),
    "Sampler.seek": (lambda w: w.sampler.seek, lambda w: dict(index=("integer", 1)), None),
    "Gradients": (lambda w: lat.Gradients, lambda w: dict(model=("own model", w.model)), None),
    "Gradients.map": (lambda w: w.gradients.map, lambda w: {}, None),
    "Gradients.zero": (lambda w: w.gradients.zero, lambda w: {}, None),
    "Gradients.seek": (lambda w: w.gradients.seek, lambda w: dict(index=("integer", 1)), None),
    "Gradients.set_target_spread": (lambda w: w.gradients.set_target_spread, lambda w: dict(width=("real", 1)), None),
    "Gradients.accumulate": (lambda w: w.gradients.accumulate, lambda w: dict(
        model=("own model", w.model), batch=("own batch", w.batch), total=("nothing", None)), None),
    "Optimizer": (lambda w: lat.Optimizer, lambda w: dict(model=("own model", w.model)),
                  structures._OptimizerOptions),
    "Optimizer.step": (lambda w: w.optimizer.step, lambda w: dict(
        model=("own model", w.model), gradients=("own gradients", w.gradients),
        total=("total", lat.LossSum(tokens=1))), None),
    "Optimizer.swap_average": (lambda w: w.optimizer.swap_average, lambda w: dict(
        model=("own model", w.model)), None),
    "Optimizer.save": (lambda w: w.optimizer.save, lambda w: dict(
        model=("own model", w.model), path=("path", "checkpoint")), None),
    "Optimizer.load": (lambda w: w.optimizer.load, lambda w: dict(
        model=("own model", w.model), path=("path", "checkpoint")), None),
    "Optimizer.updates": (lambda w: (lambda: w.optimizer.updates), lambda w: {}, None),
    "Optimizer.learning_rate": (lambda w: (lambda: w.optimizer.learning_rate), lambda w: {}, None),
    "Optimizer.gradient_norm": (lambda w: (lambda: w.optimizer.gradient_norm), lambda w: {}, None),
    "Session": (lambda w: lat.Session, lambda w: dict(
        model=("own model", w.model), cancel=("callable", None)), structures._DecodeOptions),
    "Session.decode": (lambda w: w.session.decode, lambda w: dict(batch=("own batch", w.batch)), None),
    "LossSum": (lambda w: lat.LossSum, lambda w: {}, lat.LossSum),
    "Operator": (lambda w: lat.Operator, lambda w: {}, None),
    "Operator.dense": (lambda w: lat.Operator.dense, lambda w: dict(
        a=("matrix", A), context=("context", None)), None),
    "Operator.learned": (lambda w: lat.Operator.learned, lambda w: dict(
        solver=("own solver", w.solver), a=("matrix", A)), None),
    "Operator.diagonal": (lambda w: lat.Operator.diagonal, lambda w: dict(
        values=("vector", [1, 2]), context=("context", None)), None),
    "Operator.tridiagonal": (lambda w: lat.Operator.tridiagonal, lambda w: dict(
        diagonal=("real", 2), neighbour=("real", 1), size=("count", 3), context=("context", None)), None),
    "Operator.circulant": (lambda w: lat.Operator.circulant, lambda w: dict(
        column=("vector", [1, 2]), context=("context", None)), None),
    "Operator.function": (lambda w: lat.Operator.function, lambda w: dict(
        function=("function", len), size=("count", 3), context=("context", None)), None),
    "Operator.kronecker": (lambda w: lat.Operator.kronecker, lambda w: dict(parts=("tasks", [w.operator])), None),
    "Operator.kronecker_sum": (lambda w: lat.Operator.kronecker_sum, lambda w: dict(
        parts=("tasks", [w.operator])), None),
    "Operator.block_diagonal": (lambda w: lat.Operator.block_diagonal, lambda w: dict(
        parts=("tasks", [w.operator])), None),
    "Operator.low_rank": (lambda w: lat.Operator.low_rank, lambda w: dict(
        base=("own operator", w.operator), u=("matrix", A), v=("matrix", A)), None),
    "Operator.apply": (lambda w: w.operator.apply, lambda w: dict(x=("vector", [1, 2])), None),
    "Operator.solve": (lambda w: w.operator.solve, lambda w: dict(b=("vector", [1, 2])), None),
    "Operator.eigenvalues": (lambda w: w.operator.eigenvalues, lambda w: {}, None),
    "Operator.log_determinant": (lambda w: w.operator.log_determinant, lambda w: {}, None),
    "Operator.conjugate_gradients": (lambda w: w.operator.conjugate_gradients, lambda w: dict(
        b=("vector", [1, 2]), x=("nothing", None), precondition=("operator", None), tolerance=("real", 1),
        max_steps=("integer", 1)), None),
    "LinearAttention": (lambda w: lat.LinearAttention, lambda w: dict(
        layers=("integer", 1), heads=("integer", 1), width=("integer", 2), context=("context", None)), None),
    "LinearAttention.parameters": (lambda w: (lambda: w.linear.parameters), lambda w: {}, None),
    "LinearAttention.matrix": (lambda w: w.linear.matrix, lambda w: dict(
        layer=("integer", 0), which=("integer", 0), head=("integer", 0)), None),
    "LinearAttention.apply": (lambda w: w.linear.apply, lambda w: dict(
        z=("matrix", A), context=("integer", 1)), None),
    "LinearAttention.gradient": (lambda w: w.linear.gradient, lambda w: dict(
        z=("matrix", A), d_out=("matrix", A), context=("integer", 1)), None),
    "LinearAttention.set_descent": (lambda w: w.linear.set_descent, lambda w: dict(
        w0=("matrix", [[0]]), rate=("real", 1), examples=("integer", 1)), None),
    "LinearAttention.fit": (lambda w: w.linear.fit, lambda w: dict(
        z=("matrices", [A]), y=("matrix", [[1]]), context=("integer", 1)), None),
    "Model": (lambda w: lat.Model, lambda w: dict(
        task=("own task", w.task), tokenizer=("tokenizer", None), context=("context", None)),
        structures._ModelOptions),
    "Model.load": (lambda w: lat.Model.load, lambda w: dict(
        path=("path", w.path), context=("context", None), custom=("task", None)), None),
    "Model.inspect": (lambda w: lat.Model.inspect, lambda w: dict(
        path=("path", w.path), context=("context", None)), None),
    "Model.load_named": (lambda w: lat.Model.load_named, lambda w: dict(
        name=("name", "model"), folders=("folders", ["."]), context=("context", None),
        custom=("task", None)), None),
    "Model.create_from": (lambda w: lat.Model.create_from, lambda w: dict(
        model=("own model", w.model), task=("own task", w.task)), None),
    "Model.copy_parameters": (lambda w: w.model.copy_parameters, lambda w: dict(
        model=("own model", w.model), prefix=("text", "encoder.")), None),
    "Model.clone": (lambda w: w.model.clone, lambda w: {}, None),
    "Model.save": (lambda w: w.model.save, lambda w: dict(
        path=("path", w.path), storage=("storage", "f32")), None),
    "Model.freeze": (lambda w: w.model.freeze, lambda w: {}, None),
    "Model.config": (lambda w: (lambda: w.model.config), lambda w: {}, None),
    "Model.options": (lambda w: (lambda: w.model.options), lambda w: {}, None),
    "Model.task": (lambda w: (lambda: w.model.task), lambda w: {}, None),
    "Model.tokenizer": (lambda w: (lambda: w.model.tokenizer), lambda w: {}, None),
    "Model.parameters": (lambda w: (lambda: w.model.parameters), lambda w: {}, None),
    "Model.set_parameters": (lambda w: w.model.set_parameters, lambda w: dict(
        values=("values", w.model.parameters if w.model._owned else [])), None),
    "Model.loss": (lambda w: w.model.loss, lambda w: dict(
        batch=("own batch", w.batch), total=("nothing", None)), None),
    "Model.logits": (lambda w: w.model.logits, lambda w: dict(batch=("own batch", w.batch)), None),
    "Model.parameter_count": (lambda w: (lambda: w.model.parameter_count), lambda w: {}, None),
    "Model.tensors": (lambda w: w.model.tensors, lambda w: {}, None),
    "Model.from_bytes": (lambda w: lat.Model.from_bytes, lambda w: dict(
        data=("fixed", w.model.to_bytes()), context=("context", None), custom=("task", None)), None),
    "Model.to_bytes": (lambda w: w.model.to_bytes, lambda w: dict(storage=("storage", "f32")), None),
    "Solver": (lambda w: lat.Solver, lambda w: dict(
        model=("own model", w.model), cancel=("callable", None)), structures._DecodeOptions),
    "Solver.select": (lambda w: w.solver.select, lambda w: dict(name=("name", "transpose")), None),
    "Solver.solve": (lambda w: w.solver.solve, lambda w: dict(a=("matrix", A), out=("out", None)), None),
    "Solver.solve_many": (lambda w: w.solver.solve_many, lambda w: dict(
        matrices=("matrices", [A]), outs=("outs", None)), None),
}


def wrong_values(world):
    """Values of every kind; some fit some parameters."""
    closed = [lat.Context(threads=1), lat.Tokenizer(world.context), lat.Task("svd", world.context),
              lat.Model(world.task, world.tokenizer, **SMALL), lat.Solver(world.model)]
    for item in closed:
        item.close()
    empty = [kind.__new__(kind) for kind in map(type, world.objects())]
    return [None, 5, -1, 2 ** 31, 2 ** 64, -2 ** 70, 10 ** 400, 3.5, float("nan"), 1j, "text", "nul\0nul", b"text",
            b"nul\0nul", bytearray(b"12"), [], [[]], [None], [5], ["text"], (), {}, {1: 2}, {5}, object(), int,
            lambda *arguments: 0, lat.Task, array("d", [1]), memoryview(b"1234"), world.path, ctypes.c_void_p(5),
            ctypes.pointer(ctypes.c_int(5)), *closed, *empty, *world.objects()]


def fits(kind, value, world):
    if kind.startswith("own "):
        return value is getattr(world, kind.split()[1])
    if kind in NEVER:
        return kind == "name" and value == "transpose"
    same = getattr(world, kind) if kind in ("context", "tokenizer", "task", "batch", "operator") else world
    return value is same or ACCEPTED[kind](value)


def public_names():
    """Functions, classes, methods and properties of the module."""
    for name, value in vars(lat).items():
        if name.startswith("_") or getattr(value, "__module__", "") != "lat":
            continue
        yield name
        if inspect.isclass(value) and issubclass(value, _objects._Handle):
            for member in vars(value):
                if not member.startswith("_") and member != "close":
                    yield f"{name}.{member}"


class Misuse(unittest.TestCase):
    def in_child(self, function):
        """Runs a function in a child that reports what went wrong; a signal is reported with the last
        call that was begun."""
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report")
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    os.chdir(folder)
                    with open(report, "w", errors="backslashreplace") as file:
                        status = 1 if function(file) else 0
                except BaseException:
                    traceback.print_exc()
                finally:
                    sys.stderr.flush()
                    os._exit(status)
            _, status = os.waitpid(child, 0)
            with open(report, errors="replace") as file:
                lines = file.read().splitlines()
            if os.WIFSIGNALED(status):
                self.fail(f"signal {os.WTERMSIG(status)}: {lines[-1:]}")
            self.assertEqual(status, 0, "\n".join(line for line in lines if line.startswith("WRONG")))

    @staticmethod
    def attempt(file, what, call, must_raise):
        """Calls, and writes what is wrong about the outcome; true for something wrong."""
        file.write(f"{what[:300]}\n")
        file.flush()
        problem = None
        try:
            call()
            if must_raise:
                problem = "nothing was raised"
        except EXPECTED:
            pass
        except Exception as exception:
            problem = f"{type(exception).__name__}: {exception}"
        if problem:
            file.write(f"WRONG {what[:300]}: {problem}\n")
        return problem is not None

    def test_every_name_has_a_case(self):
        self.assertEqual(sorted(public_names()), sorted(CASES))

    def test_wrong_arguments(self):
        def run(file):
            wrong = 0
            for name, (target, parameters, _) in CASES.items():
                world = World()
                call, kinds = target(world), parameters(world)
                for parameter, (kind, _) in kinds.items():
                    for value in wrong_values(world) if kind != "fixed" else []:
                        if kind == "count" and isinstance(value, int) and value > 1000:
                            continue  # which would take long
                        arguments = {other: valid for other, (_, valid) in kinds.items()}
                        arguments[parameter] = value
                        wrong += self.attempt(file, f"{name}({parameter}={value!r})",
                                              lambda: call(**arguments), not fits(kind, value, world))
                wrong += self.attempt(file, f"{name}(too, many)", lambda: call(*[5] * 9), True)
            return wrong

        self.in_child(run)

    def test_wrong_options(self):
        kinds = {ctypes.c_double: "real", ctypes.c_char_p: "context"}
        nested = {"train optimizer": ("train", "optimizer", structures._OptimizerOptions),
                  "evaluate decode": ("evaluate", "decode", structures._DecodeOptions)}
        direct = {name: (name, None, case[2]) for name, case in CASES.items() if case[2] is not None}

        def run(file):
            world, wrong = World(), 0
            for name, mapping, structure in {**direct, **nested}.values():
                target, parameters, _ = CASES[name]
                valid = {other: value for other, (_, value) in parameters(world).items()}
                call = target(world)
                for option, kind in structure._fields_:
                    if option in valid or name in ("Report", "Progress", "LossSum") and option == "struct_size":
                        continue
                    for value in wrong_values(world):
                        given = {option: value}
                        arguments = {**valid, **({mapping: given} if mapping else given)}
                        fit = kind in structures._OPTION_KINDS and option != "reserved" and (
                            fits(kinds.get(kind, "integer"), value, world) or
                            kind is ctypes.c_char_p and is_text(value)) or (
                            option == "tolerances" and isinstance(value, (list, tuple)) and
                            all(isinstance(number, int) for number in value))
                        if not fit:
                            wrong += self.attempt(file, f"{name}({option}={value!r})",
                                                  lambda: call(**arguments), True)
            return wrong

        self.in_child(run)

    def test_closed_and_never_opened_objects(self):
        def run(file):
            world, wrong = World(), 0
            for opened in world.objects():
                kind = type(opened)
                opened.close()
                opened.close()
                for item in (opened, kind.__new__(kind)):
                    members = [member for member in vars(kind) if not member.startswith("_")]
                    for member in [*members, "__enter__"]:
                        if isinstance(vars(kind).get(member), classmethod):
                            continue

                        def call(item=item, member=member):
                            value = getattr(item, member)
                            value(**{parameter: valid for parameter, (_, valid) in
                                     CASES.get(f"{kind.__name__}.{member}", (0, lambda w: {}))[1](world).items()})
                        wrong += self.attempt(file, f"closed {kind.__name__}.{member}", call, True)
                    item.__exit__(None, None, None)
            return wrong
        self.in_child(run)

    def test_failed_and_repeated_initialisation(self):
        def run(file):
            world = World()
            for item in (world.context, world.tokenizer):
                item.__init__()
            world.solver.__init__(world.model)
            wrong = self.attempt(file, "Solver.__init__", lambda: world.solver.__init__("text"), True)
            return wrong + self.attempt(file, "solve", lambda: world.solver.solve(A), False)
        self.in_child(run)

    def test_end_of_the_interpreter(self):
        """Objects of modules and cycles are freed at the very end, and what failed half-way."""
        program = """
import lat
class Keeper: pass
keeper = Keeper()
keeper.itself = keeper
keeper.model = lat.Model(lat.Task("transpose", rows=2), encoder_width=8, encoder_heads=2, decoder_width=8,
                         decoder_heads=2)
keeper.solver = lat.Solver(keeper.model)
keeper.log = lat.Context(log=lambda level, line: None)
for wrong in (lat.Solver, lat.Model, lat.Task):
    try:
        wrong(5)
    except TypeError:
        pass
"""
        status = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", program])
        self.assertEqual(status, 0)

    def test_fork(self):
        def run(file):
            world = World()
            before = world.solver.solve(A)[0].tolist()
            child = os.fork()
            if child == 0:
                same = world.solver.solve(A)[0].tolist() == before
                world.solver.close()
                os._exit(0 if same else 1)
            _, status = os.waitpid(child, 0)
            return status != 0 or world.solver.solve(A)[0].tolist() != before
        self.in_child(run)


if __name__ == "__main__":
    unittest.main()
