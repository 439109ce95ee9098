"""Trains a small transformer to transpose 3x3 matrices, saves it, and transposes one with the file.

    python3 transpose.py [EXAMPLES [FILE]]     30000 examples, transpose.safetensors
"""

import sys
from array import array

import lat


def create_model():
    return lat.Model(lat.Task("transpose", rows=3),
                     encoder_width=64, encoder_heads=4, decoder_width=64, decoder_heads=4,
                     norm=lat.NORM_PRE, activation=lat.GELU, matrix_positions=1,
                     init=lat.INIT_FOURIER)


def show(progress):
    print(f"{progress.examples} examples, loss {progress.loss:.4f} a token")


def train(model, examples):
    rule = dict(rule="adamw", learning_rate=2e-3, beta2=0.98, warmup=100, clip_norm=1)
    lat.train(model, rule, show, batch_size=32, max_examples=examples, until_exact=99,
              validate_every=4000, validate_count=200)


def transpose(path):
    a = lat.matrix(array("d", range(1, 10)), 3, 3)  # or a list of rows, or numpy's
    x, report = lat.Solver(lat.Model.load(path)).solve(a)
    for row in x.tolist():
        print(*row)
    print(f"residual {report.residual:.3g}:",
          "solved" if report.verdict == lat.WITHIN else "not solved")


def main(examples=30000, path="transpose.safetensors"):
    model = create_model()
    train(model, int(examples))
    model.save(path)
    transpose(path)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except lat.Error as error:
        sys.exit(f"{error.name}: {error}")
