"""What the measuring scripts share: the machine, the lat command, numbers and tables in Markdown."""

import json
import os
import subprocess
import time
from pathlib import Path

QUIET = 0.05  # share of the processors that other work may take
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def processor():
    """(model, the instruction sets that matter here) as /proc/cpuinfo has them."""
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    model = "%s (family %s, model %s)" % tuple(
        fields.get(key, "?") for key in ("model name", "cpu family", "model")
    )
    flags = fields.get("flags", "").split()
    return model, [name for name in INSTRUCTION_SETS if name in flags]


def busy_seconds():
    """Processor time since boot: of everything, and of this process with those it waited for."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    )
    everything = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return everything, sum(os.times()[:4])


class Watch:
    """Time passed, and how much of the processors others had meanwhile."""

    def __init__(self):
        self.started, self.busy = time.monotonic(), busy_seconds()

    def passed(self):
        return time.monotonic() - self.started

    def others(self):
        """A share; all programs started here must have ended and been waited for."""
        everything, own = (now - then for now, then in zip(busy_seconds(), self.busy))
        return max(0.0, (everything - own) / (os.cpu_count() * self.passed()))


def machine(threads):
    """Where the figures were taken."""
    model, sets = processor()
    count = "%d thread%s" % (threads, "s" * (threads > 1))
    return "on %s, %s; %d cores, %s." % (model, ", ".join(sets), os.cpu_count(), count)


def quietness(watch):
    """Lines on how quietly they were taken."""
    share = watch.others()
    lines = ["Other work had %.0f %% of the processors." % (100 * share)]
    if share > QUIET:
        lines += ["", "**The machine was not quiet**: rates are lower bounds, ratios are rough."]
    return lines


def run(command):
    """What a command prints; its own words are shown where it fails."""
    words = list(map(str, command))
    result = subprocess.run(words, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit("%s\n%s" % (" ".join(words), result.stderr))
    return result.stdout


def run_json(command):
    return json.loads(run(command))


def bench(lat, words, precision, threads, seconds, repeats=1):
    """`lat bench` on the options in `words`."""
    return run_json(
        [lat, "bench", *words, "--precision", precision, "--threads", threads]
        + ["--repeats", repeats, "--seconds", seconds, "--json"]
    )


def said(parser, options, *omit):
    """The options that differ from their defaults, as words of a command line."""
    words = []
    for action in parser._actions:
        value = getattr(options, action.dest, None)
        if action.dest in ("help", *omit) or value == action.default:
            continue
        words.append(action.option_strings[0])
        if isinstance(value, list):
            words += map(str, value)
        elif not isinstance(value, bool):
            words.append("%g" % value if isinstance(value, float) else str(value))
    return words


def number(value, digits=3):
    """To so many significant digits; a dash for what was not measured."""
    if value is None:
        return "-"
    return "%.*f" % (max(0, digits - len(str(int(abs(value))))), value)


def table(titles, rows):
    """Markdown lines."""
    lines = [titles, ["---"] * len(titles), *rows]
    return ["", *("| " + " | ".join(map(str, line)) + " |" for line in lines)]


def publish(lines, output):
    """Prints the lines; also writes them where a file is named."""
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if output:
        Path(output).write_text(text)
