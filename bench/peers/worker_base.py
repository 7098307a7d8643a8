"""What the peers' workers share: the protocol, the shared tensors, and the choice of a variant.

See protocol.md for the commands. Whatever a framework prints goes to stderr; the answers have the
original stdout to themselves.
"""

import itertools
import json
import os
import sys
import time

import numpy as np

LOG_CLIP = (float(np.log(1e-7)), float(np.log1p(-1e-7)))  # of Keras's crossentropies


def load_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    types = {"F32": np.float32, "I32": np.int32}
    result = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + begin:8 + length + end], types[entry["dtype"]])
        result[name] = values.reshape(entry["shape"]).copy()
    return result


def ends_in(workload, activation):
    return workload["layers"][-1]["config"].get("activation") == activation


def has(workload, class_name):
    return any(layer["class_name"] == class_name for layer in workload["layers"])


def half(workload):
    """Whether to compute in bfloat16, with weights and their updates in float32."""
    return workload["precision"] == "mixed_bfloat16"


def activation_of(workload, layer):
    """Of a layer, "linear" where the loss is computed from logits and for the last layer."""
    logits = workload["loss"] != "mean_squared_error" and layer is workload["layers"][-1]
    return "linear" if logits else layer["config"].get("activation", "linear")


def combinations(*choices):
    """Variants that take one of each list: "steps, window pooling"."""
    return [", ".join(parts) for parts in itertools.product(*choices)]


def one_projection(weights):
    """The weights with query's, key's and value's of each attention in one matrix, "qkv/kernel" and
    "qkv/bias", and the output's as a matrix: one product for all is how the fastest write it."""
    result = {}
    for path, value in weights.items():
        layer, _, rest = path.partition("/")
        if rest == "query/kernel":
            parts = [weights[f"{layer}/{name}/kernel"] for name in ("query", "key", "value")]
            result[f"{layer}/qkv/kernel"] = np.concatenate(
                [part.reshape(len(part), -1) for part in parts], axis=1)
        elif rest == "query/bias":
            result[f"{layer}/qkv/bias"] = np.concatenate(
                [weights[f"{layer}/{name}/bias"].ravel() for name in ("query", "key", "value")])
        elif rest == "attention_output/kernel":
            result[path] = value.reshape(-1, value.shape[-1])
        elif not rest.startswith(("key/", "value/")):
            result[path] = value
    return result


def glorot(workload, shapes, seed):
    """Initial weights for runs that share none."""
    generator, result = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        values = np.zeros(shape, np.float32)
        if len(shape) > 1:
            limit = np.sqrt(6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1])))
            values = generator.uniform(-limit, limit, shape).astype(np.float32)
        result[name] = values
    return result


class Framework:
    """One peer. Subclasses keep the state of a workload between calls.

    A variant is one way of writing the same thing in the framework; `warm` times each that works
    and the fastest whose losses are right is the one that counts.
    """

    name = ""

    def version(self):
        raise NotImplementedError

    def variants(self, workload):
        raise NotImplementedError

    def prepare(self, workload, x, y, weights, variant):
        """Takes data of shape (steps, batch, …) and starts from `weights`. Nothing of an earlier
        call may remain."""
        raise NotImplementedError

    def losses(self, steps):
        """Losses of the next `steps` steps, in the order of the data."""
        raise NotImplementedError

    def epochs(self, count):
        """Runs `count` passes over the data, without reading anything from the steps between."""
        raise NotImplementedError

    def predict(self, index):
        """The outputs for batch `index`, read to the host."""
        raise NotImplementedError

    def accuracy(self, x, y):
        """Share of right answers, batch by batch, for `train_to`."""
        raise NotImplementedError


class Worker:
    def __init__(self, framework):
        self.framework = framework
        self.workload = None

    def answer(self, request):
        command = request["command"]
        if command == "hello":
            return {"name": self.framework.name, "version": self.framework.version()}
        if command == "memory":
            with open("/proc/self/status", encoding="ascii") as status:
                peak = next(line for line in status if line.startswith("VmHWM:"))
            return {"peak_mb": int(peak.split()[1]) / 1024}
        return getattr(self, "do_" + command)(request)

    def do_load(self, request):
        self.workload = request["workload"]
        tensors = load_safetensors(request["tensors"])
        batch = self.workload["batch"]
        self.x, self.y = (
            values.reshape([-1, batch, *values.shape[1:]])
            for values in (tensors.pop("x"), tensors.pop("y")))
        self.weights = tensors
        self.variant = self.framework.variants(self.workload)[0]
        return {}

    def prepare(self, variant):
        self.framework.prepare(self.workload, self.x, self.y, self.weights, variant)

    def do_curve(self, request):
        self.variant = request.get("variant", self.variant)
        self.prepare(self.variant)
        losses = [float(loss) for loss in self.framework.losses(request["steps"])]
        self.go(1)
        return {"losses": losses}

    def go(self, epochs):
        if self.workload["mode"] == "predict":
            calls = []
            for call in range(epochs * len(self.x)):
                start = time.perf_counter()
                self.framework.predict(call % len(self.x))
                calls.append(time.perf_counter() - start)
            return calls
        self.framework.epochs(epochs)
        return None

    def time_epoch(self, best):
        """Seconds of an epoch, the least of some; of one alone when it is long or hopeless."""
        epochs = 1
        while True:
            start = time.perf_counter()
            self.go(epochs)
            seconds = time.perf_counter() - start
            if seconds > 0.1:
                break
            epochs *= 4
        least = seconds / epochs
        if seconds > 3 or least > 2 * best:
            return least
        for _ in range(4):
            start = time.perf_counter()
            self.go(epochs)
            least = min(least, (time.perf_counter() - start) / epochs)
        return least

    def do_warm(self, request):
        """Tries every variant and keeps the fastest."""
        tried, compile_s, failed = {}, {}, {}
        for variant in self.framework.variants(self.workload):
            try:
                start = time.perf_counter()
                self.prepare(variant)
                self.go(1)
                compile_s[variant] = time.perf_counter() - start
                tried[variant] = self.time_epoch(min(tried.values(), default=float("inf")))
            except Exception as error:  # pylint: disable=broad-except
                failed[variant] = f"{type(error).__name__}: {error}"[:500]
        if not tried:
            raise RuntimeError(f"no variant works: {failed}")
        self.variant = min(tried, key=tried.get)
        self.prepare(self.variant)
        self.go(1)
        return {"variant": self.variant, "compile_s": compile_s[self.variant],
                "tried_s": tried, "tried_compile_s": compile_s, "failed": failed}

    def do_run(self, request):
        epochs = request["epochs"]
        start = time.perf_counter()
        calls = self.go(epochs)
        answer = {"seconds": time.perf_counter() - start, "steps": epochs * len(self.x)}
        if calls is not None:
            answer["calls"] = calls
        return answer


def read_fashion():
    """Fashion-MNIST as every peer gets it: uint8 images and labels."""
    import gzip
    folder = os.environ.get("DANLU_DATA", "/usr/share/datasets/fashion-mnist")

    def read(name, header):
        with gzip.open(os.path.join(folder, name)) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    result = []
    for part in ("train", "t10k"):
        images = read(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
        result.append((images, read(f"{part}-labels-idx1-ubyte.gz", 8).astype(np.int32)))
    return result


def first_step(framework, job):
    batch = job["batch"]
    if "files" in job:
        (images, labels), _ = read_fashion()
        x, y = images[:batch].astype(np.float32) / 255, labels[:batch]
    else:
        count = batch * int(np.prod(job["input_shape"]))
        x = (np.arange(count) % 251 / 255).astype(np.float32).reshape(batch, *job["input_shape"])
        y = (np.arange(batch) % 10).astype(np.int32)
    framework.prepare(job, x[None], y[None], glorot(job, job["weights"], 0), job["variant"])
    return {"loss": float(framework.losses(1)[0])}


def train_to(framework, job):
    (images, labels), (test_x, test_y) = read_fashion()
    parts, batch, generator = job["parts"], job["batch"], np.random.default_rng(job["seed"])
    size = len(images) // parts
    steps = size // batch
    test_x = (test_x.astype(np.float32) / 255).reshape(-1, job["test_batch"], *job["input_shape"])
    test_y = test_y.reshape(-1, job["test_batch"])
    best = 0.0
    for part in range(job["most_epochs"] * parts):
        begin = part % parts * size
        order = begin + generator.permutation(size)[:steps * batch]
        x = (images[order].astype(np.float32) / 255).reshape(steps, batch, *job["input_shape"])
        y = labels[order].reshape(steps, batch)
        if part == 0:
            weights = glorot(job, job["weights"], job["seed"])
            framework.prepare(job, x, y, weights, job["variant"])
        else:
            framework.set_data(x, y)
        framework.epochs(1)
        best = max(best, framework.accuracy(test_x, test_y))
        if best >= job["accuracy"]:
            return {"epochs": (part + 1) / parts, "accuracy": best}
    return {"error": "not reached", "accuracy": best}


def main(make_framework):
    """`worker.py NAME [first-step JOB | train-to JOB]`"""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    framework = make_framework(sys.argv[1])
    if len(sys.argv) == 4:
        with open(sys.argv[3], encoding="utf-8") as text:
            job = json.load(text)
        action = {"first-step": first_step, "train-to": train_to}[sys.argv[2]]
        print(json.dumps(action(framework, job)), file=answers)
        answers.flush()
        os._exit(0)  # what a framework tears down is no part of the time
    worker = Worker(framework)
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "quit":
            break
        try:
            print(json.dumps(worker.answer(request)), file=answers)
        except Exception as error:  # pylint: disable=broad-except
            import traceback
            traceback.print_exc()
            print(json.dumps({"error": f"{type(error).__name__}: {error}"[:2000]}), file=answers)
    answers.flush()
    os._exit(0)
