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
]


def main():
    tensors, metadata = {}, {"cases": [c[0] for c in CASES]}
    common.use("float32")
    for name, kind, config, draw in CASES:
        rng = common.rng_of("metric " + name)
        metric = getattr(keras.metrics, kind)(**config)
        default_name, results = metric.name, []
        for batch, count in enumerate(SIZES):
            y_true, y_pred = draw(rng, count)
            metric.update_state(y_true, y_pred)
            results.append(common.assert_dtype(metric.result(), "float32"))
            tensors[f"{name}/{batch}/y_true"] = y_true
            tensors[f"{name}/{batch}/y_pred"] = y_pred
        tensors[f"{name}/results"] = np.array(results, np.float32)
        metadata[name] = {
            "metric": kind,
            "config": config,
            "default_name": default_name,
            "batches": len(SIZES),
        }
    common.write("metrics.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
