"""Linear algebra. Signs of singular and eigenvectors are Danlu's: the greatest component of each
column (the first of equals) is positive."""

import jax.numpy as jnp
import keras
import numpy as np

from inputs import Input, N, U, V, case


def square(*shape):
    """float32 matrices far from singular, with distinct singular values."""
    n = shape[-1]

    def make(rng):
        return (0.4 * rng.standard_normal(shape) + np.diag(1.0 + np.arange(n))).astype(np.float32)

    return Input(make)


def definite(*shape):
    """float32 symmetric positive definite matrices."""

    def make(rng):
        a = rng.standard_normal(shape)
        return (a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1])).astype(np.float32)

    return Input(make)


def symmetric(*shape):
    n = shape[-1]

    def make(rng):
        a = 0.3 * rng.standard_normal(shape)
        return (a + np.swapaxes(a, -1, -2) + np.diag(np.arange(n) - 1.5)).astype(np.float32)

    return Input(make)


def factor(*shape):
    """float32 lower triangles with a positive diagonal."""

    def make(rng):
        low = np.tril(0.4 * rng.standard_normal(shape), -1)
        return (low + np.diag(1.0 + np.arange(shape[-1]))).astype(np.float32)

    return Input(make)


def sign_of(columns):
    at = jnp.argmax(jnp.abs(columns), axis=-2, keepdims=True)
    return jnp.where(jnp.take_along_axis(columns, at, axis=-2) < 0, -1.0, 1.0).astype(columns.dtype)


def svd_reduced(x):
    u, s, vh = keras.ops.svd(x, full_matrices=False)
    sign = sign_of(u)
    return u * sign, s, vh * jnp.swapaxes(sign, -1, -2)


def svd_full(x):
    u, s, vh = keras.ops.svd(x, full_matrices=True)
    sign = sign_of(u)
    return u * sign, s, vh * jnp.swapaxes(sign, -1, -2)


def svd_product(x):
    """What does not depend on the choice of the further columns."""
    u, s, vh = keras.ops.svd(x, full_matrices=True)
    return jnp.swapaxes(u, -1, -2) @ u, s, vh @ jnp.swapaxes(vh, -1, -2)


def eigh_signed(x):
    w, v = keras.ops.eigh(x)
    return w, v * sign_of(v)


M = {"tol32": 2e-5}
CASES = [
    case("cholesky", definite(4, 4), **M),
    case("cholesky", definite(2, 3, 5, 5), **M),
    case("cholesky", definite(3, 3), upper=True, **M),
    case("cholesky_inverse", factor(4, 4), **M),
    case("cholesky_inverse", factor(3, 3), **M),
    case("det", square(4, 4), **M),
    case("det", square(2, 3, 3, 3), **M),
    case("det", V([[1.0, 2.0], [2.0, 4.0]]), grad=False),
    case("slogdet", square(4, 4), **M),
    case("slogdet", N(3, 2, 2), tol32=1e-4, grad=False),
    case("logdet", definite(5, 5), **M),
    case("inv", square(4, 4), **M),
    case("inv", square(2, 3, 3), **M),
    case("solve", square(4, 4), N(4), **M),
    case("solve", square(4, 4), N(4, 3), **M),
    case("solve", square(2, 4, 4), N(2, 4, 3), **M),
    case("solve_triangular", square(4, 4), N(4, 2), **M),
    case("solve_triangular", square(4, 4), N(4, 2), lower=True, **M),
    case("solve_triangular", square(2, 3, 3), N(2, 3, 2), lower=True, **M),
    case("lu_factor", N(4, 4), **M),
    case("lu_factor", N(5, 5), **M),
    case("qr", N(5, 3), **M),
    case("qr", N(4, 4), **M),
    case("qr", N(2, 3, 3), **M),
    case("qr", square(4, 4), mode="complete", **M),
    # The further columns are not unique; JAX differentiates a choice of its own.
    case("qr", N(5, 3), mode="complete", grad=False, **M),
    case("qr", N(3, 5), **M),
    case("svd", square(4, 4), call=svd_reduced, variant="reduced", tol32=1e-4, tol64=1e-8),
    case("svd", N(5, 3), call=svd_reduced, variant="reduced", tol32=1e-4, tol64=1e-8),
    case("svd", N(2, 3, 4), call=svd_reduced, variant="reduced", tol32=2e-4, tol64=1e-8),
    # Full and not square, JAX has no derivative.
    case("svd", square(4, 4), call=svd_full, variant="full", tol32=1e-4, tol64=1e-8),
    case("svd", N(5, 3), call=svd_product, variant="product", grad=False, **M),
    case("svd", N(2, 5), call=svd_product, variant="product", grad=False, **M),
    case("svd", N(4, 3), compute_uv=False, **M),
    case("eigh", symmetric(4, 4), call=eigh_signed, tol32=1e-4, tol64=1e-8),
    case("eigh", symmetric(2, 3, 3), call=eigh_signed, tol32=1e-4, tol64=1e-8),
    case("lstsq", N(6, 3), N(6), tol32=1e-4, tol64=1e-8),
    case("lstsq", N(6, 3), N(6, 2), tol32=1e-4, tol64=1e-8),
    case("lstsq", N(3, 5), N(3), tol32=1e-4, tol64=1e-8),
    case("lstsq", V([[1, 2], [2, 4], [3, 6]]), V([1.0, 2, 4]), rcond=1e-5, tol32=1e-4, grad=False),
    case("pinv", N(5, 3), tol32=1e-4, tol64=1e-8),
    case("pinv", N(2, 3, 4), tol32=1e-4, tol64=1e-8),
    case("pinv", N(4, 3), rcond=0.5, grad=False, **M),
    case("matrix_rank", N(4, 4)),
    case("matrix_rank", V([[1.0, 2.0], [2.0, 4.0]])),
    case("matrix_rank", N(2, 3, 5), tol=1.5),
]

for ord_ in (None, 1, 2, 3.5, np.inf, -np.inf):
    CASES.append(case("norm", U(0.5, 3, 7), ord=ord_, **M))
    CASES.append(case("norm", U(0.5, 3, 3, 5), ord=ord_, axis=1, **M))
CASES.append(case("norm", V([0.0, 1.0, 0.0, 2.0]), ord=0, grad=False))
for ord_ in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    CASES.append(case("norm", N(4, 3), ord=ord_, tol32=5e-5))
    CASES.append(case("norm", N(2, 4, 3), ord=ord_, axis=(0, 2), keepdims=True, tol32=5e-5))
CASES.append(case("norm", N(2, 4, 3), **M))
CASES.append(case("norm", N(2, 4), axis=-1, keepdims=True, **M))
