#!/usr/bin/env python3
"""Short training runs of every task, held against what needs no mathematics.

A model that only knows how answers are spelled reaches, at best, the entropy of the output tokens
given their position: H = sum_p H(token at p) / positions, the closing EOS included. For each task this
measures H on fresh examples (`lat sample`), trains (`lat train`), and prints a table of H and the last
loss, both in nats a token. Estimated from finitely many examples H is too low rather than too high, so
the comparison is strict.

Usage: every_task.py LAT [EXAMPLES]      LAT: path of the lat command
Exit status: 0 if every loss is below its entropy, 1 otherwise.
"""
import collections
import json
import math
import os
import subprocess
import sys
import tempfile

SAMPLES = 20000
RECIPE = ("--factored --fourier --input-encoding fp15 --output-encoding p1000 --encoder-layers 1 "
          "--encoder-loops 4 --decoder-layers 1 --width 64 --heads 4 --norm pre --activation gelu "
          "--matrix-positions --optimizer muon --learning-rate 2e-3 --beta2 0.98 --warmup 300 "
          "--clip-norm 1 --batch-size 32 --sign-bias 0.5 --validate-every 0 --precision f32 --seed 1")
TASKS = [("transpose", 3), ("add", 2), ("matvec", 2), ("product", 2), ("eigenvalues", 3),
         ("eigenvectors", 2), ("inverse", 2), ("syminverse", 2), ("singular-values", 2), ("svd", 2)]


def positional_entropy(lat, task, size):
    """Mean over positions of the entropy of the token found there, in nats."""
    command = [lat, "sample", "--task", task, "--size", str(size), "--count", str(SAMPLES),
               "--input-encoding", "fp15", "--output-encoding", "p1000", "--seed", "7", "--json"]
    counts = collections.defaultdict(collections.Counter)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            tokens = json.loads(line)["output_tokens"] + ["EOS"]
            for position, token in enumerate(tokens):
                counts[position][token] += 1
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    total = sum(sum(c.values()) for c in counts.values())
    nats = sum(-n * math.log(n / sum(c.values())) for c in counts.values() for n in c.values())
    return nats / total


def train(lat, task, size, examples, folder):
    """The last loss of a run, in nats a token."""
    command = [lat, "train", "--task", task, "--size", str(size), "--examples", str(examples),
               "--out", folder] + RECIPE.split()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, "log.jsonl"), encoding="utf-8") as log:
        return json.loads(log.readlines()[-1])["loss"]


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    lat = sys.argv[1]
    examples = int(sys.argv[2]) if len(sys.argv) == 3 else 48000
    failed = 0
    print("| task | size | examples | entropy given position | loss |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for task, size in TASKS:
            entropy = positional_entropy(lat, task, size)
            loss = train(lat, task, size, examples, os.path.join(folder, task))
            failed += not loss < entropy
            print(f"| {task} | {size}x{size} | {examples:,} | {entropy:.3f} | {loss:.3f} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
