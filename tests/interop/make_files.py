#!/usr/bin/env python3
"""Makes tests/interop/files: what Keras writes besides one .keras file for one model.

    tests/interop/make_files.py   # Keras 3.15.1, JAX

sharded.weights.json with its shards, folder/ (a model saved with zipped=False), and models whose
layers stand in several places: shared.keras (in two networks inside), shared_cell.keras (in two
RNN layers) and shared_sequential.keras. Each NAME.npz has data ("x") and what the model gives
("y"); dense.npz that of the first two.

    tests/interop/make_files.py --check FOLDER

reads what danlu_interop_test wrote to FOLDER and compares. Keras 3.15.1 cannot read its own three
models with shared layers back, because it numbers all places but the first; Danlu numbers that
too, and Keras reads the last two. Of functional models inside one another it takes the calls of the
first for those of the second.
"""

import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers as L

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "files"
SHARD = 250 / 1024**3  # GiB, so that every other weight needs a file of its own


def dense():
    x = keras.Input((5,), name="x")
    y = L.Dense(7, "tanh", name="first")(x)
    y = L.Dense(6, "tanh", name="second")(y)
    return keras.Model(x, L.Dense(2, name="third")(y), name="net")


def shared():
    inner = L.Dense(3, "tanh", name="both")
    a, b, x = keras.Input((3,)), keras.Input((3,)), keras.Input((3,), name="x")
    one = keras.Model(a, inner(a), name="one")
    two = keras.Model(b, L.ReLU()(inner(b)), name="two")
    return keras.Model(x, L.Add()([one(x), two(x)]))


def shared_cell():
    cell = L.LSTMCell(3, name="both")
    x = keras.Input((4, 3), name="x")
    forward, backward = L.RNN(cell)(x), L.RNN(cell, go_backwards=True)(x)
    return keras.Model(x, L.Concatenate()([forward, backward]))


def shared_sequential():
    inner = L.Dense(3, "tanh", name="both")
    return keras.Sequential([keras.Input((3,)), keras.Sequential([inner], name="one"),
                             keras.Sequential([inner, L.ReLU()], name="two")])


def data(model):
    shape = tuple(model.inputs[0].shape[1:])
    return np.random.default_rng(7).normal(size=(4,) + shape).astype("float32")


def note(name, model):
    x = data(model)
    np.savez_compressed(FILES / f"{name}.npz", x=x, y=np.asarray(model(x)))


def make():
    keras.utils.set_random_seed(3)
    model = dense()
    model.save_weights(FILES / "sharded.weights.json", max_shard_size=SHARD)
    model.compile("adam", "mse")
    model.save(FILES / "folder", zipped=False)
    note("dense", model)
    for build in (shared, shared_cell, shared_sequential):
        keras.utils.clear_session()
        model = build()
        model.save(FILES / f"{build.__name__}.keras")
        note(build.__name__, model)
    (FILES / "folder" / "assets").rmdir()


def check(folder):
    folder = pathlib.Path(folder)
    sharded = dense()
    sharded.load_weights(folder / "sharded.weights.json")
    load = keras.models.load_model
    worst = 0
    for name, file, model in (
        ("dense", "sharded.weights.json", sharded),
        ("dense", "folder", load(folder / "folder")),
        ("shared_cell", "shared_cell.keras", load(folder / "shared_cell.keras")),
        ("shared_sequential", "shared_sequential.keras", load(folder / "shared_sequential.keras")),
    ):
        told = np.load(FILES / f"{name}.npz")
        off = np.abs(np.asarray(model(told["x"])) - told["y"]).max()
        print(f"{file}: {off:.1e}")
        worst = max(worst, off)
    return 0 if worst < 1e-6 else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(check(sys.argv[2]))
    FILES.mkdir(exist_ok=True)
    make()
