"""Fashion-MNIST as numpy arrays, from the IDX files of Debian's `dataset-fashion-mnist`."""

import gzip
import os
import pathlib
import struct

import numpy as np

FOLDER = pathlib.Path(os.environ.get("DANLU_DATA", "/usr/share/datasets")) / "fashion-mnist"


def read_idx(path):
    """Returns the uint8 array of one gzipped IDX file."""
    with gzip.open(path, "rb") as file:
        raw = file.read()
    zero, dtype, rank = struct.unpack(">HBB", raw[:4])
    if zero != 0 or dtype != 8:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(part):
    """Returns (images uint8 (n, 28, 28), labels uint8 (n,)); `part` is "train" or "test"."""
    stem = {"train": "train", "test": "t10k"}[part]
    images = read_idx(FOLDER / f"{stem}-images-idx3-ubyte.gz")
    labels = read_idx(FOLDER / f"{stem}-labels-idx1-ubyte.gz")
    return images, labels
