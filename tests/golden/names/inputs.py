"""What cases are made of: inputs drawn from a generator of their own, and calls with them."""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Input:
    """An array argument; `make` draws it from the generator that belongs to its case."""

    make: object


def _shape(shape):
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape


def N(*shape, scale=1.0):
    """float32 normal numbers."""
    return Input(lambda rng: (scale * rng.standard_normal(_shape(shape))).astype(np.float32))


def U(low, high, *shape):
    """float32 uniform numbers of [low, high)."""
    return Input(lambda rng: rng.uniform(low, high, _shape(shape)).astype(np.float32))


def I(low, high, *shape, dtype="int32"):  # noqa: E743
    """Integers of [low, high)."""
    return Input(lambda rng: rng.integers(low, high, _shape(shape)).astype(dtype))


def B(*shape):
    """bools."""
    return Input(lambda rng: rng.integers(0, 2, _shape(shape)).astype(bool))


def D(*shape, scale=1.0):
    """float32 normal numbers, no two alike and none near another: for sorts and maxima."""

    def make(rng):
        count = math.prod(_shape(shape))
        values = (rng.permutation(count) - count / 2 + 0.25) * (scale * 2 / max(count, 1))
        return values.reshape(_shape(shape)).astype(np.float32)

    return Input(make)


def V(values, dtype="float32"):
    """These very values."""
    return Input(lambda rng: np.asarray(values, dtype))


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    args: tuple
    kwargs: dict
    call: object = None  # instead of Keras's function of that name, which must then be given
    variant: str = ""  # tells the C++ side which of several `call`s it is
    grad: bool = True  # compare gradients where inputs and outputs are floating
    runs: tuple = ("f64", "f32")  # ("f32",) where only the float32 numbers are of use
    tol32: float = 1e-5
    tol64: float = 1e-9


_OPTIONS = {f.name for f in dataclasses.fields(Case)} - {"name", "args", "kwargs"}


def case(name, *args, **kwargs):
    """One call of the Keras function `name`: positional and keyword arguments as Keras takes them,
    and the fields of Case. An option of Keras's that is also a field is given as `option_`."""
    options = {k: v for k, v in kwargs.items() if k in _OPTIONS}
    rest = {k.rstrip("_"): v for k, v in kwargs.items() if k not in _OPTIONS}
    return Case(name, args, rest, **options)
