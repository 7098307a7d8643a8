"""Measures single ops beside PyTorch, JAX and NumPy: `./dev bench ops [FAMILY…] [options]`.

Every contestant is a process of its own, stopped while it is not its turn; a peer's results are
compared with Danlu's before its time counts; times are medians of rounds in which all have a turn.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

import machine
import ops_report
from contestant import Contestant, Launcher, WorkerError

FILE = pathlib.Path(__file__).with_name("ops.json")
SCRIPTS = {name: "ops_worker.py" for name in ("torch", "jax", "numpy")}
TOLERANCE = 1e-4  # of the greatest magnitude of the result


def say(text):
    print(text, file=sys.stderr, flush=True)


def load_cases(path=FILE):
    """One entry for each op and size, ready to be sent to the workers."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    cases = []
    for op in plan["ops"]:
        for i, size in enumerate(plan["sizes"]):
            case = dict(op, size_name=size, shapes=op["shapes"][i])
            for key in ("rows", "size"):
                if key in op:
                    case[key] = op[key][i]
            cases.append(case)
    return cases


def parse(argv, cases):
    parser = argparse.ArgumentParser(prog="./dev bench ops",
                                     description=__doc__.partition("\n\n")[0])
    known = list(dict.fromkeys(name for case in cases for name in (case["family"], case["op"])))
    parser.add_argument("names", nargs="*", metavar="FAMILY",
                        help="families or single ops; default: all of " + ", ".join(known))
    parser.add_argument("--peers", default=",".join(SCRIPTS),
                        help="of " + ", ".join(SCRIPTS) + "; empty: Danlu alone")
    parser.add_argument("--sizes", default="", help="of small, medium, large; default: all")
    parser.add_argument("--threads", default="", help="default: 1 and all cores")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turn", type=float, default=0.08, help="seconds of a turn")
    parser.add_argument("--json", type=pathlib.Path, help="where the record goes")
    parser.add_argument("--update", action="store_true",
                        help="keep what the record already holds and is not measured now")
    parser.add_argument("--publish", action="store_true",
                        help="write docs/op-benchmarks.json and .md too")
    parser.add_argument("--allow-busy", action="store_true",
                        help="keep rounds of a busy machine; the record says so")
    parser.add_argument("--worker", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--program", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--python", type=pathlib.Path, default=sys.executable,
                        help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    sizes = list(dict.fromkeys(case["size_name"] for case in cases))
    options.sizes = [name for name in options.sizes.split(",") if name] or sizes
    options.peers = [name for name in options.peers.split(",") if name]
    for what, names, allowed in (("family or op", options.names, known),
                                 ("size", options.sizes, sizes),
                                 ("peer", options.peers, list(SCRIPTS))):
        for name in names:
            if name not in allowed:
                parser.error(f"there is no {what} '{name}'; known: {', '.join(allowed)}")
    cores = len(os.sched_getaffinity(0))
    options.threads = ([int(n) for n in options.threads.split(",")] if options.threads else
                       sorted({1, cores}))
    if max(options.threads) > cores:
        parser.error(f"--threads {max(options.threads)}: there are {cores} cores")
    return options


class Entry:
    """One contestant with one op loaded."""

    def __init__(self, contestant, op, turn):
        self.contestant, self.op, self.turn_seconds = contestant, op, turn
        self.name = contestant.name
        self.variant, self.differences = None, {}
        self.calls, self.seconds = 1, []

    def time(self, calls):
        return self.contestant.ask("op-run", calls=calls)["seconds"]

    def calibrate(self):
        """Seconds of a call; as many calls as fill a turn are made from now on."""
        calls, seconds = 1, self.time(1)
        while seconds < self.turn_seconds / 4:
            calls *= 4
            seconds = self.time(calls)
        self.calls = max(1, round(calls * self.turn_seconds / seconds))
        return seconds / calls

    def get_ready(self, tensors):
        """Whether it takes part: the op is there, and the results of a variant are right. The
        fastest of those is used."""
        if self.contestant.ask("op-load", op=self.op).get("missing"):
            return False
        self.differences = self.contestant.ask("op-compare", tensors=str(tensors))["differences"]
        tolerance = self.op.get("tolerance", TOLERANCE)
        right = [name for name, d in self.differences.items() if d <= tolerance]
        times = {}
        for name in right:
            self.contestant.ask("op-use", variant=name)
            times[name] = self.calibrate()
        if not right:
            return False
        self.variant = min(times, key=times.get)
        self.contestant.ask("op-use", variant=self.variant)
        self.calibrate()
        return True

    def turn(self):
        self.time(max(1, self.calls // 10))  # fills caches again
        return self.time(self.calls) / self.calls

    def record(self):
        found = {"us": 1e6 * statistics.median(self.seconds), "low_us": 1e6 * min(self.seconds),
                 "high_us": 1e6 * max(self.seconds)}
        if self.variant:
            found["variant"] = self.variant
        if self.differences:
            found["difference"] = self.differences[self.variant]
        return found


def rounds(entries, options):
    """Fills the entries' times; returns (rounds kept, reasons of those discarded)."""
    kept, reasons = 0, []
    while kept < options.rounds and kept + len(reasons) < 3 * options.rounds:
        watch = machine.LoadWatch([entry.contestant for entry in entries])
        turns = [entry.turn() for entry in entries]
        others = watch.others()
        if others > machine.MOST_OTHERS:
            reasons.append(f"others used {others:.2f} cores")
            if not options.allow_busy:
                continue
        kept += 1
        for entry, seconds in zip(entries, turns):
            entry.seconds.append(seconds)
    return kept, reasons


def measure(case, contestants, threads, options, folder):
    danlu = Entry(contestants[0], case, options.turn)
    danlu.contestant.ask("op-load", op=case)
    tensors = pathlib.Path(folder, "results.safetensors")
    danlu.contestant.ask("op-results", tensors=str(tensors))
    danlu.calibrate()
    able, wrong = [danlu], {}
    for contestant in contestants[1:]:
        entry = Entry(contestant, case, options.turn)
        try:
            if entry.get_ready(tensors):
                able.append(entry)
            elif entry.differences:
                wrong[entry.name] = {"error": f"other results: {entry.differences}"}
        except WorkerError as error:
            wrong[entry.name] = {"error": str(error)}
    kept, reasons = rounds(able, options)
    result = {"op": case["op"], "family": case["family"], "about": case["about"],
              "size": case["size_name"], "shapes": case["shapes"], "threads": threads,
              "rounds": kept, "discarded": reasons, "peers": wrong, "ratio_fastest": None,
              "busy": kept < options.rounds or (options.allow_busy and bool(reasons))}
    if kept:
        result["danlu"] = danlu.record()
        result["peers"].update({entry.name: entry.record() for entry in able[1:]})
        times = {entry.name: result["peers"][entry.name]["us"] for entry in able[1:]}
        if times:
            result["fastest"] = min(times, key=times.get)
            result["ratio_fastest"] = min(times.values()) / result["danlu"]["us"]
    say("  " + ops_report.line(result))
    return result


def put(record, results, cases):
    """Into their places among the results, instead of older ones of the same kind."""
    order = {(case["op"], case["size_name"]): i for i, case in enumerate(cases)}

    def key(r):
        return r["threads"], order.get((r["op"], r["size"]), len(order))
    by_key = {key(r): r for r in record["results"] + results if (r["op"], r["size"]) in order}
    record["results"] = [by_key[k] for k in sorted(by_key)]


def main(argv):
    cases = load_cases()
    options = parse(argv, cases)
    root = pathlib.Path(__file__).resolve().parents[2]
    record = {"machine": {"versions": {}}, "results": []}
    if options.update and options.json and options.json.exists():
        record = json.loads(options.json.read_text(encoding="utf-8"))
    record["machine"].update(machine.describe())
    chosen = [case for case in cases if case["size_name"] in options.sizes and
              (not options.names or {case["family"], case["op"]} & set(options.names))]
    logs = options.worker.resolve().parents[1] / "bench" / "logs"
    results = []
    for threads in options.threads:
        say(f"{threads} threads")
        launcher = Launcher(options.worker, options.python, logs, threads, SCRIPTS)
        contestants = []
        try:
            for name in ["danlu"] + options.peers:
                contestants.append(Contestant(name, launcher))
            record["machine"]["versions"].update({c.name: c.version for c in contestants})
            with tempfile.TemporaryDirectory() as folder:
                results += [measure(case, contestants, threads, options, folder)
                            for case in chosen]
        finally:
            for contestant in contestants:
                contestant.close()
    put(record, results, cases)
    print(ops_report.tables(record))
    text = json.dumps(record, indent=1) + "\n"
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(text, encoding="utf-8")
    if options.publish:
        (root / "docs" / "op-benchmarks.json").write_text(text, encoding="utf-8")
        (root / "docs" / "op-benchmarks.md").write_text(ops_report.document(record),
                                                        encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
