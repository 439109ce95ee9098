#!/usr/bin/env python3
"""Successive halving over options of `lat train`: all candidates get the same processor time, the best
go on with more. One training at a time; started again with the same --out, it goes on where it stopped.

    python3 tests/bench/search.py --out search --base '--task eigenvalues --size 3 --canonical' \\
        --candidate 'plain:' --candidate 'average:--ema-decay 0.999' --seconds 60 --rungs 3 --seeds 2

--file FILE: candidates, one `NAME: OPTIONS` a line; # begins a comment. Rung r (from 0) has trained each
of its candidates and seeds for seconds x factor^r of processor time in all, resumed from the rung
before, and keeps 1 / factor of them. Learning rates that fall over a number of updates should fall
within every rung's time, or be left constant: the time, not the updates, is what is equal."""

import argparse
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

ENOUGH = 0.97  # of a budget; what is left is not worth another start


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lat", default="lat", help="the command (lat)")
    parser.add_argument("--out", required=True, help="folder of the runs and of results.json")
    parser.add_argument("--base", default="", help="options of all candidates")
    parser.add_argument("--candidate", action="append", default=[], metavar="NAME:OPTIONS")
    parser.add_argument("--file", help="candidates, one NAME: OPTIONS a line")
    parser.add_argument("--seconds", type=float, default=60, help="processor time of rung 0 (60)")
    parser.add_argument("--rungs", type=int, default=3, help="(3)")
    parser.add_argument("--factor", type=float, default=2, help="more time, fewer candidates (2)")
    parser.add_argument("--seeds", type=int, default=2, help="runs of each candidate (2)")
    parser.add_argument("--count", type=int, default=2000, help="fresh examples an evaluation (2000)")
    parser.add_argument("--tolerance", default="0.05", choices=["0.05", "0.02", "0.01", "0.005"])
    parser.add_argument("--threads", type=int, default=1, help="of a training (1)")
    options = parser.parse_args()
    if options.seconds <= 0 or options.factor <= 1 or min(options.rungs, options.seeds) < 1:
        parser.error("--seconds above 0, --factor above 1, --rungs and --seeds from 1")
    return options


def candidates(options):
    """{name: list of options}, in the order given."""
    lines = list(options.candidate)
    if options.file:
        lines += Path(options.file).read_text().splitlines()
    found = {}
    for line in lines:
        text = line.split("#")[0].strip()
        name, colon, words = text.partition(":")
        name = name.strip()
        if not text:
            continue
        if not colon or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            sys.exit("search.py: not NAME:OPTIONS, with letters, digits, -, _ and . : %r" % line)
        if name in found:
            sys.exit("search.py: candidate %s is given twice" % name)
        found[name] = shlex.split(words)
    if not found:
        sys.exit("search.py: no candidates; --candidate NAME:OPTIONS or --file FILE")
    return found


def run(words):
    """Standard output and processor seconds of a command; it ends the search when it fails."""
    before = os.times()
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    after = os.times()
    if done.returncode != 0:
        sys.exit("search.py: %s: exit status %d" % (shlex.join(words), done.returncode))
    used = after.children_user + after.children_system
    return done.stdout, used - before.children_user - before.children_system


class Search:
    def __init__(self, options):
        self.options = options
        self.folder = Path(options.out)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = {}
        if (self.folder / "results.json").exists():
            self.state = json.loads((self.folder / "results.json").read_text())

    def save(self):
        path = self.folder / "results.json.new"
        path.write_text(json.dumps(self.state, indent=1))
        path.replace(self.folder / "results.json")

    def train(self, key, words, seed, budget):
        """Trains the run `key` until it has had `budget` processor seconds in all."""
        entry = self.state.setdefault(key, {"seconds": 0.0, "scores": {}})
        folder = self.folder / key
        while entry["seconds"] < ENOUGH * budget:
            minutes = (budget - entry["seconds"]) / 60 / self.options.threads
            resume = ["--resume"] if (folder / "checkpoint.safetensors").exists() else []
            command = [self.options.lat, "train", *shlex.split(self.options.base), *words]
            command += ["--seed", str(seed), "--validate-every", "0", "--checkpoint-every", "0"]
            command += ["--threads", str(self.options.threads), "--minutes", "%.6f" % minutes]
            _, used = run([*command, "--quiet", "--json", "--out", str(folder), *resume])
            entry["seconds"] += max(used, 0.01)
            self.save()

    def score(self, key, rung):
        """Percentage right in an evaluation of the run as it stands."""
        scores = self.state[key]["scores"]
        if str(rung) not in scores:
            model = str(self.folder / key / "model.safetensors")
            command = [self.options.lat, "eval", model, "--count", str(self.options.count)]
            command += ["--threads", str(self.options.threads), "--json", "--quiet"]
            text, _ = run(command)
            scores[str(rung)] = json.loads(text)["accuracy"][self.options.tolerance]
            self.save()
        return scores[str(rung)]

    def rung(self, names, found, number):
        """{name: scores, one a seed} after the rung's time."""
        budget = self.options.seconds * self.options.factor**number
        results = {}
        for name in names:
            results[name] = []
            for seed in range(self.options.seeds):
                key = "%s-%d" % (name, seed)
                if str(number) not in self.state.get(key, {"scores": {}})["scores"]:
                    self.train(key, found[name], seed, budget)
                results[name].append(self.score(key, number))
        return results


def error(values, count):
    """Standard error of a mean: of the seeds, or of one evaluation where there is one seed."""
    if len(values) > 1:
        return statistics.stdev(values) / math.sqrt(len(values))
    share = values[0] / 100
    return 100 * math.sqrt(share * (1 - share) / count)


def print_rung(options, number, results, kept):
    print("\nRung %d: %g s of processor time, %d seeds, %% within %g %%\n"
          % (number, options.seconds * options.factor**number, options.seeds,
             100 * float(options.tolerance)))
    print("| candidate | mean | standard error | seeds | goes on |\n|---|---|---|---|---|")
    for name in sorted(results, key=lambda name: -statistics.mean(results[name])):
        values = results[name]
        print("| %s | %.2f | %.2f | %s | %s |"
              % (name, statistics.mean(values), error(values, options.count),
                 " ".join("%.2f" % value for value in values), "yes" if name in kept else ""))
    sys.stdout.flush()


def main():
    options = arguments()
    found = candidates(options)
    search, names = Search(options), list(found)
    for number in range(options.rungs):
        results = search.rung(names, found, number)
        ranked = sorted(names, key=lambda name: -statistics.mean(results[name]))
        last = number == options.rungs - 1
        keep = 0 if last else max(1, math.ceil(len(names) / options.factor))
        print_rung(options, number, results, ranked[:keep])
        names = [name for name in names if name in ranked[:keep]]


if __name__ == "__main__":
    main()
