"""keras.ops.core: control flow, derivatives given by hand, and what is known of a tensor."""

from inputs import I, N, U, V, case
from keras import ops

CASES = []


def calls(name, variant, call, *argument_lists, **options):
    for arguments in argument_lists:
        CASES.append(case(name, *arguments, call=call, variant=variant, **options))


# cond
calls(
    "cond",
    "operands in closures",
    lambda x, y: ops.cond(ops.sum(x) > 0, lambda: x * y, lambda: ops.sin(x) - y),
    (U(0.1, 2, 3, 4), N(4)),
    (U(-2, -0.1, 3, 4), N(4)),
    (U(-2, -0.1), N()),
    (N(0, 3), N(3)),
)
calls(
    "cond",
    "two results",
    lambda p, x: ops.cond(p, lambda: (x * 2, ops.sum(x)), lambda: (x, ops.max(x))),
    (V(True, "bool"), N(5)),
    (V(False, "bool"), N(2, 3)),
    (V(3, "int32"), N(5)),
    (V(0.0), N(5)),
)

# switch
calls(
    "switch",
    "three branches",
    lambda i, x, y: ops.switch(
        i, [lambda x, y: x + y, lambda x, y: x * ops.exp(y), lambda x, y: ops.tanh(x) / y], x, y
    ),
    (V(0, "int32"), N(3, 2), U(0.5, 2, 2)),
    (V(1, "int32"), N(3, 2), U(0.5, 2, 2)),
    (V(2, "int64"), N(3), U(0.5, 2)),
    (V(9, "int32"), N(3, 2), U(0.5, 2, 2)),
    (V(-4, "int32"), N(0, 2), U(0.5, 2, 2)),
)

# while_loop
calls(
    "while_loop",
    "doubling",
    lambda limit, x: ops.while_loop(
        lambda i, v: ops.max(v) < limit, lambda i, v: (i + 1, v * 2), (0, x)
    ),
    (V(50.0), U(0.5, 1, 4)),
    (V(0.1), U(0.5, 1, 2, 3)),
    (V(50.0), U(0.5, 1)),
    grad=False,
)
calls(
    "while_loop",
    "at most three",
    lambda x: ops.while_loop(lambda v: True, lambda v: v * v + 1, x, maximum_iterations=3),
    (U(-1, 1, 5),),
    (U(-1, 1),),
    grad=False,
)

# fori_loop
calls(
    "fori_loop",
    "2 to 6",
    lambda x: ops.fori_loop(2, 6, lambda i, v: v * 0.5 + ops.sin(v) * i, x),
    (N(4),),
    (N(),),
    (N(2, 3),),
    (N(0, 3),),
)
calls("fori_loop", "no turn", lambda x: ops.fori_loop(3, 3, lambda i, v: v * 2, x), (N(3),))

# scan
calls(
    "scan",
    "recurrence",
    lambda h, xs, w: ops.scan(
        lambda c, x: (ops.tanh(ops.matmul(c, w) + x), ops.exp(c) * x), h, xs
    ),
    (N(3), N(5, 3), N(3, 3)),
    (N(2, 3), N(4, 2, 3), N(3, 3)),
    (N(3), N(1, 3), N(3, 3)),
)
calls(
    "scan",
    "reversed",
    lambda h, xs: ops.scan(lambda c, x: (c * 0.5 + x, c - x), h, xs, reverse=True),
    (N(3), N(4, 3)),
    (N(), N(6)),
)
calls(
    "scan",
    "without sequences",
    lambda h: ops.scan(lambda c, _: (ops.sin(c) + 1, c), h, length=4),
    (N(3),),
    (N(),),
)
calls(
    "scan",
    "two sequences",
    lambda h, xs, ys: ops.scan(lambda c, p: (c + p[0] * p[1], c), h, (xs, ys)),
    (N(2), N(3, 2), N(3, 2)),
    (N(), N(3), N(3)),
)

for unroll in (2, 3, 8):
    calls(
        "scan",
        f"unrolled by {unroll}",
        lambda h, xs, w, k=unroll: ops.scan(
            lambda c, x: (ops.tanh(ops.matmul(c, w) + x), ops.exp(c) * x), h, xs, unroll=k
        ),
        (N(3), N(7, 3), N(3, 3)),
    )
    calls(
        "scan",
        f"reversed, unrolled by {unroll}",
        lambda h, xs, k=unroll: ops.scan(
            lambda c, x: (c * 0.5 + x, c - x), h, xs, reverse=True, unroll=k
        ),
        (N(3), N(8, 3)),
        (N(), N(7)),
    )

# associative_scan
calls(
    "associative_scan",
    "sums",
    lambda x: ops.associative_scan(lambda a, b: a + b, x),
    (N(7),),
    (N(8, 2),),
    (N(1, 3),),
    (I(-9, 9, 6),),
)
calls(
    "associative_scan",
    "products from the end along axis 1",
    lambda x: ops.associative_scan(lambda a, b: a * b, x, reverse=True, axis=1),
    (U(0.5, 1.5, 2, 5),),
    (U(0.5, 1.5, 3, 4, 2),),
)
calls(
    "associative_scan",
    "linear recurrences",
    lambda a, b: ops.associative_scan(
        lambda p, q: (p[0] * q[0], q[0] * p[1] + q[1]), (a, b)
    ),
    (N(6), N(6)),
    (N(5, 2), N(5, 2)),
)

# map, vectorized_map
for name in ("map", "vectorized_map"):
    function = getattr(ops, name)
    calls(
        name,
        "rows",
        lambda x, w, f=function: f(lambda row: ops.tanh(ops.matmul(row, w)), x),
        (N(4, 3), N(3, 2)),
        (N(1, 3), N(3, 2)),
        (N(3, 2, 3), N(3, 2)),
    )
    calls(
        name,
        "two results",
        lambda x, f=function: f(lambda row: (ops.sum(row), row * row), x),
        (N(4, 3),),
        (N(5, 2, 2),),
    )

# custom_gradient
@ops.custom_gradient
def _twice_the_slope(x):
    def grad(*args, upstream=None):
        if upstream is None:
            (upstream,) = args
        return upstream * 2 * ops.cos(x)

    return ops.sin(x), grad


calls("custom_gradient", "", lambda x: _twice_the_slope(x), (N(3, 4),), (N(),), (N(0, 3),))

# What is known of a tensor.
CASES += [
    case("is_tensor", N(3)),
    case("convert_to_numpy", N(3, 2), grad=False),
    case("convert_to_numpy", I(0, 5, 4)),
    case("convert_to_numpy", N(0, 2), grad=False),
]
