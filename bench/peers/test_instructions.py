"""Guards against more work in the graph, the compiler and the dispatch: instructions counted by
Valgrind, which neither load nor clock of the machine changes. Bounds are about 1.6 times what was
measured. Valgrind has no AVX-512, so this is also a run on a processor without it.

    python3 test_instructions.py PATH_OF_danlu_worker
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import processes  # noqa: E402
import workloads  # noqa: E402

WORKER = pathlib.Path(sys.argv.pop(1)).resolve()


def instructions(function, arguments=(), requests=()):
    """Instructions inside calls of `function`, a pattern, of one worker; its answers."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
             f"--toggle-collect={function}", str(WORKER), *arguments],
            input="".join(json.dumps(request) + "\n" for request in requests), text=True,
            capture_output=True, check=False, timeout=300,
            env=dict(os.environ, DANLU_NUM_THREADS="1", OMP_NUM_THREADS="1"))
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not found:
        raise AssertionError(f"status {run.returncode}: {run.stderr[-2000:]}")
    return int(found.group(1)), [json.loads(line) for line in run.stdout.splitlines()]


@unittest.skipUnless(shutil.which("valgrind"), "valgrind counts the instructions")
class Instructions(unittest.TestCase):
    def setUp(self):
        self.by_name = workloads.load_plan()[1]
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_tracing_and_compiling(self):
        for name, most in (("cnn", 20e6), ("mlp", 15e6)):
            job = pathlib.Path(self.folder, "job.json")
            job.write_text(json.dumps(dict(processes.job_of(self.by_name[name], "danlu"), batch=2)))
            count, answers = instructions("danlu::BoundStep::BoundStep*", ["first-step", str(job)])
            self.assertGreater(answers[0]["loss"], 0)
            self.assertGreater(count, most / 20, name)
            self.assertLess(count, most, name)

    def test_epochs_of_small_batches(self):
        for name, most in (("linear-regression", 80e3), ("xor", 30e3)):
            workload = self.by_name[name]
            load = {"command": "load", "workload": workload,
                    "tensors": str(workloads.prepare(workload, self.folder))}
            few, many = (instructions("danlu::FitLoop::fit*",
                                      requests=[load, {"command": "run", "epochs": epochs}])[0]
                         for epochs in (20, 120))
            per_epoch = (many - few) / 100
            self.assertGreater(per_epoch, most / 20, name)
            self.assertLess(per_epoch, most, name)


if __name__ == "__main__":
    unittest.main()
