"""Activations, losses and normalizations of keras.ops.nn."""

from inputs import I, Input, N, U, V, case

import numpy as np

SMOOTH = (
    "celu", "elu", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "hard_shrink",
    "leaky_relu", "log_sigmoid", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink",
    "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "swish", "tanh_shrink",
)  # fmt: skip

CASES = []
for name in SMOOTH:
    CASES += [
        case(name, U(-4, 7, 3, 6)),
        case(name, U(-2, 2, 2, 1, 4)),
        case(name, U(-2, 2)),
        case(name, U(-2, 2, 0, 3)),
        # In float32 1 - sigmoid(20) is 0.
        case(name, V([-80.0, -20.0, 20.0, 80.0]), grad=name != "sigmoid"),
    ]
CASES += [
    case("celu", U(-3, 3, 9), alpha=0.5),
    case("elu", U(-3, 3, 9), alpha=1.7),
    case("gelu", U(-3, 3, 9), approximate=False),
    case("hard_shrink", U(-3, 3, 9), threshold=1.0),
    case("soft_shrink", U(-3, 3, 9), threshold=1.0),
    case("leaky_relu", U(-3, 3, 9), negative_slope=0.05),
    case("squareplus", U(-3, 3, 9), b=2),
    case("threshold", U(-3, 3, 3, 4), 0.5, 7.0),
    case("threshold", U(-3, 3, 5), -1, 0),
    case("threshold", U(-3, 3), 0, -2.5),
    case("glu", U(-3, 3, 3, 8)),
    case("glu", U(-3, 3, 4, 3), axis=0),
    case("glu", U(-3, 3, 0, 2)),
]
for name in ("softmax", "log_softmax"):
    CASES += [
        case(name, N(3, 5)),
        case(name, N(2, 3, 4), axis=1),
        case(name, N(4), axis=0),
        case(name, V([[80.0, 90.0, -50.0], [-1e3, -1e3, -1e3]])),
        case(name, N(2, 3, 4), axis=(0, 2)),
    ]


def probabilities(*shape):
    def make(rng):
        logits = rng.standard_normal(shape)
        return (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).astype(np.float32)

    return Input(make)


CASES += [
    case("binary_crossentropy", U(0, 1, 3, 4), U(0.05, 0.95, 3, 4)),
    case("binary_crossentropy", U(0, 1, 3, 4), N(3, 4), from_logits=True),
    case("binary_crossentropy", U(0, 1), U(0.1, 0.9)),
    case("binary_crossentropy", U(0, 1, 0, 2), U(0.1, 0.9, 0, 2)),
    case("categorical_crossentropy", probabilities(3, 5), probabilities(3, 5)),
    case("categorical_crossentropy", probabilities(3, 5), N(3, 5), from_logits=True),
    case("categorical_crossentropy", probabilities(3, 5), probabilities(3, 5), axis=0),
    case("categorical_crossentropy", probabilities(2, 3, 4), N(2, 3, 4), from_logits=True, axis=1),
    case("sparse_categorical_crossentropy", I(0, 5, 3), probabilities(3, 5)),
    case("sparse_categorical_crossentropy", I(0, 5, 3, 1), probabilities(3, 5)),
    case("sparse_categorical_crossentropy", I(0, 4, 2, 3), N(2, 3, 4), from_logits=True),
    case("batch_normalization", N(2, 3, 4), N(4), U(0.5, 2, 4), axis=-1),
    case("batch_normalization", N(2, 3, 4), N(3), U(0.5, 2, 3), axis=1, offset=N(3), scale=N(3)),
    case("batch_normalization", N(5, 4), N(4), U(0.5, 2, 4), axis=1, epsilon=0.1),
    case("layer_normalization", N(3, 6)),
    case("layer_normalization", N(3, 6), N(6), N(6)),
    case("layer_normalization", N(2, 3, 4), N(3, 4), N(3, 4), axis=(1, 2), epsilon=1e-3),
    case("layer_normalization", N(2, 3, 4), N(3), axis=1),
    case("rms_normalization", N(3, 6)),
    case("rms_normalization", N(3, 6), N(6), epsilon=1e-2),
    case("rms_normalization", N(2, 3, 4), axis=(1, 2)),
    case("normalize", N(3, 6)),
    case("normalize", N(3, 6), axis=0),
    case("normalize", N(3, 6), order=1),
    case("normalize", N(3, 6), order=3, epsilon=1e-2),
    case("normalize", N(2, 3, 4), axis=(1, 2)),
    case("moments", N(3, 5), axes=1),
    case("moments", N(2, 3, 4), axes=(0, 2), keepdims=True),
    case("moments", N(7), axes=0),
    case("psnr", U(0, 1, 2, 4, 4), U(0, 1, 2, 4, 4), 1.0),
    case("psnr", U(0, 9, 5), U(0, 9, 5), 255),
    case("depth_to_space", N(2, 2, 3, 8), 2),
    case("space_to_depth", N(2, 4, 6, 2), 2),
    case("one_hot", I(0, 4, 5), 4),
    case("one_hot", I(0, 4, 2, 3), 4, axis=1),
    case("one_hot", I(0, 3), 3),
    case("one_hot", I(0, 3, 0), 3),
    case("one_hot", I(0, 3, 4), 3, dtype="int32"),
    case("one_hot", V([-1, 0, 3, 2, 7], "int32"), 3),
    case("multi_hot", V([[-1, 0, 3], [2, 7, 1]], "int32"), 3),
    case("multi_hot", I(0, 6, 3, 2), 6),
    case("multi_hot", I(0, 6, 4), 6),
    case("multi_hot", I(0, 6, 3, 2), 6, dtype="int32"),
]
