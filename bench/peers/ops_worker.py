"""A peer's side of the benchmark of single ops: `ops_worker.py NAME`.

A module ops_NAME.py has OPS: by name, a function of (inputs, op) that gives the ways of computing the
op as {variant: (call, finish)}. `call()` computes on inputs that are already the framework's own and
waits for the result; `finish(result)` is a list of NumPy arrays in Danlu's layout.
"""

import importlib
import json
import os
import sys
import time

import numpy as np

from worker_base import load_safetensors


def scrambled(x):
    """The finalizer of MurmurHash3, as in worker_ops.cpp."""
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85ebca6b)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xc2b2ae35)
    return x ^ x >> np.uint32(16)


def make_input(kind, shape, rows, seed):
    numbers = scrambled(np.arange(np.prod(shape), dtype=np.uint32) + np.uint32(seed))
    if kind == "rows":
        return (numbers % np.uint32(rows)).astype(np.int32).reshape(shape)
    unit = (numbers >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    values = unit if kind == "unit" else np.float32(2) * unit - np.float32(1)
    return values.reshape(shape)


def make_inputs(op):
    rows = op.get("rows", op["shapes"][0][0])
    return [make_input(kind, shape, rows, (i + 1) << 28)
            for i, (kind, shape) in enumerate(zip(op["inputs"], op["shapes"]))]


def difference(found, wanted):
    """Greatest difference as a share of the greatest magnitude; infinite for other shapes."""
    if found.shape != wanted.shape:
        return float("inf")
    scale = max(float(np.max(np.abs(wanted), initial=0)), 1e-30)
    return float(np.max(np.abs(found - wanted), initial=0)) / scale


def compare(op, inputs, found, wanted):
    """How far the results are from Danlu's. "choice": indices of the last axis may differ where they
    name equal values; "values": only the first result counts, for the others name places in it."""
    kind = op.get("compare", "close")
    if kind == "choice":
        def chosen(indices):
            x = inputs[0]
            wide = indices if indices.ndim == x.ndim else indices[..., None]
            return np.take_along_axis(x, wide.astype(np.int64), -1)
        found, wanted = [chosen(r) for r in found], [chosen(r) for r in wanted]
    if kind == "values":
        found, wanted = found[:1], wanted[:1]
    if len(found) != len(wanted):
        return float("inf")
    return max(difference(f, w) for f, w in zip(found, wanted))


class Worker:
    def __init__(self, name, ops):
        self.name, self.ops = name, ops
        self.variants, self.call = {}, None

    def answer(self, request):
        command = request["command"].replace("-", "_")
        return getattr(self, "do_" + command)(request)

    def do_hello(self, _):
        return {"name": self.name, "version": self.ops.version()}

    def do_op_load(self, request):
        self.variants, self.call = {}, None
        op = self.op = request["op"]
        if op["op"] not in self.ops.OPS:
            return {"missing": True}
        self.inputs = make_inputs(op)
        self.variants = self.ops.OPS[op["op"]](self.inputs, op)
        return {}

    def do_op_compare(self, request):
        """The difference of each variant from what Danlu computed."""
        tensors = load_safetensors(request["tensors"])
        wanted = [tensors[str(i)] for i in range(len(tensors))]
        differences = {}
        for variant, (call, finish) in self.variants.items():
            differences[variant] = compare(self.op, self.inputs, finish(call()), wanted)
        return {"differences": differences}

    def do_op_use(self, request):
        self.call = self.variants[request["variant"]][0]
        return {}

    def do_op_run(self, request):
        call, calls = self.call, request["calls"]
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return {"seconds": time.perf_counter() - start}


def main(name):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker(name, importlib.import_module("ops_" + name.replace("-", "_")))
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


if __name__ == "__main__":
    main(sys.argv[1])
