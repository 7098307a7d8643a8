"""Gradients of images through transformations that are fixed. (Those with respect to affine_transform's
last two numbers, which should do nothing, mix channels in Keras.)"""

import numpy as np
from keras.ops import image

from inputs import N, V, case

AFFINE = np.array([1.013, 0.117, 0.731, -0.213, 0.907, 0.419, 0, 0], "float32")
START = np.array([[0.0, 0], [7, 0], [0, 5], [7, 5]], "float32")
END = np.array([[1.03, 0.51], [6.1, 1.07], [0.02, 5.53], [7.47, 4.1]], "float32")
P = {"tol32": 2e-5, "tol64": 1e-6}


def affine(mode):
    return lambda x: image.affine_transform(x, AFFINE, fill_mode=mode)


CASES = [
    case("affine_transform", N(5, 6, 2), call=affine(mode), variant=mode, **P)
    for mode in ("constant", "reflect", "wrap", "nearest")
]
CASES += [
    case("perspective_transform", N(1, 6, 8, 2), tol32=1e-4, tol64=1e-4,
         call=lambda x: image.perspective_transform(x, START, END)),
    case("scale_and_translate", N(5, 6, 2), (8, 7, 2), V([1.613, 0.917]), V([0.317, -0.423]),
         (0, 1), "linear", tol32=1e-4),
]
