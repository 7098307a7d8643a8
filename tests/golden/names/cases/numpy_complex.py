"""Functions of keras.ops.numpy that have to do with complex numbers."""

import numpy as np
from inputs import I, U, V, case

Z = (np.arange(-4, 4) + 1j * np.array([1, -2, 0.5, 0, 3, -1, 2, -0.25])).astype("complex64")
W = (1.5 - 0.5 * np.arange(8) + 0.75j).astype("complex64")
COMPLEX = {"runs": ("f32",), "grad": False}

CASES = []
for name in ("real", "imag", "conj", "conjugate", "angle"):
    # A real number lies at the jump of the angle.
    grad = name != "angle"
    CASES += [
        case(name, U(-3, 3, 3, 5), grad=grad),
        case(name, U(-3, 3, 0, 3), grad=grad),
        case(name, I(-3, 4, 7)),
        case(name, V(Z, "complex64"), **COMPLEX),
        case(name, V(Z.reshape(2, 4), "complex64"), **COMPLEX),
    ]
for name in ("abs", "negative", "square", "exp", "reciprocal", "sum", "mean", "transpose"):
    CASES.append(case(name, V(W, "complex64"), **COMPLEX))
for name in ("add", "subtract", "multiply", "divide", "matmul", "equal", "not_equal"):
    CASES.append(case(name, V(Z, "complex64"), V(W, "complex64"), **COMPLEX))
CASES += [
    case("add", V(Z, "complex64"), U(-2, 2, 8), **COMPLEX),
    case("multiply", V(Z, "complex64"), 2.5, **COMPLEX),
    case("matmul", V(Z.reshape(2, 4), "complex64"), V(W.reshape(4, 2), "complex64"), **COMPLEX),
    case("where", V([1, 0, 1, 0, 0, 1, 1, 0], "bool"), V(Z, "complex64"), V(W, "complex64"), **COMPLEX),
]
