"""activations.safetensors: activations and their gradients; regularizers and constraints of weights."""

import common  # first: it chooses the backend
import jax
import keras
import numpy as np

ROWS = (5, 6)
# Where pieces meet, and far away.
EDGES = np.array(
    [[0.0, -0.5, 0.5, -1.0, 1.0, 3.0], [-3.0, 6.0, 20.0, -20.0, 1e-6, -1e-6]], np.float32
)
PLAIN = [
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid",
    "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "tanh", "tanh_shrink",
]  # fmt: skip
ARGUMENTS = [
    ("celu", {"alpha": 0.5}),
    ("elu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("glu", {"axis": 1}),
    ("hard_shrink", {"threshold": 1.0}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("log_softmax", {"axis": 0}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 1.5}),
    ("relu", {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}),
    ("soft_shrink", {"threshold": 1.0}),
    ("softmax", {"axis": 0}),
    ("sparsemax", {"axis": -1}),
    ("squareplus", {"b": 2}),
    ("threshold", {"threshold": 0.3, "default_value": -2.0}),
]
REGULARIZERS = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.2}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("L1L2", {}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
CONSTRAINTS = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.7, "axis": 1}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.8, "max_value": 1.2, "rate": 0.5, "axis": 1}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": [0, 1]}),
]


def cases():
    """Yields (name, family, class or function, config, input)."""
    functions = [(name, {}) for name in PLAIN] + ARGUMENTS
    for i, (kind, config) in enumerate(functions):
        if kind == "sparsemax":
            continue  # on JAX Keras sums running sums, which is not sparsemax
        name = f"activation/{i}/{kind}"
        yield name, "activations", kind, config, common.normal(common.rng_of(name), ROWS, 2.0)
    for kind, config in functions:
        # At the corners of relu6 and its kin the derivative is JAX's own.
        if not config and kind not in ("glu", "sparsemax", "relu6", "hard_sigmoid", "hard_silu"):
            yield f"edges/{kind}", "activations", kind, config, EDGES
    for family, table in (("regularizers", REGULARIZERS), ("constraints", CONSTRAINTS)):
        for i, (kind, config) in enumerate(table):
            name = f"{family}/{i}/{kind}"
            yield name, family, kind, config, common.normal(common.rng_of(name), (4, 3))


def main():
    tensors, metadata = {}, {"cases": []}
    for name, family, kind, config, given in cases():
        tensors[f"{name}/x"] = given
        about = {"family": family, "kind": kind, "config": config, "get_config": {}}
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            x = jax.numpy.asarray(given.astype(dtype))
            if family == "activations":
                function = lambda v: getattr(keras.activations, kind)(v, **config)  # noqa: E731
            else:
                function = getattr(getattr(keras, family), kind)(**config)
                about["get_config"] = function.get_config()
            y = function(x)
            cotangent = common.normal(common.rng_of("cotangent"), y.shape)
            grad = jax.grad(lambda v: jax.numpy.sum(function(v) * cotangent.astype(dtype)))(x)
            tensors[f"{name}/cotangent"] = cotangent
            tensors[f"{name}/{short}/y"] = common.assert_dtype(y, dtype)
            tensors[f"{name}/{short}/grad"] = common.assert_dtype(grad, dtype)
        metadata["cases"].append(name)
        metadata[name] = about
    common.write("activations.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
