"""Embedding, EinsumDense, activations with parameters, noise (as it passes on), masks, losses."""

import keras
import numpy as np
from layer_cases import Case

MASK = [[1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]]


def numbers(high):
    return lambda name, shape, rng: rng.integers(0, high, shape).astype(np.int32)


def with_masked_steps(name, shape, rng):
    x = rng.standard_normal(shape).astype(np.float32)
    x[0, 1] = x[1, 0] = x[1, 3] = 0.0
    x[0, 2, 0] = 0.0
    return x


def x_sin_x():
    return lambda x: x * keras.ops.sin(x)


def einsum(name, equation, output_shape, shape, **config):
    given = {"equation": equation, "output_shape": output_shape, **config}
    return Case(f"einsum_dense_{name}", "EinsumDense", given, shape)


REGULARIZED = {
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "activity_regularizer": "l2",
    "kernel_constraint": "unit_norm",
    "bias_constraint": "non_neg",
}


def L1L2():
    return keras.regularizers.L1L2(l1=0.02, l2=0.03)


CASES = [
    Case("input", "InputLayer", {"shape": [3, 4]}, (2, 3, 4)),
    Case("input_batch", "InputLayer", {"batch_shape": [2, 5], "name": "given"}, (2, 5)),
    Case("embedding", "Embedding", {"input_dim": 7, "output_dim": 3}, (4, 5), draw=numbers(7)),
    Case(
        "embedding_masked",
        "Embedding",
        {"input_dim": 4, "output_dim": 3, "mask_zero": True, "embeddings_regularizer": "l2"},
        (3, 4),
        draw=numbers(4),
    ),
    Case(
        "embedding_regularized",
        "Embedding",
        {
            "input_dim": 4,
            "output_dim": 2,
            "embeddings_initializer": "he_normal",
            "embeddings_constraint": "max_norm",
            "activity_regularizer": "l1",
        },
        (6,),
        draw=numbers(4),
    ),
    einsum("dense", "ab,bc->ac", 5, (3, 4), bias_axes="c"),
    einsum("no_bias", "abc,cd->abd", [None, 5], (2, 3, 4), activation="relu"),
    einsum("heads", "abc,cde->abde", [3, 2, 5], (2, 3, 4), bias_axes="de"),
    einsum("heads_one_bias", "abc,cde->abde", [None, 2, 5], (2, 3, 4), bias_axes="d"),
    einsum("heads_back", "abde,dec->abc", [None, 4], (2, 3, 2, 5), bias_axes="c"),
    einsum("dots_left", "...b,bc->...c", 5, (2, 3, 4), bias_axes="c"),
    einsum("dots_left_rank4", "...b,bc->...c", 5, (2, 3, 3, 4), activation="tanh"),
    einsum("dots_right", "ab...,bc->ac...", 5, (2, 3, 4), bias_axes="c"),
    einsum("regularized", "ab,bc->ac", 5, (3, 4), bias_axes="c", **REGULARIZED),
    Case("dense_activity", "Dense", {"units": 3, **REGULARIZED}, (4, 5)),
    Case("dense_activity_l1l2", "Dense", {"units": 3, "activity_regularizer": L1L2}, (2, 3, 5)),
    Case(
        "conv2d_activity",
        "Conv2D",
        {"filters": 2, "kernel_size": 2, "activity_regularizer": "l1"},
        (2, 3, 4, 2),
    ),
    Case("activation_activity", "Activation", {"activation": "tanh", "activity_regularizer": "l2"}, (3, 4)),
    Case("activity_regularization", "ActivityRegularization", {"l1": 0.1, "l2": 0.02}, (3, 4)),
    Case("activity_regularization_none", "ActivityRegularization", {}, (2, 3, 4)),
    Case("leaky_relu", "LeakyReLU", {}, (4, 9)),
    Case("leaky_relu_slope", "LeakyReLU", {"negative_slope": 0.1}, (4, 9)),
    Case("elu", "ELU", {}, (4, 9)),
    Case("elu_alpha", "ELU", {"alpha": 0.5}, (4, 9)),
    Case("prelu", "PReLU", {}, (3, 4, 5)),
    Case("prelu_shared", "PReLU", {"shared_axes": [1, 2], "alpha_regularizer": "l2"}, (2, 3, 4, 5)),
    Case("prelu_shared_one", "PReLU", {"shared_axes": 1, "alpha_constraint": "non_neg"}, (3, 4, 5)),
    Case("softmax_two_axes", "Softmax", {"axis": [1, 2]}, (2, 3, 4)),
    Case("softmax_masked", "Softmax", {}, (3, 4), mask=MASK),
    Case("softmax_two_axes_masked", "Softmax", {"axis": [0, 1]}, (3, 4), mask=MASK),
    Case("masking", "Masking", {}, (3, 4, 2), draw=with_masked_steps),
    Case("masking_value", "Masking", {"mask_value": 0.5}, (3, 4, 2)),
    Case("global_average_masked", "GlobalAveragePooling1D", {}, (3, 4, 2), mask=MASK),
    Case(
        "global_average_masked_keepdims",
        "GlobalAveragePooling1D",
        {"keepdims": True, "data_format": "channels_first"},
        (3, 2, 4),
        mask=MASK,
    ),
    Case("identity", "Identity", {}, (3, 4)),
    Case("lambda", "Lambda", {"function": x_sin_x}, (3, 4)),
    Case("dropout", "Dropout", {"rate": 0.3, "seed": 4}, (3, 4)),
    Case("dropout_noise_shape", "Dropout", {"rate": 0.3, "noise_shape": [None, 1, 4]}, (3, 2, 4)),
    Case("alpha_dropout", "AlphaDropout", {"rate": 0.3, "noise_shape": [3, 1]}, (3, 4)),
    Case("gaussian_dropout", "GaussianDropout", {"rate": 0.3, "seed": 4}, (3, 4)),
    Case("gaussian_noise", "GaussianNoise", {"stddev": 0.3, "seed": 4}, (3, 4)),
    Case("spatial_dropout1d", "SpatialDropout1D", {"rate": 0.3, "seed": 4}, (3, 4, 2)),
    Case("spatial_dropout2d", "SpatialDropout2D", {"rate": 0.3}, (2, 3, 4, 2)),
    Case(
        "spatial_dropout3d",
        "SpatialDropout3D",
        {"rate": 0.3, "data_format": "channels_first"},
        (2, 3, 2, 2, 3),
    ),
]
