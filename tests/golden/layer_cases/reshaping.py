"""Layers that move, repeat, cut off or add elements."""

from layer_cases import Case
from layer_cases.convolution import channels_first

SHAPES = {1: (2, 6, 3), 2: (2, 5, 6, 3), 3: (2, 4, 5, 6, 2)}
FIRST = {"data_format": "channels_first"}
CASES = [
    Case("permute", "Permute", {"dims": [2, 1]}, (2, 3, 4)),
    Case("permute_three", "Permute", {"dims": [3, 1, 2]}, (2, 3, 4, 5)),
    Case("repeat_vector", "RepeatVector", {"n": 3}, (2, 4)),
    Case("flatten_channels_first", "Flatten", FIRST, (2, 3, 4, 5)),
    Case("flatten_channels_first_rank2", "Flatten", FIRST, (2, 3)),
]


def spatial(layer, rank, name, **config):
    first = config.get("data_format") == "channels_first"
    shape = channels_first(SHAPES[rank]) if first else SHAPES[rank]
    CASES.append(Case(f"{layer}{rank}d_{name}".lower(), f"{layer}{rank}D", config, shape))


for rank in (1, 2, 3):
    pairs = [[1, 0], [0, 2], [2, 1]][:rank] if rank > 1 else [1, 2]
    for layer, field in (("Cropping", "cropping"), ("ZeroPadding", "padding")):
        spatial(layer, rank, "default")
        spatial(layer, rank, "one", **{field: 1})
        spatial(layer, rank, "pairs", **{field: pairs})
        if rank > 1:
            spatial(layer, rank, "symmetric", **{field: [1, 0, 2][:rank]})
        if rank > 1 or layer == "ZeroPadding":
            spatial(layer, rank, "channels_first", **{field: pairs}, **FIRST)
    spatial("UpSampling", rank, "default")
    spatial("UpSampling", rank, "sizes", size=3 if rank == 1 else [2, 3, 1][:rank])
    if rank > 1:
        spatial("UpSampling", rank, "channels_first", size=2, **FIRST)
for interpolation in ("bilinear", "bicubic", "lanczos3", "lanczos5"):
    spatial("UpSampling", 2, interpolation, size=[2, 3], interpolation=interpolation)
spatial("UpSampling", 2, "bilinear_channels_first", interpolation="bilinear", **FIRST)
