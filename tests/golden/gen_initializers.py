"""initializers.json: fans, limit or stddev that Keras passes to its random numbers, per shape.

The numbers are taken from the very calls Keras makes, not from a formula of ours; `observed` holds
moments of one real draw, as a hint of what "truncated" does.
"""

import json

import common  # first: it chooses the backend
import keras
import numpy as np
from keras.src.initializers import random_initializers

SHAPES = [[], [7], [5, 3], [784, 128], [3, 3, 1, 32], [3, 3, 32, 64], [5, 5, 2, 4], [2, 3, 3, 4, 8]]
SCALED = [
    ("glorot_uniform", "GlorotUniform"),
    ("glorot_normal", "GlorotNormal"),
    ("he_uniform", "HeUniform"),
    ("he_normal", "HeNormal"),
    ("lecun_uniform", "LecunUniform"),
    ("lecun_normal", "LecunNormal"),
]
PLAIN = [
    ("zeros", "Zeros", {}),
    ("ones", "Ones", {}),
    ("random_normal", "RandomNormal", {}),
    ("random_normal", "RandomNormal", {"mean": 1.0, "stddev": 0.5}),
    ("random_uniform", "RandomUniform", {}),
    ("random_uniform", "RandomUniform", {"minval": -1.0, "maxval": 3.0}),
    ("truncated_normal", "TruncatedNormal", {}),
    ("truncated_normal", "TruncatedNormal", {"mean": -1.0, "stddev": 2.0}),
    ("constant", "Constant", {"value": 2.5}),
    ("variance_scaling", "VarianceScaling", {}),
    ("variance_scaling", "VarianceScaling", {"scale": 2.0, "mode": "fan_out"}),
    (
        "variance_scaling",
        "VarianceScaling",
        {"scale": 0.5, "mode": "fan_avg", "distribution": "uniform"},
    ),
    ("variance_scaling", "VarianceScaling", {"distribution": "untruncated_normal"}),
    ("he_normal", "HeNormal", {"input_axes": [1], "output_axes": [0]}),
]
# What has no random numbers, or no distribution of single elements: the values themselves.
FIXED = [
    ("Identity", {}, [3, 5]),
    ("Identity", {"gain": 2.0}, [4, 4]),
    ("STFT", {}, [8, 1, 5]),
    ("STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum"}, [7, 1, 4]),
    ("STFT", {"window": None, "periodic": True}, [6, 1, 3]),
    ("STFT", {"periodic": True, "scaling": None}, [6, 1, 4]),
]
ORTHOGONAL = [({}, [6, 4]), ({"gain": 3.0}, [3, 5]), ({}, [2, 3, 4])]
DRAWS = [200, 300]


class Recorder:
    """Stands in for Keras's random module and notes the last call."""

    def __init__(self, real):
        self.real, self.call = real, None

    def __getattr__(self, name):
        function = getattr(self.real, name)
        if name not in ("uniform", "normal", "truncated_normal"):
            return function

        def noted(shape, **arguments):
            kept = ("mean", "stddev", "minval", "maxval")
            parameters = {k: float(arguments[k]) for k in kept if k in arguments}
            self.call = {"distribution": name, **parameters}
            return function(shape, **arguments)

        return noted


def entry(recorder, name, kind, config, shape):
    recorder.call = None
    initializer = getattr(keras.initializers, kind)(**config, **seed_of(kind))
    initializer(shape, dtype="float32")
    fan_in, fan_out = random_initializers.compute_fans(shape)
    kept = {k: v for k, v in initializer.get_config().items() if k != "seed"}
    return {
        "name": name,
        "class": kind,
        "config": config,
        "get_config": kept,
        "shape": shape,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "call": recorder.call,
    }


def seed_of(kind):
    return {} if kind in ("Zeros", "Ones", "Constant") else {"seed": 7}


def observed(kind, config):
    values = np.asarray(
        getattr(keras.initializers, kind)(**config, **seed_of(kind))(DRAWS, dtype="float32"),
        np.float64,
    )
    return {
        "shape": DRAWS,
        "mean": float(values.mean()),
        "stddev": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }


def main():
    common.use("float32")
    recorder = Recorder(random_initializers.random)
    random_initializers.random = recorder
    entries = []
    for name, kind in SCALED:
        entries += [entry(recorder, name, kind, {}, shape) for shape in SHAPES]
        entries[-1]["observed"] = observed(kind, {})
    for name, kind, config in PLAIN:
        entries.append(entry(recorder, name, kind, config, [5, 3]))
        entries[-1]["observed"] = observed(kind, config)
    fixed = []
    for kind, config, shape in FIXED:
        common.use("float64")
        initializer = getattr(keras.initializers, kind)(**config)
        values = np.asarray(initializer(shape, dtype="float64")).reshape(-1).tolist()
        fixed.append(
            {
                "class": kind,
                "config": config,
                "get_config": initializer.get_config(),
                "shape": shape,
                "values": values,
            }
        )
    orthogonal = [{"config": config, "shape": shape} for config, shape in ORTHOGONAL]
    content = {"cases": entries, "fixed": fixed, "orthogonal": orthogonal}
    parts = [
        f' "{key}": [\n  ' + ",\n  ".join(json.dumps(e) for e in values) + "\n ]"
        for key, values in content.items()
    ]
    text = '{\n "keras": ' + json.dumps(keras.__version__) + ",\n" + ",\n".join(parts) + "\n}\n"
    (common.HERE / "initializers.json").write_text(text)
    print(f"initializers.json: {len(entries)} cases")


if __name__ == "__main__":
    main()
