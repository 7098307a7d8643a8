"""Chooses Keras's backend; import it before keras."""

import contextlib
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import keras  # noqa: E402
from keras.src.backend.common import dtypes  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
_NARROW = dict(dtypes.BIT64_TO_BIT32_DTYPE)


@contextlib.contextmanager
def computing_in(run):
    """ "f32": Keras as it comes. "f64": JAX's 64-bit mode, with Keras's own rounding of float64 to
    float32 on JAX taken out."""
    wide = run == "f64"
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64" if wide else _NARROW["float64"]
    keras.config.set_floatx("float64" if wide else "float32")
    with jax.enable_x64(wide):
        yield
    dtypes.BIT64_TO_BIT32_DTYPE.update(_NARROW)
    keras.config.set_floatx("float32")
