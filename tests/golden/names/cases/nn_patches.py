"""Windows of images: keras.ops.nn.unfold and fold."""

from inputs import N, case

CASES = [
    case("unfold", N(2, 3, 5, 6), 2),
    case("unfold", N(2, 1, 5, 6), (3, 2), stride=2),
    case("unfold", N(1, 2, 5, 6), 3, padding=1, dilation=2),
    case("unfold", N(1, 2, 4, 7), (2, 3), padding=(1, 0), stride=(2, 1)),
    case("unfold", N(0, 2, 4, 4), 2),
    case("fold", N(2, 12, 20), (5, 6), 2),
    case("fold", N(1, 6, 6), (5, 6), (3, 2), stride=2),
    case("fold", N(1, 18, 12), (5, 6), 3, padding=1, dilation=2),
]
