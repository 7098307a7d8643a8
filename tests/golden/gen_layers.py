"""layers.safetensors: output and gradients of sum(output * cotangent) for layers and activations.

Inputs, weights and cotangents are float32 and stored once; the float64 run casts them up.
"""

import common  # first: it chooses the backend
import jax
import keras
import numpy as np


def conv(name, input_shape, **config):
    return (name, "Conv2D", {"filters": 4, "kernel_size": [3, 3], **config}, input_shape)


def pool(name, layer, input_shape, **config):
    return (f"{name}", layer, {"pool_size": [2, 2], **config}, input_shape)


CASES = [
    # (name, layer class, config as in Keras, input shape with batch)
    ("dense", "Dense", {"units": 5}, (4, 7)),
    ("dense_no_bias", "Dense", {"units": 5, "use_bias": False}, (4, 7)),
    ("dense_relu", "Dense", {"units": 6, "activation": "relu"}, (5, 4)),
    ("dense_softmax", "Dense", {"units": 6, "activation": "softmax"}, (5, 4)),
    ("dense_rank3", "Dense", {"units": 3, "activation": "tanh"}, (2, 3, 4)),
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
    ("flatten", "Flatten", {}, (3, 4, 2, 3)),
    ("flatten_rank2", "Flatten", {}, (3, 4)),
    ("reshape", "Reshape", {"target_shape": [6, 4]}, (2, 4, 2, 3)),
    ("reshape_inferred", "Reshape", {"target_shape": [-1, 3]}, (2, 4, 6)),
    ("softmax", "Softmax", {}, (4, 6)),
    ("softmax_axis1", "Softmax", {"axis": 1}, (2, 5, 3)),
    ("softmax_extreme", "Softmax", {}, (4, 6)),
    ("relu_layer", "ReLU", {}, (4, 9)),
    ("relu_layer_max_value", "ReLU", {"max_value": 1.5}, (4, 9)),
    ("relu_layer_max_value_6", "ReLU", {"max_value": 6.0}, (4, 9)),
    ("relu_layer_negative_slope", "ReLU", {"negative_slope": 0.25}, (4, 9)),
    ("relu_layer_threshold", "ReLU", {"threshold": 0.5}, (4, 9)),
    (
        "relu_layer_max_value_negative_slope",
        "ReLU",
        {"max_value": 1.5, "negative_slope": 0.25},
        (4, 9),
    ),
    (
        "relu_layer_all",
        "ReLU",
        {"max_value": 1.5, "negative_slope": 0.25, "threshold": 0.5},
        (4, 9),
    ),
]
ACTIVATIONS = ["relu", "sigmoid", "tanh", "softmax", "softplus", "linear", "exponential"]
for activation in ACTIVATIONS:
    CASES += [
        (f"activation_{activation}", "Activation", {"activation": activation}, (4, 9)),
        (f"activation_{activation}_extreme", "Activation", {"activation": activation}, (3, 5)),
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


def input_of(name, shape, rng):
    if name == "softmax_extreme":
        return np.array(SOFTMAX_EXTREME, np.float32)
    if name.endswith("_extreme"):
        return np.array(EXTREME, np.float32).reshape(shape)
    if "_ties" in name:
        return rng.integers(0, 3, shape).astype(np.float32)
    if "_negative_same" in name:  # padding must not win over negative numbers
        return -1.0 - np.abs(common.normal(rng, shape))
    return common.normal(rng, shape, 4.0 if name == "relu_layer_max_value_6" else 1.0)


def as_keras(config):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}


def main():
    tensors, metadata = {}, {"cases": [case[0] for case in CASES]}
    for name, kind, config, shape in CASES:
        rng = common.rng_of(name)
        x = input_of(name, shape, rng)
        weights, cotangent = None, None
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            layer = getattr(keras.layers, kind)(**as_keras(config))
            layer.build(shape)
            names = [v.name for v in layer.trainable_variables]
            if weights is None:
                weights = [common.normal(rng, tuple(v.shape), 0.5) for v in layer.weights]
            given = [w.astype(dtype) for w in weights]
            y = common.assert_dtype(layer.stateless_call(given, [], x.astype(dtype))[0], dtype)
            if cotangent is None:
                cotangent = common.normal(rng, y.shape)

            def total(values, inputs):
                outputs, _ = layer.stateless_call(values, [], inputs)
                return keras.ops.sum(outputs * cotangent.astype(dtype))

            grads, grad_x = jax.grad(total, argnums=(0, 1))(given, x.astype(dtype))
            tensors[f"{name}/{short}/y"] = y
            tensors[f"{name}/{short}/grad/x"] = common.assert_dtype(grad_x, dtype)
            for variable, grad in zip(names, grads):
                tensors[f"{name}/{short}/grad/{variable}"] = common.assert_dtype(grad, dtype)
        tensors[f"{name}/x"] = x
        tensors[f"{name}/cotangent"] = cotangent
        for variable, value in zip(names, weights):
            tensors[f"{name}/weights/{variable}"] = value
        metadata[name] = {
            "layer": kind,
            "config": config,
            "input_shape": list(shape),
            "output_shape": list(y.shape),
            "variables": names,
        }
    common.write("layers.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
