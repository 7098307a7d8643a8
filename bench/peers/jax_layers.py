"""Keras's layers in JAX, for jax_worker.py: `LAYERS[class_name](call, x, …)`."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import worker_base

ACTIVATIONS = {"linear": lambda v: v, "relu": jax.nn.relu, "tanh": jnp.tanh,
               "sigmoid": jax.nn.sigmoid, "softmax": jax.nn.softmax}


class Call:
    """One layer being called: its config, its weights by path, the variant, and where the values
    go that replace moving statistics."""

    def __init__(self, layer, params, variant, training, updates):
        self.config, self.params, self.variant = layer["config"], params, variant
        self.training, self.updates = training, updates

    def path(self, name):
        return f"{self.config['name']}/{name}"

    def weight(self, name, dtype=None):
        value = self.params[self.path(name)]
        return value if dtype is None else value.astype(dtype)

    def plus_bias(self, x, name="bias"):
        return x + self.weight(name, x.dtype) if self.path(name) in self.params else x


def dense(call, x):
    return call.plus_bias(x @ call.weight("kernel", x.dtype))


def conv(call, x):
    config = call.config
    return call.plus_bias(lax.conv_general_dilated(
        x, call.weight("kernel", x.dtype), config.get("strides", (1, 1)),
        config.get("padding", "valid").upper(), dimension_numbers=("NHWC", "HWIO", "NHWC")))


def max_pool(call, x):
    size = tuple(call.config["pool_size"])
    if "window pooling" in call.variant:
        lowest = np.array(-np.inf, x.dtype)
        return lax.reduce_window(x, lowest, lax.max, (1, *size, 1), (1, *size, 1), "VALID")
    n, h, w, c = x.shape
    h, w = h // size[0], w // size[1]
    cropped = x[:, :h * size[0], :w * size[1]]
    return cropped.reshape(n, h, size[0], w, size[1], c).max(axis=(2, 4))


def normalize(call, x, mean, variance):
    scale = call.weight("gamma") * lax.rsqrt(variance + call.config.get("epsilon", 1e-3))
    return (x * scale + (call.weight("beta") - mean * scale)).astype(x.dtype)


def batch_normalization(call, x):
    if not call.training:
        return normalize(call, x, call.weight("moving_mean"), call.weight("moving_variance"))
    values = x.astype(jnp.float32)
    axes = tuple(range(x.ndim - 1))
    mean = values.mean(axes)
    variance = jnp.square(values).mean(axes) - jnp.square(mean)
    momentum = call.config.get("momentum", 0.99)
    for name, seen in (("moving_mean", mean), ("moving_variance", variance)):
        call.updates[call.path(name)] = call.weight(name) * momentum + seen * (1 - momentum)
    return normalize(call, x, mean, variance)


def layer_normalization(call, x):
    values = x.astype(jnp.float32)
    mean = values.mean(-1, keepdims=True)
    return normalize(call, x, mean, jnp.square(values - mean).mean(-1, keepdims=True))


def lstm(call, x):
    """The products with the inputs at once, then step by step."""
    recurrent = call.weight("lstm_cell/recurrent_kernel")
    inputs = call.plus_bias(x @ call.weight("lstm_cell/kernel"), "lstm_cell/bias").swapaxes(0, 1)
    units = recurrent.shape[0]

    def step(state, z):
        h, c = state
        z = z + h @ recurrent
        i, f, o = (jax.nn.sigmoid(z[:, k * units:(k + 1) * units]) for k in (0, 1, 3))
        c = f * c + i * jnp.tanh(z[:, 2 * units:3 * units])
        h = o * jnp.tanh(c)
        return (h, c), h if sequences else None

    sequences = call.config.get("return_sequences", False)
    zeros = jnp.zeros((x.shape[0], units), x.dtype)
    unroll = next((n for n in (50, 10) if f"unroll {n}" in call.variant), 1)
    (h, _), outputs = lax.scan(step, (zeros, zeros), inputs, unroll=unroll)
    return outputs.swapaxes(0, 1) if sequences else h


def attention(call, x, *_):
    heads = call.config["num_heads"]
    qkv = call.plus_bias(x @ call.weight("qkv/kernel", x.dtype), "qkv/bias")
    query, key, value = (part.reshape(*x.shape[:2], heads, -1) for part in jnp.split(qkv, 3, -1))
    if "jax.nn attention" in call.variant:
        out = jax.nn.dot_product_attention(query, key, value)
    else:
        query, key, value = (part.swapaxes(1, 2) for part in (query, key, value))
        logits = query @ key.swapaxes(2, 3) * (1 / math.sqrt(query.shape[-1]))
        out = (jax.nn.softmax(logits) @ value).swapaxes(1, 2)
    out = out.reshape(*x.shape[:2], -1) @ call.weight("attention_output/kernel", x.dtype)
    return call.plus_bias(out, "attention_output/bias")


LAYERS = {"Dense": dense, "Conv2D": conv, "MaxPooling2D": max_pool, "LSTM": lstm,
          "BatchNormalization": batch_normalization, "LayerNormalization": layer_normalization,
          "MultiHeadAttention": attention,
          "Flatten": lambda call, x: x.reshape(x.shape[0], -1),
          "GlobalAveragePooling1D": lambda call, x: x.mean(1),
          "GlobalAveragePooling2D": lambda call, x: x.mean((1, 2)),
          "Add": lambda call, *inputs: sum(inputs[1:], inputs[0]),
          "Activation": lambda call, x: x}


def variants(workload):
    """The choices that the layers leave."""
    choices = []
    if worker_base.has(workload, "MaxPooling2D"):
        choices.append(["window pooling", "reshape pooling"])
    if worker_base.has(workload, "LSTM"):
        choices.append(["unroll 1", "unroll 10", "unroll 50"])
    if worker_base.has(workload, "MultiHeadAttention"):
        choices.append(["plain attention", "jax.nn attention"])
    return choices
