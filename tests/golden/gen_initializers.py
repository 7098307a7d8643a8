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
]
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
    return {
        "name": name,
        "class": kind,
        "config": config,
        "shape": shape,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "call": recorder.call,
    }


def seed_of(kind):
    return {} if kind in ("Zeros", "Ones") else {"seed": 7}


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
    lines = ",\n  ".join(json.dumps(e) for e in entries)
    text = (
        '{\n "keras": ' + json.dumps(keras.__version__) + ',\n "cases": [\n  ' + lines + "\n ]\n}\n"
    )
    (common.HERE / "initializers.json").write_text(text)
    print(f"initializers.json: {len(entries)} cases")


if __name__ == "__main__":
    main()
