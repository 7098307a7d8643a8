"""Convolutions of one to three spatial axes: plain, transposed, depthwise and separable."""

from layer_cases import Case

SHAPES = {1: (2, 9, 3), 2: (2, 7, 8, 3), 3: (2, 5, 6, 4, 2)}


def channels_first(shape):
    return (shape[0], shape[-1], *shape[1:-1])


def conv(layer, name, **config):
    rank = next(i for i in (1, 2, 3) if f"{i}D" in layer)
    first = config.get("data_format") == "channels_first"
    shape = config.pop("shape", SHAPES[rank])
    given = {"kernel_size": 3 if rank == 1 else [3, 2, 2][:rank], **config}
    if not layer.startswith("Depthwise"):
        given.setdefault("filters", 4)
    return Case(f"{layer.lower()}_{name}", layer, given, channels_first(shape) if first else shape)


REGULARIZED = {
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg",
    "kernel_initializer": "he_normal",
}
CASES = [
    conv("Conv1D", "valid"),
    conv("Conv1D", "same", padding="same", activation="tanh"),
    conv("Conv1D", "causal", padding="causal"),
    conv("Conv1D", "causal_dilated", padding="causal", dilation_rate=2),
    conv("Conv1D", "causal_strides", padding="causal", strides=2),
    conv("Conv1D", "strides_same", padding="same", strides=2),
    conv("Conv1D", "dilated", dilation_rate=3),
    conv("Conv1D", "groups", groups=2, shape=(2, 9, 4), use_bias=False),
    conv("Conv1D", "channels_first", data_format="channels_first", strides=2),
    conv("Conv1D", "causal_channels_first", data_format="channels_first", padding="causal"),
    conv("Conv1D", "regularized", **REGULARIZED),
    conv("Conv2D", "channels_first", data_format="channels_first", padding="same"),
    conv("Conv2D", "channels_first_strides", data_format="channels_first", strides=[2, 1]),
    conv("Conv2D", "regularized", **REGULARIZED),
    conv("Conv3D", "valid"),
    conv("Conv3D", "same", padding="same", activation="sigmoid"),
    conv("Conv3D", "strides", strides=[2, 1, 2]),
    conv("Conv3D", "strides_same", strides=2, padding="same"),
    conv("Conv3D", "dilated", dilation_rate=[1, 2, 2], padding="same"),
    conv("Conv3D", "groups", groups=2, use_bias=False),
    conv("Conv3D", "channels_first", data_format="channels_first"),
    conv("Conv3D", "regularized", **REGULARIZED),
    conv("Conv1DTranspose", "valid"),
    conv("Conv1DTranspose", "same", padding="same", activation="tanh"),
    conv("Conv1DTranspose", "strides", strides=2),
    conv("Conv1DTranspose", "strides_same", strides=2, padding="same"),
    conv("Conv1DTranspose", "long_strides", strides=4),
    conv("Conv1DTranspose", "output_padding", strides=3, output_padding=1),
    conv("Conv1DTranspose", "output_padding_same", strides=3, output_padding=2, padding="same"),
    conv("Conv1DTranspose", "dilated", dilation_rate=2),
    conv("Conv1DTranspose", "dilated_same", dilation_rate=2, padding="same", use_bias=False),
    conv("Conv1DTranspose", "channels_first", data_format="channels_first", strides=2),
    conv("Conv2DTranspose", "valid"),
    conv("Conv2DTranspose", "strides", strides=[2, 3]),
    conv("Conv2DTranspose", "strides_same", strides=2, padding="same", activation="relu"),
    conv("Conv2DTranspose", "output_padding", strides=[2, 3], output_padding=[1, 2]),
    conv("Conv2DTranspose", "dilated", dilation_rate=2),
    conv("Conv2DTranspose", "channels_first", data_format="channels_first", padding="same"),
    conv("Conv2DTranspose", "regularized", **REGULARIZED),
    conv("Conv3DTranspose", "valid", shape=(2, 3, 4, 2, 2)),
    conv("Conv3DTranspose", "strides_same", shape=(2, 3, 2, 3, 2), strides=2, padding="same"),
    conv("Conv3DTranspose", "output_padding", shape=(1, 2, 3, 2, 2), strides=2, output_padding=1),
    conv("Conv3DTranspose", "channels_first", shape=(2, 3, 2, 3, 2), data_format="channels_first"),
]
for layer in ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"):
    shared = {
        "depthwise_initializer": "he_uniform",
        "depthwise_regularizer": "l2",
        "bias_regularizer": "l1",
        "depthwise_constraint": "unit_norm",
        "bias_constraint": "non_neg",
    }
    if layer.startswith("Separable"):
        shared |= {
            "pointwise_initializer": "he_normal",
            "pointwise_regularizer": "l1",
            "pointwise_constraint": "max_norm",
        }
    CASES += [
        conv(layer, "valid"),
        conv(layer, "same", padding="same", activation="tanh"),
        conv(layer, "multiplier", depth_multiplier=2, use_bias=False),
        conv(layer, "strides", strides=2, depth_multiplier=2),
        conv(layer, "strides_same", strides=2, padding="same"),
        conv(layer, "dilated", dilation_rate=2, padding="same"),
        conv(layer, "channels_first", data_format="channels_first", depth_multiplier=2),
        conv(layer, "regularized", **shared),
    ]
