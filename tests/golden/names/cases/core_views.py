"""Complex numbers from real ones and back, patterns of axes, forward mode, sparsemax."""

import jax.numpy as jnp
import numpy as np
from keras import ops

from inputs import I, N, U, V, case

NARROW = {"runs": ("f32",)}
Z = (np.arange(-3, 3) + 1j * np.array([1, -2, 0.5, 0, 3, -1])).astype("complex64")
CASES = [
    case("view_as_complex", N(3, 2), grad=False, **NARROW),
    case("view_as_complex", N(2, 0, 2), grad=False, **NARROW),
    case("view_as_complex", I(-9, 9, 4, 2)),
    case("view_as_real", V(Z, "complex64"), grad=False, **NARROW),
    case("view_as_real", V(Z.reshape(2, 3), "complex64"), grad=False, **NARROW),
    case("view_as_real", N(3, 2)),
    case("view_as_real", N()),
    case("polar", U(0, 2, 3, 4), U(-4, 4, 3, 4), grad=False, **NARROW),
    case("polar", U(0, 2, 3, 1), U(-4, 4, 4), grad=False, **NARROW),
    case("polar", U(0, 2), U(-4, 4), grad=False, **NARROW),
]


def calls(name, variant, call, *argument_lists, **options):
    for arguments in argument_lists:
        CASES.append(case(name, *arguments, call=call, variant=variant, **options))


# Through complex numbers and back to real ones, whose gradients Keras has.
calls("view_as_complex", "abs", lambda x: ops.abs(ops.view_as_complex(x)), (U(0.3, 2, 3, 2),), **NARROW)
calls(
    "view_as_real",
    "of squares",
    lambda x: ops.view_as_real(ops.square(ops.view_as_complex(x))),
    (N(4, 2),),
    **NARROW,
)
calls(
    "polar",
    "parts",
    lambda r, a: ops.view_as_real(ops.polar(r, a)),
    (U(0.2, 2, 3, 4), U(-4, 4, 4)),
    **NARROW,
)

CASES += [
    case("rearrange", N(2, 3, 4), "a b c -> c a b"),
    case("rearrange", N(2, 3, 4), "a b c -> (a b) c"),
    case("rearrange", N(2, 3, 4), "b h c->b (c h)"),
    case("rearrange", N(2, 6, 4, 3), "b (h1 h) (w1 w) c -> (b h1 w1) h w c", h1=2, w1=2),
    case("rearrange", N(2, 6, 4, 3), "b (h h1) (w w1) c -> b h w (c h1 w1)", h1=3, w1=2),
    case("rearrange", N(2, 12), "b (x y z) -> z b (y x)", x=2, z=3),
    case("rearrange", I(0, 9, 5), "n -> n"),
]

# What Keras 3.15.1 computes where one class is left; where more are, it adds up running sums
# (mended in Keras later), so there the threshold is written out here.
def sparsemax(x, axis=-1):
    descending = -jnp.sort(-x, axis=axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    count = jnp.arange(1, x.shape[axis] + 1).reshape(shape)
    support = descending - (jnp.cumsum(descending, axis=axis) - 1) / count > 0
    chosen = jnp.where(support, descending, 0.0)
    k = jnp.sum(support, axis=axis, keepdims=True)
    return jnp.maximum(x - (jnp.sum(chosen, axis=axis, keepdims=True) - 1) / k, 0.0)


CASES += [
    case("sparsemax", V([[5.0, 1.0, 2.0], [-3.0, -9.0, -1.0]])),
    case("sparsemax", V([[5.0, 1.0, 2.0], [-3.0, -9.0, -5.0]]), axis=0),
    case("sparsemax", V([0.5])),
]
calls("sparsemax", "", sparsemax, (N(3, 7, scale=0.6),), (N(4, scale=0.3),))
calls("sparsemax", "axis 1", lambda x: sparsemax(x, 1), (N(2, 5, 3, scale=0.4),))

# Forward mode.
calls(
    "jvp",
    "one argument",
    lambda x, v: ops.jvp(lambda a: ops.sin(a) * ops.sum(a), (x,), (v,)),
    (N(3, 4), N(3, 4)),
    (N(), N()),
    (N(0, 3), N(0, 3)),
)
calls(
    "jvp",
    "two arguments",
    lambda x, w, v, u: ops.jvp(lambda a, b: ops.tanh(ops.matmul(a, b)), (x, w), (v, u)),
    (N(4, 3), N(3, 2), N(4, 3), N(3, 2)),
)
calls(
    "jvp",
    "with more beside",
    lambda x, v: ops.jvp(lambda a: (ops.exp(a), a * 2), (x,), (v,), has_aux=True),
    (N(5), N(5)),
)
