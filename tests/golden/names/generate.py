"""FAMILY.safetensors for every file of cases/: what Keras computes for each case, and gradients.

    python generate.py              all families
    python generate.py nn_loss      only these
"""

import importlib
import inspect
import json
import struct
import sys
import zlib

import setting  # first: it chooses the backend
import jax
import keras
import ml_dtypes
import numpy as np
from inputs import Input

FORMAT_NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "complex64": "C64",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "bool": "BOOL",
    "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
}  # fmt: skip


def function_of(case):
    if case.call is not None:
        return case.call
    for module in (keras.ops, keras.ops.image, keras.ops.linalg, keras.random):
        if hasattr(module, case.name):
            return getattr(module, case.name)
    raise ValueError(f"Keras has no function {case.name}")


def is_float(array):
    return array.dtype.kind == "f" or array.dtype == ml_dtypes.bfloat16


def is_array(value):
    return isinstance(value, (np.ndarray, np.generic, jax.Array))


class Drawn:
    """The arguments of a case with its arrays drawn, and put in again as Keras gets them."""

    def __init__(self, case, identity):
        self.case = case
        self.arrays = []
        rng = np.random.default_rng(zlib.crc32(identity.encode()))

        def draw(value):
            if isinstance(value, Input):
                self.arrays.append(np.asarray(value.make(rng)))
                return {"tensor": len(self.arrays) - 1}
            if isinstance(value, (list, tuple)):
                return [draw(item) for item in value]
            if isinstance(value, dict):
                return {"members": {k: draw(v) for k, v in value.items()}}
            if isinstance(value, float) and not np.isfinite(value):
                return {"number": str(value)}
            return value

        self.arguments = []
        for name, value in self.named_arguments():
            self.arguments.append([name, draw(value)])

    def named_arguments(self):
        case = self.case
        if case.call is not None:
            yield from ((f"x{i}", value) for i, value in enumerate(case.args))
            yield from case.kwargs.items()
            return
        bound = inspect.signature(function_of(case)).bind(*case.args, **case.kwargs)
        for name, value in bound.arguments.items():
            kind = bound.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                yield from value.items()
            else:
                yield name, value

    def call(self, arrays):
        def filled(value):
            if isinstance(value, Input):
                return next(pending)
            if isinstance(value, (list, tuple)):
                return type(value)(filled(item) for item in value)
            if isinstance(value, dict):
                return {k: filled(v) for k, v in value.items()}
            return value

        case, pending = self.case, iter(arrays)
        args = [filled(value) for value in case.args]
        # Keyword arguments in the order in which `named_arguments` drew them.
        order = [name for name, _ in self.named_arguments() if name in case.kwargs]
        kwargs = {name: filled(case.kwargs[name]) for name in order}
        return function_of(case)(*args, **kwargs)


def weights(shape, salt):
    """What outputs are multiplied with before they are summed and differentiated; the C++ side
    knows the same formula."""
    i = np.arange(int(np.prod(shape, dtype=np.int64)))
    values = 0.5 + ((i * 29 + salt * 13) % 31) / 31
    return np.where(i % 3 == 0, -values, values).reshape(shape)


def text_of(value):
    """Results that are no arrays (shapes, dtypes, numbers) as JSON."""
    if isinstance(value, (tuple, list)):
        return [text_of(item) for item in value]
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def run_case(case, identity):
    """Tensors by name and what the index says of the case."""
    drawn = Drawn(case, identity)
    floats = [i for i, a in enumerate(drawn.arrays) if a.dtype == np.float32]
    runs = case.runs if floats else ("f32",)
    tensors = {f"{identity}/in/{i}": array for i, array in enumerate(drawn.arrays)}
    about = {"id": identity, "name": case.name, "args": drawn.arguments, "runs": list(runs)}
    about["inputs"] = [array.dtype.name for array in drawn.arrays]
    if case.variant:
        about["variant"] = case.variant
    if "f32" in runs and case.tol32 != 1e-5:
        about["tol32"] = case.tol32
    if "f64" in runs and case.tol64 != 1e-9:
        about["tol64"] = case.tol64
    for run in reversed(runs):  # the first run's values are kept
        with setting.computing_in(run):
            wide = run == "f64"
            arrays = [
                jax.numpy.asarray(a.astype(np.float64) if wide and i in floats else a)
                for i, a in enumerate(drawn.arrays)
            ]
            outputs = drawn.call(arrays)
            leaves = jax.tree_util.tree_leaves(outputs)
            if not leaves or not all(is_array(leaf) for leaf in leaves):
                about["value"] = text_of(outputs)
                continue
            values = [np.asarray(leaf) for leaf in leaves]
            if run == "f32" or "f32" not in runs:
                about["dtypes"] = [value.dtype.name for value in values]
            tensors.update({f"{identity}/out/{k}": value for k, value in enumerate(values)})
            smooth = [k for k, value in enumerate(values) if is_float(value)]
            if not (case.grad and floats and smooth) or run != runs[0]:
                continue

            def total(chosen):
                full = list(arrays)
                for i, array in zip(floats, chosen):
                    full[i] = array
                found = jax.tree_util.tree_leaves(drawn.call(full))
                return sum((found[k] * weights(found[k].shape, k)).sum() for k in smooth)

            gradient = jax.grad(total)([arrays[i] for i in floats])
            about["grads"] = floats
            for i, array in zip(floats, gradient):
                tensors[f"{identity}/grad/{i}"] = np.asarray(array)
    if "dtypes" not in about and "value" not in about:
        about["dtypes"] = [value.dtype.name for value in values]
    return tensors, about


def write(path, tensors, index):
    """A safetensors file whose bytes depend on its contents only; wider elements come first."""
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    metadata = {"keras": keras.__version__, "cases": json.dumps(index, ensure_ascii=False)}
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name in order:
        array = tensors[name]
        blob = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": FORMAT_NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    print(f"{path.name}: {len(index)} cases, {8 + len(text) + offset} bytes")


def generate(family):
    cases = importlib.import_module(f"cases.{family}").CASES
    tensors, index, counts, failures = {}, [], {}, []
    for case in cases:
        counts[case.name] = counts.get(case.name, 0) + 1
        identity = f"{case.name}/{counts[case.name]}"
        try:
            found, about = run_case(case, identity)
        except Exception as error:  # one report of all that Keras refuses
            failures.append(f"{identity} {case.kwargs}: {type(error).__name__}: {error}")
            continue
        tensors.update(found)
        index.append(about)
    if failures:
        sys.exit(f"{family}:\n" + "\n".join(failures))
    write(setting.HERE / f"{family}.safetensors", tensors, index)


def main():
    families = sys.argv[1:] or sorted(p.stem for p in (setting.HERE / "cases").glob("*.py"))
    for family in families:
        generate(family)


if __name__ == "__main__":
    main()
