"""Interleaved rounds over one workload, and what comes out of them."""

import statistics
import sys

import machine
import workloads
from contestant import WorkerError

CURVE_TOLERANCE = {"float32": 1e-4, "mixed_bfloat16": 2e-2}


def say(text):
    print(text, file=sys.stderr, flush=True)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def curve_error(curve, reference):
    """Greatest relative difference of two loss curves."""
    return max(abs(a - b) / max(abs(b), 1e-12) for a, b in zip(curve, reference))


class Entry:
    """One contestant in one workload."""

    def __init__(self, contestant):
        self.contestant = contestant
        self.name = contestant.name
        self.error = self.curve = None
        self.disagreeing = {}
        self.epochs = 1
        self.step_ms, self.calls_ms = [], []

    def get_ready(self, workload, tensors, turn, reference=None):
        """Loads, compiles, draws the loss curve, and finds how many epochs make a turn.
        `reference` is the loss curve to agree with."""
        ask = self.contestant.ask
        try:
            self.tolerance = CURVE_TOLERANCE[workload["precision"]]
            ask("load", workload=workload, tensors=str(tensors))
            self.warm = ask("warm")
            if workload["mode"] == "train":
                self.choose_variant(reference)
            while True:
                seconds = ask("run", epochs=self.epochs)["seconds"]
                if seconds > turn / 4:
                    break
                self.epochs *= 4
            self.epochs = max(1, round(self.epochs * turn / seconds))
        except WorkerError as error:
            self.error = str(error)
            say(f"    {error}")

    def draw_curve(self, **arguments):
        return self.contestant.ask("curve", steps=workloads.CURVE_STEPS, **arguments)["losses"]

    def choose_variant(self, reference):
        """Takes the fastest variant whose losses agree with `reference`, or the fastest of all when
        none does."""
        self.curve = self.draw_curve()
        tried = self.warm.get("tried_s", {})
        if reference is None or not tried:
            return
        fastest, curve = self.warm["variant"], self.curve
        for variant in sorted(tried, key=tried.get):
            if variant != self.warm["variant"]:
                curve = self.draw_curve(variant=variant)
            error = curve_error(curve, reference)
            if error <= self.tolerance:
                self.take(variant, curve)
                return
            self.disagreeing[variant] = error
        if len(tried) > 1:
            self.take(fastest, self.draw_curve(variant=fastest))

    def take(self, variant, curve):
        self.curve = curve
        self.warm.update(variant=variant, compile_s=self.warm["tried_compile_s"][variant])

    def turn(self):
        """One measured turn after a short one that fills caches again."""
        self.contestant.ask("run", epochs=max(1, self.epochs // 10))
        answer = self.contestant.ask("run", epochs=self.epochs)
        return (1e3 * answer["seconds"] / answer["steps"],
                [1e3 * call for call in answer.get("calls", [])])

    def record(self):
        result = {"ms": statistics.median(self.step_ms), "version": self.contestant.version,
                  "low_ms": min(self.step_ms), "high_ms": max(self.step_ms),
                  "variant": self.warm["variant"], "compile_s": round(self.warm["compile_s"], 4)}
        if self.calls_ms:
            result["ms"] = statistics.median(self.calls_ms)
            result["p99_ms"] = percentile(self.calls_ms, 0.99)
        if "tried_s" in self.warm:
            result["variants_tried"] = {k: round(v, 6) for k, v in self.warm["tried_s"].items()}
        if self.disagreeing:
            result["variants_disagreeing"] = self.disagreeing
        if self.warm.get("failed"):
            result["variants_failed"] = self.warm["failed"]
        return result


class Bench:
    """The contestants of one thread count."""

    def __init__(self, contestants, threads, options, peak, bandwidth):
        self.contestants, self.threads, self.options = contestants, threads, options
        self.peak, self.bandwidth = peak, bandwidth
        self.danlu = contestants[0]

    def see_peak(self):
        # Twice: threads that have just been woken may share a core for some milliseconds.
        return self.peak.see(self.threads,
                             max(self.danlu.ask("peak")["gflops"] for _ in range(2)))

    def see_bandwidth(self):
        return self.bandwidth.see(self.threads, self.danlu.ask("bandwidth")["gbytes"])

    def rounds(self, entries):
        """Fills the entries' times; returns (rounds kept, reasons of those discarded)."""
        kept, reasons = 0, []
        while kept < self.options.rounds and kept + len(reasons) < 3 * self.options.rounds:
            watch = machine.LoadWatch(self.contestants)
            before = self.see_peak()
            turns = [entry.turn() for entry in entries]
            after, others = self.see_peak(), watch.others()
            reason = ""
            if others > machine.MOST_OTHERS:
                reason = f"others used {others:.2f} cores"
            elif self.peak.low(self.threads, min(before, after)):
                reason = (f"FMA peak {min(before, after):.0f} of "
                          f"{self.peak.best[self.threads]:.0f} GFLOP/s")
            if reason:
                reasons.append(reason)
                if not self.options.allow_busy:
                    continue
            kept += 1
            for entry, (step_ms, calls_ms) in zip(entries, turns):
                entry.step_ms.append(step_ms)
                entry.calls_ms += calls_ms
        return kept, reasons

    def run(self, workload, folder):
        """The record of one workload; None when Danlu itself cannot run it."""
        say(f"  {workloads.label(workload)}, {self.threads} threads")
        tensors = workloads.prepare(workload, folder)
        self.see_bandwidth()
        entries = [Entry(c) for c in self.contestants
                   if c.name != "keras" or "keras" in workload.get("peers", [])]
        result = {"workload": workload["name"], "about": workload["about"],
                  "precision": workload["precision"], "threads": self.threads,
                  "batch": workload["batch"], "steps_per_epoch": workload["steps"],
                  "mode": workload["mode"], "danlu_ms": None, "peers": {}, "ratio_fastest": None,
                  "roofline_ms": None, "curves_agree": None}
        danlu = entries[0]
        danlu.get_ready(workload, tensors, self.options.turn)
        if danlu.error:
            result["error"] = danlu.error
            return result
        for entry in entries[1:]:
            entry.get_ready(workload, tensors, self.options.turn, danlu.curve)
        able = [entry for entry in entries if not entry.error]
        kept, reasons = self.rounds(able)
        result["rounds"], result["discarded"] = kept, reasons
        result["busy"] = kept < self.options.rounds or (self.options.allow_busy and bool(reasons))
        if reasons:
            say(f"    busy machine: {len(reasons)} rounds "
                f"{'not trusted' if self.options.allow_busy else 'discarded'} ({reasons[-1]})")
        if kept:
            self.fill(result, danlu, able[1:])
        result["peers"].update({e.name: {"error": e.error} for e in entries[1:] if e.error})
        return result

    def fill(self, result, danlu, peers):
        result["danlu"] = danlu.record()
        result["danlu_ms"] = result["danlu"]["ms"]
        fastest = []
        for entry in peers:
            record = result["peers"][entry.name] = entry.record()
            record["counts"] = True
            if danlu.curve:
                record["curve_error"] = curve_error(entry.curve, danlu.curve)
                record["counts"] = record["curve_error"] <= entry.tolerance
            if record["counts"]:
                fastest.append((record["ms"], entry.name))
        if danlu.curve:
            result["curve"] = danlu.curve
            result["curves_agree"] = all(
                result["peers"][entry.name]["counts"] for entry in peers) if peers else None
            steps = max(100, int(200 / result["danlu_ms"]))
            answer = self.danlu.ask("bound", steps=min(steps, 100000))
            result["bound_step_ms"] = 1e3 * answer["seconds"] / answer["steps"]
        if fastest:
            result["fastest"] = min(fastest)[1]
            result["ratio_fastest"] = min(fastest)[0] / result["danlu_ms"]
        say("    " + ", ".join([f"danlu {result['danlu_ms']:.4g} ms"] + [
            f"{e.name} {result['peers'][e.name]['ms']:.4g}" for e in peers]))
