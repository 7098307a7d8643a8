"""trained.safetensors: small models of many kinds of layers, trained five steps by Keras.

The models are stored as configs, start weights in Keras's order, the batches, and of both runs the
loss of each step and all weights after the last one, those that are not trainable included.
"""

import common  # first: it chooses the backend
import keras
import numpy as np
from gen_layers import plain
from keras import layers

STEPS, BATCH = 5, 8


def convolutional():
    return [
        keras.Input((8, 8, 3)),
        layers.Conv2D(4, 3, use_bias=False),
        layers.BatchNormalization(momentum=0.8),
        layers.ReLU(),
        layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2),
        layers.BatchNormalization(axis=1, scale=False),
        layers.LeakyReLU(),
        layers.MaxPooling2D(),
        layers.Conv2DTranspose(4, 2, strides=2),
        layers.GroupNormalization(2),
        layers.PReLU(shared_axes=[1, 2]),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ]


def sequence():
    return [
        keras.Input((12, 4)),
        layers.ZeroPadding1D(2),
        layers.Conv1D(6, 3, padding="causal", dilation_rate=2, activity_regularizer="l2"),
        layers.BatchNormalization(),
        layers.ELU(),
        layers.DepthwiseConv1D(3, depth_multiplier=2),
        layers.LayerNormalization(),
        layers.EinsumDense("abc,cd->abd", (14, 5), bias_axes="d", activation="tanh"),
        layers.UpSampling1D(),
        layers.AveragePooling1D(3),
        layers.RMSNormalization(),
        layers.Permute((2, 1)),
        layers.Cropping1D((1, 0)),
        layers.UnitNormalization(),
        layers.Flatten(),
        layers.Dense(3, kernel_regularizer=keras.regularizers.L1L2(0.01, 0.01), activation="softmax"),
    ]


def renormalized():
    clipping = {"rmax": 1.5, "rmin": 0.7, "dmax": 0.5}
    return [
        keras.Input((6,)),
        layers.Dense(8),
        layers.BatchNormalization(renorm=True, renorm_clipping=clipping, renorm_momentum=0.9),
        layers.Activation("relu"),
        layers.Dense(5),
        layers.BatchNormalization(trainable=False),
        layers.Dense(3, activation="softmax"),
    ]


MODELS = [
    ("convolutional_sgd", convolutional, {"class_name": "SGD", "config": {"learning_rate": 0.1}}),
    ("convolutional_adam", convolutional, {"class_name": "Adam", "config": {"learning_rate": 0.01}}),
    (
        "sequence_sgd",
        sequence,
        {"class_name": "SGD", "config": {"learning_rate": 0.05, "momentum": 0.9}},
    ),
    # A small epsilon would turn the rounding of gradients near 0 into whole steps.
    (
        "sequence_adam",
        sequence,
        {"class_name": "Adam", "config": {"learning_rate": 0.01, "epsilon": 0.01}},
    ),
    ("renormalized_sgd", renormalized, {"class_name": "SGD", "config": {"learning_rate": 0.1}}),
]


def main():
    tensors, metadata = {}, {"cases": [name for name, _, _ in MODELS], "steps": STEPS}
    for name, make, optimizer in MODELS:
        rng = common.rng_of(name)
        start = None
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            model = keras.Sequential(make(), name=name)
            shape = model.input_shape[1:]
            if start is None:
                start = []
                for variable in model.weights:
                    value = common.normal(rng, tuple(variable.shape), 0.3)
                    keep = "variance" in variable.name or "stddev" in variable.name
                    start.append(np.abs(value) + np.float32(0.5) if keep else value)
                x = common.normal(rng, (STEPS, BATCH, *shape))
                y = rng.integers(0, 3, (STEPS, BATCH)).astype(np.int32)
            model.set_weights([w.astype(dtype) for w in start])
            model.compile(
                optimizer=keras.optimizers.deserialize(dict(optimizer)),
                loss="sparse_categorical_crossentropy",
            )
            config = plain(model.get_config())
            losses = [
                model.fit(x[s].astype(dtype), y[s], batch_size=BATCH, verbose=0).history["loss"][0]
                for s in range(STEPS)
            ]
            tensors[f"{name}/{short}/loss"] = np.array(losses)
            for i, value in enumerate(model.weights):
                tensors[f"{name}/{short}/end/{i}"] = common.assert_dtype(value, dtype)
        for i, value in enumerate(start):
            tensors[f"{name}/start/{i}"] = value
        tensors[f"{name}/x"], tensors[f"{name}/y"] = x, y
        metadata[name] = {
            "config": config,
            "optimizer": optimizer,
            "weights": [v.path.split("/")[-1] for v in model.weights],
        }
    common.write("trained.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
