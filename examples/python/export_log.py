#!/usr/bin/env python3
"""Exports the logs of training runs: as CSV, or as an event file that TensorBoard reads.

    export_log.py run --csv run.csv
    export_log.py run-a run-b --tensorboard events    # then: tensorboard --logdir events

Needs Python alone: event files are written here, record by record.
"""
import argparse
import csv
import json
import os
import struct
import sys


def read_log(run):
    """The lines of RUN/log.jsonl with numbers alone; rows of a validation become LABEL/accuracy and so on."""
    with open(os.path.join(run, "log.jsonl"), encoding="utf-8") as log:
        for line in log:
            report = json.loads(line)
            for group in report.pop("groups", []):
                for key in ("count", "accuracy", "exact"):
                    report[f"{group['label']}/{key}"] = group[key]
            yield report


def write_csv(runs, path):
    """One table of all runs; a cell is empty where a report has no such number."""
    rows = [{"run": run, **report} for run in runs for report in read_log(run)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, names)
        table.writeheader()
        table.writerows(rows)


CRC_TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    CRC_TABLE.append(byte)


def masked_crc(data):
    """CRC-32C, rotated and offset as the format of records has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)


def field(number, data):
    """A member of a protocol buffer that is text or a message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def record(event):
    length = struct.pack("<Q", len(event))
    return (length + struct.pack("<I", masked_crc(length)) + event
            + struct.pack("<I", masked_crc(event)))


def event(time, step, numbers):
    values = b"".join(
        field(1, field(1, name.encode()) + b"\x15" + struct.pack("<f", value))
        for name, value in numbers.items())
    return b"\x09" + struct.pack("<d", time) + b"\x10" + varint(step) + field(5, values)


def write_events(run, folder):
    """FOLDER/<name of the run>/events.out.tfevents...: a curve for each number over the examples."""
    reports = list(read_log(run))
    name = os.path.basename(os.path.abspath(run))
    ended = os.path.getmtime(os.path.join(run, "log.jsonl"))
    began = ended - (reports[-1]["seconds"] if reports else 0)
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    path = os.path.join(folder, name, f"events.out.tfevents.{int(began):010d}.lat")
    with open(path, "wb") as out:
        out.write(record(b"\x09" + struct.pack("<d", began) + field(3, b"brain.Event:2")))
        for report in reports:
            step, seconds = report.pop("examples"), report.pop("seconds")
            numbers = {key: value for key, value in report.items() if value is not None}
            out.write(record(event(began + seconds, step, numbers)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run")
    parser.add_argument("--csv", metavar="FILE", help="table to write")
    parser.add_argument("--tensorboard", metavar="FOLDER", help="folder of event files to write")
    options = parser.parse_args()
    if options.csv is None and options.tensorboard is None:
        parser.error("--csv FILE or --tensorboard FOLDER is needed")
    try:
        if options.csv is not None:
            write_csv(options.runs, options.csv)
        for run in options.runs if options.tensorboard is not None else []:
            write_events(run, options.tensorboard)
    except (OSError, ValueError) as error:
        sys.exit(f"export_log.py: {error}")


if __name__ == "__main__":
    main()
