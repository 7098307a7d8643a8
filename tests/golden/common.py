"""What every generator shares: the float type switch, the file writer, the checksums of a tensor.

Import this module before keras: it chooses the backend.
"""

import json
import os
import pathlib
import struct
import zlib

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras.src.backend.common import dtypes  # noqa: E402

# Keras on JAX promotes float64 to float32 in some ops (tanh among them) because JAX lacks float64
# by default. With JAX's x64 mode on, that would only round the float64 run in its middle.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

HERE = pathlib.Path(__file__).resolve().parent
DTYPES = {"f64": "float64", "f32": "float32"}
SAFETENSORS_NAMES = {"float64": "F64", "float32": "F32", "int32": "I32", "uint8": "U8"}
SAMPLES = 256
SIGN_VECTORS = 4


def use(dtype):
    """Makes Keras compute in `dtype` ("float64" or "float32") from here on."""
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


def rng_of(name):
    """A generator that depends on the case's name only, so adding a case moves no other."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def normal(rng, shape, scale=1.0):
    """float32 normal numbers; the float64 run casts the same values up."""
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def write(filename, tensors, metadata):
    """Writes a safetensors file whose bytes depend on its contents only.

    Wider elements come first so that each tensor is aligned; metadata values are JSON texts.
    """
    order = sorted(tensors, key=lambda name: (-np.asarray(tensors[name]).dtype.itemsize, name))
    header = {"__metadata__": {k: json.dumps(v, ensure_ascii=False) for k, v in metadata.items()}}
    blobs, offset = [], 0
    for name in order:
        array = np.ascontiguousarray(tensors[name])
        array = array.reshape(np.asarray(tensors[name]).shape)  # a scalar stays one
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{filename}: {name} is not finite")
        blob = array.tobytes()
        header[name] = {
            "dtype": SAFETENSORS_NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    (HERE / filename).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    print(f"{filename}: {len(tensors)} tensors, {8 + len(text) + offset} bytes")


def splitmix64(index):
    """One SplitMix64 output for each uint64 in `index` (Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        z = np.asarray(index, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def hashes(stream, count):
    """SplitMix64 of stream * 2^32 + 0, 1, …, count - 1."""
    return splitmix64((np.uint64(stream) << np.uint64(32)) + np.arange(count, dtype=np.uint64))


def signs(stream, count):
    """+1 or -1 per index: -1 where the hash's top bit is set."""
    return np.where(hashes(stream, count) >> np.uint64(63), -1.0, 1.0)


def uniform_weights(stream, shape, limit):
    """float32 weights in [-limit, limit) that C++ can rebuild bit for bit."""
    count = int(np.prod(shape))
    unit = (hashes(stream, count) >> np.uint64(40)).astype(np.float64) / 2.0**24
    return ((2.0 * unit - 1.0) * np.float64(limit)).astype(np.float32).reshape(shape)


def fingerprint(array):
    """norm, sum, dots with the sign vectors and a strided sample; together they see every entry."""
    flat = np.asarray(array, np.float64).reshape(-1)
    stride = max(1, flat.size // SAMPLES)
    return {
        "norm": np.sqrt(np.sum(flat * flat)),
        "sum": np.sum(flat),
        "dots": np.array([flat @ signs(s, flat.size) for s in range(SIGN_VECTORS)]),
        "sample": flat[::stride][:SAMPLES].copy(),
    }


def assert_dtype(array, dtype):
    """Returns `array` as numpy after making sure that Keras really computed in `dtype`."""
    array = np.asarray(array)
    if array.dtype.name != dtype:
        raise TypeError(f"expected {dtype}, Keras gave {array.dtype}")
    return array
