"""The models that tests/interop exchanges with Keras, by name: small ones of every family."""

import keras
import numpy as np
from keras import layers as L
from keras import ops

O, S, losses = keras.optimizers, keras.optimizers.schedules, keras.losses


def sequential(shape, *layers, optimizer="sgd", loss="mse", metrics=None, dtype=None):
    def build():
        # Layers are made anew each time: the arguments are functions.
        model = keras.Sequential([keras.Input(shape, dtype=dtype)] + [make() for make in layers])
        model.compile(optimizer() if callable(optimizer) else optimizer, loss, metrics=metrics)
        return model

    return build


def dense(units, activation=None, **more):
    return lambda: L.Dense(units, activation=activation, **more)


def layer(cls, *args, **kwargs):
    return lambda: cls(*args, **kwargs)


def small(optimizer, **more):
    return sequential((4,), dense(5, "tanh"), dense(2), optimizer=optimizer, **more)


def functional(build, optimizer="adam", loss="mse", **more):
    def made():
        model = keras.Model(*build())
        model.compile(optimizer() if callable(optimizer) else optimizer, loss, **more)
        return model

    return made


def chain():
    x = keras.Input((4,), name="features")
    return x, L.Dense(2)(L.Dense(5, "tanh")(x))


def shared():
    x = keras.Input((4,))
    twice = L.Dense(4, "tanh")
    return x, L.Dense(2)(twice(twice(x)))


def nested_functional():
    a = keras.Input((6,))
    inner = keras.Model(a, L.Dense(3, "relu")(L.Dense(4, "tanh")(a)), name="inner")
    x = keras.Input((4,))
    return x, L.Dense(2)(inner(L.Dense(6)(x)))


def image():
    x = keras.Input((6, 6, 1))
    y = L.MaxPooling2D(3)(L.Conv2D(4, 3, padding="same", activation="silu")(x))
    return x, L.Dense(2, "softmax")(L.Flatten()(y))


def transformer():
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    x = L.Embedding(7, 6, name="words")(tokens)
    attended = L.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)
    x = L.LayerNormalization()(L.Add()([x, attended]))
    x = L.LayerNormalization()(L.Add()([x, L.Dense(6)(L.Dense(8, "gelu")(x))]))
    return tokens, L.Dense(2, "softmax")(L.GlobalAveragePooling1D()(x))


def attention():
    query, value = keras.Input((4, 3), name="query"), keras.Input((5, 3), name="value")
    found = L.Attention(use_scale=True)([L.Dense(3)(query), value])
    found = L.Concatenate()([query, found, L.AdditiveAttention()([query, value])])
    return [query, value], L.Dense(2)(L.GlobalMaxPooling1D()(found))


def grouped_attention():
    x = keras.Input((4, 6))
    y = L.GroupQueryAttention(3, 4, 2)(x, x)
    return x, L.Dense(2)(L.Flatten()(L.Add()([x, y])))


def two_by_two():
    a, b = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    x = L.Dense(5, "tanh")(L.Concatenate()([a, b]))
    y = L.Multiply()([x, L.Dense(5, "sigmoid")(b)])
    return [a, b], [L.Dense(2, name="amount")(x), L.Dense(1, name="again")(L.Subtract()([x, y]))]


def residual_images():
    x = keras.Input((6, 6, 3))
    y = L.Conv2D(4, 3, padding="same", use_bias=False)(x)
    short = L.BatchNormalization()(y)
    y = L.Conv2D(4, 3, padding="same")(L.ReLU()(short))
    y = L.Add()([short, L.BatchNormalization(scale=False)(y)])
    return x, L.Dense(2)(L.GlobalAveragePooling2D()(y))


def scores():
    x = keras.Input((4, 6))
    y, seen = L.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True)
    return x, [L.Dense(2)(y), seen]


def language_model():
    tokens = keras.Input((5,), dtype="int32")
    words = L.ReversibleEmbedding(7, 4, logit_soft_cap=3.0)
    return tokens, words(L.LSTM(4, return_sequences=True)(words(tokens)), reverse=True)


def under(policy, build, optimizer="adam", loss="mse"):
    """A model made under a policy, which its layers have then."""

    def made():
        keras.config.set_dtype_policy(policy)
        try:
            model = build()
            model.compile(optimizer() if callable(optimizer) else optimizer, loss)
            return model
        finally:
            keras.config.set_dtype_policy("float64")

    return made


def mixed_images():
    x = keras.Input((6, 6, 2))
    y = L.BatchNormalization()(L.Conv2D(4, 3, activation="relu")(x))
    y = L.Dense(5, "tanh", dtype="float32")(L.GlobalAveragePooling2D()(y))
    return keras.Model(x, L.Dense(2, dtype=keras.DTypePolicy("float64"))(y))


def mixed_layers():
    return keras.Sequential([keras.Input((5, 3)), L.LSTM(4, return_sequences=True),
                             L.LayerNormalization(), L.Dense(3, "gelu", dtype="bfloat16"),
                             L.GlobalMaxPooling1D(), L.Dense(2, dtype="float32")])


def encoder_decoder():
    source = keras.Input((4, 3), name="source")
    target = keras.Input((5, 2), name="target")
    _, h, c = L.LSTM(4, return_state=True)(source)
    y = L.LSTM(4, return_sequences=True)(target, initial_state=[h, c])
    return [source, target], L.TimeDistributed(L.Dense(2))(y)


def operators():
    """Operators of tensors, with numbers and constants on either side."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    x, y = L.Dense(4, "tanh")(a), L.Dense(4, name="scores")(b)
    z = 1 - x * y + 2.5 * x - y / 2 + (-x) - a
    z = z + 1 / (2 + abs(y)) + x**2 + 0.5**x + np.array([0.1, 0.2, 0.3, 0.4])
    z = ops.where((x > y) & (b <= 0.5), z, ops.maximum(z, 0)) % 3.0
    z = z + ops.cast(~(x < 0.1), "float64") * (b // 0.5)
    return [a, b], L.Dense(2)(ops.clip(z, -1.0, 2.0) @ ops.ones((4, 3), "float64"))


def shapes():
    """Parts, arrangements, reductions and products of tensors."""
    x = keras.Input((6, 4))
    y = L.Dense(4, "tanh", name="values")(x)
    first, last = y[:, 0], y[:, -1, None]
    halves = ops.split(y, 2, axis=1)
    y = ops.concatenate([halves[0], halves[1][:, ::-1], y[..., :3, :]], axis=1)
    weights = ops.softmax(ops.matmul(y, ops.transpose(y, (0, 2, 1))) / 2.0, axis=-1)
    y = ops.einsum("bts,bsf->btf", weights, y) + ops.expand_dims(first, 1)
    stacked = ops.stack([ops.mean(y, axis=1), ops.max(y, axis=(1,)), ops.squeeze(last, 1)], axis=1)
    y = ops.reshape(ops.swapaxes(stacked, 1, 2), (-1, 12))
    y = ops.concatenate([y, ops.sum(x, axis=2), ops.std(y, axis=-1, keepdims=True)], -1)
    return x, L.Dense(2)(ops.pad(y, ((0, 0), (1, 2))))


def functions():
    """Functions of one tensor, and layers of a model inside that is called twice."""
    a = keras.Input((5,))
    inner = keras.Model(a, ops.relu(L.Dense(5)(a)) * 2.0 + a, name="inner")
    x = keras.Input((5,), name="x")
    y = inner(ops.gelu(inner(x))) - ops.leaky_relu(x, negative_slope=0.3)
    y = ops.log(ops.exp(y / 4.0) + 1.0) + ops.sqrt(ops.square(y) + 1e-3) + ops.sigmoid(y)
    norm = ops.sqrt(ops.sum(y * y, axis=-1, keepdims=True))
    y = y / norm + ops.logsumexp(y, axis=-1, keepdims=True) + ops.silu(x) + ops.cumsum(y, axis=1)
    return x, L.Dense(2)(ops.stop_gradient(x) * y)


ZOO = {
    # Functional models.
    "functional_chain": functional(chain),
    "functional_shared": functional(shared, lambda: O.Nadam(0.01)),
    "functional_nested": functional(nested_functional, lambda: O.RMSprop(0.01)),
    "functional_image": functional(image, loss="categorical_crossentropy", metrics=["accuracy"]),
    # Optimizers, with everything a state may hold.
    "sgd": small(lambda: O.SGD(0.05)),
    "sgd_momentum": small(lambda: O.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01)),
    "sgd_accumulation": small(lambda: O.SGD(0.05, gradient_accumulation_steps=2)),
    "rmsprop": small(lambda: O.RMSprop(0.01, momentum=0.5, centered=True)),
    "adam": small(lambda: O.Adam(0.01), metrics=["mae"]),
    "adam_amsgrad": small(lambda: O.Adam(0.01, amsgrad=True, clipnorm=0.5)),
    "adam_schedule": small(lambda: O.Adam(S.ExponentialDecay(0.02, 3, 0.8))),
    "adam_cosine": small(lambda: O.Adam(S.CosineDecay(0.001, 8, warmup_target=0.02, warmup_steps=4))),
    "adam_ema": small(lambda: O.Adam(0.01, use_ema=True, ema_overwrite_frequency=4)),
    "adamw": small(lambda: O.AdamW(0.01, weight_decay=0.1, global_clipnorm=0.3)),
    "adadelta": small(lambda: O.Adadelta(0.5)),
    "adagrad": small(lambda: O.Adagrad(0.1)),
    "adamax": small(lambda: O.Adamax(0.02)),
    "adafactor": small(lambda: O.Adafactor(0.05)),
    "nadam": small(lambda: O.Nadam(0.01)),
    "ftrl": small(lambda: O.Ftrl(0.1, l1_regularization_strength=0.001)),
    "lion": small(lambda: O.Lion(0.01)),
    "lamb": small(lambda: O.Lamb(0.01)),
    "loss_scale": small(lambda: O.LossScaleOptimizer(O.Adam(0.01), initial_scale=64.0, dynamic_growth_steps=3)),
    "multi_optimizer": small(lambda: O.MultiOptimizer(O.OptimizerMap(
        O.Adam(0.01), {".*dense/.*": O.SGD(0.05, momentum=0.9)}), loss_scale_factor=8.0)),
    # Losses and metrics.
    # Keras 3.15.1 does not write Huber's delta, so only the default survives its files.
    "huber": small("adam", loss=losses.Huber(), metrics=[keras.metrics.RootMeanSquaredError()]),
    "log_cosh": small("adam", loss="log_cosh"),
    "bce": sequential((4,), dense(3, "relu"), dense(1, "sigmoid"), optimizer="adam",
                      loss="binary_crossentropy", metrics=["accuracy", keras.metrics.AUC()]),
    "softmax": sequential((4,), dense(6, "gelu"), dense(3, "softmax"), optimizer="adam",
                          loss=losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"]),
    # Layers that Sequential models are made of.
    "regularized": sequential(
        (4,), dense(6, "selu", kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02),
                    kernel_constraint=keras.constraints.MaxNorm(1.0), kernel_initializer="he_normal"),
        dense(2, bias_initializer=keras.initializers.Constant(0.3)), optimizer="adam"),
    "frozen": sequential((4,), dense(5, "tanh", trainable=False), dense(2), optimizer="adam"),
    "no_bias": sequential((4,), dense(5, "softplus", use_bias=False), layer(L.ReLU, negative_slope=0.1),
                          dense(2), optimizer="adam"),
    "cnn": sequential((8, 8, 2), layer(L.Conv2D, 3, 3, activation="relu", padding="same"),
                      layer(L.MaxPooling2D), layer(L.Conv2D, 4, 2, strides=2),
                      layer(L.AveragePooling2D, 2), layer(L.Flatten), dense(3), optimizer="adam"),
    "reshape": sequential((12,), layer(L.Reshape, (3, 4)), dense(2, "elu"), layer(L.Flatten),
                          layer(L.Activation, "tanh"), layer(L.Softmax), optimizer="adam"),
    "dropout_off": sequential((4,), dense(6, "tanh"), layer(L.Dropout, 0.0), dense(2), optimizer="adam"),
    "nested": sequential(
        (4,), lambda: keras.Sequential([L.Dense(5, activation="tanh"), L.Dense(4)], name="inner"),
        dense(3, "relu"), lambda: keras.Sequential([keras.Input((3,)), L.Dense(2)]), optimizer="adam"),
    # Normalization.
    "cnn_batch_norm": sequential(
        (6, 6, 2), layer(L.Conv2D, 4, 3, use_bias=False), layer(L.BatchNormalization, momentum=0.9),
        layer(L.ReLU), layer(L.Conv2D, 3, 2), layer(L.BatchNormalization, center=False),
        layer(L.GlobalAveragePooling2D), dense(2), optimizer="adam"),
    "residual_images": functional(residual_images),
    "normalizations": sequential(
        (5, 4), dense(6), layer(L.GroupNormalization, groups=3), dense(4, "tanh"),
        layer(L.UnitNormalization), layer(L.RMSNormalization), dense(3), layer(L.LayerNormalization),
        layer(L.Flatten), dense(2), optimizer="adam"),
    "spectral": sequential(
        (6, 6, 2), lambda: L.SpectralNormalization(L.Conv2D(3, 3, kernel_regularizer="l2")),
        layer(L.GlobalAveragePooling2D), lambda: L.SpectralNormalization(L.Dense(4), 2), dense(2),
        optimizer="adam"),
    "separable": sequential(
        (7, 7, 3), layer(L.SeparableConv2D, 4, 3, depth_multiplier=2, activation="relu"),
        layer(L.SpatialDropout2D, 0.0), layer(L.DepthwiseConv2D, 2, padding="same"),
        layer(L.Conv2DTranspose, 2, 2, strides=2), layer(L.GlobalMaxPooling2D), dense(2),
        optimizer="adam"),
    "conv1d": sequential(
        (9, 2), layer(L.ZeroPadding1D, 1), layer(L.Conv1D, 4, 3, dilation_rate=2, padding="causal"),
        layer(L.PReLU), layer(L.UpSampling1D, 2), layer(L.SeparableConv1D, 3, 3),
        layer(L.MaxPooling1D, 2), layer(L.GlobalAveragePooling1D), dense(2), optimizer="adam"),
    # Recurrent layers.
    "lstm": sequential((5, 3), layer(L.LSTM, 4, return_sequences=True), layer(L.LSTM, 3),
                       dense(2), optimizer="adam"),
    "gru": sequential((5, 3), layer(L.GRU, 4, return_sequences=True),
                      lambda: L.TimeDistributed(L.Dense(3, "tanh")),
                      lambda: L.TimeDistributed(L.Dense(2)), optimizer="adam"),
    "bidirectional": sequential(
        (5, 3), lambda: L.Bidirectional(L.LSTM(3, return_sequences=True)),
        lambda: L.Bidirectional(L.GRU(2, reset_after=False), merge_mode="sum"), dense(2),
        optimizer="adam"),
    "simple_rnn": sequential((5, 3), layer(L.SimpleRNN, 4, return_sequences=True, go_backwards=True),
                             layer(L.SimpleRNN, 3, unroll=True), dense(2), optimizer="adam"),
    "rnn_cells": sequential(
        (5, 3), lambda: L.RNN(L.LSTMCell(4), return_sequences=True),
        lambda: L.RNN([L.GRUCell(3), L.SimpleRNNCell(4), L.GRUCell(2)]), dense(2), optimizer="adam"),
    "conv_lstm": sequential((3, 5, 5, 2), layer(L.ConvLSTM2D, 2, 3), layer(L.Flatten), dense(2),
                            optimizer="adam"),
    "masked": sequential((5, 3), layer(L.Masking), layer(L.LSTM, 4), dense(2), optimizer="adam"),
    "encoder_decoder": functional(encoder_decoder),
    # Attention.
    "transformer": functional(transformer, loss="categorical_crossentropy"),
    "attention": functional(attention),
    "grouped_attention": functional(grouped_attention),
    # Functions of keras.ops between layers.
    "operators": functional(operators),
    "operation_shapes": functional(shapes),
    "operation_functions": functional(functions),
    "scores": functional(scores),
    "language_model": functional(language_model),
    # Policies of their own.
    "mixed_float16": under("mixed_float16", mixed_images,
                           lambda: O.LossScaleOptimizer(O.Adam(0.01), initial_scale=1024.0)),
    "mixed_bfloat16": under("mixed_bfloat16", mixed_layers, lambda: O.SGD(0.05, momentum=0.9)),
    # Several inputs and outputs.
    "two_by_two": functional(two_by_two, loss=["mse", "huber"], loss_weights=[1.0, 0.5]),
    "two_by_two_named": functional(two_by_two, loss={"amount": "mse", "again": "log_cosh"},
                                   metrics={"again": ["mae"]}),
}
