"""A program in types, which mypy --strict accepts. Lines that end in "type: ignore" are wrong, and no longer ignored
should the stubs allow them (--warn-unused-ignores). It is not run."""

from typing import Tuple

import lat


def train(folder: str) -> lat.Model:
    context = lat.Context(threads=1, log=lambda level, line: None)
    task = lat.Task("eigenvalues", context, rows=3)
    model = lat.Model(task, lat.Tokenizer(context, output_encoding="p1000"), encoder_width=64)
    lat.train(model, dict(rule="adamw"), lambda state: print(state.loss), max_examples=1000, directory=folder)
    model.save(folder + "/model.safetensors")
    lat.Task("eigenvalues", rows="3")  # type: ignore[arg-type]
    lat.Task("eigenvalues", row=3)  # type: ignore[call-arg]
    lat.train(task, max_examples=1000)  # type: ignore[arg-type]
    return model


def solve(model: lat.Model) -> Tuple[float, int]:
    x, report = lat.Solver(model, refine=3).solve([[2, 1], [1, 2]])
    lat.Solver("model.safetensors")  # type: ignore[arg-type]
    report.residue  # type: ignore[attr-defined]
    return report.residual, report.verdict


def loop(model: lat.Model) -> float:
    optimizer, gradients = lat.Optimizer(model, learning_rate=1e-3), lat.Gradients(model)
    with lat.Sampler(model.task, model.tokenizer) as sampler:
        batch = sampler.next(16)
        total = gradients.accumulate(model, batch)
        optimizer.step(model, gradients, total)
        sampler.next("16")  # type: ignore[arg-type]
        return total.loss


def operators() -> Tuple[float, int]:
    a, b = lat.Operator.diagonal([1, 2]), lat.Operator.tridiagonal(2, -1, 3)
    both = lat.Operator.kronecker_sum([a, b])
    logarithm, sign = both.log_determinant()
    lat.Operator.kronecker_sum(a)  # type: ignore[arg-type]
    lat.LinearAttention(1, 1)  # type: ignore[call-arg]
    return logarithm, sign


def accuracies(model: lat.Model) -> float:
    rows = lat.evaluate(model, count=100, seed=1)
    lat.evaluate(model, counts=100)  # type: ignore[call-arg]
    return float(rows[0]["exact"])
