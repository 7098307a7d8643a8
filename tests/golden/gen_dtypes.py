"""dtypes.json: keras.backend.result_type of every pair of dtypes, and of every dtype with a Python
number.

Keras on JAX narrows 64-bit results to 32 bits because JAX lacks them by default; like common.py for
float64, this keeps them. complex128, which Danlu does not have, stays complex64.
"""

import json

import common  # first: it chooses the backend
import keras
from keras.src.backend.common import dtypes

dtypes.BIT64_TO_BIT32_DTYPE = {"complex128": "complex64"}

NAMES = [
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "bfloat16",
    "float16",
    "float32",
    "float64",
    "complex64",
]
NUMBERS = {"bool": "bool", "int": int, "float": float, "complex": "complex64"}


def main():
    result_type = keras.backend.result_type
    tables = {
        "dtypes": NAMES,
        "pairs": {a: {b: result_type(a, b) for b in NAMES} for a in NAMES},
        "numbers": {a: {n: result_type(a, kind) for n, kind in NUMBERS.items()} for a in NAMES},
    }
    path = common.HERE / "dtypes.json"
    path.write_text(json.dumps(tables, indent=1) + "\n")
    print(f"{path.name}: {len(NAMES)}² pairs, {len(NAMES)} dtypes with {len(NUMBERS)} numbers")


main()
