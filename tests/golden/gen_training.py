"""training.safetensors: what `compile`, `fit`, `evaluate` and `predict` do with models of several
inputs and outputs, masks, added losses, shared and frozen layers, and steps of one's own.

For each case: the first weights, the data, the logs of five epochs of one step each, those of an
evaluation, and the weights and predictions afterwards. In float64, in float32, and under the
policies mixed_bfloat16 and mixed_float16.
"""

import common  # first: it chooses the backend
import jax
import keras
import numpy as np
from keras import layers, ops

SAMPLES, STEPS = 6, 5
POLICIES = {
    "f64": ("float64", "float64"),
    "f32": ("float32", "float32"),
    "bf16": ("float32", "mixed_bfloat16"),
    "f16": ("float32", "mixed_float16"),
}
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Masked(layers.Layer):
    """Steps whose numbers are all 0 do not count (like Masking, which leaves the numbers)."""

    def compute_mask(self, inputs, previous_mask=None):
        return ops.any(ops.not_equal(inputs, 0), axis=-1)

    def call(self, inputs):
        return inputs


class Weighing(layers.Layer):
    """Adds the mean square of what passes, times 0.1, to the loss."""

    def call(self, inputs):
        self.add_loss(0.1 * ops.mean(ops.square(inputs)))
        return inputs


def two_branches():
    a = keras.Input((3,), name="a")
    b = keras.Input((2,), name="b")
    left = layers.Dense(4, activation="tanh", name="left")(a)
    right = layers.Dense(4, activation="sigmoid", name="right")(b)
    shared = layers.Dense(4, activation="tanh", name="shared")
    score = layers.Dense(1, name="score")(shared(left))
    label = layers.Dense(3, activation="softmax", name="label")(shared(right))
    return keras.Model([a, b], [score, label])


def branch_data(rng):
    return {
        "x": {"a": common.normal(rng, (SAMPLES, 3)), "b": common.normal(rng, (SAMPLES, 2))},
        "y": {
            "score": common.normal(rng, (SAMPLES, 1)),
            "label": rng.integers(0, 3, (SAMPLES,)).astype(np.int32),
        },
    }


@case
def losses_by_name(rng):
    weights = [
        np.linspace(0.5, 2, SAMPLES).astype(np.float32),
        np.linspace(3, 1, SAMPLES).astype(np.float32),
    ]
    data = branch_data(rng)
    return {  # Keras 3.15 takes no dictionary of sample weights here
        "model": two_branches(),
        "x": data["x"],
        "y": list(data["y"].values()),
        "compile": {
            "optimizer": keras.optimizers.SGD(0.1),
            "loss": {"score": "mse", "label": "sparse_categorical_crossentropy"},
            "loss_weights": {"score": 0.5, "label": 2.0},
            "metrics": {"score": ["mae", "mse"], "label": "accuracy"},
            "weighted_metrics": {"score": "mae", "label": ["accuracy"]},
        },
        "sample_weight": weights,
    }


@case
def one_loss_for_all(rng):
    data = branch_data(rng)
    data["y"]["label"] = np.eye(3, dtype=np.float32)[data["y"]["label"]]
    return {
        "model": two_branches(),
        "x": list(data["x"].values()),
        "y": data["y"],
        "compile": {
            "optimizer": keras.optimizers.Adam(0.01),
            "loss": "mse",
            "metrics": [["mae"], ["accuracy", "mae"]],
        },
        "batch_size": 4,
    }


@case
def output_without_loss(rng):
    data = branch_data(rng)
    return {
        "model": two_branches(),
        "x": list(data["x"].values()),
        "y": list(data["y"].values()),
        "compile": {
            "optimizer": keras.optimizers.SGD(0.1),
            "loss": ["mse", None],
            "metrics": [None, ["accuracy"]],
        },
    }


@case
def masks_reach_losses(rng):
    x = common.normal(rng, (SAMPLES, 4, 3))
    x[0, 2:] = 0
    x[3, 1:] = 0
    x[5, 3:] = 0
    inputs = keras.Input((4, 3), name="x")
    y = layers.Dense(2, name="steps")(Masked(name="masked")(inputs))
    return {
        "model": keras.Model(inputs, y),
        "x": x,
        "y": common.normal(rng, (SAMPLES, 4, 2)),
        "compile": {
            "optimizer": keras.optimizers.SGD(0.1),
            "loss": "mse",
            "metrics": ["mae"],
            "weighted_metrics": ["mae", keras.metrics.MeanSquaredError(name="weighted")],
        },
        "sample_weight": (1 + rng.integers(0, 3, (SAMPLES, 4))).astype(np.float32),
        # Behind value_and_grad of JAX y_pred has lost its mask, so metrics of training lack it.
        "history": ["loss"],
    }


@case
def layers_add_losses(rng):
    inputs = keras.Input((3,), name="x")
    y = layers.Dense(4, activation="tanh", name="first")(inputs)
    y = layers.Identity(activity_regularizer="l2", name="passing")(y)
    y = Weighing(name="weighing")(y)
    y = layers.Dense(2, name="last", kernel_regularizer="l1")(y)
    return {
        "model": keras.Model(inputs, y),
        "x": common.normal(rng, (SAMPLES, 3)),
        "y": common.normal(rng, (SAMPLES, 2)),
        "compile": {"optimizer": keras.optimizers.SGD(0.1), "loss": "mse", "metrics": ["mse"]},
        "batch_size": 4,
    }


@case
def only_added_losses(rng):
    inputs = keras.Input((3,), name="x")
    y = Weighing(name="weighing")(layers.Dense(2, name="dense")(inputs))
    return {
        "model": keras.Model(inputs, y),
        "x": common.normal(rng, (SAMPLES, 3)),
        "y": None,
        "compile": {"optimizer": keras.optimizers.SGD(0.1)},
    }


@case
def shared_nested_and_frozen(rng):
    inner_input = keras.Input((3,), name="inner_x")
    hidden = layers.Dense(4, activation="tanh", name="hidden")(inner_input)
    inner = keras.Model(inner_input, layers.Dense(3, name="code")(hidden), name="inner")
    frozen = layers.Dense(3, activation="tanh", name="frozen")
    a = keras.Input((3,), name="a")
    b = keras.Input((3,), name="b")
    y = layers.Dense(1, name="out")(frozen(inner(inner(a))))
    z = layers.Dense(1, name="other")(frozen(inner(b)))
    model = keras.Model([a, b], [y, z])
    frozen.trainable = False
    return {
        "model": model,
        "x": [common.normal(rng, (SAMPLES, 3)), common.normal(rng, (SAMPLES, 3))],
        "y": [common.normal(rng, (SAMPLES, 1)), common.normal(rng, (SAMPLES, 1))],
        "compile": {"optimizer": keras.optimizers.SGD(0.1), "loss": ["mse", "mae"]},
    }


class Doubling(keras.Model):
    """A training step of its own: the loss counts twice; its own metric beside a compiled one."""

    def __init__(self):
        super().__init__()
        self.first = layers.Dense(4, activation="tanh", name="first")
        self.last = layers.Dense(1, name="last")
        self.own = keras.metrics.Mean(name="own")

    def call(self, x, training=False):
        return self.last(self.first(x))

    def train_step(self, state, data):
        trainable, rest, slots, metrics = state
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)

        def compute(trainable, rest):
            y_pred, rest = self.stateless_call(trainable, rest, x, training=True)
            return 2 * ops.mean(ops.square(y_pred - y)), rest

        (loss, rest), grads = jax.value_and_grad(compute, has_aux=True)(trainable, rest)
        trainable, slots = self.optimizer.stateless_apply(slots, grads, trainable)
        own = self.own.stateless_update_state(metrics[: len(self.own.variables)], loss)
        logs = {"own": self.own.stateless_result(own), "double": loss}
        return logs, (trainable, rest, slots, list(own) + list(metrics[len(own) :]))

    def test_step(self, state, data):
        trainable, rest, metrics = state
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        y_pred, rest = self.stateless_call(trainable, rest, x)
        return {"error": ops.max(ops.abs(y_pred - y))}, (trainable, rest, metrics)

    @property
    def metrics(self):
        return [self.own]


@case
def own_train_step(rng):
    model = Doubling()
    model(np.zeros((1, 3), np.float32))
    return {
        "model": model,
        "x": common.normal(rng, (SAMPLES, 3)),
        "y": common.normal(rng, (SAMPLES, 1)),
        "compile": {"optimizer": keras.optimizers.Adam(0.01)},
        "batch_size": 4,
    }


def in_dtype(tree, dtype):
    def one(array):
        return array.astype(dtype) if array.dtype.kind == "f" else array

    return None if tree is None else keras.tree.map_structure(one, tree)


def names_and_values(tree):
    if tree is None:
        return []
    if isinstance(tree, dict):
        return list(tree.items())
    return [(str(i), v) for i, v in enumerate(tree if isinstance(tree, list) else [tree])]


def run(function, name, short, tensors):
    dtype, policy = POLICIES[short]
    common.use(dtype)
    keras.config.set_dtype_policy(policy)
    made = function(common.rng_of(name))
    model = made["model"]
    first = [common.uniform_weights(500 + i, w.shape, 0.7) for i, w in enumerate(model.weights)]
    for index, value in enumerate(first):
        tensors[f"{name}/first/{index}"] = value
    model.set_weights([value.astype(dtype) for value in first])
    model.compile(**made["compile"])
    weight = made.get("sample_weight")
    names = {}
    for key in ("x", "y", "sample_weight"):
        named = names_and_values(made.get(key))
        names[key] = [inner for inner, _ in named]
        for inner, value in named:
            tensors[f"{name}/{key}/{inner}"] = value
    x, y, weight = (in_dtype(t, dtype) for t in (made["x"], made["y"], weight))
    history = model.fit(
        x,
        y,
        sample_weight=weight,
        batch_size=made.get("batch_size", SAMPLES),
        epochs=STEPS,
        shuffle=False,
        verbose=0,
    ).history
    if y is None:
        evaluation = {}
    else:
        evaluation = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    for index, value in enumerate(model.get_weights()):
        tensors[f"{name}/{short}/weights/{index}"] = common.assert_dtype(value, dtype)
    predictions = model.predict(x, verbose=0)
    if not isinstance(predictions, list):
        predictions = [predictions]
    for index, value in enumerate(predictions):
        if policy == dtype:
            common.assert_dtype(value, dtype)
        tensors[f"{name}/{short}/predictions/{index}"] = np.asarray(value).astype(dtype)
    return names, {
        "policy": policy,
        "prediction_dtypes": [np.asarray(value).dtype.name for value in predictions],
        "optimizer": type(model.optimizer).__name__,
        "history": {
            key: [float(v) for v in values]
            for key, values in history.items()
            if key in made.get("history", history)
        },
        "evaluation": {key: float(value) for key, value in evaluation.items()},
    }


def main():
    tensors, metadata = {}, {"cases": list(CASES)}
    for name, function in CASES.items():
        metadata[name] = {}
        for short in POLICIES:
            if short == "f16" and name == "own_train_step":
                continue  # a step of one's own scales its loss itself
            names, metadata[name][short] = run(function, name, short, tensors)
            metadata[name].update(names)
    common.write("training.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
