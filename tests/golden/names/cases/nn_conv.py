"""Convolutions and pooling of keras.ops.nn in every rank and both data formats."""

from inputs import D, N, case
from keras.src import backend

LAST, FIRST = "channels_last", "channels_first"
CASES = []


def images(sizes, channels, data_format, batch=2):
    return (batch, *sizes, channels) if data_format == LAST else (batch, channels, *sizes)


# conv: spatial sizes, kernel sizes, channels, groups, filters, options
CONV = [
    ((9,), (3,), 4, 1, 5, {}),
    ((10,), (4,), 3, 1, 2, {"strides": 2, "padding": "same"}),
    ((11,), (3,), 4, 2, 6, {"dilation_rate": 2}),
    ((7, 8), (3, 3), 3, 1, 4, {}),
    ((8, 7), (3, 2), 2, 1, 3, {"strides": (2, 3), "padding": "same"}),
    ((7, 9), (2, 3), 4, 2, 4, {"dilation_rate": (2, 1), "padding": "same"}),
    ((5, 6, 7), (3, 2, 3), 2, 1, 3, {}),
    ((6, 5, 7), (3, 3, 2), 2, 1, 3, {"strides": (2, 1, 2), "padding": "same"}),
    ((7, 6, 5), (2, 3, 1), 4, 2, 4, {"dilation_rate": (3, 1, 2)}),
    ((5, 4, 4), (1, 2, 2), 4, 4, 4, {"strides": 2}),
]
for sizes, kernel, channels, groups, filters, options in CONV:
    for data_format in (LAST, FIRST):
        x = N(images(sizes, channels, data_format))
        k = N((*kernel, channels // groups, filters), scale=0.5)
        CASES.append(case("conv", x, k, data_format=data_format, **options))
CASES.append(case("conv", N(0, 6, 3), N(2, 3, 4)))
# Padding in numbers, which keras.ops.conv does not let through but its backend takes.
EXPLICITLY = {"call": backend.nn.conv}
CASES.append(case("conv", N(1, 6, 5, 2), N(3, 3, 2, 3), padding=[(1, 2), (0, 3)], **EXPLICITLY))
CASES.append(case("conv", N(1, 6, 2), N(3, 2, 3), padding=[(2, 0)], **EXPLICITLY))
CASES.append(case("conv", N(1, 4, 5, 4, 2), N(2, 3, 3, 2, 3), padding=[(1, 2), (0, 1), (2, 0)], **EXPLICITLY))

# depthwise_conv: spatial sizes, kernel sizes, channels, multiplier, options
DEPTHWISE = [
    ((9,), (3,), 3, 2, {}),
    ((9,), (4,), 2, 1, {"strides": 2, "padding": "same"}),
    ((6, 7), (3, 2), 3, 2, {}),
    ((7, 6), (3, 3), 2, 1, {"strides": 2, "padding": "same"}),
    ((8, 7), (2, 3), 2, 2, {"dilation_rate": (1, 2)}),
]
for sizes, kernel, channels, multiplier, options in DEPTHWISE:
    for data_format in (LAST, FIRST):
        x = N(images(sizes, channels, data_format))
        k = N((*kernel, channels, multiplier), scale=0.5)
        CASES.append(case("depthwise_conv", x, k, data_format=data_format, **options))
        p = N((*(1 for _ in kernel), channels * multiplier, 4), scale=0.5)
        CASES.append(case("separable_conv", x, k, p, data_format=data_format, **options))

# conv_transpose: spatial sizes, kernel sizes, channels, filters, options
TRANSPOSE = [
    ((5,), (3,), 3, 2, {}),
    ((5,), (3,), 3, 2, {"strides": 2, "padding": "same"}),
    ((4,), (2,), 2, 3, {"strides": 3}),
    ((4,), (4,), 2, 3, {"strides": 2, "padding": "same", "output_padding": 1}),
    ((5,), (3,), 2, 2, {"strides": 2, "output_padding": 1}),
    ((4, 5), (3, 2), 3, 2, {}),
    ((4, 5), (3, 3), 3, 2, {"strides": 2, "padding": "same"}),
    ((4, 3), (2, 3), 2, 3, {"strides": (3, 2), "padding": "same"}),
    ((3, 4), (3, 3), 2, 2, {"dilation_rate": 2}),
    ((3, 4), (3, 2), 2, 2, {"strides": (2, 3), "output_padding": (1, 2)}),
    ((3, 4, 3), (2, 3, 2), 2, 2, {}),
    ((3, 3, 4), (3, 2, 3), 2, 2, {"strides": 2, "padding": "same"}),
    ((3, 2, 3), (2, 2, 3), 2, 2, {"strides": (3, 1, 2)}),
    ((3, 3, 3), (2, 3, 2), 2, 2, {"dilation_rate": (2, 1, 3), "padding": "same"}),
]
for sizes, kernel, channels, filters, options in TRANSPOSE:
    for data_format in (LAST, FIRST):
        x = N(images(sizes, channels, data_format))
        k = N((*kernel, filters, channels), scale=0.5)
        CASES.append(case("conv_transpose", x, k, data_format=data_format, **options))

# max_pool, average_pool: spatial sizes, pool size, strides, padding
POOL = [
    ((9,), 2, None, "valid"),
    ((10,), 3, 2, "same"),
    ((6, 8), 2, None, "valid"),
    ((7, 5), (3, 2), (2, 1), "same"),
    ((7, 7), 2, 3, "valid"),
    ((4, 6, 5), 2, None, "valid"),
    ((5, 4, 7), (3, 2, 3), (2, 1, 2), "same"),
    ((6, 5, 4), (2, 3, 1), (3, 2, 2), "valid"),
]
for name in ("max_pool", "average_pool"):
    for sizes, pool_size, strides, padding in POOL:
        for data_format in (LAST, FIRST):
            x = D(images(sizes, 3, data_format))
            # Keras on JAX fails without strides.
            given = strides or pool_size
            CASES.append(case(name, x, pool_size, given, padding, data_format=data_format))
    CASES.append(case(name, D(0, 4, 2), 2, 2))

# Adaptive pooling: spatial sizes, output size
ADAPTIVE = [
    ((9,), 3),
    ((7,), 4),
    ((6, 8), (3, 2)),
    ((7, 5), (3, 4)),
    ((5, 6), 1),
    ((4, 6, 5), 2),
    ((5, 3, 7), (2, 3, 4)),
]
for name in ("adaptive_average_pool", "adaptive_max_pool"):
    for sizes, output_size in ADAPTIVE:
        for data_format in (LAST, FIRST):
            x = D(images(sizes, 3, data_format))
            CASES.append(case(name, x, output_size, data_format=data_format))
