"""lat/__init__.pyi has the names, parameters and options of the Python package, no more and no fewer."""

import ast
import inspect
import pathlib
import unittest

import lat
from lat import _objects
from lat import _structures as structures

# What takes options, and the structure that they are members of.
OPTIONS = {
    "Context.__init__": structures._ContextOptions, "Tokenizer.__init__": structures._TokenizerOptions,
    "Task.__init__": structures._TaskOptions, "Task.score": structures._ScoreOptions,
    "Sampler.__init__": structures._SamplerOptions, "Model.__init__": structures._ModelOptions,
    "Trainer.__init__": structures._TrainerOptions, "train": structures._TrainerOptions,
    "Optimizer.__init__": structures._OptimizerOptions, "Session.__init__": structures._DecodeOptions,
    "Solver.__init__": structures._DecodeOptions, "evaluate": structures._EvaluateOptions,
    "Report.__init__": lat.Report, "Progress.__init__": lat.Progress, "LossSum.__init__": lat.LossSum,
}
BESIDES = {"evaluate": {"tolerances"}}  # an array in C


def options_of(name, parameters):
    structure = OPTIONS.get(name)
    fields = structure._fields_[1:] if structure else []
    found = {field for field, kind in fields if kind in structures._OPTION_KINDS}
    return {field for field in found if not field.startswith("reserved")} - set(parameters) | BESIDES.get(name, set())


def members_of_module(kind):
    """Functions, class methods and properties, inherited ones of the package too."""
    for owner in reversed(kind.__mro__):
        if owner.__module__.split(".")[0] != "lat":
            continue
        for name, value in vars(owner).items():
            if name in ("__init__", "__len__", "__enter__", "__exit__") or not name.startswith("_"):
                if isinstance(value, (classmethod, property)) or inspect.isfunction(value):
                    yield name, value


def described(name, value):
    """How the module's function looks in the stub: kind, parameters, options."""
    if isinstance(value, property):
        return "property", ["self"], set()
    function = value.__func__ if isinstance(value, classmethod) else value
    parameters = [parameter.name for parameter in inspect.signature(function).parameters.values()
                  if parameter.kind == parameter.POSITIONAL_OR_KEYWORD]
    return "classmethod" if isinstance(value, classmethod) else "function", parameters, options_of(name, parameters)


def read_function(node):
    kinds = [decorator.id for decorator in node.decorator_list]
    return (kinds[0] if kinds else "function", [argument.arg for argument in node.args.args],
            {argument.arg for argument in node.args.kwonlyargs})


def read_stub():
    tree = ast.parse(pathlib.Path(lat.__file__).with_suffix(".pyi").read_text())
    constants, functions, classes = set(), {}, {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign):
            constants.add(node.target.id)
        elif isinstance(node, ast.FunctionDef):
            functions[node.name] = read_function(node)
        elif isinstance(node, ast.ClassDef):
            classes[node.name] = {member.name: read_function(member) for member in node.body
                                  if isinstance(member, ast.FunctionDef)}
    return constants, functions, classes


class Stubs(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.constants, self.functions, self.classes = read_stub()
        self.base = self.classes.pop("_Object")

    def test_names(self):
        self.assertEqual(sorted([*self.constants, *self.functions, *self.classes]), sorted(lat.__all__))

    def test_functions(self):
        for name, stub in self.functions.items():
            self.assertEqual(stub, described(name, getattr(lat, name)), name)

    def test_classes(self):
        for name, stub in self.classes.items():
            kind = getattr(lat, name)
            members = {**self.base, **stub} if issubclass(kind, _objects._Handle) else stub
            found = {member: described(f"{name}.{member}", value) for member, value in members_of_module(kind)}
            if not issubclass(kind, _objects._Handle):
                found = {member: value for member, value in found.items() if member in ("__init__", "add")
                         or not member.startswith("_")}
            hidden = {"__init__"} - set(stub)  # classes that are not made by calling them
            self.assertEqual(members, {key: value for key, value in found.items() if key not in hidden}, name)


if __name__ == "__main__":
    unittest.main()
