"""NumPy's single ops; see ops_worker.py. What NumPy has no function for is left out (resizing) or
written with as few passes as its functions allow."""

import numpy as np


def version():
    return np.__version__


def way(call):
    return {"numpy": (call, lambda r: [np.asarray(a) for a in (r if isinstance(r, tuple) else (r,))])}


def chain(inputs, _):
    x, w = inputs

    def call():
        y = x * w
        y += np.float32(0.5)
        np.maximum(y, np.float32(0), out=y)
        y *= x
        y -= np.float32(0.25) * w
        return y
    return way(call)


def gelu(inputs, _):
    x, = inputs

    def call():
        y = x * x
        y *= np.float32(0.044715)
        y += np.float32(1)
        y *= x
        y *= np.float32(np.sqrt(2 / np.pi))
        np.tanh(y, out=y)
        y += np.float32(1)
        y *= x
        y *= np.float32(0.5)
        return y
    return way(call)


def softmax_of(x):
    y = x - np.max(x, axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= np.sum(y, axis=-1, keepdims=True)
    return y


def layer_norm(inputs, _):
    x, gamma, beta = inputs

    def call():
        y = x - np.mean(x, axis=-1, keepdims=True)
        variance = np.mean(np.square(y), axis=-1, keepdims=True)
        y *= 1 / np.sqrt(variance + np.float32(1e-5))
        y *= gamma
        y += beta
        return y
    return way(call)


def attention(inputs, _):
    q, k, v = (np.ascontiguousarray(np.moveaxis(x, 1, 2)) for x in inputs)
    scale = np.float32(q.shape[-1] ** -0.5)
    return {"numpy": (lambda: softmax_of((q @ k.swapaxes(-1, -2)) * scale) @ v,
                      lambda r: [np.moveaxis(r, 1, 2)])}


def top_k(inputs, _):
    x, = inputs

    def call():
        some = np.argpartition(x, -8, axis=-1)[..., -8:]
        values = np.take_along_axis(x, some, -1)
        order = np.argsort(-values, axis=-1)
        return np.take_along_axis(values, order, -1), np.take_along_axis(some, order, -1)
    return way(call)


def scatter_add(inputs, op):
    rows, values = inputs

    def call():
        table = np.zeros((op["rows"], values.shape[1]), np.float32)
        np.add.at(table, rows, values)
        return table
    return way(call)


def parts(y):
    return [y.real, y.imag]


def rfft(inputs, _):
    return {"numpy": (lambda: np.fft.rfft(inputs[0]), parts)}


def fft(inputs, _):
    x = (inputs[0] + 1j * inputs[1]).astype(np.complex64)
    return {"numpy": (lambda: np.fft.fft(x), parts)}


def unary(f):
    return lambda inputs, op: way(lambda: f(inputs[0]))


OPS = {
    "chain": chain,
    "gelu": gelu,
    "sum-last": unary(lambda x: np.sum(x, axis=-1)),
    "sum-first": unary(lambda x: np.sum(x, axis=0)),
    "sum-all": unary(np.sum),
    "max": unary(lambda x: np.max(x, axis=-1)),
    "argmax": unary(lambda x: np.argmax(x, axis=-1)),
    "cumsum": unary(lambda x: np.cumsum(x, axis=-1)),
    "softmax": unary(softmax_of),
    "layer-norm": layer_norm,
    "attention": attention,
    "sort": unary(np.sort),
    "argsort": unary(np.argsort),
    "top-k": top_k,
    "gather": lambda inputs, op: way(lambda: np.take(inputs[0], inputs[1], axis=0)),
    "scatter-add": scatter_add,
    "rfft": rfft,
    "fft": fft,
}
