"""isin, and medians, quantiles and percentiles."""

import numpy as np

from inputs import B, D, I, Input, N, U, V, case

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def holes(*shape):
    """Distinct numbers with NaN among them, one whole row of them."""

    def make(rng):
        values = rng.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32)
        values.reshape(-1)[1::4] = np.nan
        values[0] = np.nan
        return values

    return Input(make)


CASES = [
    case("isin", I(0, 9, 4, 5), I(0, 9, 3)),
    case("isin", I(0, 9, 4, 5), I(0, 9, 2, 2), invert=True),
    case("isin", V([1.0, np.nan, -0.0, 2.5]), V([np.nan, 0.0, 2.5]), grad=False),
    case("isin", V([3, 1, 2], "int32"), V([2, 3], "int32"), assume_unique=True),
    case("isin", I(0, 9, 6), U(0, 9, 3), grad=False),
    case("isin", I(0, 3), I(0, 3, 2)),
    case("isin", I(0, 9, 4), I(0, 9, 0)),
    case("isin", I(0, 9, 4), I(0, 9, 0), invert=True),
    case("isin", I(0, 9, 0, 3), I(0, 9, 2)),
    case("isin", I(0, 200, 9, dtype="uint8"), I(-9, 99, 40, dtype="int8")),
]
for name in ("median", "nanmedian"):
    CASES += [
        case(name, D(7)),
        case(name, D(3, 8)),
        case(name, D(3, 8), axis=1),
        case(name, D(4, 3, 5), axis=-2, keepdims=True),
        case(name, D(4, 3, 5), axis=(0, 2)),
        case(name, D(4, 3, 5), keepdims=True),
        case(name, I(-9, 9, 4, 6), axis=1),
        case(name, D(3), axis=0),
        case(name, U(0, 1)),
        case(name, holes(3, 8), axis=1, grad=False),
        case(name, V([2.0, -np.inf, np.inf, 1.0, 5.0]), grad=False),
    ]
for name, whole in (("quantile", 1), ("nanquantile", 1), ("percentile", 100), ("nanpercentile", 100)):
    for method in METHODS:
        CASES += [
            case(name, D(9), 0.3 * whole, method=method),
            case(name, D(3, 8), V([0.1 * whole, 0.77 * whole, 0.55 * whole]), axis=1, method=method),
            case(name, D(2, 3, 4), V([0.4 * whole, 0.6 * whole]), axis=(0, 2), method=method),
            case(name, holes(4, 7), V([0.25 * whole, 0.9 * whole]), axis=1, method=method,
                 keepdims=True, grad=False),
        ]
    CASES += [
        case(name, D(4, 5), 0.21 * whole, axis=0, keepdims=True),
        case(name, D(4, 5), V([0.21 * whole]), keepdims=True),
        case(name, I(-9, 9, 3, 6), 0.21 * whole, axis=-1),
        case(name, D(4), V([0.0, 1.0 * whole]), grad=False),
        case(name, U(0, 1), 0.5 * whole),
    ]
