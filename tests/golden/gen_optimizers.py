"""optimizers.safetensors: variables and slots after each of ten steps on given gradients."""

import common  # first: it chooses the backend
import keras
import numpy as np

STEPS = 10
SHAPES = {"a": (4, 3), "b": (3,)}
CASES = [
    ("sgd", "SGD", {"learning_rate": 0.1}),
    ("sgd_default", "SGD", {}),
    ("sgd_momentum", "SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    ("sgd_nesterov", "SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    ("sgd_clipnorm", "SGD", {"learning_rate": 0.1, "clipnorm": 1.0}),
    ("sgd_clipvalue", "SGD", {"learning_rate": 0.1, "clipvalue": 0.5}),
    ("sgd_global_clipnorm", "SGD", {"learning_rate": 0.1, "global_clipnorm": 1.0}),
    (
        "sgd_momentum_global_clipnorm",
        "SGD",
        {"learning_rate": 0.1, "momentum": 0.9, "global_clipnorm": 1.0},
    ),
    ("adam", "Adam", {}),
    ("adam_learning_rate", "Adam", {"learning_rate": 0.05}),
    ("adam_betas", "Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    ("adam_clipnorm", "Adam", {"learning_rate": 0.01, "clipnorm": 1.0}),
    ("adam_clipvalue", "Adam", {"learning_rate": 0.01, "clipvalue": 0.5}),
    ("adam_global_clipnorm", "Adam", {"learning_rate": 0.01, "global_clipnorm": 1.0}),
]


def inputs():
    """Start values, and gradients like those of a noisy quadratic whose scale shrinks.

    The first steps exceed the clipping norms, the last ones do not; step 3's gradient of `b` is 0.
    """
    rng = common.rng_of("optimizers")
    start = {k: common.normal(rng, shape) for k, shape in SHAPES.items()}
    gradients = {}
    for key, shape in SHAPES.items():
        scales = np.geomspace(3.0, 0.03, STEPS)
        steps = [s * (start[key] + 0.5 * rng.standard_normal(shape)) for s in scales]
        gradients[key] = np.array(steps, np.float32)
    gradients["b"][3] = 0.0
    return start, gradients


def main():
    start, gradients = inputs()
    tensors = {f"start/{k}": v for k, v in start.items()}
    tensors |= {f"gradients/{k}": v for k, v in gradients.items()}
    metadata = {"cases": [c[0] for c in CASES], "variables": list(SHAPES), "steps": STEPS}
    for name, kind, config in CASES:
        slots = []
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            optimizer = getattr(keras.optimizers, kind)(**config)
            variables = [keras.Variable(start[k].astype(dtype), name=k) for k in SHAPES]
            rows = {}
            for step in range(STEPS):
                grads = [gradients[k][step].astype(dtype) for k in SHAPES]
                optimizer.apply([keras.ops.convert_to_tensor(g) for g in grads], variables)
                for key, variable in zip(SHAPES, variables):
                    rows.setdefault(key, []).append(common.assert_dtype(variable.value, dtype))
                for slot in optimizer.variables:
                    if slot.name in ("iteration", "learning_rate"):
                        continue
                    key, kind_of_slot = slot.name.rsplit("_", 1)
                    value = common.assert_dtype(slot.value, dtype)
                    rows.setdefault(f"{kind_of_slot}/{key}", []).append(value)
            for key, values in rows.items():
                where = f"slots/{key}" if "/" in key else key
                tensors[f"{name}/{short}/{where}"] = np.array(values, dtype)
            slots = sorted({key.split("/")[0] for key in rows if "/" in key})
        metadata[name] = {"optimizer": kind, "config": config, "slots": slots}
    common.write("optimizers.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
