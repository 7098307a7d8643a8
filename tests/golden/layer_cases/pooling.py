"""Pooling of one to three spatial axes: in windows, global and adaptive."""

from layer_cases import Case
from layer_cases.convolution import channels_first

SHAPES = {1: (2, 9, 3), 2: (2, 7, 8, 3), 3: (2, 5, 6, 4, 2)}
CASES = []


def pool(layer, rank, name, **config):
    first = config.get("data_format") == "channels_first"
    shape = channels_first(SHAPES[rank]) if first else SHAPES[rank]
    CASES.append(Case(f"{layer}{rank}d_{name}".lower(), f"{layer}{rank}D", config, shape))


FIRST = {"data_format": "channels_first"}
for rank in (1, 2, 3):
    sizes = [2, 3, 2][:rank] if rank > 1 else 2
    for layer in ("MaxPooling", "AveragePooling"):
        pool(layer, rank, "valid", pool_size=sizes)
        pool(layer, rank, "same", pool_size=sizes, padding="same")
        pool(layer, rank, "overlap", pool_size=3, strides=2 if rank == 1 else [2, 1, 1][:rank])
        pool(layer, rank, "overlap_same", pool_size=3, strides=2, padding="same")
        pool(layer, rank, "channels_first", pool_size=sizes, **FIRST)
        pool(layer, rank, "channels_first_same", pool_size=2, strides=1, padding="same", **FIRST)
    for layer in ("GlobalMaxPooling", "GlobalAveragePooling"):
        pool(layer, rank, "plain")
        pool(layer, rank, "keepdims", keepdims=True)
        pool(layer, rank, "channels_first", **FIRST)
        pool(layer, rank, "channels_first_keepdims", keepdims=True, **FIRST)
    for layer in ("AdaptiveMaxPooling", "AdaptiveAveragePooling"):
        pool(layer, rank, "two", output_size=2)
        pool(layer, rank, "uneven", output_size=4 if rank == 1 else [3, 5, 4][:rank])
        pool(layer, rank, "channels_first", output_size=[3, 2, 2][:rank], **FIRST)
