"""The workloads of workloads.json: their data, initial weights, and the work that a step needs.

Standard library only, so that the harness runs without any peer.
"""

import array
import gzip
import json
import math
import os
import pathlib
import random
import struct

FILE = pathlib.Path(__file__).with_name("workloads.json")
FASHION = "/usr/share/datasets/fashion-mnist"
CURVE_STEPS = 20


def load_plan(path=FILE):
    """The file, with each workload that is `of` another filled in from that one."""
    with open(path, encoding="utf-8") as text:
        plan = json.load(text)
    by_name = {}
    for workload in plan["workloads"]:
        if "of" in workload:
            base = by_name[workload["of"]]
            for key, value in base.items():
                workload.setdefault(key, value)
        workload.setdefault("mode", "train")
        workload.setdefault("precision", "float32")
        by_name[workload["name"]] = workload
    return plan, by_name


# --- shapes and work --------------------------------------------------------------------------


def _window(size, kernel, stride, padding):
    return math.ceil(size / stride) if padding == "same" else (size - kernel) // stride + 1


def _pair(value):
    return [value, value] if isinstance(value, int) else list(value)


def describe_layer(layer, shape):
    """(output shape, {weight: shape}, multiply-adds of one sample), or None for a class whose work
    nobody has written down here yet."""
    kind, config = layer["class_name"], layer["config"]
    if kind == "Dense":
        units = config["units"]
        weights = {"kernel": [shape[-1], units], "bias": [units]}
        return shape[:-1] + [units], weights, math.prod(shape) * units
    if kind == "Conv2D":
        (kh, kw), filters = _pair(config["kernel_size"]), config["filters"]
        stride, padding = _pair(config.get("strides", 1)), config.get("padding", "valid")
        out = [_window(shape[0], kh, stride[0], padding), _window(shape[1], kw, stride[1], padding),
               filters]
        weights = {"kernel": [kh, kw, shape[2], filters], "bias": [filters]}
        return out, weights, math.prod(out) * kh * kw * shape[2]
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        pool, padding = _pair(config["pool_size"]), config.get("padding", "valid")
        stride = _pair(config.get("strides") or pool)
        return [_window(shape[i], pool[i], stride[i], padding) for i in (0, 1)] + [shape[2]], {}, 0
    if kind == "Flatten":
        return [math.prod(shape)], {}, 0
    if kind in ("Activation", "ReLU", "Softmax", "Dropout"):
        return shape, {}, 0
    return None


def describe(workload):
    """Weights by path with their shapes, and the work of a step or a call: {"weights", "flops",
    "batch_bytes", "state_bytes", "state_passes"}. All None when a layer's work is not known."""
    shape, weights, flops = list(workload["input_shape"]), {}, 0
    training = workload["mode"] == "train"
    first = True
    for layer in workload["layers"]:
        description = describe_layer(layer, shape)
        if description is None:
            return {"weights": None, "flops": None}
        shape, own, multiply_adds = description
        for name, dims in own.items():
            weights[f"{layer['config']['name']}/{name}"] = dims
        # Forward; towards the weights; towards the input, which the first layer does not need.
        passes = (2 if first else 3) if training else 1
        flops += 2 * multiply_adds * passes * workload["batch"]
        if own:
            first = False
    parameters = sum(math.prod(dims) for dims in weights.values())
    slots = {"Adam": 2, "RMSprop": 1}.get(workload["optimizer"]["class_name"], 0)
    # A training step reads and writes weights and slots, a prediction reads the weights.
    return {"weights": weights, "flops": flops,
            "batch_bytes": 4 * math.prod(workload["input_shape"]) * workload["batch"],
            "state_bytes": 4 * parameters * (1 + slots if training else 1),
            "state_passes": 2 if training else 1}


def roofline_ms(workload, gflops, gbytes, cache_bytes=0):
    """Least milliseconds of a step at these rates; None when the work is not known. Weights and
    slots that fit into `cache_bytes` of the cores' own caches need not cross the bus."""
    work = describe(workload)
    if work["flops"] is None or not gflops or not gbytes:
        return None
    moved = work["batch_bytes"]
    if work["state_bytes"] > cache_bytes:
        moved += work["state_bytes"] * work["state_passes"]
    return max(work["flops"] / gflops, moved / gbytes) / 1e6


# --- data -------------------------------------------------------------------------------------


def _idx(name):
    folder = os.environ.get("DANLU_DATA", FASHION)
    for path in (pathlib.Path(folder, name), pathlib.Path(folder, "fashion-mnist", name)):
        if path.exists():
            with gzip.open(path) as file:
                return file.read()
    return None


def _fashion(count, size):
    """Images and labels of Fashion-MNIST, or noise of the same shape where it is not installed."""
    images, labels = _idx("train-images-idx3-ubyte.gz"), _idx("train-labels-idx1-ubyte.gz")
    if images is None:
        generator = random.Random(1)
        images, labels = bytes(16) + generator.randbytes(count * size), bytes(
            8) + bytes(i % 10 for i in range(count))
    table = [value / 255 for value in range(256)]
    x = array.array("f", [table[value] for value in images[16:16 + count * size]])
    return x, array.array("i", list(labels[8:8 + count]))


def _patterns(count, shape):
    """Stripes whose direction and pitch tell the class, with noise."""
    height, width, channels = shape
    generator, x, y = random.Random(2), array.array("f"), array.array("i")
    for i in range(count):
        label = i * 7 % 10
        phase = generator.random() * 6
        for row in range(height):
            for column in range(width):
                value = math.sin(phase + (row * (label % 5) + column * (label // 5 + 1)) / 4)
                x.extend(value / 2 + generator.random() for _ in range(channels))
        y.append(label)
    return x, y


def make_data(workload):
    """{"x": (values, shape), "y": (values, shape)}: `steps` batches, in the order to train."""
    count = workload["batch"] * workload["steps"]
    shape = list(workload["input_shape"])
    kind = workload["data"]
    if kind == "xor":
        x = array.array("f", [0, 0, 0, 1, 1, 0, 1, 1] * (count // 4))
        return {"x": (x, [count, 2]), "y": (array.array("f", [0, 1, 1, 0] * (count // 4)), [count, 1])}
    if kind == "line":
        generator = random.Random(3)
        x = array.array("f", [generator.random() for _ in range(count)])
        y = array.array("f", [3 * value + 2 + generator.random() for value in x])
        return {"x": (x, [count, 1]), "y": (y, [count, 1])}
    size = math.prod(shape)
    x, y = _fashion(count, size) if kind == "fashion" else _patterns(count, shape)
    return {"x": (x, [count] + shape), "y": (y, [count])}


def make_weights(workload):
    """Glorot-uniform kernels and zero biases."""
    generator, result = random.Random(4), {}
    for name, shape in describe(workload)["weights"].items():
        values = array.array("f", bytes(4 * math.prod(shape)))
        if len(shape) > 1:
            field = math.prod(shape[:-2])
            limit = math.sqrt(6 / (field * (shape[-2] + shape[-1])))
            values = array.array(
                "f", [limit * (2 * generator.random() - 1) for _ in range(len(values))])
        result[name] = (values, shape)
    return result


def write_safetensors(path, tensors):
    header, chunks, offset = {}, [], 0
    for name, (values, shape) in tensors.items():
        data = values.tobytes()
        header[name] = {"dtype": {"f": "F32", "i": "I32"}[values.typecode], "shape": shape,
                        "data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def prepare(workload, folder):
    """Writes what all contestants share; returns the path of the safetensors file: x, y and the
    initial weights by path."""
    path = pathlib.Path(folder, workload["name"] + ".safetensors")
    write_safetensors(path, {**make_data(workload), **make_weights(workload)})
    return path
