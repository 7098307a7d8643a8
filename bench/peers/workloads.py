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
import typing

FILE = pathlib.Path(__file__).with_name("workloads.json")
FASHION = "/usr/share/datasets/fashion-mnist"
CURVE_STEPS = 20


def label(entry):
    """What a workload, or the record of one, is listed as: its name and, unless it is float32, its
    precision."""
    name = entry["name"] if "name" in entry else entry["workload"]
    return name if entry["precision"] == "float32" else f"{name} {entry['precision']}"


def load_plan(path=FILE):
    """The file, and its workloads by label: each that is `of` another filled in from that one, and
    once for each of its `precisions`."""
    with open(path, encoding="utf-8") as text:
        plan = json.load(text)
    by_name = {}
    for workload in plan["workloads"]:
        if "of" in workload:
            base = by_name[workload["of"]]
            for key, value in base.items():
                workload.setdefault(key, value)
        workload.setdefault("mode", "train")
        for precision in workload.pop("precisions", ["float32"]):
            one = dict(workload, precision=precision)
            by_name[label(one)] = one
    return plan, by_name


# --- graphs -----------------------------------------------------------------------------------


def graph(workload):
    """[(layer, names of its inputs, names that no later layer reads)], in the order to run. The
    network's input is called "input"; without `inputs` a layer reads the one before it."""
    previous, nodes = "input", []
    for layer in workload["layers"]:
        nodes.append((layer, layer.get("inputs", [previous]), []))
        previous = layer["config"]["name"]
    needed = {previous}
    for _, inputs, done in reversed(nodes):
        done += [name for name in dict.fromkeys(inputs) if name not in needed]
        needed.update(inputs)
    return nodes


def run_graph(nodes, x, call):
    """The last layer's output: `call(layer, inputs)` for each of `nodes`. What nobody reads any
    more is let go."""
    values, out = {"input": x}, x
    for layer, inputs, done in nodes:
        out = values[layer["config"]["name"]] = call(layer, [values[name] for name in inputs])
        for name in done:
            del values[name]
    return out


# --- shapes and work --------------------------------------------------------------------------

NOT_TRAINED = ("moving_mean", "moving_variance")


class Info(typing.NamedTuple):
    """What a layer makes of its inputs: the output's shape, weights by path with their shapes, and
    multiply-adds of one sample, `inner` of which have no input as a factor."""
    shape: list
    weights: dict = {}
    multiply_adds: int = 0
    inner: int = 0


def _window(size, kernel, stride, padding):
    return math.ceil(size / stride) if padding == "same" else (size - kernel) // stride + 1


def _pair(value):
    return [value, value] if isinstance(value, int) else list(value)


def _with_bias(config, **shapes):
    if not config.get("use_bias", True):
        del shapes["bias"]
    return shapes


def _dense(config, shape):
    units = config["units"]
    return Info(shape[:-1] + [units], _with_bias(config, kernel=[shape[-1], units], bias=[units]),
                math.prod(shape) * units)


def _conv(config, shape):
    (kh, kw), filters = _pair(config["kernel_size"]), config["filters"]
    stride, padding = _pair(config.get("strides", 1)), config.get("padding", "valid")
    out = [_window(shape[0], kh, stride[0], padding), _window(shape[1], kw, stride[1], padding),
           filters]
    return Info(out, _with_bias(config, kernel=[kh, kw, shape[2], filters], bias=[filters]),
                math.prod(out) * kh * kw * shape[2])


def _pool(config, shape):
    pool, padding = _pair(config["pool_size"]), config.get("padding", "valid")
    stride = _pair(config.get("strides") or pool)
    return Info([_window(shape[i], pool[i], stride[i], padding) for i in (0, 1)] + [shape[2]])


def _batch_normalization(_, shape):
    names = ("gamma", "beta", *NOT_TRAINED)
    return Info(shape, {name: shape[-1:] for name in names})


def _layer_normalization(_, shape):
    return Info(shape, {"gamma": shape[-1:], "beta": shape[-1:]})


def _lstm(config, shape):
    (steps, features), units = shape, config["units"]
    weights = {"lstm_cell/kernel": [features, 4 * units],
               "lstm_cell/recurrent_kernel": [units, 4 * units], "lstm_cell/bias": [4 * units]}
    inner = steps * units * 4 * units
    return Info([steps, units] if config.get("return_sequences") else [units], weights,
                inner + steps * features * 4 * units, inner)


def _attention(config, shape, *_):
    """Of queries, keys and values as long as each other."""
    (steps, width), heads, channels = shape, config["num_heads"], config["key_dim"]
    weights = {}
    for name in ("query", "key", "value"):
        weights[name + "/kernel"] = [width, heads, channels]
        weights[name + "/bias"] = [heads, channels]
    weights["attention_output/kernel"] = [heads, channels, width]
    weights["attention_output/bias"] = [width]
    products = 2 * steps * steps * heads * channels
    output = steps * heads * channels * width
    return Info(shape, weights, 4 * output + products, products + output)


def _same(_, shape, *__):
    return Info(shape)


LAYERS = {"Dense": _dense, "Conv2D": _conv, "MaxPooling2D": _pool, "AveragePooling2D": _pool,
          "Flatten": lambda _, shape: Info([math.prod(shape)]),
          "GlobalAveragePooling1D": lambda _, shape: Info(shape[-1:]),
          "GlobalAveragePooling2D": lambda _, shape: Info(shape[-1:]),
          "BatchNormalization": _batch_normalization, "LayerNormalization": _layer_normalization,
          "LSTM": _lstm, "MultiHeadAttention": _attention, "Add": _same, "Activation": _same,
          "ReLU": _same, "Softmax": _same, "Dropout": _same}


def describe_layer(layer, inputs):
    """The Info of a layer on inputs of these shapes. Errors: KeyError for a class that nobody has
    written down here yet."""
    return LAYERS[layer["class_name"]](layer["config"], *inputs)


def shapes(workload):
    """Of every value, by the name of its layer, "input" first. Errors: KeyError for a class that is
    not known."""
    result = {"input": list(workload["input_shape"])}
    for layer, inputs, _ in graph(workload):
        info = describe_layer(layer, [result[name] for name in inputs])
        result[layer["config"]["name"]] = info.shape
    return result


def describe(workload):
    """Weights by path with their shapes, and the work of a step or a call: {"weights", "flops",
    "batch_bytes", "state_bytes", "state_passes"}. All None when a layer's work is not known."""
    if any(layer["class_name"] not in LAYERS for layer in workload["layers"]):
        return {"weights": None, "flops": None}
    values, weights, flops = shapes(workload), {}, 0
    training = workload["mode"] == "train"
    trained = set()  # values that weights come before: gradients are wanted for them
    for layer, inputs, _ in graph(workload):
        name = layer["config"]["name"]
        info = describe_layer(layer, [values[one] for one in inputs])
        weights.update({f"{name}/{path}": dims for path, dims in info.weights.items()})
        # Forward; towards the weights; towards the input.
        done = info.multiply_adds
        if training:
            done *= 3
            if not trained.intersection(inputs):
                done -= info.multiply_adds - info.inner
        if info.weights or trained.intersection(inputs):
            trained.add(name)
        flops += 2 * done * workload["batch"]
    sizes = {name: math.prod(dims) for name, dims in weights.items()}
    slots = {"Adam": 2, "RMSprop": 1}.get(workload["optimizer"]["class_name"], 0)
    state = sum(sizes.values())
    if training:
        state += slots * sum(size for name, size in sizes.items()
                             if not name.endswith(NOT_TRAINED))
    # A training step reads and writes weights and slots, a prediction reads the weights.
    return {"weights": weights, "flops": flops,
            "batch_bytes": 4 * math.prod(workload["input_shape"]) * workload["batch"],
            "state_bytes": 4 * state, "state_passes": 2 if training else 1}


def roofline_ms(workload, gflops, gbytes, cache_bytes=0):
    """Least milliseconds of a step at these rates, those of float32; None when the work is not
    known, and for other precisions. Weights and slots that fit into `cache_bytes` of the cores' own
    caches need not cross the bus."""
    work = describe(workload)
    if work["flops"] is None or workload["precision"] != "float32" or not gflops or not gbytes:
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


def _waves(count, shape):
    """Waves whose pitch tells the class, with noise, and what each one's first feature would be
    without noise at the step after the last: (x, classes, next values)."""
    steps, features = shape
    generator = random.Random(5)
    x, classes, following = array.array("f"), array.array("i"), array.array("f")
    for i in range(count):
        pitch = i * 7 % 10
        rate, phase = (pitch + 1) / 8, generator.random() * 6
        for step in range(steps):
            x.extend(math.sin(phase + rate * step + feature) + generator.random() / 4
                     for feature in range(features))
        classes.append(pitch)
        following.append(math.sin(phase + rate * steps))
    return x, classes, following


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
    if kind in ("waves", "forecast"):
        x, classes, following = _waves(count, shape)
        y = (classes, [count]) if kind == "waves" else (following, [count, 1])
        return {"x": (x, [count] + shape), "y": y}
    size = math.prod(shape)
    x, y = _fashion(count, size) if kind == "fashion" else _patterns(count, shape)
    return {"x": (x, [count] + shape), "y": (y, [count])}


def make_weights(workload):
    """Glorot-uniform kernels and zero biases; scales and variances are one, and so are the biases
    of an LSTM's forget gate."""
    generator, result = random.Random(4), {}
    for name, shape in describe(workload)["weights"].items():
        values = array.array("f", bytes(4 * math.prod(shape)))
        if name.endswith(("/gamma", "/moving_variance")):
            values = array.array("f", [1.0] * shape[0])
        elif name.endswith("lstm_cell/bias"):
            units = shape[0] // 4
            values[units:2 * units] = array.array("f", [1.0] * units)
        elif name.endswith("kernel"):
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
