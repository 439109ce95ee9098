"""lat beside PyTorch, BLIS and OpenBLAS on this machine, interleaved: every round measures each of
them once, and what is told are medians over the rounds. See peers.sh.

The PyTorch model (peer_model.py) is that of lat's preset: same layers, widths, lengths, optimizer.
"joint" is the published setting, one vocabulary for both sides, on whose whole every output token
takes a softmax; "separate" is lat's, where the output has its own. PyTorch runs in processes of
its own, one for each precision, in the environment that a search before the first round finds fastest.
"""

import argparse
import json
import os
import select
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "golden"))
import measuring  # noqa: E402
import symbols as encodings  # noqa: E402
from measuring import number  # noqa: E402

TRAIN_BATCH, DECODE_BATCH = 64, 128
SHARED_SYMBOLS = 128  # markers and dimensions, which come before the numbers
TOLERANCE = 0.15  # how far PyTorch may fall behind the reference
GAIN = 1.02  # by which an environment must be faster to be preferred
PATIENCE = 30  # seconds that one answer may take in the search
PRECISIONS = ("f32", "bf16")
TRAIN, DECODE, LATENCY = (
    "train_examples_per_second", "decode_examples_per_second", "decode_latency_ms"
)  # fmt: skip

# (layers, width, heads) of both sides, encodings of both.
SWEEPS = {
    "transpose-5x5": ((1, 256, 8), (1, 256, 8), "p1000", "p1000"),
    "eigenvalues-5x5": ((6, 512, 8), (1, 512, 8), "fp15", "fp15"),
    "eigenvectors-5x5": ((6, 512, 8), (1, 512, 8), "fp15", "p1000"),
    "inverse-5x5": ((6, 516, 12), (1, 512, 8), "fp15", "p1000"),
}

# PyTorch 1.13.1, joint vocabulary, on two cores with AMX.
REFERENCE = {
    ("transpose-5x5", "f32", TRAIN): 108,
    ("transpose-5x5", "bf16", TRAIN): 209,
    ("eigenvalues-5x5", "f32", TRAIN): 35,
    ("eigenvalues-5x5", "bf16", TRAIN): 70,
    ("eigenvectors-5x5", "f32", TRAIN): 10,
    ("eigenvectors-5x5", "bf16", TRAIN): 22,
    ("inverse-5x5", "f32", TRAIN): 13,
    ("inverse-5x5", "bf16", TRAIN): 24,
    ("transpose-5x5", "f32", DECODE): 87,
    ("transpose-5x5", "f32", LATENCY): 57,
    ("eigenvalues-5x5", "f32", DECODE): 108,
    ("eigenvalues-5x5", "f32", LATENCY): 77,
}

LIBRARIES = {
    "BLIS": "/usr/lib/x86_64-linux-gnu/libblis.so.4",
    "OpenBLAS": "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
}
BLIS_KERNELS = {"skx": "0", "haswell": "3", "zen3": "6"}  # values of BLIS_ARCH_TYPE

# Said to every peer. Blocks stay with the process instead of being returned and faulted in anew, and
# oneDNN keeps what it has compiled for every length of a decoded sequence.
PEER_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
    "MALLOC_TOP_PAD_": str(1 << 28),
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "8192",
}

# What the search tries, one group after another, on top of what it found so far.
ALTERNATIVES = [
    {
        "OpenBLAS's AVX-512 kernels": {"OPENBLAS_CORETYPE": "SkylakeX"},
        "BLIS": {"blas": "blis-pthread", "BLIS_ARCH_TYPE": "0"},
        "OpenBLAS with OpenMP": {"blas": "openblas-openmp"},
    },
    {"ATen with AVX-512": {"ATEN_CPU_CAPABILITY": "avx512"}},
    {"huge pages": {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}},
    {"waits that spin at first": {"OMP_WAIT_POLICY": None}},
    {"malloc as it is": {name: None for name in PEER_ENVIRONMENT if "MALLOC" in name}},
]


@dataclass(eq=False)
class Sweep:
    name: str
    encoder: tuple
    decoder: tuple
    source_encoding: str
    target_encoding: str
    lengths: tuple = ()

    def measure_lengths(self, lat):
        """Tokens of lat's own examples, without the framing EOS."""
        found = measuring.run_json([lat, "sample", "--preset", self.name, "--count", "1", "--json"])
        self.lengths = len(found["input_tokens"]), len(found["output_tokens"])

    def vocabularies(self):
        """Kind: source symbols, target symbols. One kind where both sides speak alike."""
        source, target = (
            len(encodings.vocabulary(e)) for e in (self.source_encoding, self.target_encoding)
        )
        if self.source_encoding == self.target_encoding:
            return {"joint": (source, target)}
        union = source + target - SHARED_SYMBOLS
        return {"joint": (union, union), "separate": (source, target)}

    def own_vocabulary(self):
        """The kind that lat has."""
        return list(self.vocabularies())[-1]

    def layers(self):
        """(count, tokens, out, in) of the linear layers."""
        above, e, _ = self.encoder
        below, d, _ = self.decoder
        source = TRAIN_BATCH * (self.lengths[0] + 2)
        target = TRAIN_BATCH * (self.lengths[1] + 1)
        return [
            (above, source, 3 * e, e),
            (above, source, e, e),
            (above, source, 4 * e, e),
            (above, source, e, 4 * e),
            (below, target, 3 * d, d),
            (3 * below, target, d, d),
            (below, source, 2 * d, e),
            (below, target, 4 * d, d),
            (below, target, d, 4 * d),
            (1, target, self.vocabularies()[self.own_vocabulary()][1], d),
        ]


class Peer:
    """A process with PyTorch."""

    def __init__(self, threads, changes):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        changes = dict(PEER_ENVIRONMENT, OMP_NUM_THREADS=str(threads), **changes)
        changes["BLIS_NUM_THREADS"] = changes["OMP_NUM_THREADS"]
        blas = changes.pop("blas", None)
        if blas is not None:
            changes["LD_LIBRARY_PATH"] = "/usr/lib/x86_64-linux-gnu/" + blas
        environment.update({name: value for name, value in changes.items() if value is not None})
        for name in [name for name, value in changes.items() if value is None]:
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "peer_model.py"), str(threads)],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.version = self.answer()

    def answer(self, patience=None):
        """Raises TimeoutError when it takes longer."""
        if not select.select([self.process.stdout], [], [], patience)[0]:
            self.process.kill()
            self.close()
            raise TimeoutError
        line = self.process.stdout.readline()
        if not line:
            self.close()
            raise SystemExit("PyTorch's process ended")
        return json.loads(line)

    def rate(self, sweep, kind, what, count, precision, seconds, patience=None):
        """Examples a second."""
        shape = sweep.encoder, sweep.decoder, sweep.vocabularies()[kind], sweep.lengths
        request = {"shape": shape, "what": what, "count": count, "seconds": seconds}
        request["bf16"] = precision == "bf16"
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return count * self.answer(patience)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Search:
    """The fastest environment for one precision: by the rates of training and decoding the first
    sweep, each alternative beside the best so far."""

    def __init__(self, options, sweep, precision):
        self.options, self.sweep, self.precision = options, sweep, precision
        self.best, self.names, self.tried = {}, [], []

    def score(self, changes):
        peer = Peer(self.options.threads, changes)
        what = "train", TRAIN_BATCH, self.precision, self.options.seconds, PATIENCE
        also = "decode", DECODE_BATCH, *what[2:]
        kind = self.sweep.own_vocabulary()
        try:
            rates = [peer.rate(self.sweep, kind, *each) for each in 2 * (what, also)]
        except TimeoutError:
            return 0.0
        peer.close()
        return max(rates[0::2]) * max(rates[1::2])

    def possible(self, changes):
        blas = changes.get("blas")
        return blas is None or (
            self.precision == "f32" and Path("/usr/lib/x86_64-linux-gnu", blas).exists()
        )

    def tell(self, what):
        self.tried.append(what)
        print("search, %s: %s" % (self.precision, what), file=sys.stderr)

    def run(self):
        for group in ALTERNATIVES:
            baseline = best = self.score(self.best)
            if baseline == 0:
                self.tell("no answer within %d s" % PATIENCE)
                continue
            found = {}
            for name, changes in group.items():
                if not self.possible(changes):
                    continue
                score = self.score({**self.best, **changes})
                self.tell("%s %.2f" % (name, (score / baseline) ** 0.5))
                if score > best * GAIN**2:
                    best, found = score, {name: changes}
            for name, changes in found.items():
                self.best.update(changes)
                self.names.append(name)


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
        self.sweeps = [Sweep(name, *SWEEPS[name]) for name in options.sweeps]
        for sweep in self.sweeps:
            sweep.measure_lengths(options.lat)
        self.watch = measuring.Watch()
        self.searches = {p: Search(options, self.sweeps[0], p) for p in options.precisions}
        if options.search:
            for search in self.searches.values():
                search.run()
        self.peers = {p: Peer(options.threads, s.best) for p, s in self.searches.items()}
        self.singles = {p: Peer(1, s.best) for p, s in self.searches.items()}
        self.version = self.peers[options.precisions[0]].version

    def lat(self, sweep, precision):
        options = self.options
        words = ["--preset", sweep.name]
        found = measuring.bench(options.lat, words, precision, options.threads, options.seconds)
        for key, value in found.items():
            if isinstance(value, (int, float)):
                self.figures.add(value, sweep.name, "lat", precision, key)

    def torch(self, sweep, precision, kind):
        """One sequence is decoded on one thread too, which often is faster than on several."""
        key = sweep.name, "torch " + kind, precision
        rate = lambda peers, what, count: peers[precision].rate(
            sweep, kind, what, count, precision, self.options.seconds
        )
        self.figures.add(rate(self.peers, "train", TRAIN_BATCH), *key, TRAIN)
        if kind == sweep.own_vocabulary():  # the faster one in decoding
            self.figures.add(rate(self.peers, "decode", DECODE_BATCH), *key, DECODE)
            ones = [rate(peers, "decode", 1) for peers in (self.peers, self.singles)]
            self.figures.add(1e3 / max(ones), *key, LATENCY)

    def layer_seconds(self, sweep, library, path, kernels):
        """Of every layer's products. OpenBLAS brings threads of its own; BLIS is cut from outside, as
        lat cuts it."""
        own, threads = library == "OpenBLAS", str(self.options.threads)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        environment.update(OPENBLAS_NUM_THREADS=threads, BLIS_NUM_THREADS="1")
        if kernels is not None:
            environment["BLIS_ARCH_TYPE"] = kernels
        command = [sys.executable, str(HERE / "peer_gemm.py"), path, threads, "01"[own]]
        command += [str(self.options.seconds / 10)]
        command += ["%d %d %d" % layer[1:] for layer in sweep.layers()]
        result = subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        )
        return json.loads(result.stdout)

    def gemm(self, sweep, library, path):
        """Each layer by the fastest of the library's kernel sets."""
        sets = [None]
        if library == "BLIS":
            wide = "avx512f" in measuring.processor()[1]
            sets = [v for k, v in BLIS_KERNELS.items() if wide or k != "skx"]
        best = map(min, zip(*(self.layer_seconds(sweep, library, path, s) for s in sets)))
        layers = sweep.layers()
        work = sum(6.0 * count * m * n * k for count, m, n, k in layers)
        passed = sum(layer[0] * seconds for layer, seconds in zip(layers, best))
        self.figures.add(1e-9 * work / passed, sweep.name, library, "f32", "gemm")

    def late(self):
        return self.watch.passed() > 60 * self.options.minutes

    def round(self):
        for sweep in self.sweeps:
            for precision in self.options.precisions:
                if self.late():
                    return
                self.lat(sweep, precision)
                for kind in sweep.vocabularies():
                    self.torch(sweep, precision, kind)
            for library, path in self.options.libraries.items():
                self.gemm(sweep, library, path)

    def rounds(self):
        """As many rounds as asked for, or begun within the minutes."""
        self.done = 0
        while self.done < self.options.rounds and not self.late():
            self.round()
            self.done += 1
            print("round %d ended after %.0f s" % (self.done, self.watch.passed()), file=sys.stderr)
        for peer in (*self.peers.values(), *self.singles.values()):
            peer.close()
        self.reached = [
            (sweep, precision)
            for sweep in self.sweeps
            for precision in self.options.precisions
            if (sweep.name, "torch " + sweep.own_vocabulary(), precision, LATENCY)
            in self.figures.found
        ]


def ratio(ours, theirs):
    return "%.2f" % (ours / theirs) if ours and theirs else "-"


class Report:
    def __init__(self, run):
        self.run = run
        self.get = run.figures.median

    def peer(self, sweep, precision, what, kind=None):
        return self.get(sweep.name, "torch " + (kind or sweep.own_vocabulary()), precision, what)

    def lat(self, sweep, precision, what):
        return self.get(sweep.name, "lat", precision, what)

    def head(self):
        options, searches = self.run.options, self.run.searches
        found = "; ".join(
            "%s: %s" % (p, ", ".join(s.names) or "nothing else") for p, s in searches.items()
        )
        tried = "; ".join("%s: %s" % (p, ", ".join(s.tried) or "nothing") for p, s in searches.items())
        return [
            "# Speed beside PyTorch, BLIS and OpenBLAS",
            "",
            "Written by tests/bench/peers.sh, run as",
            "",
            "    " + " ".join(["sh tests/bench/peers.sh --lat build/examples/lat/lat", *options.said]),
            "",
            measuring.machine(options.threads),
            *measuring.quietness(self.run.watch),
            "",
            "Medians of %d interleaved round%s of %g s a figure; training in batches of %d, decoding in batches of"
            % (self.run.done, "s" * (self.run.done > 1), options.seconds, TRAIN_BATCH),
            "%d and one by one (PyTorch: on one thread or on all, whichever is faster), greedy, to the length of"
            % DECODE_BATCH,
            "true answers, keys and values cached on both sides.",
            "",
            "PyTorch %s runs tests/bench/peer_model.py with the libraries' own choice of kernels, passive waits"
            % self.run.version,
            "and blocks of memory kept; beyond that the search chose - %s. Speed of what was" % found,
            "tried, relative to what had been found before - %s." % tried,
            "",
            *self.validity(),
        ]  # fmt: skip

    def validity(self):
        if "amx_bf16" not in measuring.processor()[1]:
            return [
                "No reference figures exist for this processor: it has no AMX, so neither the reference",
                "table nor the targets stated for AMX can be checked here. What bounds a ratio is shown beside",
                "it: the instruction's rate, fed from the first-level cache in that precision, over PyTorch's",
                "model arithmetic. No program, on these processors, can exceed that ratio.",
            ]
        slow = []
        for (name, precision, what), wanted in REFERENCE.items():
            for sweep, reached in self.run.reached:
                if (sweep.name, reached) == (name, precision):
                    kind = "joint" if what == TRAIN else None
                    found = self.peer(sweep, precision, what, kind)
                    share = wanted / found if what == LATENCY else found / wanted
                    if share < 1 - TOLERANCE:
                        slow.append("%s %s %s (%s)" % (name, precision, what, number(found)))
        if slow:
            return ["**Invalid**: PyTorch is more than 15 % behind the reference at " + ", ".join(slow) + "."]
        return ["PyTorch is within 15 % of the reference table or better: the run is valid."]

    def operations(self, sweep, precision):
        """GFLOP of training an example, the output's own vocabulary."""
        return self.lat(sweep, precision, "model_gflops") / self.lat(sweep, precision, TRAIN)

    def bound(self, sweep, precision, theirs, share=1.0):
        """The largest ratio that this processor allows; `share` of the training's arithmetic."""
        if theirs is None:
            return "-"
        arithmetic = theirs * share * self.operations(sweep, precision)
        return ratio(self.lat(sweep, precision, "raw_ceiling_gflops"), arithmetic)

    def training(self):
        rows = []
        for sweep, precision in self.run.reached:
            ours = self.lat(sweep, precision, TRAIN)
            row = [sweep.name, precision, number(ours)]
            for kind in ("joint", "separate"):
                theirs = self.peer(sweep, precision, TRAIN, kind)
                row += [number(theirs), ratio(ours, theirs), self.bound(sweep, precision, theirs)]
            rows.append(row)
        titles = ["sweep", "precision", "lat"]
        for kind in ("joint", "separate"):
            titles += ["PyTorch " + kind, "ratio", "at most"]
        return ["", "## Training, examples/s", *measuring.table(titles, rows)]

    def decoding(self):
        """A decoded token takes the forward pass's products, a third of training's."""
        rows = []
        for sweep, precision in self.run.reached:
            many, one = (self.lat(sweep, precision, what) for what in (DECODE, LATENCY))
            their_many, their_one = (self.peer(sweep, precision, w) for w in (DECODE, LATENCY))
            rows.append(
                [sweep.name, precision, number(many), number(their_many), ratio(many, their_many)]
                + [self.bound(sweep, precision, their_many, 1 / 3), number(one)]
                + [number(their_one), ratio(their_one, one)]
            )
        titles = ["sweep", "precision", "lat", "PyTorch", "ratio", "at most", "lat, one, ms"]
        titles += ["PyTorch, one, ms", "ratio"]
        return ["", "## Greedy decoding, examples/s", *measuring.table(titles, rows)]

    def best_of_both(self):
        """lat at its fastest precision over PyTorch at its own."""
        rows = []
        for sweep in dict.fromkeys(sweep for sweep, _ in self.run.reached):
            precisions = [p for s, p in self.run.reached if s is sweep]
            row = [sweep.name]
            for what, kind in ((TRAIN, "joint"), (TRAIN, None), (DECODE, None), (LATENCY, None)):
                ours = [self.lat(sweep, p, what) for p in precisions]
                theirs = [self.peer(sweep, p, what, kind) for p in precisions]
                pair = (min(theirs), min(ours)) if what == LATENCY else (max(ours), max(theirs))
                row.append(ratio(*pair))
            rows.append(row)
        titles = ["sweep", "training, PyTorch joint", "training, PyTorch as lat"]
        titles += ["decoding, batches", "decoding, one"]
        return ["", "## Each at its faster precision: lat over PyTorch", *measuring.table(titles, rows)]

    def arithmetic(self):
        """The model's rate, its layers' products alone, the instruction, other libraries."""
        libraries, rows = list(self.run.options.libraries), []
        for sweep, precision in self.run.reached:
            step, alone, raw = (
                self.lat(sweep, precision, key)
                for key in ("model_gflops", "gemm_ceiling_gflops", "raw_ceiling_gflops")
            )
            others = [self.get(sweep.name, library, "f32", "gemm") for library in libraries]
            theirs = self.peer(sweep, precision, TRAIN)
            row = [sweep.name, precision, number(step)]
            row += [number(theirs * self.operations(sweep, precision)), number(alone)]
            row += [*map(number, others), number(raw), "%.1f %%" % (100 * step / raw)]
            row += ["%.0f %%" % (100 * step / other) if other else "-" for other in others]
            rows.append(row)
        titles = ["sweep", "precision", "lat, a step", "PyTorch, a step", "lat, products alone"]
        titles += ["%s sgemm" % library for library in libraries]
        titles += ["instruction from L1", "utilization"]
        titles += ["lat's step / %s" % library for library in libraries]
        return [
            "",
            "## Arithmetic, GFLOP/s",
            "",
            "6 x multiply-adds of the products over real tokens, the output's own vocabulary; PyTorch with that",
            "vocabulary too. BLIS's products are, for each shape, those of its fastest kernels (%s)."
            % ", ".join(BLIS_KERNELS),
            *measuring.table(titles, rows),
        ]  # fmt: skip

    def sampling(self):
        rows = []
        for sweep in dict.fromkeys(sweep for sweep, _ in self.run.reached):
            draw, train = (
                max(self.lat(s, p, key) for s, p in self.run.reached if s is sweep)
                for key in ("sample_examples_per_second", TRAIN)
            )
            rows.append([sweep.name, "%.0f" % draw, "%.1f %%" % (100 * train / draw)])
        titles = ["sweep", "examples/s", "share of a step's time at the fastest precision"]
        return ["", "## Drawing and tokenizing alone", *measuring.table(titles, rows)]

    def lines(self):
        parts = (self.head, self.training, self.decoding, self.best_of_both, self.arithmetic,
                 self.sampling)  # fmt: skip
        return [line for part in parts for line in part()]


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lat", required=True, help="the lat command of a Release build")
    parser.add_argument("--output", help="Markdown file to write, besides printing")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one measurement")
    parser.add_argument("--minutes", type=float, default=14, help="nothing is begun beyond these")
    parser.add_argument("--sweeps", nargs="+", choices=SWEEPS, default=list(SWEEPS))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--no-search", dest="search", action="store_false",
                        help="PyTorch as it is first set up")  # fmt: skip
    for name, path in LIBRARIES.items():
        parser.add_argument("--" + name.lower(), default=path, help="library (%(default)s)")
    options = parser.parse_args()
    options.said = measuring.said(parser, options, "lat", "output")
    libraries = {name: getattr(options, name.lower()) for name in LIBRARIES}
    options.libraries = {n: path for n, path in libraries.items() if Path(path).exists()}
    for name in libraries.keys() - options.libraries.keys():
        print("no %s at %s: left out" % (name, libraries[name]), file=sys.stderr)
    return options


def main():
    options = read_options()
    run = Run(options)
    run.rounds()
    measuring.publish(Report(run).lines(), options.output)


if __name__ == "__main__":
    main()
