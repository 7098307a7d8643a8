"""Elementwise functions of keras.ops.numpy."""

from inputs import B, I, U, V, case

# Floating functions of one argument: where their inputs are drawn from.
UNARY = {
    "abs": (-3, 3),
    "absolute": (-3, 3),
    "angle": (-3, 3),
    "arccos": (-0.9, 0.9),
    "arccosh": (1.2, 6),
    "arcsin": (-0.9, 0.9),
    "arcsinh": (-6, 6),
    "arctan": (-6, 6),
    "arctanh": (-0.9, 0.9),
    "cbrt": (-9, 9),
    "ceil": (-5, 5),
    "conj": (-3, 3),
    "conjugate": (-3, 3),
    "copy": (-3, 3),
    "cos": (-6, 6),
    "cosh": (-3, 3),
    "deg2rad": (-400, 400),
    "exp": (-3, 3),
    "exp2": (-5, 5),
    "expm1": (-3, 3),
    "fabs": (-3, 3),
    "floor": (-5, 5),
    "i0": (-6, 6),
    "imag": (-3, 3),
    "isfinite": (-3, 3),
    "isinf": (-3, 3),
    "isnan": (-3, 3),
    "isneginf": (-3, 3),
    "isposinf": (-3, 3),
    "isreal": (-3, 3),
    "log": (0.1, 5),
    "log10": (0.1, 5),
    "log1p": (-0.8, 5),
    "log2": (0.1, 5),
    "logical_not": (-3, 3),
    "nan_to_num": (-3, 3),
    "negative": (-3, 3),
    "rad2deg": (-6, 6),
    "real": (-3, 3),
    "reciprocal": (0.3, 4),
    "round": (-5, 5),
    "sign": (-3, 3),
    "signbit": (-3, 3),
    "sin": (-6, 6),
    "sinc": (-3, 3),
    "sinh": (-3, 3),
    "sqrt": (0.1, 9),
    "square": (-3, 3),
    "tan": (-1.3, 1.3),
    "tanh": (-3, 3),
    "trunc": (-5, 5),
}

# Functions of two floating arguments.
BINARY = {
    "add": (-3, 3),
    "arctan2": (-3, 3),
    "divide": (0.4, 3),
    "divide_no_nan": (0.4, 3),
    "equal": (-3, 3),
    "floor_divide": (0.4, 3),
    "fmax": (-3, 3),
    "fmin": (-3, 3),
    "fmod": (-3, 3),
    "greater": (-3, 3),
    "greater_equal": (-3, 3),
    "heaviside": (-3, 3),
    "hypot": (-3, 3),
    "isclose": (-3, 3),
    "less": (-3, 3),
    "less_equal": (-3, 3),
    "logaddexp": (-3, 3),
    "logaddexp2": (-3, 3),
    "logical_and": (-3, 3),
    "logical_or": (-3, 3),
    "logical_xor": (-3, 3),
    "maximum": (-3, 3),
    "minimum": (-3, 3),
    "mod": (-3, 3),
    "multiply": (-3, 3),
    "nextafter": (-3, 3),
    "not_equal": (-3, 3),
    "power": (0.3, 3),
    "subtract": (-3, 3),
    "true_divide": (0.4, 3),
}
# JAX has no derivative of them, or another where the function is not smooth.
NO_GRADIENT = {"nextafter", "heaviside"}

INTEGERS = (
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift",
    "left_shift", "right_shift", "gcd", "lcm",
)  # fmt: skip

INF, NAN = float("inf"), float("nan")
ODD = V([0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e-10, -1e10])
FINITE = V([0.0, -0.0, 1.0, -1.0, 60.0, -60.0, 80.0])  # JAX gives NaN for i0(inf)
LEFT = V([0.0, 0.0, 1.0, INF, INF, -INF, NAN, 2.0, NAN, -1.0])
RIGHT = V([0.0, 1.0, 0.0, INF, 1.0, INF, 1.0, NAN, NAN, -INF])
# What depends on the machine at these points, or is an error of Keras's.
NOT_AT_ODD = {"nextafter", "floor_divide", "mod", "fmod", "divide_no_nan"}

CASES = []
for name, (low, high) in UNARY.items():
    CASES += [
        case(name, U(low, high, 3, 5)),
        case(name, U(low, high, 2, 1, 4)),
        case(name, U(low, high)),
        case(name, U(low, high, 0, 3)),
        case(name, I(1, 6, 7)),
        case(name, FINITE if name == "i0" else ODD, grad=False,
             runs=("f32",) if name == "nan_to_num" else ("f64", "f32")),
    ]
for name, (low, high) in BINARY.items():
    smooth = name not in NO_GRADIENT
    CASES += [
        case(name, U(low, high, 3, 4), U(low, high, 3, 4), grad=smooth),
        case(name, U(low, high, 3, 1), U(low, high, 4), grad=smooth),
        case(name, U(low, high, 2, 3), 2, grad=smooth),
        case(name, 1.5, U(low, high, 5), grad=smooth),
        case(name, U(low, high), U(low, high), grad=smooth),
        case(name, U(low, high, 0, 3), U(low, high, 3), grad=smooth),
        case(name, I(1, 4, 2, 3), I(1, 4, 3)),
        case(name, I(1, 4, 6), U(low, high, 6), grad=smooth),
    ]
    if name not in NOT_AT_ODD:
        CASES.append(case(name, LEFT, RIGHT, grad=False))
for name in INTEGERS:
    CASES += [
        case(name, I(0, 30, 3, 4), I(0, 9, 3, 4)),
        case(name, I(-30, 30, 3, 1), I(0, 9, 4)),
        case(name, I(0, 30, 5), 3),
        case(name, I(0, 30), I(1, 9)),
        case(name, I(0, 30, 0, 3), I(1, 9, 3)),
    ]
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    CASES.append(case(name, B(7), B(7)))
for name in ("bitwise_not", "bitwise_invert"):
    CASES += [case(name, I(-30, 30, 3, 4)), case(name, I(0, 30)), case(name, I(0, 9, 0, 2))]
    CASES += [case(name, B(5)), case(name, I(0, 256, 6, dtype="uint8"))]
for name in ("floor_divide", "mod", "fmod"):
    CASES += [
        case(name, V([7, -7, 7, -7, 6, -6], "int32"), V([3, 3, -3, -3, 3, -3], "int32")),
        case(name, V([7, -7, 7, -7, 6.5, -6]), V([3, 3, -3, -3, 3.25, -3])),
    ]
CASES += [
    case("divide_no_nan", V([1.0, 2.0, 0.0]), V([0.0, 4.0, 0.0])),
    case("nextafter", V([0.0, 1.0, 1.0, -1.0, 3.0]), V([1.0, INF, -INF, 0.0, 3.0]), runs=("f64",),
         tol64=0, grad=False),
    case("nextafter", V([0.0, 1.0, 1.0, -1.0, 3.0]), V([1.0, INF, -INF, 0.0, 3.0]), runs=("f32",),
         tol32=0, grad=False),
    case("ldexp", U(-3, 3, 3, 4), I(-5, 5, 3, 4)),
    case("ldexp", U(-3, 3, 3, 1), I(-5, 5, 4)),
    case("ldexp", U(-3, 3), I(0, 5)),
    case("ldexp", U(-3, 3, 0, 2), I(0, 5, 2)),
    case("round", U(-50, 50, 12), 1),
    case("round", U(-50, 50, 12), decimals=3),
    case("round", U(-5000, 5000, 12), -2),
    case("round", V([0.5, 1.5, 2.5, -0.5, -1.5])),
    case("nan_to_num", ODD, 1.5, 7, -8.0, grad=False),
    case("isclose", V([1.0, 1.00001, 1.1, NAN, INF]), V([1.0, 1.0, 1.0, NAN, INF])),
    case("isclose", V([1.0, 1.00001, 1.1, NAN]), V([1.0, 1.0, 1.0, NAN]), equal_nan=True),
    case("isclose", V([1.0, 1.05, 1.2]), V([1.0, 1.0, 1.0]), rtol=0.1, atol=0.05),
    case("allclose", V([1.0, 1.000001, 3.0]), V([1.0, 1.0, 3.0])),
    case("allclose", U(0, 1, 2, 3), U(0, 1, 2, 3)),
    case("allclose", U(0, 1, 2, 3), U(0, 1, 2, 3), atol=2),
    case("allclose", U(0, 1, 0), U(0, 1, 0)),
    case("allclose", V([NAN]), V([NAN]), equal_nan=True),
    case("allclose", I(1, 3, 4), I(1, 3, 4)),
    case("clip", U(-3, 3, 3, 5), -1.5, 2),
    case("clip", U(-3, 3), -1, 1),
    case("clip", U(-3, 3, 0, 2), -1, 1),
    case("clip", U(-3, 3, 4), U(-2, 0, 4), U(0.1, 2, 4)),
    case("clip", I(-9, 9, 3, 3), -4, 5),
    case("where", B(3, 4), U(-3, 3, 3, 4), U(-3, 3, 3, 4)),
    case("where", B(3, 1), U(-3, 3, 4), 2.0),
    case("where", B(), U(-3, 3, 2), I(1, 3, 2)),
    case("where", B(0, 3), U(-3, 3, 3), U(-3, 3)),
    case("where", I(0, 2, 5), I(1, 9, 5), I(1, 9, 5)),
    case("view", I(-9, 9, 3, 4), "float32"),
    case("view", I(0, 255, 2, 8, dtype="uint8"), "int32"),
    case("view", I(0, 9, 3), "uint8"),
    case("view", U(1, 2, 5), "int32", runs=("f32",), grad=False),
]
for name in ("logical_and", "logical_or", "logical_xor", "equal", "not_equal", "maximum", "add"):
    CASES.append(case(name, B(2, 5), B(5)))
for name in ("logical_not", "abs", "sqrt", "exp", "isnan"):
    CASES.append(case(name, B(2, 5)))
