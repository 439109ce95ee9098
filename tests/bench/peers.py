"""lat beside PyTorch, BLIS and OpenBLAS on this machine, interleaved: every round measures each of
them once, and what is told are medians over the rounds. See peers.sh.

The PyTorch model (peer_model.py) is that of lat's preset: same layers, widths, lengths, optimizer.
"joint" is the published setting, one vocabulary for both sides, on whose whole every output token
takes a softmax; "separate" is lat's, where the output has its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "golden"))
import symbols as encodings  # noqa: E402
import torch  # noqa: E402

import peer_model  # noqa: E402

TRAIN_BATCH, DECODE_BATCH = 64, 128
SHARED_SYMBOLS = 128  # markers and dimensions, which come before the numbers
TOLERANCE = 0.15  # how far PyTorch may fall behind the reference
QUIET = 0.05  # share of the processors that other work may take
PRECISIONS = ("f32", "bf16")

# (layers, width, heads) of both sides, encodings of both.
SWEEPS = {
    "transpose-5x5": ((1, 256, 8), (1, 256, 8), "p1000", "p1000"),
    "eigenvalues-5x5": ((6, 512, 8), (1, 512, 8), "fp15", "fp15"),
    "eigenvectors-5x5": ((6, 512, 8), (1, 512, 8), "fp15", "p1000"),
    "inverse-5x5": ((6, 516, 12), (1, 512, 8), "fp15", "p1000"),
}

# Examples a second of PyTorch 1.13.1, joint vocabulary, on two cores with AMX.
REFERENCE = {
    "transpose-5x5": {"f32": 108, "bf16": 209},
    "eigenvalues-5x5": {"f32": 35, "bf16": 70},
    "eigenvectors-5x5": {"f32": 10, "bf16": 22},
    "inverse-5x5": {"f32": 13, "bf16": 24},
}

LIBRARIES = {
    "BLIS": "/usr/lib/x86_64-linux-gnu/libblis.so.4",
    "OpenBLAS": "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
}


@dataclass(eq=False)
class Sweep:
    name: str
    encoder: tuple
    decoder: tuple
    source_encoding: str
    target_encoding: str
    source_length: int = 0
    target_length: int = 0

    def measure_lengths(self, lat):
        """Tokens of lat's own examples, without the framing EOS."""
        found = run_json([lat, "sample", "--preset", self.name, "--count", "1", "--json"])
        self.source_length = len(found["input_tokens"])
        self.target_length = len(found["output_tokens"])

    def vocabularies(self):
        """(kind, source symbols, target symbols); one kind where both sides speak alike."""
        source, target = (
            len(encodings.vocabulary(e)) for e in (self.source_encoding, self.target_encoding)
        )
        if self.source_encoding == self.target_encoding:
            return [("joint", source, target)]
        union = source + target - SHARED_SYMBOLS
        return [("joint", union, union), ("separate", source, target)]

    def layers(self):
        """'COUNT TOKENS OUT IN' of the linear layers, as peer_gemm.py takes them."""
        above, e, _ = self.encoder
        below, d, _ = self.decoder
        source = TRAIN_BATCH * (self.source_length + 2)
        target = TRAIN_BATCH * (self.target_length + 1)
        symbols = self.vocabularies()[-1][2]
        shapes = [
            (above, source, 3 * e, e),
            (above, source, e, e),
            (above, source, 4 * e, e),
            (above, source, e, 4 * e),
            (below, target, 3 * d, d),
            (3 * below, target, d, d),
            (below, source, 2 * d, e),
            (below, target, 4 * d, d),
            (below, target, d, 4 * d),
            (1, target, symbols, d),
        ]
        return [" ".join(map(str, shape)) for shape in shapes]


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Figures:
    """Everything measured, by sweep, who, precision and what: a list, one entry a round."""

    def __init__(self):
        self.found = {}

    def add(self, value, *key):
        self.found.setdefault(key, []).append(value)

    def median(self, *key):
        values = self.found.get(key)
        return statistics.median(values) if values else None


class Run:
    def __init__(self, options):
        self.options = options
        self.figures = Figures()
        self.peers = {}
        self.warm = set()
        self.started = 0.0
        self.disturbance = 0.0  # share of the processors' time that other work took
        self.sweeps = [Sweep(name, *SWEEPS[name]) for name in options.sweeps]
        for sweep in self.sweeps:
            sweep.measure_lengths(options.lat)

    def peer(self, sweep, kind, symbols):
        key = sweep.name, kind
        if key not in self.peers:
            self.peers[key] = peer_model.Peer(sweep, *symbols)
        return self.peers[key]

    def lat(self, sweep, precision):
        options = self.options
        found = run_json(
            [options.lat, "bench", "--preset", sweep.name, "--precision", precision]
            + ["--threads", str(options.threads), "--repeats", "1"]
            + ["--seconds", str(options.seconds), "--json"]
        )
        for key, value in found.items():
            if isinstance(value, (int, float)):
                self.figures.add(value, sweep.name, "lat", precision, key)

    def timed(self, work, *key):
        value = peer_model.rate(work, self.options.seconds, key in self.warm)
        self.warm.add(key)
        return value

    def torch(self, sweep, precision, kind, symbols):
        peer, bf16, who = self.peer(sweep, kind, symbols), precision == "bf16", "torch " + kind
        key = sweep.name, who, precision
        rate = self.timed(lambda: peer.train(TRAIN_BATCH, bf16), *key, "train")
        self.figures.add(TRAIN_BATCH * rate, *key, "train_examples_per_second")
        if kind != sweep.vocabularies()[-1][0]:
            return  # decoding is compared with the faster vocabulary
        rate = self.timed(lambda: peer.decode(DECODE_BATCH, bf16), *key, "decode")
        self.figures.add(DECODE_BATCH * rate, *key, "decode_examples_per_second")
        rate = self.timed(lambda: peer.decode(1, bf16), *key, "latency")
        self.figures.add(1e3 / rate, *key, "decode_latency_ms")

    def gemm(self, sweep, name, path):
        """OpenBLAS brings threads of its own; BLIS is cut from outside, as lat cuts it."""
        own = name == "OpenBLAS"
        threads = str(self.options.threads)
        environment = dict(os.environ, OPENBLAS_NUM_THREADS=threads, BLIS_NUM_THREADS="1")
        command = [sys.executable, str(HERE / "peer_gemm.py"), path, threads, "01"[own]]
        command += [str(self.options.seconds / 10), *sweep.layers()]
        result = subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        )
        self.figures.add(float(result.stdout), sweep.name, name, "f32", "gemm")

    def late(self):
        return time.monotonic() - self.started > 60 * self.options.minutes

    def round(self):
        for sweep in self.sweeps:
            for precision in self.options.precisions:
                if self.late():
                    return
                self.lat(sweep, precision)
                for kind, *symbols in sweep.vocabularies():
                    self.torch(sweep, precision, kind, symbols)
            for name, path in self.options.libraries.items():
                self.gemm(sweep, name, path)

    def rounds(self):
        """As many rounds as asked for, or begun within the minutes; the number."""
        self.started, (busy, own) = time.monotonic(), busy_seconds()
        done = 0
        while done < self.options.rounds and not self.late():
            self.round()
            done += 1
            passed = time.monotonic() - self.started
            print("round %d ended after %.0f s" % (done, passed), file=sys.stderr)
        busy, own = busy_seconds()[0] - busy, busy_seconds()[1] - own
        self.disturbance = max(0.0, (busy - own) / (os.cpu_count() * passed))
        self.options.reached = [
            (sweep, precision)
            for sweep in self.sweeps
            for precision in self.options.precisions
            if (sweep.name, "lat", precision, "model_gflops") in self.figures.found
        ]
        return done


def processor():
    """(model, flags) as /proc/cpuinfo has them."""
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    model = "%s (family %s, model %s)" % tuple(
        fields.get(key, "?") for key in ("model name", "cpu family", "model")
    )
    return model, fields.get("flags", "").split()


def busy_seconds():
    """Processor time since boot: of everything, and of this process with those it started."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    )
    everything = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return everything, sum(os.times()[:4])


def number(value, digits=3):
    """To so many significant digits; a dash for what was not measured."""
    if value is None:
        return "-"
    return "%.*f" % (max(0, digits - 1 - len(str(int(abs(value)))) + 1), value)


def ratio(ours, theirs, inverse=False):
    if not ours or not theirs:
        return "-"
    return "%.1f" % (theirs / ours if inverse else ours / theirs)


class Report:
    def __init__(self, run, rounds):
        self.run, self.rounds, self.lines = run, rounds, []

    def table(self, *titles):
        self.lines += ["", "| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]

    def row(self, *cells):
        self.lines.append("| " + " | ".join(cells) + " |")

    def machine(self):
        model, flags = processor()
        sets = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in flags]
        self.lines += [
            "# Speed beside PyTorch, BLIS and OpenBLAS",
            "",
            "Written by tests/bench/peers.sh, run as",
            "",
            "    sh tests/bench/peers.sh " + " ".join(self.run.options.said),
            "",
            "on %s, %s; %d cores, %d threads; PyTorch %s (waits passive);"
            % (
                model, ", ".join(sets), os.cpu_count(), self.run.options.threads,
                torch.__version__,
            ),
            "%.0f %% of the processors went to other work. Medians of %d interleaved round%s of %g s a figure; batches of %d, in"
            % (
                100 * self.run.disturbance, self.rounds, "s" * (self.rounds > 1),
                self.run.options.seconds, TRAIN_BATCH,
            ),
            "decoding of %d and 1, greedy, to the true length, keys and values cached on both sides."
            % DECODE_BATCH,
            "",
            self.validity("amx_bf16" in flags),
            *self.quietness(),
        ]  # fmt: skip

    def quietness(self):
        if self.run.disturbance <= QUIET:
            return []
        return ["", "**The machine was not quiet**: rates are lower bounds, ratios are rough."]

    def validity(self, comparable):
        if not comparable:
            return (
                "No reference figures exist for this processor: it has no AMX, so neither the"
                " reference table nor the\ntargets stated for AMX can be checked here."
            )
        slow = [
            "%s %s" % (sweep.name, precision)
            for sweep, precision in self.run.options.reached
            if self.run.figures.median(
                sweep.name, "torch joint", precision, "train_examples_per_second"
            )
            < (1 - TOLERANCE) * REFERENCE[sweep.name][precision]
        ]
        if slow:
            return "**Invalid**: PyTorch is more than 15 %% under the reference at %s." % ", ".join(
                slow
            )
        return "PyTorch is within 15 % of the reference table or better: the run is valid."

    def training(self):
        get = self.run.figures.median
        self.lines += ["", "## Training, examples/s"]
        self.table("sweep", "precision", "lat", "PyTorch joint", "separate", "lat / joint",
                   "lat / separate")  # fmt: skip
        what = "train_examples_per_second"
        for sweep, precision in self.run.options.reached:
            ours = get(sweep.name, "lat", precision, what)
            joint = get(sweep.name, "torch joint", precision, what)
            separate = get(sweep.name, "torch separate", precision, what)
            self.row(sweep.name, precision, number(ours), number(joint), number(separate),
                     ratio(ours, joint), ratio(ours, separate))  # fmt: skip

    def decoding(self):
        get = self.run.figures.median
        self.lines += ["", "## Greedy decoding: examples/s in batches, ms for one"]
        self.table("sweep", "precision", "lat", "PyTorch", "ratio", "lat, one", "PyTorch, one",
                   "ratio")  # fmt: skip
        for sweep, precision in self.run.options.reached:
            both = "lat", "torch " + sweep.vocabularies()[-1][0]
            ours, theirs = (
                get(sweep.name, who, precision, "decode_examples_per_second") for who in both
            )
            one, their_one = (get(sweep.name, who, precision, "decode_latency_ms") for who in both)
            self.row(sweep.name, precision, number(ours), number(theirs), ratio(ours, theirs),
                     number(one), number(their_one), ratio(one, their_one, True))  # fmt: skip

    def ceilings(self):
        """The model's rate, its layers' products alone, the instruction, other libraries."""
        get = self.run.figures.median
        names = list(self.run.options.libraries)
        self.lines += ["", "## Arithmetic, GFLOP/s"]
        self.table("sweep", "precision", "lat, a step", "lat, products alone",
                   *["%s sgemm" % name for name in names], "instruction from L1", "utilization",
                   "step / best sgemm")  # fmt: skip
        for sweep, precision in self.run.options.reached:
            step, alone, raw, share = (
                get(sweep.name, "lat", precision, key)
                for key in ("model_gflops", "gemm_ceiling_gflops", "raw_ceiling_gflops",
                            "utilization")
            )  # fmt: skip
            others = [get(sweep.name, name, "f32", "gemm") for name in names]
            best = max([x for x in others if x], default=None)
            self.row(sweep.name, precision, number(step), number(alone),
                     *map(number, others), number(raw), "%.1f %%" % (100 * share),
                     "%.0f %%" % (100 * step / best) if best else "-")  # fmt: skip

    def sampling(self):
        self.lines += ["", "## Drawing and tokenizing alone"]
        self.table("sweep", "examples/s", "share of a step's time at the fastest precision")
        for sweep in dict.fromkeys(sweep.name for sweep, _ in self.run.options.reached):
            draw, train = (
                max(self.run.figures.median(s.name, "lat", p, key)
                    for s, p in self.run.options.reached if s.name == sweep)
                for key in ("sample_examples_per_second", "train_examples_per_second")
            )  # fmt: skip
            self.row(sweep, "%.0f" % draw, "%.1f %%" % (100 * train / draw))

    def text(self):
        self.machine()
        self.training()
        self.decoding()
        self.ceilings()
        self.sampling()
        return "\n".join(self.lines) + "\n"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lat", required=True, help="the lat command of a Release build")
    parser.add_argument("--output", help="Markdown file to write, besides printing")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one measurement")
    parser.add_argument("--minutes", type=float, default=60, help="nothing is begun beyond these")
    parser.add_argument("--sweeps", nargs="+", choices=SWEEPS, default=list(SWEEPS))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    for name, path in LIBRARIES.items():
        parser.add_argument("--" + name.lower(), default=path, help="library (%(default)s)")
    options = parser.parse_args()
    libraries = {name: getattr(options, name.lower()) for name in LIBRARIES}
    options.libraries = {n: path for n, path in libraries.items() if Path(path).exists()}
    for name in libraries.keys() - options.libraries.keys():
        print("no %s at %s: left out" % (name, libraries[name]), file=sys.stderr)
    options.said = []
    if options.rounds != 3 or options.seconds != 0.5:
        options.said = ["--rounds", str(options.rounds), "--seconds", "%g" % options.seconds]
    options.said = ["--lat", "build/examples/lat/lat", *options.said]
    return options


def main():
    options = read_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    run = Run(options)
    text = Report(run, run.rounds()).text()
    print(text, end="")
    if options.output:
        Path(options.output).write_text(text)


if __name__ == "__main__":
    main()
