"""Measures Danlu beside its peers: `./dev bench [WORKLOAD…] [options]`.

One long-living process for each contestant and thread count, stopped while it is not its turn;
rounds in which every contestant has a turn; medians of the rounds that a quiet machine gave.
"""

import argparse
import contextlib
import json
import os
import pathlib
import sys
import tempfile

import machine
import processes
import report
import workloads
from contestant import PEERS, SCRIPTS, Contestant, Launcher, WorkerError
from measure import CURVE_TOLERANCE, Bench, say

RATES = ["fma_peak_gflops", "bandwidth_gbytes"]
PROCESS_WORKLOADS = ["cold-start", "peak-memory", "installed-size", "time-to-accuracy"]


def parse(argv, names):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.partition("\n\n")[0])
    everything = names + PROCESS_WORKLOADS
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD",
                        help="default: all of " + ", ".join(everything))
    parser.add_argument("--peers", default=",".join(PEERS + ["keras"]),
                        help="of " + ", ".join(SCRIPTS) + "; empty: Danlu alone")
    parser.add_argument("--precisions", default=",".join(CURVE_TOLERANCE),
                        help="of " + ", ".join(CURVE_TOLERANCE) + ", where a workload has them")
    parser.add_argument("--threads", default="", help="default: 1 and all cores")
    parser.add_argument("--json", type=pathlib.Path, help="where the record goes")
    parser.add_argument("--update", action="store_true",
                        help="keep what the record already holds and is not measured now")
    parser.add_argument("--publish", action="store_true",
                        help="write docs/benchmarks.json, .md and .svg too")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--turn", type=float, default=0.4, help="seconds of a turn")
    parser.add_argument("--repeats", type=int, default=3, help="runs of whole processes")
    parser.add_argument("--allow-busy", action="store_true",
                        help="keep rounds of a busy machine; the record says so")
    parser.add_argument("--plan", type=pathlib.Path, default=workloads.FILE)
    parser.add_argument("--worker", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--program", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--python", type=pathlib.Path, default=sys.executable,
                        help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    for name in options.workloads:
        if name not in everything:
            parser.error(f"there is no workload '{name}'; known: {', '.join(everything)}")
    options.workloads = options.workloads or everything
    options.peers = [name for name in options.peers.split(",") if name]
    for name in options.peers:
        if name not in SCRIPTS:
            parser.error(f"there is no peer '{name}'; known: {', '.join(SCRIPTS)}")
    options.precisions = options.precisions.split(",")
    for name in options.precisions:
        if name not in CURVE_TOLERANCE:
            parser.error(f"there is no precision '{name}'; known: {', '.join(CURVE_TOLERANCE)}")
    cores = len(os.sched_getaffinity(0))
    options.threads = ([int(n) for n in options.threads.split(",")] if options.threads else
                       sorted({1, cores}))
    if max(options.threads) > cores:
        parser.error(f"--threads {max(options.threads)}: there are {cores} cores")
    return options


def start(names, launcher):
    """Those that start, Danlu first. Errors: WorkerError when Danlu does not."""
    running = []
    for name in names:
        try:
            running.append(Contestant(name, launcher))
        except WorkerError as error:
            if name == "danlu":
                raise
            say(f"  {error}; see {launcher.logs / (name + '.log')}")
    return running


def measure_steps(options, by_name, chosen, folder, record, best):
    for threads in options.threads:
        launcher = Launcher(options.worker, options.python, pathlib.Path(options.logs), threads)
        contestants = start(["danlu"] + options.peers, launcher)
        try:
            bench = Bench(contestants, threads, options, *(best[key] for key in RATES))
            record["machine"]["versions"].update({c.name: c.version for c in contestants})
            for _ in range(3):
                bench.see_peak()
            for name in chosen:
                put(record, bench.run(by_name[name], folder), list(by_name))
                bench.contestants = contestants = revive(contestants, launcher)
                save(options, record)
        finally:
            for contestant in contestants:
                contestant.close()


def put(record, result, order):
    """Into its place among the results, instead of an older one of the same kind."""
    def key(r):
        return r["workload"], r["precision"], r["threads"]
    kept = [r for r in record["results"] if key(r) != key(result) and workloads.label(r) in order]
    record["results"] = sorted(kept + [result],
                               key=lambda r: (r["threads"], order.index(workloads.label(r))))


def revive(contestants, launcher):
    """Starts those again that have died; the others stay."""
    result = []
    for contestant in contestants:
        if contestant.alive():
            result.append(contestant)
        else:
            result += start([contestant.name], launcher)
    return result


def measure_processes(options, plan, by_name, folder, record):
    threads = max(options.threads)
    launcher = Launcher(options.worker, options.python, pathlib.Path(options.logs), threads)
    names = ["danlu"] + options.peers
    variants = {}
    for result in record["results"]:
        if workloads.label(result) == "cnn" and result["threads"] == threads:
            variants = {name: peer["variant"] for name, peer in result["peers"].items()
                        if "variant" in peer}
    found = record["processes"]
    chosen = options.workloads
    if "cold-start" in chosen:
        say("  cold start")
        workload = by_name[plan["cold_start"]]
        found["cold_start"] = processes.cold_start(launcher, names, workload, folder,
                                                   options.repeats)
        found["cold_start_fashion"] = processes.cold_start(launcher, names, workload, folder,
                                                           options.repeats, files=True)
    if "peak-memory" in chosen:
        say("  peak memory")
        found["peak_memory_mb"] = processes.peak_memory(launcher, names,
                                                        by_name[plan["peak_memory"]], folder)
    if "installed-size" in chosen:
        found["installed_mb"] = processes.installed_size(launcher, names,
                                                         options.program or options.worker)
    if "time-to-accuracy" in chosen:
        say("  time to accuracy")
        found["time_to"] = {
            "accuracy": plan["time_to"]["accuracy"], "threads": threads,
            "contestants": processes.time_to_accuracy(launcher, names, plan, by_name, folder,
                                                      variants, options.repeats)}
    found["threads"] = threads


def finish(options, record, best):
    """What can be said only at the end, when the highest peak is known."""
    _, by_name = workloads.load_plan(options.plan)
    for result in record["results"]:
        threads = result["threads"]
        rates = [best[key].best.get(threads) for key in RATES]
        roofline = workloads.roofline_ms(by_name[workloads.label(result)], *rates,
                                         threads * machine.private_cache())
        result["roofline_ms"] = roofline
        if roofline and result["danlu_ms"]:
            result["roofline_share"] = roofline / result["danlu_ms"]
            for peer in result["peers"].values():
                if "ms" in peer:
                    peer["roofline_share"] = roofline / peer["ms"]
    for key, rates in best.items():
        record["machine"][key] = {str(n): value for n, value in rates.best.items()}


def save(options, record):
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def main(argv):
    plan_path = workloads.FILE
    if "--plan" in argv:
        plan_path = argv[argv.index("--plan") + 1]
    plan, by_name = workloads.load_plan(plan_path)
    options = parse(argv, list(dict.fromkeys(w["name"] for w in by_name.values())))
    root = pathlib.Path(__file__).resolve().parents[2]
    options.logs = options.worker.resolve().parents[1] / "bench" / "logs"
    best = {key: machine.Best() for key in RATES}
    record = {"machine": {"versions": {}}, "results": [], "processes": {}}
    if options.update and options.json and options.json.exists():
        record = json.loads(options.json.read_text(encoding="utf-8"))
        for key in RATES:
            for n, rate in record["machine"].get(key, {}).items():
                best[key].see(int(n), rate)
    record["machine"].update(machine.describe())
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        chosen = [name for name, workload in by_name.items()
                  if workload["name"] in options.workloads
                  and workload["precision"] in options.precisions]
        if chosen:
            measure_steps(options, by_name, chosen, folder, record, best)
            finish(options, record, best)
        if set(options.workloads) & set(PROCESS_WORKLOADS):
            measure_processes(options, plan, by_name, folder, record)
    save(options, record)
    print(report.table(record))
    if options.publish:
        options.json = root / "docs" / "benchmarks.json"
        save(options, record)
        report.write(record, root / "docs")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
