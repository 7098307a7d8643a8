"""cnn.safetensors and mnist_cnn.safetensors: loss and every gradient over the first Adam steps."""

import common  # first: it chooses the backend
import fashion
import jax
import keras
import numpy as np

BATCH = 4
LOSSES = {
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
}


def cnn():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu", name="conv2d"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu", name="conv2d_1"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu", name="dense"),
            layers.Dense(10, activation="softmax", name="dense_1"),
        ]
    )


def mnist_cnn():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu", name="conv2d"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu", name="dense"),
            layers.Dense(10, activation="softmax", name="dense_1"),
        ]
    )


def names_of(model):
    """`<layer>/<variable>`, without the model's own name in front."""
    return ["/".join(v.path.split("/")[-2:]) for v in model.trainable_variables]


def glorot_limit(shape):
    """The limit of Keras's glorot_uniform, rounded to float32."""
    receptive = int(np.prod(shape[:-2]))
    return np.float32(np.sqrt(6.0 / ((shape[-2] + shape[-1]) * receptive)))


def batches(steps):
    images, labels = fashion.load("train")
    chosen = np.random.default_rng(20).permutation(len(images))[: steps * BATCH]
    return (
        images[chosen].reshape(steps, BATCH, 28, 28),
        labels[chosen].astype(np.int32).reshape(steps, BATCH),
    )


def run(build, initial, loss_name, images, labels, dtype):
    """Trains one model; returns the losses and, per step, gradients and weights as numpy."""
    common.use(dtype)
    model = build()
    model.set_weights(initial)
    model.compile(optimizer=keras.optimizers.Adam(), loss=loss_name)
    optimizer = model.optimizer
    loss = LOSSES[loss_name]()
    optimizer.build(model.trainable_variables)
    fixed = [v.value for v in model.non_trainable_variables]

    def loss_of(weights, x, y):
        probabilities, _ = model.stateless_call(weights, fixed, x, training=True)
        return loss(y, probabilities), probabilities

    value_and_grad = jax.jit(jax.value_and_grad(loss_of, has_aux=True))
    weights = [v.value for v in model.trainable_variables]
    slots = [v.value for v in optimizer.variables]
    out = {"loss": [], "grads": [], "weights": [], "probabilities": []}
    targets = []
    for step in range(len(images)):
        x = images[step][..., None].astype(dtype) / 255
        y = labels[step]
        if loss_name == "categorical_crossentropy":
            y = np.eye(10, dtype=dtype)[y]
        targets.append((x, y))
        (value, probabilities), grads = value_and_grad(weights, x, y)
        weights, slots = optimizer.stateless_apply(slots, grads, weights)
        out["loss"].append(common.assert_dtype(value, dtype))
        out["probabilities"].append(common.assert_dtype(probabilities, dtype))
        out["grads"].append([common.assert_dtype(g, dtype) for g in grads])
        out["weights"].append([common.assert_dtype(w, dtype) for w in weights])

    # The hand-written loop must be what Keras's own fit does.
    own = [model.train_on_batch(x, y) for x, y in targets[:1]]
    for x, y in targets[1:]:
        model.reset_metrics()
        own.append(model.train_on_batch(x, y))
    np.testing.assert_allclose(
        np.asarray(own).reshape(-1), out["loss"], rtol=1e-12 if dtype == "float64" else 2e-4
    )
    return out


def logits_of(build, initial, images, dtype):
    """The last layer's output before its softmax, on the first batch with the initial weights."""
    common.use(dtype)
    model = build()
    model.set_weights(initial)
    model.layers[-1].activation = keras.activations.linear
    x = images[0][..., None].astype(dtype) / 255
    return common.assert_dtype(model(x), dtype)


def generate(filename, build, initial, loss_name, steps, full, metadata):
    images, labels = batches(steps)
    common.use("float32")
    names = names_of(build())
    tensors = {"images": images, "labels": labels}
    for short, dtype in common.DTYPES.items():
        out = run(build, initial, loss_name, images, labels, dtype)
        tensors[f"{short}/loss"] = np.array(out["loss"], dtype)
        tensors[f"{short}/probabilities"] = np.array(out["probabilities"], dtype)
        tensors[f"{short}/logits"] = logits_of(build, initial, images, dtype)
        for kind in ("grads", "weights"):
            for index, name in enumerate(names):
                prints = [common.fingerprint(step[index]) for step in out[kind]]
                if short == "f32":  # only the first step is comparable to rounding
                    prints = prints[:1]
                for key in prints[0]:
                    stacked = np.array([p[key] for p in prints], np.float64)
                    tensors[f"{short}/{kind}/{name}/{key}"] = stacked
        if full and short == "f32":
            for index, name in enumerate(names):
                tensors[f"f32/first_grad/{name}"] = out["grads"][0][index]
                tensors[f"f32/first_weights/{name}"] = out["weights"][0][index]
    if full:
        for name, value in zip(names, initial):
            tensors[f"initial/{name}"] = value
    metadata = {
        "variables": names,
        "shapes": {name: list(value.shape) for name, value in zip(names, initial)},
        "loss": loss_name,
        "optimizer": "Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07)",
        "steps": steps,
        "batch_size": BATCH,
        **metadata,
    }
    common.write(filename, tensors, metadata)


def main():
    common.use("float32")
    keras.utils.set_random_seed(1)
    generate(
        "cnn.safetensors",
        cnn,
        cnn().get_weights(),
        "sparse_categorical_crossentropy",
        steps=10,
        full=True,
        metadata={},
    )

    # 692,000 weights: rebuilt from a formula instead of stored.
    common.use("float32")
    model = mnist_cnn()
    initial, recipe = [], {}
    variables = zip(names_of(model), model.trainable_variables)
    for stream, (name, variable) in enumerate(variables, start=100):
        shape = tuple(variable.shape)
        limit = glorot_limit(shape) if len(shape) > 1 else np.float32(0)
        initial.append(common.uniform_weights(stream, shape, limit))
        recipe[name] = {"stream": stream, "limit": float(limit)}
    generate(
        "mnist_cnn.safetensors",
        mnist_cnn,
        initial,
        "categorical_crossentropy",
        steps=3,
        full=False,
        metadata={"initial": recipe},
    )


if __name__ == "__main__":
    main()
