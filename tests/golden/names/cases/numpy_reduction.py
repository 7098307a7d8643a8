"""Reductions, scans and products of keras.ops.numpy."""

from inputs import B, D, I, N, U, V, case

NAN, INF = float("nan"), float("inf")


def reductions(name, make, **options):
    """All, one and several axes, kept dimensions, a vector, an empty result."""
    return [
        case(name, make(3, 5), **options),
        case(name, make(3, 5), axis=1, **options),
        case(name, make(2, 3, 4), axis=-2, keepdims=True, **options),
        case(name, make(7), **options),
        case(name, make(0, 3), axis=1, **options),
    ]


def over_axes(name, make, **options):
    return [
        case(name, make(2, 3, 4), axis=(0, 2), **options),
        case(name, make(2, 3, 4), keepdims=True, **options),
    ]


def u(*shape):
    return U(-3, 3, *shape)


def positive(*shape):
    return U(0.5, 1.8, *shape)


def holes(*shape):
    """Normal numbers with NaN among them, never a whole row."""
    import inputs
    import numpy as np

    def make(rng):
        values = rng.standard_normal(shape).astype(np.float32)
        flat = values.reshape(-1)
        flat[1::4] = np.nan
        return values

    return inputs.Input(make)


CASES = []
for name in ("sum", "mean", "var", "std", "nansum"):
    CASES += reductions(name, u) + over_axes(name, u) + [case(name, I(-9, 9, 4, 3), axis=0)]
for name in ("max", "min", "amax", "amin", "ptp"):
    CASES += reductions(name, D) + over_axes(name, D)
    CASES += [case(name, I(-9, 9, 4, 3), axis=0)]
for name in ("max", "min"):
    CASES += [case(name, D(3, 4), axis=1, initial=0.1), case(name, D(0, 4), axis=0, initial=2.0)]
CASES += reductions("prod", positive) + over_axes("prod", positive)
CASES += reductions("nanprod", positive)
CASES += [
    case("prod", I(1, 4, 4, 3), axis=0),
    case("prod", V([[0.0, 2, 3], [4, 5, 6], [0, 7, 0]]), axis=1),
    case("prod", U(0.5, 2, 0, 3), axis=0),
    case("sum", U(0, 1, 0, 3), axis=0),
    case("sum", B(4, 5), axis=0),
    case("sum", U(-3, 3)),
    case("mean", B(4, 5), axis=0),
    case("prod", B(4)),
]
for name in ("all", "any"):
    CASES += [
        case(name, B(3, 4)),
        case(name, B(3, 4), axis=0),
        case(name, B(2, 3, 4), axis=(0, 1), keepdims=True),
        case(name, V([[1.0, 0.0], [2.0, -1.0]]), axis=1),
        case(name, I(0, 2, 5)),
        case(name, B(0, 3), axis=0),
        case(name, B()),
    ]
CASES += [
    case("count_nonzero", I(0, 3, 4, 5)),
    case("count_nonzero", I(0, 3, 4, 5), axis=1),
    case("count_nonzero", U(-1, 1, 2, 3, 4), axis=(0, 2)),
    case("count_nonzero", B(0, 3), axis=0),
]
for name in ("argmax", "argmin"):
    CASES += [
        case(name, D(3, 5)),
        case(name, D(3, 5), axis=1),
        case(name, D(2, 3, 4), axis=-2, keepdims=True),
        case(name, I(0, 4, 3, 6), axis=1),
        case(name, V([1.0, 3.0, 3.0, -2.0, -2.0])),
        case(name, D(7), keepdims=True),
    ]
for name in ("nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "nansum", "nanprod"):
    CASES += [
        case(name, holes(5, 6), grad=False),
        case(name, holes(5, 6), axis=1, grad=False),
        case(name, holes(5, 6), axis=0, keepdims=True, grad=False),
        case(name, V([[NAN, NAN], [1.0, NAN]]), axis=1, grad=False),
        case(name, N(3, 5), axis=1),
        case(name, N(2, 3, 4), axis=(0, 2)),
        case(name, I(1, 5, 2, 3), axis=1),
    ]
for name in ("nanargmax", "nanargmin"):
    CASES += [
        case(name, holes(5, 6)),
        case(name, holes(5, 6), axis=1),
        case(name, holes(5, 6), axis=0, keepdims=True),
        case(name, V([[NAN, NAN], [1.0, NAN]]), axis=1),
        case(name, I(1, 50, 2, 3), axis=1),
    ]
for name in ("cumsum", "cumprod"):
    CASES += [
        case(name, positive(7)),
        case(name, positive(3, 5)),
        case(name, positive(3, 5), axis=1),
        case(name, positive(2, 3, 4), axis=-2),
        case(name, positive(0, 3), axis=0),
        case(name, I(1, 4, 3, 5), axis=0),
        case(name, B(6), axis=0),
    ]
for name in ("nancumsum", "nancumprod"):
    CASES += [
        case(name, holes(3, 5), axis=1, grad=False),
        case(name, holes(3, 5), grad=False),
        case(name, positive(3, 5), axis=0),
        case(name, I(1, 4, 6), axis=0),
    ]
CASES += [
    case("cumprod", V([2.0, 0.0, 3.0, 4.0, 0.0, 5.0]), axis=0),
    case("cumprod", V([2.0, 3.0, 4.0, 0.0]), axis=0),
    case("average", u(3, 5)),
    case("average", u(3, 5), axis=1),
    case("average", u(3, 5), axis=1, weights=positive(5)),
    case("average", u(3, 5), axis=0, weights=positive(3, 5)),
    case("average", u(3, 5), weights=positive(3, 5)),
    case("average", I(0, 9, 3, 5), axis=1),
    case("diff", u(7)),
    case("diff", u(3, 5), 2),
    case("diff", u(3, 5), axis=0),
    case("diff", I(-9, 9, 6)),
    case("diff", B(6)),
    case("diff", u(0)),
    case("trapezoid", u(7)),
    case("trapezoid", u(3, 5), dx=0.5),
    case("trapezoid", u(3, 5), axis=0),
    case("trapezoid", u(3, 5), U(0, 1, 5)),
    case("trapezoid", u(3, 4), U(0, 1, 3, 4), axis=0),
    case("corrcoef", N(4, 9)),
    case("corrcoef", N(2, 30)),
    case("dot", N(5), N(5)),
    case("dot", N(3, 4), N(4, 2)),
    case("dot", N(3, 4), N(4)),
    case("dot", N(2, 3, 4), N(5, 4, 2)),
    case("dot", N(), N(3)),
    case("dot", N(0, 4), N(4, 2)),
    case("dot", I(-5, 5, 3, 4), I(-5, 5, 4, 2)),
    case("inner", N(5), N(5)),
    case("inner", N(2, 3, 4), N(5, 4)),
    case("inner", N(3), N()),
    case("inner", I(-5, 5, 3, 4), I(-5, 5, 2, 4)),
    case("outer", N(3), N(4)),
    case("outer", N(2, 2), N(3)),
    case("outer", I(-5, 5, 3), I(-5, 5, 2)),
    case("outer", N(0), N(3)),
    case("vdot", N(5), N(5)),
    case("vdot", N(2, 3), N(2, 3)),
    case("vdot", I(-5, 5, 4), I(-5, 5, 4)),
    case("tensordot", N(2, 3, 4), N(3, 4, 5)),
    case("tensordot", N(2, 3), N(4), axes=0),
    case("tensordot", N(2, 3, 4), N(4, 3, 5), axes=[[1, 2], [1, 0]]),
    case("tensordot", N(3, 4), N(4, 2), axes=1),
    case("tensordot", N(0, 4), N(4, 2), axes=1),
    case("kron", N(2, 3), N(3, 2)),
    case("kron", N(3), N(2)),
    case("kron", N(2), N(2, 3)),
    case("kron", I(-5, 5, 2, 2), I(-5, 5, 2)),
    case("cross", N(4, 3), N(4, 3)),
    case("cross", N(3), N(3)),
    case("cross", N(4, 2), N(4, 2)),
    case("cross", N(3, 4), N(3, 4), axis=0),
    case("cross", N(3, 4), N(4, 3), axisa=0, axisb=1, axisc=0),
    case("cross", N(4, 3), N(4, 2)),
    case("correlate", N(7), N(3)),
    case("correlate", N(3), N(7)),
    case("correlate", N(7), N(3), mode="same"),
    case("correlate", N(6), N(4), mode="same"),
    case("correlate", N(7), N(4), mode="full"),
    case("correlate", N(3), N(6), mode="full"),
    case("correlate", I(-5, 5, 7), I(-5, 5, 3)),
    case("matmul", N(3, 4), N(4, 2)),
    case("matmul", N(4), N(4, 2)),
    case("matmul", N(3, 4), N(4)),
    case("matmul", N(2, 1, 3, 4), N(5, 4, 2)),
    case("matmul", N(0, 4), N(4, 2)),
    case("matmul", I(-5, 5, 3, 4), I(-5, 5, 4, 2)),
]
for subscripts, *shapes in (
    ("ij,jk->ik", (3, 4), (4, 2)),
    ("ij,jk", (3, 4), (4, 2)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("...ij,...jk->...ik", (2, 3, 4), (4, 5)),
    ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    ("ii", (4, 4)),
    ("ii->i", (4, 4)),
    ("ij->ji", (3, 4)),
    ("ji", (3, 4)),
    ("ijk->", (2, 3, 4)),
    ("ijk->j", (2, 3, 4)),
    ("i,j->ij", (3,), (4,)),
    ("i,i", (5,), (5,)),
    ("ij,ij->ij", (3, 4), (3, 4)),
    ("ij,j,jk->ik", (3, 4), (4,), (4, 2)),
    ("ab,bc,cd,de->ae", (2, 3), (3, 4), (4, 5), (5, 2)),
    ("abc, cd -> abd", (2, 3, 4), (4, 5)),
    ("...i,...i->...", (2, 3, 4), (3, 4)),
    ("...a->a...", (2, 3, 4)),
    ("aij,ajk->ai", (2, 3, 4), (2, 4, 5)),
    ("ij,kj->", (0, 4), (2, 4)),
):
    CASES.append(case("einsum", subscripts, *[N(*shape) for shape in shapes]))
CASES.append(case("einsum", "ij,jk->ik", I(-5, 5, 3, 4), I(-5, 5, 4, 2)))
