"""losses.safetensors: loss value, per-sample losses and gradient for the predictions."""

import common  # first: it chooses the backend
import jax
import keras
import numpy as np
from keras.src.losses.loss import reduce_weighted_values


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

    # The other classes: {class: (targets, predictions, configs)}.
    def real(rng):
        return common.normal(rng, (6, 3))

    def positive(rng):
        return rng.uniform(0.1, 3.0, (6, 3)).astype(np.float32)

    def distribution(rng):
        return probabilities(rng, (6, 4))

    def signs(rng):
        return 2 * bits(rng, (6, 3)) - 1

    def images(rng):
        return uniform(rng, (2, 4, 4, 3))

    def unit_rows(rng):
        rows = rng.standard_normal((8, 5))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def binary(rng):
        return bits(rng, (6, 3))

    def chances(rng):
        return uniform(rng, (6, 3))

    focal = [{}, {"gamma": 1.5, "alpha": 0.4}, {"label_smoothing": 0.1}, {**logits, "gamma": 3.0}]
    balanced = {"apply_class_balancing": True, "alpha": 0.3}
    tables = [
        ("MeanAbsoluteError", real, real, [{}]),
        ("MeanAbsolutePercentageError", real, real, [{}]),
        ("MeanSquaredLogarithmicError", positive, positive, [{}]),
        ("MeanSquaredLogarithmicError", real, real, [{}]),
        ("CosineSimilarity", real, real, [{}, {"axis": 0}]),
        ("Huber", real, real, [{}, {"delta": 0.5}]),
        ("LogCosh", real, real, [{}]),
        ("KLDivergence", distribution, distribution, [{}]),
        ("Poisson", positive, positive, [{}]),
        ("Hinge", signs, real, [{}]),
        ("Hinge", binary, real, [{}]),
        ("SquaredHinge", signs, real, [{}]),
        ("SquaredHinge", binary, real, [{}]),
        ("CategoricalHinge", hot(6, 4), lambda r: common.normal(r, (6, 4)), [{}]),
        ("BinaryCrossentropy", binary, chances, [{"axis": 0}]),
        ("BinaryFocalCrossentropy", binary, chances, [*focal, balanced, {"axis": 0}]),
        ("CategoricalCrossentropy", hot((4, 2), 3), lambda r: uniform(r, (4, 2, 3)), [{}]),
        ("CategoricalFocalCrossentropy", hot(6, 4), distribution, focal),
        (scce, lambda r: labels(r, 9, 4), lambda r: probabilities(r, (9, 4)), [{"ignore_class": 2}]),
        (scce, lambda r: labels(r, 9, 4), lambda r: common.normal(r, (9, 4)), [{**logits, "ignore_class": 0}]),
        (scce, lambda r: labels(r, (3, 5), 4), lambda r: probabilities(r, (3, 5, 4)), [{"ignore_class": 1}]),
        ("CategoricalGeneralizedCrossEntropy", lambda r: labels(r, 6, 4), distribution, [{}, {"q": 0.8}]),
        ("Dice", images, images, [{}, {"axis": [1, 2, 3]}]),
        ("Tversky", images, images, [{}, {"alpha": 0.3, "beta": 0.7, "axis": [1, 2]}]),
        ("Circle", lambda r: labels(r, 8, 3), unit_rows, [{}, {"gamma": 16.0, "margin": 0.25}, {"remove_diagonal": False}]),
    ]
    # Labels behind 0 do not count; two equal neighbours need a step between them.
    spelled = np.array([[1, 2, 3, 0], [2, 2, 0, 0], [4, 0, 0, 0], [0, 0, 0, 0]], np.int32)
    steps = lambda r: common.normal(r, (4, 7, 5))  # noqa: E731
    tables.append(("CTC", fixed(spelled), steps, [{}, {"reduction": "sum"}]))
    for row, (kind, true, pred, configs) in enumerate(tables):
        for i, config in enumerate(configs):
            yield make(f"{kind}/{row}/{i}", kind, config, true, pred)


# Weights and masks, for one loss with a value per sample and one with a value per step.
WEIGHTED = [
    (f"{name}/{reduction}/{given}", kind, {"reduction": reduction}, shape, given)
    for name, kind, shape in [("mse_w", "MeanSquaredError", (6, 3)), ("mae_w", "MeanAbsoluteError", (4, 5, 2))]
    for reduction in ("sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight")
    for given in ("weight", "mask", "both", "column")
]


def weighted_cases():
    """Yields (name, class, config, y_true, y_pred, sample_weight, mask)."""
    for name, kind, config, shape, given in WEIGHTED:
        rng = common.rng_of(name)
        y_true, y_pred = common.normal(rng, shape), common.normal(rng, shape)
        weight = rng.uniform(0, 2, shape[:-1]).astype(np.float32)
        mask = (rng.uniform(0, 1, shape[:-1]) < 0.6).astype(np.uint8)
        if given == "column":
            weight = weight[..., None]
        yield (
            name,
            kind,
            config,
            y_true,
            y_pred,
            None if given == "mask" else weight,
            mask if given in ("mask", "both") else None,
        )


def reduced(loss, true, pred, weight, mask):
    """What `loss` gives for predictions that carry `mask`."""
    if mask is None:
        return loss(true, pred, sample_weight=weight)
    return reduce_weighted_values(
        loss.call(true, pred),
        sample_weight=weight,
        mask=mask.astype(bool),
        reduction=loss.reduction,
        dtype=loss.dtype,
    )


def main():
    tensors, metadata = {}, {"cases": []}
    plain = ((*case, None, None) for case in cases())
    for name, kind, config, y_true, y_pred, weight, mask in [*plain, *weighted_cases()]:
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            loss = getattr(keras.losses, kind)(**config)
            each = getattr(keras.losses, kind)(**{**config, "reduction": None})
            true = jax.numpy.asarray(y_true if y_true.dtype == np.int32 else y_true.astype(dtype))
            pred = jax.numpy.asarray(y_pred.astype(dtype))
            value = reduced(loss, true, pred, weight, mask)
            grad = jax.grad(lambda p: jax.numpy.sum(reduced(loss, true, p, weight, mask)))(pred)
            tensors[f"{name}/{short}/loss"] = common.assert_dtype(value, dtype)
            tensors[f"{name}/{short}/grad"] = common.assert_dtype(grad, dtype)
            tensors[f"{name}/{short}/per_sample"] = common.assert_dtype(each(true, pred), dtype)
        tensors[f"{name}/y_true"] = y_true
        tensors[f"{name}/y_pred"] = y_pred
        if weight is not None:
            tensors[f"{name}/sample_weight"] = weight
        if mask is not None:
            tensors[f"{name}/mask"] = mask
        metadata["cases"].append(name)
        metadata[name] = {
            "loss": loss.name,
            "class": kind,
            "config": config,
            "get_config": loss.get_config(),
        }
    common.write("losses.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
