"""Tests of the benchmark of single ops that need no peer.

    python3 test_ops.py PATH_OF_danlu_worker
"""

import array
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import ops_report  # noqa: E402
import run_ops  # noqa: E402
from contestant import Contestant, Launcher, WorkerError  # noqa: E402

WORKER = pathlib.Path(sys.argv.pop(1)).resolve()


def read_tensors(path):
    """Name → (dtype, shape, values), without NumPy."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    result = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        code = {"F32": "f", "I32": "i"}[entry["dtype"]]
        result[name] = (entry["dtype"], entry["shape"],
                        array.array(code, data[8 + length + begin:8 + length + end]))
    return result


def unit(i, seed):
    """Element i of an input of kind "unit", in whole numbers."""
    x = (i + seed) & 0xffffffff
    x ^= x >> 16
    x = x * 0x85ebca6b & 0xffffffff
    x ^= x >> 13
    x = x * 0xc2b2ae35 & 0xffffffff
    x ^= x >> 16
    return x, (x >> 8) / 2**24


class Danlu(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        launcher = Launcher(WORKER, sys.executable, pathlib.Path(cls.folder.name, "logs"), 1)
        cls.danlu = Contestant("danlu", launcher)
        cls.cases = {(case["op"], case["size_name"]): case for case in run_ops.load_cases()}

    @classmethod
    def tearDownClass(cls):
        cls.danlu.close()
        cls.folder.cleanup()

    def results(self, op, **changes):
        self.danlu.ask("op-load", op=dict(self.cases[op, "small"], **changes))
        path = pathlib.Path(self.folder.name, "results.safetensors")
        self.danlu.ask("op-results", tensors=str(path))
        tensors = read_tensors(path)
        return [tensors[str(i)] for i in range(len(tensors))]

    def test_inputs_are_the_agreed_ones(self):
        (dtype, shape, sums), = self.results("cumsum", shapes=[[2, 5]])
        self.assertEqual((dtype, shape), ("F32", [2, 5]))
        for row in range(2):
            total = 0.0
            for i in range(5):
                total += unit(5 * row + i, 1 << 28)[1]
                self.assertAlmostEqual(sums[5 * row + i], total, delta=1e-6)

    def test_rows_are_the_agreed_ones(self):
        (_, shape, rows), = self.results("gather", shapes=[[7, 1], [4]])
        self.assertEqual(shape, [4, 1])
        for i in range(4):
            wanted = 2 * unit(unit(i, 2 << 28)[0] % 7, 1 << 28)[1] - 1
            self.assertEqual(rows[i], wanted)

    def test_every_op_runs_small(self):
        for op, size in self.cases:
            if size == "small":
                results = self.results(op)
                self.assertTrue(all(len(values) > 0 for _, _, values in results), op)
                self.assertGreater(self.danlu.ask("op-run", calls=2)["seconds"], 0)

    def test_pairs_have_two_results(self):
        self.assertEqual([(d, s) for d, s, _ in self.results("rfft")], [("F32", [4, 513])] * 2)
        self.assertEqual([(d, s) for d, s, _ in self.results("top-k")],
                         [("F32", [4, 8]), ("I32", [4, 8])])

    def test_errors(self):
        with self.assertRaisesRegex(WorkerError, "no such op here.*dance"):
            self.danlu.ask("op-load", op={"op": "dance", "inputs": [], "shapes": []})
        with self.assertRaisesRegex(WorkerError, "no such kind of input.*odd"):
            self.danlu.ask("op-load", op={"op": "sort", "inputs": ["odd"], "shapes": [[2]]})


class WholeRun(unittest.TestCase):
    def run_ops(self, *arguments):
        return subprocess.run(
            [sys.executable, str(HERE / "run_ops.py"), "--worker", str(WORKER), "--peers", "",
             "--threads", "1", "--rounds", "1", "--turn", "0.001", "--allow-busy", *arguments],
            text=True, capture_output=True, check=False)

    def test_a_record_is_made_and_updated(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "record.json")
            run = self.run_ops("--sizes", "small", "--json", str(out), "softmax", "sum-all")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("`softmax` small", run.stdout)
            run = self.run_ops("--sizes", "medium", "--json", str(out), "--update", "softmax")
            self.assertEqual(run.returncode, 0, run.stderr)
            results = json.loads(out.read_text())["results"]
        self.assertEqual([(r["op"], r["size"]) for r in results],
                         [("sum-all", "small"), ("softmax", "small"), ("softmax", "medium")])
        self.assertTrue(all(r["danlu"]["us"] > 0 for r in results))

    def test_unknown_names_are_told(self):
        run = self.run_ops("dance")
        self.assertEqual(run.returncode, 2)
        self.assertIn("no family or op 'dance'", run.stderr)
        self.assertIn("no size 'huge'", self.run_ops("--sizes", "huge").stderr)


def fake_record():
    def result(op, size, danlu, torch, numpy, busy=False):
        peers = {"torch": {"us": torch}, "numpy": numpy}
        return {"op": op, "family": "f", "about": "", "size": size, "shapes": [[2, 3], [4]],
                "threads": 1, "busy": busy, "discarded": [], "danlu": {"us": danlu}, "peers": peers,
                "fastest": "torch", "ratio_fastest": torch / danlu}
    return {"machine": {"cpu": "A CPU", "isa": ["avx2"], "cores": 2, "memory_gb": 8,
                        "date": "2026-01-01", "versions": {"danlu": "0.1", "torch": "2"}},
            "results": [result("a", "small", 2.0, 8.0, {"us": 9.0}),
                        result("b", "small", 10.0, 5.0, {"error": "no"}, busy=True)]}


class Report(unittest.TestCase):
    def test_tables(self):
        text = ops_report.document(fake_record())
        self.assertIn("| `a` small | 2×3, 4 | 2.00 µs | **8.00 µs** | 9.00 µs | 4.00× |", text)
        self.assertIn("| `b` small | 2×3, 4 | 10.0 µs | **5.00 µs** | fails | 0.50× ↓* |", text)
        self.assertIn("| f | 1.41× |", text)
        self.assertIn("Below 0.77×: `b` small (0.50×).", text)
        self.assertIn("A CPU", text)


class FakeContestant:
    """A peer whose variants have these (seconds of a call, difference)."""

    name = "fake"

    def __init__(self, variants):
        self.variants = variants

    def ask(self, command, **arguments):
        if command == "op-compare":
            return {"differences": {v: d for v, (_, d) in self.variants.items()}}
        if command == "op-use":
            self.used = arguments["variant"]
        if command == "op-run":
            return {"seconds": self.variants[self.used][0] * arguments["calls"]}
        return {}


class Variants(unittest.TestCase):
    def test_the_fastest_right_one_counts(self):
        entry = run_ops.Entry(FakeContestant({"slow": (3e-3, 0), "wrong": (1e-4, 1), "ok": (1e-3, 0)}),
                              {}, 0.01)
        self.assertTrue(entry.get_ready("file"))
        self.assertEqual((entry.variant, entry.calls), ("ok", 10))

    def test_wrong_results_do_not_count(self):
        entry = run_ops.Entry(FakeContestant({"wrong": (1e-4, 1)}), {}, 0.01)
        self.assertFalse(entry.get_ready("file"))


@unittest.skipUnless(importlib.util.find_spec("numpy"), "the peers' workers need numpy")
class Comparison(unittest.TestCase):
    def test_kinds(self):
        import numpy as np
        import ops_worker
        x = [np.array([[3.0, 1.0, 3.0]], np.float32)]
        zero, two = np.array([0]), np.array([2])
        self.assertGreater(ops_worker.compare({}, x, [zero], [two]), 0.5)
        self.assertEqual(ops_worker.compare({"compare": "choice"}, x, [zero], [two]), 0)
        self.assertGreater(ops_worker.compare({"compare": "choice"}, x, [zero], [zero + 1]), 0.5)
        self.assertEqual(ops_worker.compare({"compare": "values"}, x, [x[0], zero], [x[0], two]), 0)
        self.assertEqual(ops_worker.compare({}, x, [x[0][:, :2]], x), float("inf"))

    def test_inputs(self):
        import ops_worker
        values = ops_worker.make_input("unit", [3], 1, 1 << 28)
        self.assertEqual(list(values), [unit(i, 1 << 28)[1] for i in range(3)])


if __name__ == "__main__":
    unittest.main()
