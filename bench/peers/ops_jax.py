"""JAX's single ops, each one function through `jax.jit`; see ops_worker.py. A call waits for its
result."""

import jax
import jax.numpy as jnp
import numpy as np


def version():
    return jax.__version__


def to_numpy(result):
    return [np.asarray(a) for a in (result if isinstance(result, (tuple, list)) else (result,))]


def way(f, inputs, finish=to_numpy):
    fast = jax.jit(f)
    arrays = [jax.device_put(x) for x in inputs]
    jax.block_until_ready(fast(*arrays))
    if isinstance(jax.eval_shape(f, *arrays), (tuple, list)):
        return {"jit": (lambda: jax.block_until_ready(fast(*arrays)), finish)}
    return {"jit": (lambda: fast(*arrays).block_until_ready(), finish)}


def plain(f):
    return lambda inputs, op: way(f, inputs)


def chain(x, w):
    return jnp.maximum(x * w + 0.5, 0) * x - 0.25 * w


def layer_norm(x, gamma, beta):
    mean = jnp.mean(x, -1, keepdims=True)
    variance = jnp.mean(jnp.square(x - mean), -1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * gamma + beta


def scatter_add(inputs, op):
    def f(rows, values):
        table = jnp.zeros((op["rows"], values.shape[1]), jnp.float32)
        return table.at[rows].add(values, mode="drop")
    return way(f, inputs)


def resize(antialias):
    def make(inputs, op):
        n, _, _, c = inputs[0].shape
        size = (n, *op["size"], c)
        return way(lambda x: jax.image.resize(x, size, "bilinear", antialias=antialias), inputs)
    return make


def parts(y):
    y = np.asarray(y)
    return [y.real, y.imag]


def fft(inputs, _):
    return way(jnp.fft.fft, [(inputs[0] + 1j * inputs[1]).astype(np.complex64)], parts)


OPS = {
    "chain": plain(chain),
    "gelu": plain(lambda x: jax.nn.gelu(x, approximate=True)),
    "sum-last": plain(lambda x: jnp.sum(x, -1)),
    "sum-first": plain(lambda x: jnp.sum(x, 0)),
    "sum-all": plain(jnp.sum),
    "max": plain(lambda x: jnp.max(x, -1)),
    "argmax": plain(lambda x: jnp.argmax(x, -1)),
    "cumsum": plain(lambda x: jnp.cumsum(x, -1)),
    "softmax": plain(jax.nn.softmax),
    "layer-norm": plain(layer_norm),
    "attention": plain(jax.nn.dot_product_attention),
    "sort": plain(jnp.sort),
    "argsort": plain(jnp.argsort),
    "top-k": plain(lambda x: jax.lax.top_k(x, 8)),
    "gather": plain(lambda table, rows: jnp.take(table, rows, axis=0, mode="clip")),
    "scatter-add": scatter_add,
    "resize-up": resize(False),
    "resize-down": resize(True),
    "rfft": lambda inputs, op: way(jnp.fft.rfft, inputs, parts),
    "fft": fft,
}
