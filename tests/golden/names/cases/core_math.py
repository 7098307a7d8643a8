"""Functions of keras.ops.core and keras.ops.math that are no transforms and no scatters."""

from inputs import B, D, I, N, U, V, case

CASES = [
    case("cast", U(-9, 9, 3, 4), "int32"),
    case("cast", I(-9, 9, 3, 4), "float32"),
    case("cast", V([0.0, 0.5, -2.0, 7.0]), "bool"),
    case("cast", B(5), "int32"),
    case("cast", I(0, 9, 0, 2), "float32"),
    case("saturate_cast", V([-300.0, -1.0, 7.9, 300.0]), "uint8"),
    case("saturate_cast", V([-300, -1, 7, 300], "int32"), "uint8"),
    case("saturate_cast", I(0, 250, 4, dtype="uint8"), "int32"),
    case("convert_to_tensor", N(2, 3)),
    case("convert_to_tensor", I(0, 9, 3), dtype="float32"),
    case("dtype", I(0, 9, 3)),
    case("dtype", B(3)),
    case("shape", N(2, 3)),
    case("shape", N()),
    case("shape", N(0, 4)),
    case("stop_gradient", N(2, 3)),
    case("stop_gradient", N()),
    case("unstack", N(3, 4)),
    case("unstack", N(2, 3, 4), axis=1),
    case("unstack", I(0, 9, 2, 3), num=3, axis=-1),
    case("cdist", N(4, 3), N(5, 3)),
    case("cdist", N(2, 4, 3), N(2, 5, 3)),
    case("extract_sequences", N(10), 4, 2),
    case("extract_sequences", N(2, 9), 3, 3),
    case("in_top_k", I(0, 5, 4), D(4, 5), 2),
    case("in_top_k", V([0, 1], "int32"), V([[0.5, 0.5, 0.5], [0.1, 0.2, 0.3]]), 1),
    case("logsumexp", N(3, 5)),
    case("logsumexp", N(3, 5), axis=1),
    case("logsumexp", N(2, 3, 4), axis=(0, 2), keepdims=True),
    case("logsumexp", V([[800.0, 801.0], [-900.0, -901.0]]), axis=1),
    case("segment_sum", N(6, 2), V([0, 0, 2, 1, 2, 2], "int32"), 3),
    case("segment_sum", N(5), V([0, 0, 1, 1, 2], "int32"), 3, sorted=True),
    case("segment_sum", I(0, 9, 5), V([3, 0, 1, 1, 0], "int32"), num_segments=5),
]
for name, low, high in (("erf", -3, 3), ("erfc", -3, 3), ("erfinv", -0.95, 0.95), ("rsqrt", 0.2, 5)):
    CASES += [
        case(name, U(low, high, 3, 5)),
        case(name, U(low, high)),
        case(name, U(low, high, 0, 2)),
    ]
CASES.append(case("erf", V([-6.0, 0.0, 1e-6, 6.0])))
CASES.append(case("erfc", V([-6.0, 0.0, 3.0, 5.0])))
