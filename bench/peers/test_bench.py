"""Tests of the bench that need no peer: the worker's protocol, the work that steps are said to
need, the report.

    python3 test_bench.py PATH_OF_danlu_worker
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import machine  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import workloads  # noqa: E402
from contestant import Contestant, Launcher, WorkerError  # noqa: E402

WORKER = pathlib.Path(sys.argv.pop(1)).resolve()


class Work(unittest.TestCase):
    def setUp(self):
        self.by_name = workloads.load_plan()[1]

    def test_convolutions_and_products(self):
        cnn = workloads.describe(self.by_name["cnn"])
        first, second = 26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32
        dense = 1600 * 128 + 128 * 10
        self.assertEqual(cnn["flops"], 2 * 64 * (2 * first + 3 * second + 3 * dense))
        self.assertEqual(cnn["weights"]["conv2/kernel"], [3, 3, 32, 64])
        self.assertEqual(cnn["weights"]["dense1/kernel"], [1600, 128])
        parameters = 9 * 32 + 32 + 9 * 32 * 64 + 64 + 1600 * 128 + 128 + 1280 + 10
        self.assertEqual(cnn["batch_bytes"], 4 * 64 * 784)
        self.assertEqual(cnn["state_bytes"], 4 * 3 * parameters)

    def test_same_padding_keeps_the_size(self):
        vgg = workloads.describe(self.by_name["vgg-small"])
        self.assertEqual(vgg["weights"]["dense1/kernel"], [4 * 4 * 128, 128])

    def test_prediction_is_forward_only(self):
        predict = workloads.describe(self.by_name["cnn-predict-1"])
        self.assertEqual(predict["flops"], 2 * (26 * 26 * 32 * 9 + 11 * 11 * 64 * 9 * 32 +
                                                1600 * 128 + 1280))

    def test_roofline_is_the_slower_of_both(self):
        mlp = self.by_name["mlp"]
        work = workloads.describe(mlp)
        moved = work["batch_bytes"] + 2 * work["state_bytes"]
        self.assertAlmostEqual(workloads.roofline_ms(mlp, 100, 1e9), work["flops"] / 1e8)
        self.assertAlmostEqual(workloads.roofline_ms(mlp, 1e9, 10), moved / 1e7)
        self.assertAlmostEqual(workloads.roofline_ms(mlp, 1e9, 10, 1 << 30),
                               work["batch_bytes"] / 1e7)

    def test_bfloat16_has_no_roofline_of_float32(self):
        self.assertIsNone(workloads.roofline_ms(self.by_name["mlp mixed_bfloat16"], 100, 10))

    def test_recurrent_products_count_also_in_the_first_layer(self):
        lstm = workloads.describe(self.by_name["lstm"])
        self.assertEqual(lstm["weights"]["lstm1/lstm_cell/kernel"], [10, 256])
        self.assertEqual(lstm["weights"]["lstm2/lstm_cell/recurrent_kernel"], [64, 256])
        first, each = 50 * 10 * 256, 50 * 64 * 256
        self.assertEqual(lstm["flops"], 2 * 64 * (2 * first + 3 * 3 * each + 3 * 64))
        biases = workloads.make_weights(self.by_name["lstm"])["lstm1/lstm_cell/bias"][0]
        self.assertEqual(list(biases), [0.0] * 64 + [1.0] * 64 + [0.0] * 128)

    def test_attention_has_products_without_weights(self):
        transformer = workloads.describe(self.by_name["transformer"])
        weights = transformer["weights"]
        self.assertEqual(weights["attention1/query/kernel"], [128, 4, 32])
        self.assertEqual(weights["attention1/value/bias"], [4, 32])
        self.assertEqual(weights["attention1/attention_output/kernel"], [4, 32, 128])
        self.assertEqual(weights["norm1a/gamma"], [128])
        square = 128 * 128 * 128  # tokens, width in, width out
        block = 4 * square + 2 * square + 2 * 4 * square
        self.assertEqual(transformer["flops"],
                         2 * 16 * (2 * 128 * 16 * 128 + 3 * 2 * block + 3 * 1280))

    def test_statistics_have_no_slots(self):
        layers = [{"class_name": "BatchNormalization", "config": {"name": "bn"}}]
        work = workloads.describe(dict(self.by_name["mlp"], layers=layers))
        self.assertEqual(work["weights"]["bn/moving_variance"], [784])
        self.assertEqual(work["state_bytes"], 4 * 784 * (4 + 2 * 2))
        values = workloads.make_weights(dict(self.by_name["mlp"], layers=layers))
        self.assertEqual([values["bn/" + name][0][0] for name in (
            "gamma", "beta", "moving_mean", "moving_variance")], [1, 0, 0, 1])

    def test_strides_and_sums_of_a_residual_network(self):
        resnet = self.by_name["resnet"]
        shapes = workloads.shapes(resnet)
        self.assertEqual((shapes["relu1_2"], shapes["short2_1"], shapes["add3_2"], shapes["pool"]),
                         ([32, 32, 16], [16, 16, 32], [8, 8, 64], [64]))
        self.assertNotIn("conv/bias", workloads.describe(resnet)["weights"])

    def test_values_live_until_their_last_reader(self):
        def layer(name, *inputs):
            entry = {"class_name": "Add", "config": {"name": name}}
            return dict(entry, inputs=list(inputs)) if inputs else entry
        nodes = workloads.graph({"layers": [layer("a"), layer("b"), layer("c", "b", "a", "b")]})
        self.assertEqual([(one[1], one[2]) for one in nodes],
                         [(["input"], ["input"]), (["a"], []), (["b", "a", "b"], ["b", "a"])])
        self.assertEqual(workloads.run_graph(
            nodes, 1, lambda one, inputs: sum(inputs) + ord(one["config"]["name"])),
            2 * (1 + 97 + 98) + 98 + 99)

    def test_precisions_are_workloads_of_their_own(self):
        both = [self.by_name[name] for name in ("cnn", "cnn mixed_bfloat16")]
        self.assertEqual([one["name"] for one in both], ["cnn", "cnn"])
        self.assertEqual([one["precision"] for one in both], ["float32", "mixed_bfloat16"])
        self.assertNotIn("mnist-cnn mixed_bfloat16", self.by_name)
        self.assertNotIn("cnn-predict-1 mixed_bfloat16", self.by_name)
        self.assertEqual(workloads.label({"workload": "cnn", "precision": "mixed_bfloat16"}),
                         "cnn mixed_bfloat16")

    def test_unknown_layers_have_no_roofline(self):
        workload = dict(self.by_name["mlp"],
                        layers=[{"class_name": "New", "config": {"name": "new"}}])
        self.assertIsNone(workloads.roofline_ms(workload, 100, 10))


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        launcher = Launcher(WORKER, sys.executable, pathlib.Path(cls.folder.name, "logs"), 1)
        cls.danlu = Contestant("danlu", launcher)

    @classmethod
    def tearDownClass(cls):
        cls.danlu.close()
        cls.folder.cleanup()

    def load(self, name, **changes):
        workload = dict(workloads.load_plan()[1][name], **changes)
        self.danlu.ask("load", workload=workload,
                       tensors=str(workloads.prepare(workload, self.folder.name)))
        return workload

    def test_losses_of_a_line_are_those_of_plain_arithmetic(self):
        workload = self.load("linear-regression")
        losses = self.danlu.ask("curve", steps=6)["losses"]
        x, y = (workloads.make_data(workload)[name][0] for name in "xy")
        slope, intercept = workloads.make_weights(workload)["line/kernel"][0][0], 0.0
        for step, loss in enumerate(losses):
            rows = [32 * (step % 4) + i for i in range(32)]
            errors = [slope * x[i] + intercept - y[i] for i in rows]
            self.assertAlmostEqual(loss, sum(e * e for e in errors) / 32, delta=1e-5 * loss)
            slope -= 0.01 * 2 / 32 * sum(e * x[i] for e, i in zip(errors, rows))
            intercept -= 0.01 * 2 / 32 * sum(errors)

    def test_a_curve_starts_over_each_time(self):
        self.load("xor")
        first = self.danlu.ask("curve", steps=5)
        self.danlu.ask("run", epochs=3)
        self.assertEqual(self.danlu.ask("curve", steps=5), first)

    def test_training_runs_through_fit(self):
        self.load("mnist-cnn", batch=4, steps=2, data="patterns")
        self.assertEqual(self.danlu.ask("warm")["variant"], "fit")
        answer = self.danlu.ask("run", epochs=3)
        self.assertEqual(answer["steps"], 6)
        self.assertGreater(answer["seconds"], 0)
        self.assertGreater(self.danlu.ask("bound", steps=2)["seconds"], 0)

    def test_a_sum_of_branches_trains(self):
        """A line and itself is a line of twice the slope."""
        def dense(name, **config):
            return {"class_name": "Dense", "config": {"name": name, "units": 1, **config}}
        workload = self.load("linear-regression", layers=[
            dense("line"), {"class_name": "Add", "config": {"name": "sum"},
                            "inputs": ["line", "line"]},
            {"class_name": "Activation", "config": {"name": "same", "activation": "linear"}}])
        losses = self.danlu.ask("curve", steps=2)["losses"]
        data = workloads.make_data(workload)
        slope = workloads.make_weights(workload)["line/kernel"][0][0]
        errors = [2 * slope * data["x"][0][i] - data["y"][0][i] for i in range(32)]
        self.assertAlmostEqual(losses[0], sum(e * e for e in errors) / 32, delta=1e-5 * losses[0])
        self.assertLess(losses[1], losses[0])

    def test_predictions_are_timed_one_by_one(self):
        self.load("cnn-predict-1", steps=3, data="patterns")
        answer = self.danlu.ask("run", epochs=2)
        self.assertEqual(len(answer["calls"]), 6)
        self.assertLessEqual(sum(answer["calls"]), answer["seconds"])

    def test_rates_and_memory(self):
        self.assertGreater(self.danlu.ask("peak")["gflops"], 0)
        self.assertGreater(self.danlu.ask("memory")["peak_mb"], 1)

    def test_errors_come_back_and_the_worker_lives_on(self):
        with self.assertRaisesRegex(WorkerError, "no such command.*'?dance"):
            self.danlu.ask("dance")
        with self.assertRaisesRegex(WorkerError, "no optimizer of this class"):
            self.load("xor", optimizer={"class_name": "Lion", "config": {"learning_rate": 1}})
        self.assertEqual(self.danlu.ask("hello")["name"], "danlu")

    def test_a_process_that_is_gone_is_an_error(self):
        launcher = Launcher(pathlib.Path("/bin/false"), "", pathlib.Path(self.folder.name), 1)
        with self.assertRaisesRegex(WorkerError, "danlu: 'hello' failed"):
            Contestant("danlu", launcher)


class WholeRun(unittest.TestCase):
    def test_a_record_and_its_report(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "record.json")
            run = subprocess.run(
                [sys.executable, str(HERE / "run.py"), "--worker", str(WORKER), "--peers", "",
                 "--threads", "1", "--rounds", "1", "--turn", "0.01", "--allow-busy", "--repeats",
                 "1", "--json", str(out), "linear-regression", "xor", "cold-start"], text=True,
                capture_output=True, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("`xor`", run.stdout)
            record = json.loads(out.read_text())
        self.assertEqual([r["workload"] for r in record["results"]], ["linear-regression", "xor"])
        for result in record["results"]:
            self.assertGreater(result["danlu_ms"], 0)
            self.assertEqual(len(result["curve"]), workloads.CURVE_STEPS)
        self.assertGreater(record["machine"]["fma_peak_gflops"]["1"], 0)
        self.assertGreater(record["processes"]["cold_start"]["danlu"]["ms"], 0)


def fake_record():
    results = []
    for name, ms, agrees in (("mlp", 2.0, True), ("cnn", 4.0, False)):
        results.append({
            "workload": name, "precision": "float32", "threads": 2, "batch": 64,
            "steps_per_epoch": 10, "danlu_ms": ms, "danlu": {"ms": ms}, "roofline_ms": 1.0,
            "roofline_share": 1 / ms, "ratio_fastest": 3.0, "fastest": "torch",
            "curves_agree": agrees, "busy": False, "discarded": [],
            "peers": {"torch": {"ms": 3 * ms, "version": "2", "counts": True},
                      "jax": {"ms": 0.5 * ms, "version": "1", "counts": agrees},
                      "tensorflow": {"error": "no"}}})
    return {"machine": {"cpu": "A CPU", "isa": ["avx2"], "cores": 2, "memory_gb": 8,
                        "date": "2026-01-01", "fma_peak_gflops": {"2": 200.0},
                        "bandwidth_gbytes": {"2": 20.0}, "versions": {"danlu": "0.1"}},
            "results": results,
            "processes": {"threads": 2, "peak_memory_mb": {"danlu": 40.0, "torch": 400.0}}}


class Report(unittest.TestCase):
    def test_tables(self):
        text = report.table(fake_record())
        self.assertIn("| `mlp` | 2.00 ms | **6.00 ms** | fails | 1.00 ms | 3.00× | 1.00 ms | 50 % "
                      "| agree |", text)
        self.assertIn("2.00 ms (other losses)", text)
        self.assertIn("DISAGREE", text)
        self.assertIn("| most memory while training `cnn`, MB | 40 | 400 |", text)
        self.assertIn("Geometric mean over the networks: **3.00×**", text)

    def test_a_busy_machine_is_named(self):
        record = fake_record()
        record["results"][0].update(busy=True, discarded=["others used 1.2 cores"])
        self.assertIn("busy machine, rounds not trusted: 1", report.table(record))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            report.write(fake_record(), folder)
            picture = xml.etree.ElementTree.parse(pathlib.Path(folder, "benchmarks.svg"))
            self.assertIn("svg", picture.getroot().tag)
            self.assertIn("A CPU", pathlib.Path(folder, "benchmarks.md").read_text())

    def test_durations(self):
        self.assertEqual([report.duration(ms) for ms in (0.0034, 0.02, 3.914, 31.2, 4321.0, None)],
                         ["3.40 µs", "20.0 µs", "3.91 ms", "31.2 ms", "4.32 s", "–"])


class FakeContestant:
    """A peer whose variants have these (seconds, loss); it remembers what it was asked to use."""

    name, version = "fake", "1"

    def __init__(self, variants):
        self.variants = variants
        self.used = min(variants, key=lambda variant: variants[variant][0])

    def ask(self, command, **arguments):
        self.used = arguments.get("variant", self.used)
        seconds, loss = self.variants[self.used]
        return {"load": {},
                "warm": {"variant": self.used, "compile_s": 1.0, "failed": {},
                         "tried_s": {v: s for v, (s, _) in self.variants.items()},
                         "tried_compile_s": {v: 10 * s for v, (s, _) in self.variants.items()}},
                "curve": {"losses": [1.0, loss]},
                "run": {"seconds": seconds, "steps": 1}}[command]


class Variants(unittest.TestCase):
    def ready(self, reference, precision="float32", **variants):
        entry = measure.Entry(FakeContestant(variants))
        entry.get_ready({"mode": "train", "precision": precision}, "", 0.01, reference)
        self.assertIsNone(entry.error)
        entry.step_ms = [1.0]
        return entry

    def test_the_fastest_counts_when_it_agrees(self):
        entry = self.ready([1.0, 0.5], slow=(3, 0.5), fast=(1, 0.5))
        self.assertEqual((entry.contestant.used, entry.record()["variant"]), ("fast", "fast"))
        self.assertNotIn("variants_disagreeing", entry.record())

    def test_the_next_fastest_that_agrees_replaces_it(self):
        entry = self.ready([1.0, 0.5], slow=(3, 0.5), slowest=(4, 0.5), fast=(1, 0.6), other=(2, 0.7))
        record = entry.record()
        self.assertEqual((entry.contestant.used, record["variant"]), ("slow", "slow"))
        self.assertEqual((entry.curve, record["compile_s"]), ([1.0, 0.5], 30))
        self.assertEqual(sorted(record["variants_disagreeing"]), ["fast", "other"])
        self.assertAlmostEqual(record["variants_disagreeing"]["fast"], 0.2)

    def test_the_fastest_stays_when_none_agrees(self):
        entry = self.ready([1.0, 0.5], slow=(3, 0.8), fast=(1, 0.6))
        self.assertEqual((entry.contestant.used, entry.record()["variant"]), ("fast", "fast"))
        self.assertEqual(entry.curve, [1.0, 0.6])
        self.assertEqual(sorted(entry.record()["variants_disagreeing"]), ["fast", "slow"])

    def test_bfloat16_need_not_agree_as_closely(self):
        entry = self.ready([1.0, 0.5], "mixed_bfloat16", fast=(1, 0.505), slow=(3, 0.5))
        self.assertEqual(entry.contestant.used, "fast")
        entry = self.ready([1.0, 0.5], "mixed_bfloat16", fast=(1, 0.52), slow=(3, 0.5))
        self.assertEqual(entry.contestant.used, "slow")

    def test_without_a_reference_nothing_is_compared(self):
        entry = self.ready(None, slow=(3, 0.5), fast=(1, 0.6))
        self.assertEqual((entry.contestant.used, entry.curve), ("fast", [1.0, 0.6]))


@unittest.skipUnless(importlib.util.find_spec("numpy"), "the peers' workers need numpy")
class PeerWorker(unittest.TestCase):
    def test_a_curve_of_another_variant_is_used_from_then_on(self):
        import worker_base

        class Framework(worker_base.Framework):
            def prepare(self, workload, x, y, weights, variant):
                self.variant = variant

            def losses(self, steps):
                return [len(self.variant)] * steps

            def epochs(self, count):
                pass

        worker = worker_base.Worker(Framework())
        worker.workload, worker.variant = {"mode": "train"}, "a"
        worker.x = worker.y = worker.weights = []
        self.assertEqual(worker.answer({"command": "curve", "steps": 2})["losses"], [1, 1])
        answer = worker.answer({"command": "curve", "steps": 1, "variant": "bcd"})
        self.assertEqual(answer["losses"], [3])
        self.assertEqual(worker.answer({"command": "curve", "steps": 1})["losses"], [3])


class Rules(unittest.TestCase):
    def test_curves(self):
        self.assertAlmostEqual(measure.curve_error([1.0, 2.0002], [1.0, 2.0]), 1e-4)

    def test_a_low_peak_is_noticed(self):
        best = machine.Best()
        best.see(2, 100)
        self.assertFalse(best.low(2, 86))
        self.assertTrue(best.low(2, 84))

    def test_others_are_noticed(self):
        watch = machine.LoadWatch([])
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as burner:
            time.sleep(0.8)
            others = watch.others()  # a child's time is ours only once we have waited for it
            burner.kill()
        self.assertGreater(others, machine.MOST_OTHERS)

    def test_a_stopped_process_uses_nothing(self):
        launcher = Launcher(WORKER, sys.executable, pathlib.Path(tempfile.gettempdir(), "danlu-bench-logs"), 1)
        danlu = Contestant("danlu", launcher)
        before = danlu.cpu_seconds()
        time.sleep(0.2)
        self.assertEqual(danlu.cpu_seconds(), before)
        danlu.close()


if __name__ == "__main__":
    unittest.main()
