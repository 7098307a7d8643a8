"""Keras's layers in TensorFlow's own ops, for tensorflow_worker.py:
`LAYERS[class_name](call, x, …)`."""

import math

import numpy as np
import tensorflow as tf

import worker_base

ACTIVATIONS = {"linear": lambda v: v, "relu": tf.nn.relu, "tanh": tf.tanh,
               "sigmoid": tf.sigmoid, "softmax": tf.nn.softmax}


class Call:
    """One layer being called: its config, its weights by path, the variant, and where the values
    go that replace moving statistics."""

    def __init__(self, layer, params, variant, training, updates):
        self.config, self.params, self.variant = layer["config"], params, variant
        self.training, self.updates = training, updates

    def path(self, name):
        return f"{self.config['name']}/{name}"

    def weight(self, name, dtype=tf.float32):
        return tf.cast(self.params[self.path(name)], dtype)

    def plus_bias(self, x, name="bias"):
        if self.path(name) not in self.params:
            return x
        return tf.nn.bias_add(x, self.weight(name, x.dtype))


def matmul(x, kernel):
    """Over the last axis of `x`, as one product of matrices."""
    if len(x.shape) == 2:
        return tf.matmul(x, kernel)
    rows = tf.matmul(tf.reshape(x, [-1, x.shape[-1]]), kernel)
    return tf.reshape(rows, [-1, *x.shape[1:-1], kernel.shape[-1]])


def dense(call, x):
    return call.plus_bias(matmul(x, call.weight("kernel", x.dtype)))


def conv(call, x):
    config = call.config
    return call.plus_bias(tf.nn.conv2d(x, call.weight("kernel", x.dtype),
                                       config.get("strides", [1, 1]),
                                       config.get("padding", "valid").upper()))


def max_pool(call, x):
    size = call.config["pool_size"]
    if "reshape pooling" not in call.variant:
        return tf.nn.max_pool2d(x, size, size, "VALID")
    _, h, w, c = x.shape
    h, w = h // size[0], w // size[1]
    cropped = x[:, :h * size[0], :w * size[1]]
    return tf.reduce_max(tf.reshape(cropped, [-1, h, size[0], w, size[1], c]), axis=[2, 4])


def normalize(call, x, values, mean, variance):
    scale = call.weight("gamma") * tf.math.rsqrt(variance + call.config.get("epsilon", 1e-3))
    return tf.cast(values * scale + (call.weight("beta") - mean * scale), x.dtype)


def batch_normalization(call, x):
    mean, variance = call.weight("moving_mean"), call.weight("moving_variance")
    if not call.training:
        return normalize(call, x, tf.cast(x, tf.float32), mean, variance)
    if "plain normalization" in call.variant:
        values = tf.cast(x, tf.float32)
        seen_mean, seen_variance = tf.nn.moments(values, list(range(len(x.shape) - 1)))
        out = normalize(call, x, values, seen_mean, seen_variance)
    else:
        out, seen_mean, seen_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=call.weight("gamma"), offset=call.weight("beta"), mean=mean[:0],
            variance=variance[:0], epsilon=call.config.get("epsilon", 1e-3))
    momentum = call.config.get("momentum", 0.99)
    for name, old, seen in (("moving_mean", mean, seen_mean),
                            ("moving_variance", variance, seen_variance)):
        call.updates[call.path(name)] = old * momentum + seen * (1 - momentum)
    return out


def layer_normalization(call, x):
    values = tf.cast(x, tf.float32)
    return normalize(call, x, values, *tf.nn.moments(values, [-1], keepdims=True))


def lstm(call, x):
    kernel, recurrent, bias = (call.weight("lstm_cell/" + name)
                               for name in ("kernel", "recurrent_kernel", "bias"))
    steps, units = x.shape[1], recurrent.shape[0]
    zeros = tf.zeros([x.shape[0], units])
    sequences = call.config.get("return_sequences", False)
    if "block" in call.variant:
        # The fused op of old, whose gates are i, c, f, o: the gradient of its second version, with
        # Keras's order, reads the gates in the wrong one.
        none = tf.zeros([units])
        w, b = (tf.concat([tf.split(value, 4, -1)[gate] for gate in (0, 2, 1, 3)], -1)
                for value in (tf.concat([kernel, recurrent], 0), bias))
        out = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.constant(steps, tf.int64), x=tf.transpose(x, [1, 0, 2]), cs_prev=zeros,
            h_prev=zeros, w=w, wci=none, wcf=none, wco=none, b=b, forget_bias=0.0, cell_clip=-1.0).h
        return tf.transpose(out, [1, 0, 2]) if sequences else out[-1]
    inputs = tf.transpose(tf.nn.bias_add(matmul(x, kernel), bias), [1, 0, 2])

    def step(z, h, c):
        i, f, g, o = tf.split(z + tf.matmul(h, recurrent), 4, 1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    if "unrolled" in call.variant:
        h, c, outputs = zeros, zeros, []
        for z in tf.unstack(inputs):
            h, c = step(z, h, c)
            outputs.append(h)
        return tf.stack(outputs, 1) if sequences else h

    def body(t, h, c, outputs):
        h, c = step(inputs[t], h, c)
        return t + 1, h, c, outputs.write(t, h) if sequences else outputs

    outputs = tf.TensorArray(tf.float32, steps if sequences else 0, element_shape=zeros.shape)
    _, h, _, outputs = tf.while_loop(lambda t, *_: t < steps, body, (0, zeros, zeros, outputs),
                                     maximum_iterations=steps)
    return tf.transpose(outputs.stack(), [1, 0, 2]) if sequences else h


def attention(call, x, *_):
    heads, steps = call.config["num_heads"], x.shape[1]
    qkv = call.plus_bias(matmul(x, call.weight("qkv/kernel", x.dtype)), "qkv/bias")
    query, key, value = tf.unstack(tf.transpose(
        tf.reshape(qkv, [-1, steps, 3, heads, qkv.shape[-1] // 3 // heads]), [2, 0, 3, 1, 4]))
    logits = tf.matmul(query * (1 / math.sqrt(query.shape[-1])), key, transpose_b=True)
    out = tf.transpose(tf.matmul(tf.nn.softmax(logits), value), [0, 2, 1, 3])
    out = tf.reshape(out, [-1, steps, out.shape[2] * out.shape[3]])
    return call.plus_bias(matmul(out, call.weight("attention_output/kernel", x.dtype)),
                          "attention_output/bias")


LAYERS = {"Dense": dense, "Conv2D": conv, "MaxPooling2D": max_pool, "LSTM": lstm,
          "BatchNormalization": batch_normalization, "LayerNormalization": layer_normalization,
          "MultiHeadAttention": attention,
          "Flatten": lambda call, x: tf.reshape(x, [-1, int(np.prod(x.shape[1:]))]),
          "GlobalAveragePooling1D": lambda call, x: tf.reduce_mean(x, 1),
          "GlobalAveragePooling2D": lambda call, x: tf.reduce_mean(x, [1, 2]),
          "Add": lambda call, *inputs: sum(inputs[1:], inputs[0]),
          "Activation": lambda call, x: x}


def variants(workload, xla):
    """The choices that the layers leave. XLA does not know the fused LSTM."""
    choices = []
    if xla and worker_base.has(workload, "MaxPooling2D"):
        choices.append(["window pooling", "reshape pooling"])
    if xla and worker_base.has(workload, "BatchNormalization"):
        choices.append(["fused normalization", "plain normalization"])
    if worker_base.has(workload, "LSTM"):
        choices.append(["loop", "unrolled"] if xla else ["block", "loop", "unrolled"])
    return choices
