"""losses.safetensors: loss value, per-sample losses and gradient for the predictions."""

import common  # first: it chooses the backend
import jax
import keras
import numpy as np


def probabilities(rng, shape):
    logits = rng.standard_normal(shape)
    exps = np.exp(logits - logits.max(-1, keepdims=True))
    return (exps / exps.sum(-1, keepdims=True)).astype(np.float32)


def uniform(rng, shape):
    return rng.uniform(0.02, 0.98, shape).astype(np.float32)


def bits(rng, shape):
    return rng.integers(0, 2, shape).astype(np.float32)


def one_hot(labels, classes):
    return np.eye(classes, dtype=np.float32)[np.asarray(labels)]


def labels(rng, shape, classes):
    return rng.integers(0, classes, shape).astype(np.int32)


# Every pairing of target and prediction at and beyond the clipping bounds 1e-7 and 1 - 1e-7.
BINARY_EDGES = np.array([0.0, 1.0, 1e-8, 1e-6, 0.99999994, 0.999998, 0.5, 1e-30], np.float32)
BINARY_TRUE = np.stack([np.zeros(8, np.float32), np.ones(8, np.float32)])
BINARY_PRED = np.stack([BINARY_EDGES, BINARY_EDGES])
LOGIT_EDGES = np.array([0.0, 100.0, -100.0, 50.0, -50.0, 1e-8, 20.0, -20.0], np.float32)
LOGIT_PRED = np.stack([LOGIT_EDGES, LOGIT_EDGES])
CLASS_PRED = np.array(
    [
        [1.0, 0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.25, 0.25, 0.5, 0.0],
        [0.25, 0.25, 0.5, 0.0],
        [1e-9, 0.5, 0.5, 0.0],
        [0.2, 0.2, 0.2, 0.2],  # sums to 0.8: Keras divides by the sum first
        [3.0, 1.0, 0.5, 1.5],
    ],
    np.float32,
)
CLASS_LABELS = np.array([0, 1, 2, 3, 0, 1, 2], np.int32)
CLASS_LOGITS = np.array(
    [
        [100.0, -100.0, 0.0, 1.0],
        [100.0, -100.0, 0.0, 1.0],
        [-100.0, -100.0, -100.0, -100.0],
        [100.0, 100.0, 99.0, 98.0],
        [0.0, 0.0, 0.0, 0.0],
        [50.0, 49.0, -50.0, 20.0],
    ],
    np.float32,
)
LOGIT_LABELS = np.array([0, 1, 2, 3, 0, 1], np.int32)


def cases():
    """Yields (name, loss class, config, y_true, y_pred)."""

    def make(name, kind, config, true, pred):
        rng = common.rng_of(name)
        return name, kind, config, true(rng), pred(rng)

    def fixed(value):
        return lambda rng: value

    def normal(shape, scale=1.0):
        return lambda rng: common.normal(rng, shape, scale)

    mse, bce = "MeanSquaredError", "BinaryCrossentropy"
    cce, scce = "CategoricalCrossentropy", "SparseCategoricalCrossentropy"
    logits = {"from_logits": True}
    yield make("mse", mse, {}, normal((6, 3)), normal((6, 3)))
    yield make("mse_one_column", mse, {}, normal((7, 1)), normal((7, 1)))
    yield make("mse_rank3", mse, {}, normal((2, 3, 4)), normal((2, 3, 4)))
    yield make("mse_sum", mse, {"reduction": "sum"}, normal((6, 3)), normal((6, 3)))

    yield make("bce", bce, {}, lambda r: bits(r, (6, 3)), lambda r: uniform(r, (6, 3)))
    yield make("bce_one_column", bce, {}, lambda r: bits(r, (8, 1)), lambda r: uniform(r, (8, 1)))
    yield make("bce_soft", bce, {}, lambda r: uniform(r, (6, 3)), lambda r: uniform(r, (6, 3)))
    yield make(
        "bce_smoothing",
        bce,
        {"label_smoothing": 0.1},
        lambda r: bits(r, (6, 3)),
        lambda r: uniform(r, (6, 3)),
    )
    yield make(
        "bce_sum",
        bce,
        {"reduction": "sum"},
        lambda r: bits(r, (6, 3)),
        lambda r: uniform(r, (6, 3)),
    )
    yield make("bce_extreme", bce, {}, fixed(BINARY_TRUE), fixed(BINARY_PRED))
    yield make("bce_logits", bce, logits, lambda r: bits(r, (6, 3)), normal((6, 3), 3.0))
    yield make(
        "bce_logits_smoothing",
        bce,
        {**logits, "label_smoothing": 0.2},
        lambda r: bits(r, (6, 3)),
        normal((6, 3), 3.0),
    )
    yield make("bce_logits_extreme", bce, logits, fixed(BINARY_TRUE), fixed(LOGIT_PRED))

    def hot(count, classes):
        return lambda rng: one_hot(labels(rng, count, classes), classes)

    yield make("cce", cce, {}, hot(6, 5), lambda r: probabilities(r, (6, 5)))
    yield make(
        "cce_soft", cce, {}, lambda r: probabilities(r, (6, 5)), lambda r: probabilities(r, (6, 5))
    )
    yield make("cce_unnormalized", cce, {}, hot(6, 5), lambda r: uniform(r, (6, 5)))
    yield make(
        "cce_smoothing",
        cce,
        {"label_smoothing": 0.1},
        hot(6, 5),
        lambda r: probabilities(r, (6, 5)),
    )
    yield make("cce_sum", cce, {"reduction": "sum"}, hot(6, 5), lambda r: probabilities(r, (6, 5)))
    yield make("cce_extreme", cce, {}, fixed(one_hot(CLASS_LABELS, 4)), fixed(CLASS_PRED))
    yield make("cce_logits", cce, logits, hot(6, 5), normal((6, 5), 2.0))
    yield make(
        "cce_logits_smoothing",
        cce,
        {**logits, "label_smoothing": 0.2},
        hot(6, 5),
        normal((6, 5), 2.0),
    )
    yield make(
        "cce_logits_extreme", cce, logits, fixed(one_hot(LOGIT_LABELS, 4)), fixed(CLASS_LOGITS)
    )

    yield make("scce", scce, {}, lambda r: labels(r, 6, 5), lambda r: probabilities(r, (6, 5)))
    yield make(
        "scce_column_labels",
        scce,
        {},
        lambda r: labels(r, (6, 1), 5),
        lambda r: probabilities(r, (6, 5)),
    )
    yield make(
        "scce_unnormalized", scce, {}, lambda r: labels(r, 6, 5), lambda r: uniform(r, (6, 5))
    )
    yield make(
        "scce_rank3",
        scce,
        {},
        lambda r: labels(r, (2, 3), 4),
        lambda r: probabilities(r, (2, 3, 4)),
    )
    yield make(
        "scce_sum",
        scce,
        {"reduction": "sum"},
        lambda r: labels(r, 6, 5),
        lambda r: probabilities(r, (6, 5)),
    )
    yield make("scce_extreme", scce, {}, fixed(CLASS_LABELS), fixed(CLASS_PRED))
    yield make("scce_logits", scce, logits, lambda r: labels(r, 6, 5), normal((6, 5), 2.0))
    yield make("scce_logits_extreme", scce, logits, fixed(LOGIT_LABELS), fixed(CLASS_LOGITS))


def main():
    tensors, metadata = {}, {"cases": []}
    for name, kind, config, y_true, y_pred in cases():
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            loss = getattr(keras.losses, kind)(**config)
            each = getattr(keras.losses, kind)(**{**config, "reduction": None})
            true = y_true if y_true.dtype == np.int32 else y_true.astype(dtype)
            pred = jax.numpy.asarray(y_pred.astype(dtype))
            value, grad = jax.value_and_grad(lambda p: loss(true, p))(pred)
            tensors[f"{name}/{short}/loss"] = common.assert_dtype(value, dtype)
            tensors[f"{name}/{short}/grad"] = common.assert_dtype(grad, dtype)
            tensors[f"{name}/{short}/per_sample"] = common.assert_dtype(each(true, pred), dtype)
        tensors[f"{name}/y_true"] = y_true
        tensors[f"{name}/y_pred"] = y_pred
        metadata["cases"].append(name)
        metadata[name] = {"loss": loss.name, "class": kind, "config": config}
    common.write("losses.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
