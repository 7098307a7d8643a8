"""A cross-section of keras.ops in float16, and what it has of complex64 beside numpy_complex."""

import numpy as np

from inputs import Input, V, case


def half(low, high, *shape):
    return Input(lambda rng: rng.uniform(low, high, shape).astype(np.float16))


def plane(*shape):
    """complex64 normal numbers."""

    def make(rng):
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)

    return Input(make)


CASES = []
for name in ("exp", "sin", "cos", "tanh", "sigmoid", "relu", "gelu", "softplus", "abs", "negative",
             "square", "floor", "sign", "isnan", "softmax", "log_softmax", "silu", "erf"):
    CASES.append(case(name, half(-3, 3, 3, 5)))
for name in ("log", "sqrt", "rsqrt", "reciprocal", "log1p"):
    CASES.append(case(name, half(0.3, 4, 3, 5)))
for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "less", "equal"):
    CASES += [
        case(name, half(0.5, 3, 3, 5), half(0.5, 3, 5)),
        case(name, half(0.5, 3, 4), 1.5),
    ]
CASES += [
    case("power", half(0.5, 2, 6), half(-2, 2, 6)),
    # With float32 the result is float32, with bfloat16 too; with an integer float16.
    case("add", half(-3, 3, 4), V([1.0, 2, 3, 4]), grad=False, runs=("f32",)),
    case("multiply", half(-3, 3, 4), V([1, 2, 3, 4], "int32")),
    case("exp", V([11.0, 12.0, -20.0, np.inf, -np.inf, np.nan], "float16")),
    case("matmul", half(-1, 1, 4, 6), half(-1, 1, 6, 3)),
    case("matmul", half(-1, 1, 2, 4, 6), half(-1, 1, 6, 3)),
    case("where", V([1, 0, 1, 0], "bool"), half(-1, 1, 4), half(-1, 1, 4)),
    case("concatenate", [half(-1, 1, 2, 3), half(-1, 1, 1, 3)], axis=0),
    case("transpose", half(-1, 1, 2, 3)),
    case("sort", half(-9, 9, 12)),
    case("argmax", half(-9, 9, 12)),
    case("cumsum", half(-1, 1, 9)),
    case("conv", half(-1, 1, 2, 6, 7, 3), half(-1, 1, 3, 2, 3, 4)),
    case("conv", half(-1, 1, 2, 9, 2), half(-1, 1, 3, 2, 4), strides=2, padding="same"),
]
for name in ("sum", "mean", "max", "min", "prod", "var", "std", "logsumexp"):
    CASES += [
        case(name, half(0.5, 1.5, 4, 6)),
        case(name, half(0.5, 1.5, 4, 6), axis=1),
        case(name, half(0.5, 1.5, 2, 3, 4), axis=(0, 2), keepdims=True),
    ]
for name in ("sum", "mean"):
    CASES += [case(name, plane(3, 4), axis=1), case(name, plane(2, 3, 4), axis=(0, 2))]
for name in ("add", "multiply", "divide", "subtract"):
    CASES.append(case(name, plane(3, 4), plane(4)))
CASES += [
    case("matmul", plane(2, 3, 4), plane(4, 2)),
    case("exp", plane(3, 4)),
    case("transpose", plane(2, 3)),
    case("concatenate", [plane(2, 3), plane(1, 3)], axis=0),
    case("where", V([1, 0, 1, 0], "bool"), plane(4), plane(4)),
    case("equal", V([1 + 2j, 3], "complex64"), V([1 + 2j, 3 - 1j], "complex64")),
]
