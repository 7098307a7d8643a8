"""Eigenvalues and eigenvectors of matrices that are not symmetric, in Danlu's order and form."""

import jax
import jax.numpy as jnp
import keras

from cases.linalg import square
from inputs import N, V, case


def eig_ordered(w, v):
    """Danlu's order and form: ascending by real, then imaginary parts, columns of length 1 with a
    real, positive greatest component (the first of equals)."""
    order = jnp.lexsort((w.imag, jnp.round(w.real, 3)), axis=-1)
    w = jnp.take_along_axis(w, order, axis=-1)
    v = jnp.take_along_axis(v, order[..., None, :], axis=-1)
    size = jnp.abs(v)
    first = jnp.argmax(size >= 0.9999 * size.max(axis=-2, keepdims=True), axis=-2, keepdims=True)
    z = jnp.take_along_axis(v, first, axis=-2)
    length = jnp.sqrt(jnp.sum((v * v.conj()).real, axis=-2, keepdims=True))
    return w, v * z.conj() / (jnp.abs(z) * length)


def eig_values(x):
    return eig_ordered(*keras.ops.eig(x))


def eig_parts(x):
    """Real and imaginary parts, whose gradients JAX has where it is told that they exist."""
    w, v = jax.lax.linalg.eig(x, compute_left_eigenvectors=False, enable_eigvec_derivs=True)
    w, v = eig_ordered(w, v)
    return jnp.stack((w.real, w.imag), -1), jnp.stack((v.real, v.imag), -1)


CASES = [
    case("eig", square(4, 4), call=eig_values, runs=("f32",), grad=False, tol32=1e-4),
    case("eig", N(2, 3, 5, 5), call=eig_values, runs=("f32",), grad=False, tol32=1e-4),
    case("eig", V([[0.0, 1, 0], [-1, 0, 0], [0, 0, 2]]), call=eig_values, runs=("f32",), grad=False,
         tol32=1e-5),
    case("eig", V([[3.0]]), call=eig_values, runs=("f32",), grad=False),
    case("eig", square(4, 4), call=eig_parts, variant="parts", runs=("f32",), tol32=5e-4),
    case("eig", N(2, 3, 3), call=eig_parts, variant="parts", runs=("f32",), tol32=5e-4),
]
