"""Connectionist temporal classification: the loss and its decoders."""

import numpy as np

from inputs import Input, N, V, case


def labels(classes, *shape, mask=0):
    """Labels that are not the mask, many of them twice in a row."""

    def make(rng):
        chosen = np.delete(np.arange(classes), mask)
        values = rng.choice(chosen, shape)
        return np.where(rng.random(shape) < 0.3, np.roll(values, 1, -1), values).astype(np.int32)

    return Input(make)


def lengths(*values):
    return V(values, "int32")


T = {"tol32": 2e-5}
CASES = [
    case("ctc_loss", labels(5, 3, 4), N(3, 11, 5), lengths(4, 2, 1), lengths(11, 9, 4), **T),
    case("ctc_loss", labels(4, 2, 3, mask=3), N(2, 8, 4), lengths(3, 3), lengths(8, 8), 3, **T),
    case("ctc_loss", labels(6, 2, 5, mask=2), N(2, 14, 6, scale=3), lengths(5, 4), lengths(14, 10),
         mask_index=2, **T),
    case("ctc_loss", labels(3, 1, 1), N(1, 1, 3), lengths(1), lengths(1), **T),
    case("ctc_loss", labels(3, 2, 2), N(2, 5, 3), lengths(0, 1), lengths(5, 3), **T),
    # Labels behind the length may be anything.
    case("ctc_loss", V([[1, 2, -1], [2, 2, 9]], "int32"), N(2, 6, 3), lengths(2, 2), lengths(6, 5),
         **T),
    # More labels than steps, and repeated ones with no step for the mask between them.
    case("ctc_loss", labels(4, 2, 6), N(2, 3, 4), lengths(6, 5), lengths(3, 2), tol32=1e-4),
    case("ctc_loss", V([[1, 1, 1]], "int32"), N(1, 4, 3), lengths(3), lengths(4), tol32=1e-4),
    case("ctc_loss", labels(30, 2, 25), N(2, 80, 30), lengths(25, 20), lengths(80, 77), **T),
]
for greedy in (
    {},
    {"merge_repeated": False},
    {"mask_index": 3},
    {"mask_index": 1, "merge_repeated": False},
):
    CASES += [
        case("ctc_decode", N(3, 9, 4), lengths(9, 5, 7), grad=False, **greedy),
        case("ctc_decode", N(2, 12, 4, scale=3), lengths(12, 0), "greedy", grad=False, **greedy),
    ]
CASES.append(case("ctc_decode", N(1, 1, 2), lengths(1), grad=False))
# Keras's beam search on JAX takes minutes for wide beams.
CASES += [
    case("ctc_decode", N(2, 3, 3), lengths(3, 2), "beam_search", grad=False),
    case("ctc_decode", N(3, 9, 4), lengths(9, 5, 7), "beam_search", 3, grad=False),
    case("ctc_decode", N(2, 9, 4), lengths(9, 7), "beam_search", 5, 3, grad=False),
    case("ctc_decode", N(2, 7, 4), lengths(7, 6), "beam_search", 8, 4, mask_index=2, grad=False),
    case("ctc_decode", N(2, 12, 4, scale=2), lengths(12, 10), "beam_search", beam_width=4,
         top_paths=2, merge_repeated=False, mask_index=3, grad=False),
]
