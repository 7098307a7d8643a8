"""metrics.safetensors: a metric's result after each of several batches of different size."""

import common  # first: it chooses the backend
import keras
import numpy as np

SIZES = (5, 8, 1, 3)


def scores(rng, count, classes):
    return rng.uniform(0, 1, (count, classes)).astype(np.float32)


def classes_of(rng, count, classes):
    return rng.integers(0, classes, count).astype(np.int32)


def one_hot(labels, classes):
    return np.eye(classes, dtype=np.float32)[labels]


def exact(rng, count):
    return (
        rng.integers(0, 3, (count, 1)).astype(np.float32),
        rng.integers(0, 3, (count, 1)).astype(np.float32),
    )


def binary(columns, edges=False):
    def draw(rng, count):
        pred = scores(rng, count, columns)
        if edges:  # a prediction equal to the threshold counts as 0
            pred = rng.choice(np.array([0.25, 0.5, 0.75], np.float32), (count, columns))
        return rng.integers(0, 2, (count, columns)).astype(np.float32), pred

    return draw


def categorical(classes):
    return lambda rng, count: (
        one_hot(classes_of(rng, count, classes), classes),
        scores(rng, count, classes),
    )


def sparse(classes, column=False, ties=False):
    def draw(rng, count):
        pred = scores(rng, count, classes)
        if ties:  # argmax takes the first; a tie with the k-th best counts as inside the top k
            pred = np.floor(pred * 4).astype(np.float32)
        labels = classes_of(rng, count, classes)
        return labels[:, None] if column else labels, pred

    return draw


def rank3(rng, count):
    return classes_of(rng, (count, 2), 4), rng.uniform(0, 1, (count, 2, 4)).astype(np.float32)


def real(columns):
    return lambda rng, count: (
        rng.standard_normal((count, columns)).astype(np.float32),
        rng.standard_normal((count, columns)).astype(np.float32),
    )


def positive(rng, count):
    return (
        rng.uniform(0.1, 3.0, (count, 3)).astype(np.float32),
        rng.uniform(0.1, 3.0, (count, 3)).astype(np.float32),
    )


def distributions(rng, count):
    rows = scores(rng, count, 4) + 0.1, scores(rng, count, 4) + 0.1
    return tuple((row / row.sum(1, keepdims=True)).astype(np.float32) for row in rows)


def bits_and_logits(rng, count):
    return rng.integers(0, 2, (count, 3)).astype(np.float32), common.normal(rng, (count, 3), 3.0)


def classes_and_logits(rng, count):
    return classes_of(rng, count, 4), common.normal(rng, (count, 4), 2.0)


def flat_binary(rng, count):
    return rng.integers(0, 2, count).astype(np.float32), scores(rng, count, 1)[:, 0]


def ids(classes):
    return lambda rng, count: (
        classes_of(rng, (count, 3), classes),
        classes_of(rng, (count, 3), classes),
    )


def sorted_ids(rng, count):
    ranked = np.stack([rng.permutation(6) for _ in range(count)]).astype(np.float32)
    return classes_of(rng, count, 6), ranked


def values(rng, count):
    return (scores(rng, count, 3),)


CASES = [
    ("accuracy", "Accuracy", {}, exact),
    ("binary_accuracy", "BinaryAccuracy", {}, binary(1)),
    ("binary_accuracy_columns", "BinaryAccuracy", {}, binary(3)),
    ("binary_accuracy_threshold", "BinaryAccuracy", {"threshold": 0.3}, binary(1)),
    ("binary_accuracy_at_threshold", "BinaryAccuracy", {}, binary(2, edges=True)),
    ("categorical_accuracy", "CategoricalAccuracy", {}, categorical(4)),
    ("sparse_categorical_accuracy", "SparseCategoricalAccuracy", {}, sparse(4)),
    ("sparse_categorical_accuracy_column", "SparseCategoricalAccuracy", {}, sparse(4, column=True)),
    ("sparse_categorical_accuracy_ties", "SparseCategoricalAccuracy", {}, sparse(5, ties=True)),
    ("sparse_categorical_accuracy_rank3", "SparseCategoricalAccuracy", {}, rank3),
    ("top_k", "TopKCategoricalAccuracy", {"k": 3}, categorical(8)),
    ("top_k_default", "TopKCategoricalAccuracy", {}, categorical(10)),
    ("sparse_top_k", "SparseTopKCategoricalAccuracy", {"k": 3}, sparse(8)),
    ("sparse_top_k_default", "SparseTopKCategoricalAccuracy", {}, sparse(10)),
    ("sparse_top_k_ties", "SparseTopKCategoricalAccuracy", {"k": 2}, sparse(6, ties=True)),
    ("mean_squared_error", "MeanSquaredError", {}, lambda r, n: (scores(r, n, 3), scores(r, n, 3))),
    ("mean", "Mean", {}, values),
    ("sum", "Sum", {}, values),
    ("wrapper", "MeanMetricWrapper", {"fn": "mean_squared_error", "name": "mine"}, real(3)),
    ("root_mean_squared_error", "RootMeanSquaredError", {}, real(3)),
    ("mean_absolute_error", "MeanAbsoluteError", {}, real(3)),
    ("mean_absolute_percentage_error", "MeanAbsolutePercentageError", {}, positive),
    ("mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", {}, positive),
    ("logcosh", "LogCoshError", {}, real(3)),
    ("cosine_similarity", "CosineSimilarity", {}, real(3)),
    ("pearson", "PearsonCorrelation", {}, real(4)),
    ("concordance", "ConcordanceCorrelation", {}, real(4)),
    ("r2", "R2Score", {}, real(3)),
    ("r2_each", "R2Score", {"class_aggregation": None}, real(3)),
    ("r2_variance", "R2Score", {"class_aggregation": "variance_weighted_average"}, real(2)),
    ("r2_adjusted", "R2Score", {"num_regressors": 2}, real(2)),
    ("binary_crossentropy", "BinaryCrossentropy", {}, binary(3)),
    (
        "binary_crossentropy_logits",
        "BinaryCrossentropy",
        {"from_logits": True, "label_smoothing": 0.1},
        bits_and_logits,
    ),
    ("categorical_crossentropy", "CategoricalCrossentropy", {}, distributions),
    (
        "categorical_crossentropy_smooth",
        "CategoricalCrossentropy",
        {"label_smoothing": 0.2},
        categorical(4),
    ),
    ("sparse_crossentropy", "SparseCategoricalCrossentropy", {}, sparse(4)),
    (
        "sparse_crossentropy_logits",
        "SparseCategoricalCrossentropy",
        {"from_logits": True, "ignore_class": 1},
        classes_and_logits,
    ),
    ("kl_divergence", "KLDivergence", {}, distributions),
    ("poisson", "Poisson", {}, positive),
    ("hinge", "Hinge", {}, bits_and_logits),
    ("squared_hinge", "SquaredHinge", {}, bits_and_logits),
    ("categorical_hinge", "CategoricalHinge", {}, categorical(4)),
    *(
        (f"{kind}{suffix}", kind, config, draw)
        for kind in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
        for suffix, config, draw in (
            ("", {}, flat_binary),
            ("_columns", {"thresholds": [0.2, 0.7]}, binary(3)),
        )
    ),
    *(
        (f"{kind}{suffix}", kind, config, draw)
        for kind in ("Precision", "Recall")
        for suffix, config, draw in (
            ("", {}, flat_binary),
            ("_thresholds", {"thresholds": [0.1, 0.5, 0.8]}, binary(1)),
            ("_even", {"thresholds": [0.0, 0.5, 1.0]}, binary(2)),
            ("_top_k", {"top_k": 2}, binary(5)),
            ("_class", {"class_id": 1, "thresholds": 0.4}, binary(3)),
        )
    ),
    ("sensitivity", "SensitivityAtSpecificity", {"specificity": 0.4}, flat_binary),
    (
        "sensitivity_class",
        "SensitivityAtSpecificity",
        {"specificity": 0.3, "num_thresholds": 7, "class_id": 2},
        binary(3),
    ),
    ("specificity", "SpecificityAtSensitivity", {"sensitivity": 0.6}, flat_binary),
    ("specificity_one", "SpecificityAtSensitivity", {"sensitivity": 0.1, "num_thresholds": 1}, binary(1)),
    ("precision_at_recall", "PrecisionAtRecall", {"recall": 0.5}, flat_binary),
    ("recall_at_precision", "RecallAtPrecision", {"precision": 0.5}, flat_binary),
    *(
        (f"auc_{curve}_{method}", "AUC", {"curve": curve, "summation_method": method}, flat_binary)
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "majoring", "minoring")
    ),
    ("auc_few", "AUC", {"num_thresholds": 5}, binary(1)),
    ("auc_thresholds", "AUC", {"thresholds": [0.2, 0.9, 0.4]}, binary(1)),
    ("auc_labels", "AUC", {"multi_label": True}, binary(3)),
    ("auc_labels_pr", "AUC", {"multi_label": True, "num_labels": 3, "curve": "PR"}, binary(3)),
    (
        "auc_label_weights",
        "AUC",
        {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 0.5, 2.0]},
        binary(3),
    ),
    ("auc_logits", "AUC", {"from_logits": True}, bits_and_logits),
    ("f1", "F1Score", {}, categorical(4)),
    ("f1_threshold", "F1Score", {"threshold": 0.5, "average": "macro"}, binary(3)),
    ("fbeta_micro", "FBetaScore", {"beta": 2.0, "average": "micro", "threshold": 0.4}, binary(3)),
    ("fbeta_weighted", "FBetaScore", {"beta": 0.5, "average": "weighted"}, categorical(4)),
    ("iou", "IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, ids(4)),
    ("iou_ignore", "IoU", {"num_classes": 3, "target_class_ids": [1], "ignore_class": 2}, ids(3)),
    ("binary_iou", "BinaryIoU", {}, binary(3)),
    ("binary_iou_one", "BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, binary(3)),
    ("mean_iou", "MeanIoU", {"num_classes": 4}, ids(4)),
    ("mean_iou_scores", "MeanIoU", {"num_classes": 4, "sparse_y_pred": False}, sparse(4)),
    ("one_hot_iou", "OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 3]}, categorical(4)),
    ("one_hot_mean_iou", "OneHotMeanIoU", {"num_classes": 4}, categorical(4)),
    ("sorted_ids", "SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, sorted_ids),
]
# Keras weighs these by integers, or not at all.
WHOLE_WEIGHTS = {"IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"}


def weights_for(kind, rng, draw, y_true):
    if kind not in WHOLE_WEIGHTS:
        return rng.uniform(0, 2, len(y_true)).astype(np.float32)
    # One for each pixel; a class score row is one pixel.
    shape = y_true.shape[:1] if "OneHot" in kind or draw is DRAW_OF_SCORES else y_true.shape
    return rng.integers(0, 3, shape).astype(np.float32)


DRAW_OF_SCORES = next(case[3] for case in CASES if case[0] == "mean_iou_scores")


def config_of(metric):
    """get_config without what depends on Keras's dtypes; tensors as lists."""
    config = {k: v for k, v in metric.get_config().items() if k != "dtype"}
    return {k: np.asarray(v).tolist() if hasattr(v, "shape") else v for k, v in config.items()}


def run(name, kind, config, draw, weighted, tensors):
    """Results after each batch and the metric."""
    rng = common.rng_of("metric " + name)
    weights = common.rng_of("weights " + name)
    if kind == "MeanMetricWrapper":
        config = {**config, "fn": getattr(keras.losses, config["fn"])}
    metric = getattr(keras.metrics, kind)(**config)
    results = []
    for batch, count in enumerate(SIZES):
        data = draw(rng, count)
        where = f"{name}/weighted/{batch}" if weighted else f"{name}/{batch}"
        for key, value in zip(("y_true", "y_pred"), data):
            tensors[f"{where}/{key}"] = value
        weight = weights_for(kind, weights, draw, data[0]) if weighted else None
        if weighted:
            tensors[f"{where}/sample_weight"] = weight
        metric.update_state(*data, sample_weight=weight)
        results.append(common.assert_dtype(metric.result(), "float32"))
    return np.array(results, np.float32), metric


def main():
    tensors, metadata = {}, {"cases": [c[0] for c in CASES]}
    common.use("float32")
    for name, kind, config, draw in CASES:
        keras.backend.clear_session()
        tensors[f"{name}/results"], metric = run(name, kind, config, draw, False, tensors)
        metadata[name] = {
            "metric": kind,
            "get_config": {} if kind == "MeanMetricWrapper" else config_of(metric),
            "default_name": metric.name,
            "batches": len(SIZES),
        }
        tensors[f"{name}/weighted/results"], _ = run(name, kind, config, draw, True, tensors)
    common.write("metrics.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
