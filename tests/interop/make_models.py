#!/usr/bin/env python3
"""Makes the models of tests/interop: built, compiled and trained by Keras.

    KERAS_BACKEND=jax tests/interop/make_models.py [NAME...]   # Keras 3.15.1, JAX, float64

Of each model NAME it trains 5 steps, saves models/NAME.keras, trains 5 more, and writes
models/NAME.npz: the data ("x0", "x1", …, "y"), the predictions of the saved model ("predicted"),
the losses of the 5 steps that follow ("losses") and the predictions after them ("trained"). Danlu
loads the file, has to predict the same, takes the same 5 steps, and has to come to the same.

    tests/interop/make_models.py --check FOLDER

loads the files FOLDER/NAME.keras that Danlu wrote after its 5 steps (danlu_interop_test leaves them
there when DANLU_INTEROP_OUT names the folder), predicts, takes 5 more steps, and compares with what
Danlu says it gets (FOLDER/NAME.npz: "predicted", "losses", "trained"). Models whose names begin with
"mixed" compute in 16 bits and are compared accordingly.
"""

import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras.src.backend.common import dtypes

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE / "models"
STEPS, BATCH = 5, 8
EXACT, MIXED = 1e-9, 3e-2  # in float64, and in 16 bits in between
keras.config.set_floatx("float64")
# Keras on JAX computes some ops (tanh among them) in float32, because JAX lacks float64 by default.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


def dot_product_attention(query, key, value, bias=None, mask=None, scale=None, is_causal=False, **_):
    """As jax.nn.dot_product_attention, whose softmax is in float32 whatever the dtype is."""
    assert bias is None and key.shape[2] == query.shape[2]
    logits = jnp.einsum("BTNH,BSNH->BNTS", query, key) * (scale or query.shape[-1] ** -0.5)
    allowed = jnp.ones(logits.shape, bool) if mask is None else mask
    if is_causal:
        allowed &= jnp.tril(jnp.ones(logits.shape[-2:], bool))
    probabilities = jax.nn.softmax(jnp.where(allowed, logits, -1e300), axis=-1)
    return jnp.einsum("BNTS,BSNH->BTNH", probabilities, value)


keras.src.backend.nn.dot_product_attention = dot_product_attention

sys.path.insert(0, str(HERE))
from zoo import ZOO  # noqa: E402


def data_of(model, seed):
    """One batch for the inputs and outputs of `model`."""
    rng = np.random.default_rng(seed)
    x = []
    for tensor in model.inputs:
        shape = (BATCH,) + tuple(n or 6 for n in tensor.shape[1:])
        if tensor.dtype.startswith("int"):
            x.append(rng.integers(0, 7, shape).astype("int32"))
        else:
            x.append(rng.normal(size=shape))
    y = [rng.normal(size=(BATCH,) + tuple(n or 6 for n in t.shape[1:])) for t in model.outputs]
    return x, y


def steps(model, x, y):
    """The losses of some steps on one batch, each before the step is taken."""
    one = lambda parts: parts[0] if len(parts) == 1 else parts
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(one(x), one(y), return_dict=True)["loss"]))
    return np.array(losses)


def predicted(model, x):
    outputs = model(x if len(x) > 1 else x[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [np.asarray(output).astype("float64") for output in outputs]


def arrays(x, y, before, losses, after):
    named = {f"x{i}": part for i, part in enumerate(x)}
    named |= {f"y{i}": part for i, part in enumerate(y)}
    named |= {f"predicted{i}": part for i, part in enumerate(before)}
    named |= {f"trained{i}": part for i, part in enumerate(after)}
    return named | {"losses": losses}


def make(name):
    keras.utils.clear_session()
    keras.utils.set_random_seed(sum(map(ord, name)))
    model = ZOO[name]()
    x, y = data_of(model, len(name))
    if "categorical_crossentropy" in str(model.loss):
        y = [np.abs(part) / np.abs(part).sum(-1, keepdims=True) for part in y]
    elif "crossentropy" in str(model.loss) or str(model.loss) in ("bce",):
        y = [(part > 0).astype("float64") for part in y]
    steps(model, x, y)
    model.save(MODELS / f"{name}.keras")
    before = predicted(model, x)
    losses = steps(model, x, y)
    np.savez_compressed(MODELS / f"{name}.npz", **arrays(x, y, before, losses, predicted(model, x)))
    print(f"{name}: loss {losses[0]:.6g} to {losses[-1]:.6g}")


def check(folder):
    failed = 0
    names = sorted(path.stem for path in pathlib.Path(folder).glob("*.keras"))
    for name in names:
        model = keras.models.load_model(pathlib.Path(folder) / f"{name}.keras")
        told = dict(np.load(pathlib.Path(folder) / f"{name}.npz"))
        x = [told[f"x{i}"] for i in range(len(model.inputs))]
        y = [told[f"y{i}"] for i in range(len(model.outputs))]
        before = predicted(model, x)
        losses = steps(model, x, y)
        mine = arrays(x, y, before, losses, predicted(model, x))
        off = max(np.linalg.norm(mine[key] - told[key]) / max(np.linalg.norm(mine[key]), 1e-300)
                  for key in told)
        fine = off <= (MIXED if name.startswith("mixed") else EXACT)
        print(f"{name}: {off:.1e}" + ("" if fine else "  FAILED"))
        failed += not fine
    print(f"{len(names)} models, {failed} of them too far off")
    return 0 if names and failed == 0 else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(check(sys.argv[2]))
    MODELS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or sorted(ZOO):
        make(name)
