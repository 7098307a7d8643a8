"""Elementwise functions of keras.ops.numpy: floating functions of one argument."""

from inputs import I, U, case

# Function: where its float inputs are drawn from.
UNARY = {
    "abs": (-3, 3),
    "absolute": (-3, 3),
    "ceil": (-5, 5),
    "cos": (-6, 6),
    "exp": (-3, 3),
    "expm1": (-3, 3),
    "floor": (-5, 5),
    "log": (0.1, 5),
    "log1p": (-0.8, 5),
    "negative": (-3, 3),
    "reciprocal": (0.3, 4),
    "sign": (-3, 3),
    "sin": (-6, 6),
    "sqrt": (0.1, 9),
    "square": (-3, 3),
    "tanh": (-3, 3),
}

# Functions of two arguments.
BINARY = {
    "add": (-3, 3),
    "divide": (0.4, 3),
    "maximum": (-3, 3),
    "minimum": (-3, 3),
    "multiply": (-3, 3),
    "power": (0.3, 3),
    "subtract": (-3, 3),
    "true_divide": (0.4, 3),
}

CASES = []
for name, (low, high) in UNARY.items():
    CASES += [
        case(name, U(low, high, 3, 5)),
        case(name, U(low, high, 2, 1, 4)),
        case(name, U(low, high)),
        case(name, U(low, high, 0, 3)),
        case(name, I(1, 6, 7)),
    ]
for name, (low, high) in BINARY.items():
    CASES += [
        case(name, U(low, high, 3, 4), U(low, high, 3, 4)),
        case(name, U(low, high, 3, 1), U(low, high, 4)),
        case(name, U(low, high, 2, 3), 2),
        case(name, 1.5, U(low, high, 5)),
        case(name, U(low, high), U(low, high)),
        case(name, U(low, high, 0, 3), U(low, high, 3)),
        case(name, I(1, 4, 2, 3), I(1, 4, 3)),
        case(name, I(1, 4, 6), U(low, high, 6)),
    ]
