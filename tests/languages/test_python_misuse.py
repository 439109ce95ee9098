"""lat.py with wrong arguments: a Python exception each time, and never the end of the interpreter.

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

    def objects(self):
        return [self.context, self.tokenizer, self.task, self.model, self.solver]


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
    "anything": lambda value: True,
}
for handle in ("context", "tokenizer", "task", "out"):
    ACCEPTED[handle] = lambda value: value is None
NEVER = {"matrix", "matrices", "tasks", "values", "name", "storage"}

A = [[1, 2], [3, 4]]

# name: (function of the world that gives the callable, {parameter: (kind, valid value)}, options)
CASES = {
    "version": (lambda w: lat.version, lambda w: {}, None),
    "task_names": (lambda w: lat.task_names, lambda w: {}, None),
    "matrix": (lambda w: lat.matrix, lambda w: dict(
        values=("values", range(6)), rows=("integer", 2), cols=("integer", 3)), None),
    "model_folder": (lambda w: lat.model_folder, lambda w: {}, None),
    "model_names": (lambda w: lat.model_names, lambda w: dict(folders=("folders", ["."])), None),
    "train": (lambda w: lat.train, lambda w: dict(
        model=("own model", w.model), optimizer=("mapping", None), progress=("callable", None),
        resume=("anything", True), directory=("path", "nowhere"), max_examples=("fixed", 1)),
        lat._TrainerOptions),
    "evaluate": (lambda w: lat.evaluate, lambda w: dict(
        model=("own model", w.model), task=("task", None), decode=("mapping", None),
        progress=("callable", None), observe=("callable", None), count=("fixed", 1)), lat._EvaluateOptions),
    "Error": (lambda w: lat.Error, lambda w: dict(status=("integer", -1), message=("anything", "text")), None),
    "Report": (lambda w: lat.Report, lambda w: {}, lat.Report),
    "Progress": (lambda w: lat.Progress, lambda w: {}, lat.Progress),
    "Context": (lambda w: lat.Context, lambda w: dict(log=("callable", None)), lat._ContextOptions),
    "Context.threads": (lambda w: (lambda: w.context.threads), lambda w: {}, None),
    "Context.kernels": (lambda w: (lambda: w.context.kernels), lambda w: {}, None),
    "Tokenizer": (lambda w: lat.Tokenizer, lambda w: dict(context=("context", None)), lat._TokenizerOptions),
    "Tokenizer.options": (lambda w: (lambda: w.tokenizer.options), lambda w: {}, None),
    "Task.operand_count": (lambda w: (lambda: w.task.operand_count), lambda w: {}, None),
    "Task.result_count": (lambda w: (lambda: w.task.result_count), lambda w: {}, None),
    "Task.options": (lambda w: (lambda: w.task.options), lambda w: {}, None),
    "Task": (lambda w: lat.Task, lambda w: dict(name=("name", "svd"), context=("context", None)),
             lat._TaskOptions),
    "Task.mixture": (lambda w: lat.Task.mixture, lambda w: dict(
        tasks=("tasks", [w.task]), weights=("weights", None), context=("context", None)), None),
    "Task.answer": (lambda w: w.task.answer, lambda w: dict(a=("matrix", A)), None),
    "Model": (lambda w: lat.Model, lambda w: dict(
        task=("own task", w.task), tokenizer=("tokenizer", None), context=("context", None)),
        lat._ModelOptions),
    "Model.load": (lambda w: lat.Model.load, lambda w: dict(
        path=("path", w.path), context=("context", None)), None),
    "Model.inspect": (lambda w: lat.Model.inspect, lambda w: dict(
        path=("path", w.path), context=("context", None)), None),
    "Model.load_named": (lambda w: lat.Model.load_named, lambda w: dict(
        name=("name", "model"), folders=("folders", ["."]), context=("context", None)), None),
    "Model.create_from": (lambda w: lat.Model.create_from, lambda w: dict(
        model=("own model", w.model), task=("own task", w.task)), None),
    "Model.clone": (lambda w: w.model.clone, lambda w: {}, None),
    "Model.save": (lambda w: w.model.save, lambda w: dict(
        path=("path", w.path), storage=("storage", "f32")), None),
    "Model.freeze": (lambda w: w.model.freeze, lambda w: {}, None),
    "Model.config": (lambda w: (lambda: w.model.config), lambda w: {}, None),
    "Model.options": (lambda w: (lambda: w.model.options), lambda w: {}, None),
    "Model.parameter_count": (lambda w: (lambda: w.model.parameter_count), lambda w: {}, None),
    "Model.tensors": (lambda w: w.model.tensors, lambda w: {}, None),
    "Model.from_bytes": (lambda w: lat.Model.from_bytes, lambda w: dict(
        data=("fixed", w.model.to_bytes()), context=("context", None)), None),
    "Model.to_bytes": (lambda w: w.model.to_bytes, lambda w: dict(storage=("storage", "f32")), None),
    "Solver": (lambda w: lat.Solver, lambda w: dict(
        model=("own model", w.model), cancel=("callable", None)), lat._DecodeOptions),
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
    empty = [kind.__new__(kind) for kind in (lat.Context, lat.Tokenizer, lat.Task, lat.Model, lat.Solver)]
    return [None, 5, -1, 2 ** 31, 2 ** 64, -2 ** 70, 10 ** 400, 3.5, float("nan"), 1j, "text", "nul\0nul", b"text",
            b"nul\0nul", bytearray(b"12"), [], [[]], [None], [5], ["text"], (), {}, {1: 2}, {5}, object(), int,
            lambda *arguments: 0, lat.Task, array("d", [1]), memoryview(b"1234"), world.path, ctypes.c_void_p(5),
            ctypes.pointer(ctypes.c_int(5)), *closed, *empty, *world.objects()]


def fits(kind, value, world):
    if kind in ("own model", "own task"):
        return value is getattr(world, kind.split()[1])
    if kind in NEVER:
        return kind == "name" and value == "transpose"
    same = {"context": world.context, "tokenizer": world.tokenizer, "task": world.task}.get(kind, world)
    return value is same or ACCEPTED[kind](value)


def public_names():
    """Functions, classes, methods and properties of the module."""
    for name, value in vars(lat).items():
        if name.startswith("_") or getattr(value, "__module__", "") != "lat":
            continue
        yield name
        if inspect.isclass(value) and issubclass(value, lat._Handle):
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
        for name, (target, parameters, _) in CASES.items():
            def run(file, name=name, target=target, parameters=parameters):
                world, wrong = World(), 0
                call, kinds = target(world), parameters(world)
                for parameter, (kind, _) in kinds.items():
                    for value in wrong_values(world) if kind != "fixed" else []:
                        arguments = {other: valid for other, (_, valid) in kinds.items()}
                        arguments[parameter] = value
                        wrong += self.attempt(file, f"{name}({parameter}={value!r})",
                                              lambda: call(**arguments), not fits(kind, value, world))
                wrong += self.attempt(file, f"{name}(too, many)", lambda: call(*[5] * 9), True)
                return wrong

            with self.subTest(name=name):
                self.in_child(run)

    def test_wrong_options(self):
        kinds = {ctypes.c_double: "real", ctypes.c_char_p: "context"}
        nested = {"train optimizer": ("train", "optimizer", lat._OptimizerOptions),
                  "evaluate decode": ("evaluate", "decode", lat._DecodeOptions)}
        structures = {name: (name, None, case[2]) for name, case in CASES.items() if case[2] is not None}
        for what, (name, mapping, structure) in {**structures, **nested}.items():
            def run(file, name=name, mapping=mapping, structure=structure):
                world, wrong = World(), 0
                target, parameters, _ = CASES[name]
                valid = {other: value for other, (_, value) in parameters(world).items()}
                for option, kind in structure._fields_:
                    if option in parameters(world) or name in ("Report", "Progress") and option == "struct_size":
                        continue
                    for value in wrong_values(world):
                        given = {option: value}
                        arguments = {**valid, **({mapping: given} if mapping else given)}
                        fit = kind in lat._OPTION_KINDS and option != "reserved" and (
                            fits(kinds.get(kind, "integer"), value, world) or
                            kind is ctypes.c_char_p and is_text(value)) or (
                            option == "tolerances" and isinstance(value, (list, tuple)) and
                            all(isinstance(number, int) for number in value))
                        if not fit:
                            wrong += self.attempt(file, f"{name}({option}={value!r})",
                                                  lambda: target(world)(**arguments), True)
                return wrong

            with self.subTest(name=what):
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
