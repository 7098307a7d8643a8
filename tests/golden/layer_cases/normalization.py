"""Normalizations."""

import keras
from layer_cases import Case


def batch(name, shape, training=True, mask=None, **config):
    return Case(f"batch_normalization_{name}", "BatchNormalization", config, shape, training, mask)


def layer(name, shape, **config):
    return Case(f"layer_normalization_{name}", "LayerNormalization", config, shape)


def group(name, shape, **config):
    return Case(f"group_normalization_{name}", "GroupNormalization", config, shape)


def spectral(name, make, shape, training=True, **config):
    config["layer"] = make
    return Case(f"spectral_normalization_{name}", "SpectralNormalization", config, shape, training)


def dense():
    return keras.layers.Dense(4, activation="tanh")


def regularized_dense():
    return keras.layers.Dense(4, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2")


def conv2d():
    return keras.layers.Conv2D(3, 2, padding="same")


REGULARIZED = {
    "gamma_regularizer": "l2",
    "beta_regularizer": "l1",
    "gamma_constraint": "non_neg",
    "beta_constraint": "max_norm",
}
MASK = [[1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]]

CASES = [
    batch("inference", (5, 4), training=False),
    batch("inference_images", (2, 3, 4, 5), training=False, epsilon=0.01),
    batch("inference_axis1", (2, 3, 4, 5), training=False, axis=1),
    batch("training", (6, 4)),
    batch("training_images", (3, 4, 5, 2), momentum=0.9),
    batch("training_axis1", (3, 4, 5, 2), axis=1, epsilon=1e-4),
    batch("training_not_scaled", (6, 4), scale=False),
    batch("training_not_centered", (6, 4), center=False),
    batch("training_bare", (6, 4), center=False, scale=False),
    batch("frozen", (6, 4), trainable=False),
    batch("regularized", (6, 4), **REGULARIZED),
    batch("masked", (3, 4, 5), mask=MASK),
    batch("renorm", (6, 4), renorm=True, renorm_momentum=0.8),
    batch(
        "renorm_clipped",
        (3, 4, 2),
        renorm=True,
        renorm_clipping={"rmax": 1.1, "rmin": 0.9, "dmax": 0.2},
        epsilon=0.02,
    ),
    batch("renorm_bare", (6, 4), renorm=True, center=False, scale=False),
    batch("renorm_inference", (6, 4), training=False, renorm=True),
    layer("rows", (5, 7)),
    layer("rank4", (2, 3, 4, 5), epsilon=1e-5),
    layer("axis1", (2, 3, 4), axis=1),
    layer("two_axes", (2, 3, 4), axis=[1, 2]),
    layer("axes_apart", (2, 3, 4, 5), axis=[1, 3]),
    layer("axes_sorted_as_numbers", (2, 3, 4), axis=[1, -1]),
    layer("not_scaled", (5, 7), scale=False),
    layer("not_centered", (5, 7), center=False),
    layer("bare", (5, 7), center=False, scale=False),
    layer("rms_scaling", (2, 3, 4), rms_scaling=True, axis=[1]),
    layer("regularized", (5, 7), **REGULARIZED),
    group("two", (3, 6), groups=2),
    group("images", (2, 4, 3, 6), groups=3, epsilon=1e-4),
    group("axis1", (2, 6, 3, 4), groups=2, axis=1),
    group("axis_minus2", (2, 3, 6, 4), groups=2, axis=-2),
    group("instance", (2, 4, 3, 5), groups=-1),
    group("one", (2, 4, 6), groups=1),
    group("bare", (2, 4, 6), groups=2, center=False, scale=False),
    group("regularized", (3, 6), groups=3, **REGULARIZED),
    Case("rms_normalization", "RMSNormalization", {}, (5, 7)),
    Case("rms_normalization_two_axes", "RMSNormalization", {"axis": [1, 2]}, (2, 3, 4)),
    Case("rms_normalization_epsilon", "RMSNormalization", {"epsilon": 0.1}, (2, 3, 4)),
    Case("rms_normalization_wrong_axis", "RMSNormalization", {"axis": 1}, (2, 3, 3)),
    spectral("dense", dense, (5, 6)),
    spectral("inference", dense, (5, 6), training=False),
    spectral("iterations", dense, (5, 6), power_iterations=3),
    spectral("conv2d", conv2d, (2, 4, 5, 2)),
    spectral("regularized", regularized_dense, (5, 6)),
    spectral("regularized_inference", regularized_dense, (5, 6), training=False),
    Case("unit_normalization", "UnitNormalization", {}, (5, 7)),
    Case("unit_normalization_axis1", "UnitNormalization", {"axis": 1}, (2, 3, 4)),
    Case("unit_normalization_two_axes", "UnitNormalization", {"axis": [1, 2]}, (2, 3, 4)),
]
