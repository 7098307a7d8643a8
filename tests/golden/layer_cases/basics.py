"""Dense, Conv2D, 2-D pooling, Flatten, Reshape, Softmax, ReLU and Activation."""

import common
import numpy as np
from layer_cases import Case


def conv(name, input_shape, **config):
    return Case(name, "Conv2D", {"filters": 4, "kernel_size": [3, 3], **config}, input_shape)


def pool(name, layer, input_shape, **config):
    return Case(name, layer, {"pool_size": [2, 2], **config}, input_shape)


CASES = [
    Case("dense", "Dense", {"units": 5}, (4, 7)),
    Case("dense_no_bias", "Dense", {"units": 5, "use_bias": False}, (4, 7)),
    Case("dense_relu", "Dense", {"units": 6, "activation": "relu"}, (5, 4)),
    Case("dense_softmax", "Dense", {"units": 6, "activation": "softmax"}, (5, 4)),
    Case("dense_rank3", "Dense", {"units": 3, "activation": "tanh"}, (2, 3, 4)),
    conv("conv2d_valid", (2, 8, 7, 3)),
    conv("conv2d_same", (2, 8, 7, 3), padding="same"),
    conv("conv2d_relu", (2, 8, 7, 3), activation="relu"),
    conv("conv2d_one_channel", (2, 9, 9, 1), filters=8),
    conv("conv2d_strides2_valid", (2, 9, 8, 3), strides=[2, 2]),
    conv("conv2d_strides2_same_even", (2, 8, 8, 3), strides=[2, 2], padding="same"),
    conv("conv2d_strides2_same_odd", (2, 9, 7, 3), strides=[2, 2], padding="same"),
    conv("conv2d_strides21_valid", (2, 9, 8, 2), strides=[2, 1]),
    conv("conv2d_strides32_same", (2, 10, 9, 2), strides=[3, 2], padding="same"),
    conv("conv2d_dilation2_valid", (2, 9, 8, 3), dilation_rate=[2, 2]),
    conv("conv2d_dilation2_same", (2, 9, 8, 3), dilation_rate=[2, 2], padding="same"),
    conv("conv2d_dilation12_valid", (2, 9, 8, 3), dilation_rate=[1, 2]),
    conv("conv2d_groups2", (2, 7, 8, 4), groups=2, filters=6),
    conv("conv2d_groups2_strides2_same", (2, 7, 8, 4), groups=2, strides=[2, 2], padding="same"),
    conv("conv2d_depthwise", (2, 7, 8, 4), groups=4, padding="same"),
    conv("conv2d_no_bias", (2, 8, 7, 3), use_bias=False),
    conv("conv2d_kernel1", (2, 5, 6, 3), kernel_size=[1, 1]),
    conv("conv2d_kernel2_same", (2, 7, 6, 3), kernel_size=[2, 2], padding="same"),
    conv("conv2d_kernel32_valid", (2, 8, 7, 3), kernel_size=[3, 2]),
    conv("conv2d_kernel5_same", (2, 8, 7, 2), kernel_size=[5, 5], padding="same"),
    conv("conv2d_kernel_is_image", (2, 5, 4, 3), kernel_size=[5, 4]),
]
for kind in ("MaxPooling2D", "AveragePooling2D"):
    stem = "max_pooling2d" if kind == "MaxPooling2D" else "average_pooling2d"
    CASES += [
        pool(f"{stem}", kind, (2, 8, 6, 3)),
        pool(f"{stem}_valid_odd", kind, (2, 9, 7, 3)),
        pool(f"{stem}_same_odd", kind, (2, 9, 7, 3), padding="same"),
        pool(f"{stem}_overlap_valid", kind, (2, 9, 8, 2), pool_size=[3, 3], strides=[2, 2]),
        pool(
            f"{stem}_overlap_same",
            kind,
            (2, 9, 8, 2),
            pool_size=[3, 3],
            strides=[2, 2],
            padding="same",
        ),
        pool(
            f"{stem}_strides1_same",
            kind,
            (2, 5, 6, 2),
            pool_size=[3, 2],
            strides=[1, 1],
            padding="same",
        ),
        pool(f"{stem}_strides3_valid", kind, (2, 9, 8, 2), strides=[3, 3]),
        pool(f"{stem}_strides3_same", kind, (2, 10, 8, 2), strides=[3, 3], padding="same"),
        pool(f"{stem}_pool32_valid", kind, (2, 9, 8, 2), pool_size=[3, 2]),
    ]
CASES += [
    pool("max_pooling2d_ties", "MaxPooling2D", (2, 8, 6, 3)),
    pool(
        "max_pooling2d_ties_overlap_same",
        "MaxPooling2D",
        (2, 9, 8, 2),
        pool_size=[3, 3],
        strides=[2, 2],
        padding="same",
    ),
    pool("max_pooling2d_negative_same", "MaxPooling2D", (2, 5, 5, 2), padding="same"),
    Case("flatten", "Flatten", {}, (3, 4, 2, 3)),
    Case("flatten_rank2", "Flatten", {}, (3, 4)),
    Case("reshape", "Reshape", {"target_shape": [6, 4]}, (2, 4, 2, 3)),
    Case("reshape_inferred", "Reshape", {"target_shape": [-1, 3]}, (2, 4, 6)),
    Case("softmax", "Softmax", {}, (4, 6)),
    Case("softmax_axis1", "Softmax", {"axis": 1}, (2, 5, 3)),
    Case("softmax_extreme", "Softmax", {}, (4, 6)),
    Case("relu_layer", "ReLU", {}, (4, 9)),
    Case("relu_layer_max_value", "ReLU", {"max_value": 1.5}, (4, 9)),
    Case("relu_layer_max_value_6", "ReLU", {"max_value": 6.0}, (4, 9)),
    Case("relu_layer_negative_slope", "ReLU", {"negative_slope": 0.25}, (4, 9)),
    Case("relu_layer_threshold", "ReLU", {"threshold": 0.5}, (4, 9)),
    Case(
        "relu_layer_max_value_negative_slope",
        "ReLU",
        {"max_value": 1.5, "negative_slope": 0.25},
        (4, 9),
    ),
    Case(
        "relu_layer_all",
        "ReLU",
        {"max_value": 1.5, "negative_slope": 0.25, "threshold": 0.5},
        (4, 9),
    ),
]
ACTIVATIONS = ["relu", "sigmoid", "tanh", "softmax", "softplus", "linear", "exponential"]
for activation in ACTIVATIONS:
    CASES += [
        Case(f"activation_{activation}", "Activation", {"activation": activation}, (4, 9)),
        Case(f"activation_{activation}_extreme", "Activation", {"activation": activation}, (3, 5)),
    ]

EXTREME = [
    0.0,
    -0.0,
    1e-30,
    -1e-30,
    1e-8,
    -1e-8,
    30.0,
    -30.0,
    80.0,
    -80.0,
    5.0,
    -5.0,
    17.0,
    -17.0,
    0.5,
]
SOFTMAX_EXTREME = [
    [100.0, -100.0, 0.0, 1.0, 2.0, 3.0],
    [80.0, 80.0, 80.0, 79.0, 0.0, -80.0],
    [-100.0, -100.0, -101.0, -102.0, -100.5, -99.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
]


def draw(name, shape, rng):
    if name == "softmax_extreme":
        return np.array(SOFTMAX_EXTREME, np.float32)
    if name.endswith("_extreme"):
        return np.array(EXTREME, np.float32).reshape(shape)
    if "_ties" in name:
        return rng.integers(0, 3, shape).astype(np.float32)
    if "_negative_same" in name:  # padding must not win over negative numbers
        return -1.0 - np.abs(common.normal(rng, shape))
    return common.normal(rng, shape, 4.0 if name == "relu_layer_max_value_6" else 1.0)


for case in CASES:
    case.draw = draw
