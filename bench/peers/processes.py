"""What is measured on whole processes: cold start, peak memory, installed size, time to a test
accuracy."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import workloads
from contestant import Contestant, WorkerError
from measure import say

# What each peer's processes use when nothing was measured before: one step compiled, not an epoch.
QUICK_VARIANT = {"jax": "steps, window pooling", "tensorflow": "steps",
                 "tensorflow-xla": "steps, window pooling", "keras": "fit", "torch": "default",
                 "torch-compile": "default", "danlu": ""}


def time_process(launcher, name, mode, job, folder, timeout=1800):
    """(seconds from start to the answer, answer). Errors: WorkerError."""
    path = pathlib.Path(folder, f"{name}-{mode}.json")
    path.write_text(json.dumps(job))
    start = time.perf_counter()
    process = launcher.spawn(name, [mode, str(path)])
    try:
        out, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise WorkerError(f"{name}: {mode} took longer than {timeout} s") from error
    seconds = time.perf_counter() - start
    if process.returncode or not out.strip():
        raise WorkerError(f"{name}: {mode} failed with status {process.returncode}")
    answer = json.loads(out)
    if "error" in answer:
        raise WorkerError(f"{name}: {answer['error']} ({answer.get('accuracy')})")
    return seconds, answer


def job_of(workload, name):
    return dict(workload, weights=workloads.describe(workload)["weights"],
                variant=QUICK_VARIANT[name])


def cold_start(launcher, names, workload, folder, repeats, **extra):
    """Milliseconds from process start to the end of the first step: {name: {"ms", "low_ms",
    "high_ms"}}; the runs of the contestants alternate."""
    times = {name: [] for name in names}
    for _ in range(repeats):
        for name in list(times):
            try:
                seconds, _ = time_process(launcher, name, "first-step",
                                          dict(job_of(workload, name), **extra), folder)
                times[name].append(1e3 * seconds)
            except WorkerError as error:
                say(f"    {error}")
                del times[name]
    return {name: {"ms": statistics.median(values), "low_ms": min(values), "high_ms": max(values)}
            for name, values in times.items()}


def peak_memory(launcher, names, workload, folder):
    """MB that a process has held at most after loading, and training two epochs of, `workload`."""
    tensors = workloads.prepare(workload, folder)
    result = {}
    for name in names:
        contestant = Contestant(name, launcher)
        try:
            contestant.ask("load", workload=workload, tensors=str(tensors))
            contestant.ask("curve", steps=1)
            contestant.ask("run", epochs=2)
            result[name] = contestant.ask("memory")["peak_mb"]
        except WorkerError as error:
            say(f"    {error}")
        contestant.close()
    return result


def _program_mb(program):
    """A program with the shared libraries it loads, but for those of the C and C++ compilers."""
    listing = subprocess.run(["ldd", str(program)], check=True, text=True,
                             capture_output=True).stdout
    paths = {os.path.realpath(path) for path in re.findall(r"=> (/\S+)", listing)}
    ours = [path for path in paths if not re.match(
        r"(libc|libm|libstdc\+\+|libgcc_s|libpthread|libdl|librt)[.-]", os.path.basename(path))]
    return sum(os.path.getsize(path) for path in [program, *ours]) / 2**20


PACKAGES = {"torch": "torch", "torch-compile": "torch", "tensorflow": "tensorflow_cpu",
            "tensorflow-xla": "tensorflow_cpu", "keras": "tensorflow_cpu", "jax": "jax"}


def installed_size(launcher, names, program):
    """MB on disk: Danlu's command with its libraries; a peer's packages with what they require,
    less what only CUDA uses."""
    result = {"danlu": _program_mb(program)}
    for name in names:
        if name == "danlu":
            continue
        run = subprocess.run([str(launcher.python), __file__, PACKAGES[name]], text=True,
                             capture_output=True, check=False)
        if run.returncode == 0:
            result[name] = float(run.stdout)
        else:
            say(f"    {name}: {run.stderr.strip()[-200:]}")
    return result


def time_to_accuracy(launcher, names, plan, by_name, folder, variants, repeats):
    """Seconds from process start to the wanted test accuracy: each recipe once, in turns, then the
    best recipe of each contestant again; its median counts."""
    goal = plan["time_to"]
    runs = {name: {} for name in names}

    def run(name, recipe, seed):
        job = job_of(by_name[recipe["of"]], name)
        job["optimizer"] = {"class_name": job["optimizer"]["class_name"],
                            "config": {"learning_rate": recipe["learning_rate"]}}
        job.update(batch=recipe["batch"], seed=seed, accuracy=goal["accuracy"],
                   parts=goal["parts"], test_batch=goal["test_batch"],
                   most_epochs=goal["most_epochs"])
        job["variant"] = variants.get(name, job["variant"])
        try:
            seconds, answer = time_process(launcher, name, "train-to", job, folder)
        except WorkerError as error:
            say(f"    {recipe['name']}: {error}")
            return
        say(f"    {name}, {recipe['name']}: {seconds:.1f} s, {answer['epochs']} epochs")
        runs[name].setdefault(recipe["name"], []).append((seconds, answer["epochs"]))

    for recipe in goal["recipes"]:
        for name in names:
            run(name, recipe, 0)
    best = {name: min(done, key=lambda recipe: done[recipe][0]) for name, done in runs.items()
            if done}
    for seed in range(1, repeats):
        for name in best:
            run(name, next(r for r in goal["recipes"] if r["name"] == best[name]), seed)
    result = {}
    for name, recipe in best.items():
        seconds = [run[0] for run in runs[name][recipe]]
        result[name] = {"seconds": statistics.median(seconds), "low": min(seconds),
                        "high": max(seconds), "recipe": recipe,
                        "epochs": statistics.median(run[1] for run in runs[name][recipe]),
                        "tried": {r: done[0][0] for r, done in runs[name].items()}}
    return result


def _distribution_mb(package):
    """Run inside the peers' environment: a distribution and all it requires, in MB."""
    from importlib import metadata
    seen, todo, size = set(), [package], 0
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # CUDA's packages, and those that a marker leaves out
        for file in found.files or []:
            path = file.locate()
            if path.is_file() and not re.match(r"lib(torch_cuda|c10_cuda|torch_nvshmem)", path.name):
                size += path.stat().st_size
        for requirement in found.requires or []:
            if "extra ==" not in requirement:
                todo.append(re.match(r"[A-Za-z0-9._-]+", requirement).group())
    return size / 2**20


if __name__ == "__main__":
    print(_distribution_mb(sys.argv[1]))
