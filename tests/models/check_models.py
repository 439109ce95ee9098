"""The shipped models are those of the manifest, and are as good as it says.

    check_models.py accuracy|recipes LAT FOLDER

accuracy: every file has its SHA-256 and reaches its figures on a few fresh examples, less three standard
errors. recipes: every command trains for one update, and makes a model of the same task, encodings,
architecture and options of training as the file's.
"""

import json
import math
import os
import pathlib
import shlex
import sys
import tempfile

how, lat, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
sys.path.insert(0, str(folder))
import add_model  # noqa: E402 (lies in the folder)

failures = []


def expect(holds, text):
    if not holds:
        failures.append(text)
        print("FAILED:", text)


def margin(percent, counts):
    """Three standard errors of the difference of two measurements, in percent. A share of 0 or 1 has
    one too: the rule of succession keeps it off the ends."""
    variance = 0
    for count in counts:
        share = (percent / 100 * count + 1) / (count + 2)
        variance += share * (1 - share) / count
    return 300 * math.sqrt(variance)


def check_file(path, entry):
    size = path.stat().st_size
    expect(size < add_model.LARGEST_FILE, f"{path.name}: {size} bytes")
    expect(add_model.sha256(path) == entry["sha256"], f"{path.name}: another SHA-256 than the manifest's")
    content = path.read_bytes()
    header = json.loads(content[8:8 + int.from_bytes(content[:8], "little")])
    types = {tensor["dtype"] for name, tensor in header.items() if name != "__metadata__"}
    expect(types == {"BF16"}, f"{path.name}: stored as {types}")


def check_accuracy(name, path, entry):
    check_file(path, entry)
    test, evaluation = entry["test"], entry["evaluation"]
    found = add_model.figures(add_model.evaluate(lat, path, test["count"], test["seed"], evaluation.get("refine", 0)))
    for figure, percent in entry["accuracy"].items():
        least = percent - margin(percent, [evaluation["count"], test["count"]])
        expect(found[figure] >= least,
               f"{name}: {found[figure]} % within {figure} of {test['count']}, "
               f"the manifest says {percent}, less three standard errors {least:.2f}")


def common_differences(ours, theirs, place):
    """Places where two values differ, of the members that both have."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [line for key in ours.keys() & theirs.keys()
                for line in common_differences(ours[key], theirs[key], f"{place}.{key}")]
    return [] if ours == theirs else [f"{place}: {ours} by the recipe, {theirs} in the file"]


def follow_recipe(name, recipe, scratch):
    """Trains one update by every command of a recipe; returns the description of the last one's model.

    All commands but the last name the folder of their run, from which a later one goes on."""
    commands = [shlex.split(command) for command in recipe.split(" && ")]
    for words in commands:
        expect(words[:2] == ["lat", "train"] and ("--out" in words) == (words is not commands[-1]),
               f"{name}: not a recipe: {words}")
        out = [] if "--out" in words else ["--out", "last"]
        add_model.run_lat(lat, *words[1:], *out, "--examples", "1", "--quiet", folder=scratch)
    return add_model.run_lat(lat, "info", os.path.join(scratch, "last", "model.safetensors"))["config"]


def check_recipe(name, path, entry):
    with tempfile.TemporaryDirectory() as scratch:
        made = follow_recipe(name, entry["recipe"], scratch)
    shipped = add_model.run_lat(lat, "info", str(path))["config"]
    for part in ("task", "tokenizer", "model"):
        for line in common_differences(made[part], shipped[part], f"{name}: {part}"):
            expect(False, line)
    for part in ("trainer", "optimizer"):
        for line in common_differences(made["training"][part], shipped["training"][part], f"{name}: {part}"):
            expect(False, line)


manifest = json.loads((folder / add_model.MANIFEST).read_text())["models"]
files = {path.name for path in folder.glob("*.safetensors")}
named = {entry["file"] for entry in manifest.values()}
expect(files == named, f"files without an entry, or entries without a file: {sorted(files ^ named)}")
os.environ["LAT_MODEL_PATH"] = str(folder)  # recipes with --from NAME
for name, entry in manifest.items():
    expect(entry["file"] == name + ".safetensors", f"{name}: its file is {entry['file']}")
    if entry["file"] in files:
        check = {"accuracy": check_accuracy, "recipes": check_recipe}[how]
        check(name, folder / entry["file"], entry)
sys.exit(1 if failures else 0)
