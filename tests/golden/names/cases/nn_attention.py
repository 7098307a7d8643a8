"""keras.ops.nn.dot_product_attention. JAX takes the softmax in float32 whatever the inputs are."""

from inputs import B, N, U, V, case

import numpy as np


def attention(q, k, *args, **kwargs):
    return case("dot_product_attention", N(*q), N(*k), N(*k), *args, tol64=2e-6, **kwargs)


CASES = [
    attention((2, 5, 3, 4), (2, 7, 3, 4)),
    attention((1, 1, 1, 1), (1, 1, 1, 1)),
    attention((2, 5, 6, 4), (2, 7, 2, 4)),
    attention((2, 5, 4, 3), (2, 6, 1, 3), scale=0.7),
    attention((2, 6, 2, 8), (2, 6, 2, 8), is_causal=True),
    attention((1, 4, 2, 8), (1, 9, 2, 8), is_causal=True),
    attention((1, 9, 2, 8), (1, 4, 2, 8), is_causal=True),
    attention((2, 4, 2, 3), (2, 5, 2, 3), bias=N(2, 2, 4, 5)),
    attention((2, 4, 2, 3), (2, 5, 1, 3), bias=N(1, 2, 1, 5)),
    attention((2, 4, 2, 3), (2, 5, 2, 3), bias=N(4, 5)),
    attention((2, 4, 2, 3), (2, 5, 2, 3), mask=B(2, 2, 4, 5)),
    attention((2, 4, 2, 3), (2, 5, 2, 3), mask=B(2, 1, 4, 5)),
    attention((2, 4, 2, 3), (2, 5, 1, 3), mask=V([[[[1, 1, 1, 0, 0]]], [[[0, 0, 0, 0, 0]]]], "bool")),
    attention((2, 4, 2, 3), (2, 5, 2, 3), mask=B(2, 1, 1, 5), is_causal=True),
    attention((2, 4, 2, 3), (2, 5, 2, 3), N(1, 2, 4, 5), B(1, 1, 4, 5), 0.5, True),
    attention((2, 4, 2, 3), (2, 5, 2, 3), flash_attention=False),
    attention((1, 140, 2, 8), (1, 270, 2, 8)),
    attention((1, 270, 2, 5), (1, 270, 1, 5), is_causal=True, mask=B(1, 1, 270, 1)),
    attention((0, 4, 2, 3), (0, 5, 2, 3), grad=False),
    case(
        "dot_product_attention",
        V(np.full((1, 2, 1, 2), 300.0)),
        U(100, 300, 1, 3, 1, 2),
        N(1, 3, 1, 2),
        runs=("f32",),
        tol32=1e-3,
    ),
]
