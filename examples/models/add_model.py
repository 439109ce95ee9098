#!/usr/bin/env python3
"""Adds a finished training run to the models that are shipped.

    add_model.py NAME RUN --recipe 'lat train ...' --commit COMMIT [--processor TEXT] [--lat PATH]

The model of the folder RUN is written to NAME.safetensors beside this script with bf16 parameters,
evaluated on 10,000 fresh examples, and described in MANIFEST.json: what made it, what it reaches, and
its SHA-256. A model of that name is replaced. The recipe is the command of the run without --out, or
several joined by ' && ', all but the last with --out FOLDER, from which a later one goes on by
--from FOLDER/model.safetensors. With --refine N the share of answers that N steps of refinement lead to
a certificate is a figure of the model too. tests/models/check_models.py holds the recipe against the file, and the
file against its figures.
"""

import argparse
import hashlib
import json
import math
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
MANIFEST = "MANIFEST.json"
LARGEST_FILE = 32_000_000
COUNT, SEED = 10_000, 20_000  # of the examples that the manifest's accuracy is measured on
TEST_SECONDS = 0.7  # what a test of the model may take on the machine that adds it
TEST_COUNTS = 40, 1000


def run_lat(lat, *words, folder=None):
    """The JSON object that a command prints, run in a folder."""
    done = subprocess.run([lat, *words, "--json"], check=True, capture_output=True, text=True, cwd=folder)
    return json.loads(done.stdout)


def evaluate(lat, path, count, seed, refine=0):
    return run_lat(lat, "eval", str(path), "--count", str(count), "--seed", str(seed), "--refine", str(refine), "--quiet")


def figures(found):
    """Shares in percent that the manifest states and the tests hold the file to."""
    accuracy = {key: round(value, 2) for key, value in found["accuracy"].items()}
    return {**accuracy, **({"certified": round(found["certified"], 2)} if "certified" in found else {})}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def standard_error(percent, count):
    share = percent / 100
    return round(100 * math.sqrt(share * (1 - share) / count), 3)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def test_count(rate):
    least, most = TEST_COUNTS
    return max(least, min(most, int(TEST_SECONDS * rate)))


def entry(lat, path, arguments):
    config = run_lat(lat, "info", str(path))["config"]
    count = arguments.count
    found = evaluate(lat, path, count, SEED, arguments.refine)
    shares = figures(found)
    refine = {"refine": arguments.refine} if arguments.refine else {}
    return {
        "file": path.name,
        "sha256": sha256(path),
        "task": config["task"],
        "recipe": arguments.recipe,
        "build": f"{config['library']}, commit {arguments.commit}",
        "processor": arguments.processor,
        "seed": config["training"]["trainer"]["seed"],
        "examples": config["training"]["examples"],
        "evaluation": {"count": count, "seed": SEED, **refine},
        "accuracy": shares,
        "standard_error": {key: standard_error(value, count) for key, value in shares.items()},
        "exact": round(found["exact"], 2),
        "test": {"count": test_count(found["examples_per_second"]), "seed": SEED + 1},
    }


def write_manifest(name, described):
    path = FOLDER / MANIFEST
    manifest = json.loads(path.read_text()) if path.exists() else {"models": {}}
    manifest["models"][name] = described
    manifest["models"] = dict(sorted(manifest["models"].items()))
    path.write_text(json.dumps(manifest, indent=2) + "\n")


def arguments_of_command():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", help="such as eigenvalues-5x5")
    parser.add_argument("run", type=pathlib.Path, help="folder of the run")
    parser.add_argument("--recipe", required=True, help="the command that made it, without --out")
    parser.add_argument("--commit", required=True, help="of the build that trained it")
    parser.add_argument("--processor", default=processor(), help="kind of the one it was trained on")
    parser.add_argument("--count", type=int, default=COUNT, help=f"examples to evaluate ({COUNT})")
    parser.add_argument("--refine", type=int, default=0, help="steps of refinement, for the share certified (0)")
    parser.add_argument("--lat", default="lat", help="the command (lat)")
    return parser.parse_args()


def main():
    arguments = arguments_of_command()
    path = FOLDER / (arguments.name + ".safetensors")
    subprocess.run([arguments.lat, "convert", str(arguments.run / "model.safetensors"), str(path),
                    "--storage", "bf16"], check=True)
    if path.stat().st_size >= LARGEST_FILE:
        size = path.stat().st_size
        path.unlink()
        sys.exit(f"{path.name}: {size} bytes, the limit is {LARGEST_FILE}")
    described = entry(arguments.lat, path, arguments)
    write_manifest(arguments.name, described)
    print(json.dumps(described["accuracy"]), "exact", described["exact"])


if __name__ == "__main__":
    main()
