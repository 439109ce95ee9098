"""One thread, two threads and two ranks of one thread, with shards and without: examples a second, interleaved.

    ranks.py LAT [--launcher mpirun] [--rounds 5] [--examples 2048] [--batch 64] [OPTIONS OF lat train...]

Each round runs every way once, in turn; a line tells the median rate of each, and the median over rounds of its ratio to
the first way. OPTIONS say what is trained; without, four sizes of a model of transpositions are.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

SIZES = {f"width {width}": ["--task", "transpose", "--size", "5", "--layers", "2", "--width", str(width), "--heads", "4"]
         for width in (64, 128, 256, 512)}


def rate(command, environment, folder):
    """Without the first update, in which memory is touched for the first time."""
    run = os.path.join(folder, "run")
    shutil.rmtree(run, ignore_errors=True)
    words = [*command, "--out", run, "--quiet", "--report-every", "1", "--validate-every", "0", "--checkpoint-minutes", "0"]
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
    with open(os.path.join(run, "log.jsonl"), encoding="utf-8") as log:
        updates = [json.loads(line) for line in log]
    if len(updates) < 2:
        sys.exit("ranks.py: two updates at least: --examples above --batch")
    first, last = updates[0], updates[-1]
    return (last["examples"] - first["examples"]) / (last["seconds"] - first["seconds"])


def measure(options, arguments):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    train = [arguments.lat, "train", *options, "--batch-size", str(arguments.batch), "--examples",
             str(arguments.examples)]
    launch = [arguments.launcher, "-n", "2"]
    ways = {"1 process, 2 threads": [*train, "--threads", "2"],
            "1 process, 1 thread": [*train, "--threads", "1"],
            "1 process, 1 thread, shards 8": [*train, "--threads", "1", "--shards", "8"],
            "1 process, 2 threads, shards 8": [*train, "--threads", "2", "--shards", "8"],
            "2 ranks, shards 8": [*launch, *train, "--threads", "1"],
            "2 ranks, shards 2": [*launch, *train, "--threads", "1", "--shards", "2"],
            "2 ranks, --fast-reduce": [*launch, *train, "--threads", "1", "--fast-reduce"]}
    ways.update({f"{way}, --split-optimizer": [*command, "--split-optimizer"]
                 for way, command in ways.items() if way.startswith("2 ranks")})
    rates = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            for way, command in ways.items():
                rates[way].append(rate(command, environment, folder))
    first = rates["1 process, 2 threads"]
    for way, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(found, first))
        print(f"| {way} | {statistics.median(found):.0f} | {ratio:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lat")
    parser.add_argument("--launcher", default="mpirun")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=2048)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--only", help="one of the sizes, as 'width 64'")
    arguments, options = parser.parse_known_args()
    for name, size in {"as told": options}.items() if options else SIZES.items():
        if arguments.only in (None, name):
            print(f"{name}:", flush=True)
            measure(size, arguments)


if __name__ == "__main__":
    main()
