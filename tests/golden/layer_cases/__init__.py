"""What gen_layers.py asks Keras: a module for each file in layers/, with a list CASES."""

import dataclasses
from collections.abc import Callable

import common


def normal(name, shape, rng):
    return common.normal(rng, shape)


@dataclasses.dataclass
class Case:
    name: str
    layer: str  # Keras's class
    config: dict  # what differs from Keras's defaults; a function makes its value anew for each run
    shape: tuple  # of the input, batch included
    training: bool = False
    mask: list | None = None  # what is given as `mask`, of 0 and 1
    draw: Callable = normal  # (name, shape, rng) -> the input: float32 or int32
