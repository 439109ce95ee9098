"""examples/python/export_log.py: a table, and event files whose records are read back here."""
import csv
import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile

script = sys.argv[1]
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("export_log", script)
export_log = importlib.util.module_from_spec(spec)
spec.loader.exec_module(export_log)

# The check value of CRC-32C, unmasked.
crc = export_log.masked_crc(b"123456789") - 0xA282EAD8 & 0xFFFFFFFF
assert (crc << 15 | crc >> 17) & 0xFFFFFFFF == 0xE3069283

reports = [
    {"examples": 300, "updates": 3, "loss": 1.5, "accuracy": None, "exact": None, "seconds": 0.5},
    {"examples": 70000, "updates": 6, "loss": 0.25, "accuracy": 50.0, "exact": 25.0, "seconds": 1.0,
     "groups": [{"label": "2x2", "count": 9, "accuracy": 75.0, "exact": 12.5}]},
]


def run(*arguments):
    return subprocess.run([sys.executable, script, *arguments], check=False, capture_output=True, text=True)


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    while data:
        (length,) = struct.unpack_from("<Q", data)
        assert struct.unpack_from("<I", data, 8)[0] == export_log.masked_crc(data[:8])
        body = data[12:12 + length]
        assert struct.unpack_from("<I", data, 12 + length)[0] == export_log.masked_crc(body)
        yield body
        data = data[16 + length:]


with tempfile.TemporaryDirectory() as folder:
    for name in "a", "b":
        os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, name, "log.jsonl"), "w", encoding="utf-8") as log:
            log.writelines(json.dumps(report) + "\n" for report in reports)
    runs = [os.path.join(folder, name) for name in ("a", "b")]
    table, events = os.path.join(folder, "table.csv"), os.path.join(folder, "events")
    done = run(*runs, "--csv", table, "--tensorboard", events)
    assert done.returncode == 0, done.stderr
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 and rows[2]["run"] == runs[1]
    assert rows[0]["loss"] == "1.5" and rows[0]["accuracy"] == "" and rows[0]["2x2/exact"] == ""
    assert rows[1]["examples"] == "70000" and rows[1]["2x2/exact"] == "12.5"
    (name,) = os.listdir(os.path.join(events, "b"))
    found = list(records(os.path.join(events, "b", name)))
    assert len(found) == 3 and found[0].endswith(b"brain.Event:2")
    assert found[2][9:13] == b"\x10\xf0\xa2\x04"  # the step 70000
    assert b"\x0a\x04loss\x15" + struct.pack("<f", 0.25) in found[2]
    assert b"2x2/accuracy\x15" + struct.pack("<f", 75.0) in found[2]
    assert b"accuracy" not in found[1]
    assert run(runs[0]).returncode == 2
    missing = run(os.path.join(folder, "c"), "--csv", table)
    assert missing.returncode == 1 and "log.jsonl" in missing.stderr
