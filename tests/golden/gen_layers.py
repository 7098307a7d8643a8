"""layers/FILE.safetensors: layers with one input and one output, for the cases of layer_cases/FILE.py.

The output, the gradients of sum(output * cotangent) + sum(losses) and the new state of each case.
Inputs, weights and cotangents are float32 and stored once; the float64 run casts them up.
"""

import importlib
import pkgutil
import sys

import common  # first: it chooses the backend
import jax
import keras
import layer_cases
import numpy as np


def plain(value):
    """A config as JSON has it; of a dtype policy its name."""
    if isinstance(value, dict):
        if value.get("class_name") == "DTypePolicy":
            return value["config"]["name"]
        return {k: plain(v) for k, v in value.items() if k not in ("module", "registered_name")}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def as_keras(value):
    if isinstance(value, list):
        return tuple(as_keras(v) for v in value)
    return value() if callable(value) else value


def draw_weights(layer, rng):
    def draw(variable):
        value = common.normal(rng, tuple(variable.shape), 0.5)
        positive = "variance" in variable.name or "stddev" in variable.name
        return np.abs(value) + np.float32(0.25) if positive else value

    return [draw(v) for v in layer.weights]


def call(case, layer, trainable, fixed, x):
    """The output, the new values of what is not trainable, and the sum of the losses."""
    keywords = {"training": True} if case.training else {}
    if case.mask is not None:
        keywords["mask"] = np.array(case.mask, bool)
    # Not stateless_call, which leaves out the losses of outputs.
    mapping = [
        *zip(layer.trainable_variables, trainable),
        *zip(layer.non_trainable_variables, fixed),
    ]
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
        y = layer(x, **keywords)
        losses = layer.losses
    state = [scope.get_current_value(v) for v in layer.non_trainable_variables]
    return y, state, sum(losses) if losses else keras.ops.zeros((), y.dtype)


def draw_cotangent(case, layer, trainable, fixed, x, rng):
    y = jax.eval_shape(lambda v: call(case, layer, trainable, fixed, v)[0], x)
    return common.normal(rng, y.shape)


def run(case, tensors, metadata):
    name, rng = case.name, common.rng_of(case.name)
    x = case.draw(name, case.shape, rng)
    real = x.dtype.kind == "f"
    weights, cotangent = None, None
    for short, dtype in common.DTYPES.items():
        common.use(dtype)
        layer = getattr(keras.layers, case.layer)(**{k: as_keras(v) for k, v in case.config.items()})
        # A Lambda's config is Python's machine code.
        is_lambda = case.layer == "Lambda"
        config = {"dtype": "float32"} if is_lambda else plain(layer.get_config())
        masks = layer.supports_masking
        if case.layer == "InputLayer":
            layer = keras.Model(layer.output, layer.output)  # by itself it cannot be called
        layer.build(case.shape)
        if weights is None:
            weights = draw_weights(layer, rng)
        values = {id(v): w.astype(dtype) for v, w in zip(layer.weights, weights)}
        trainable = [values[id(v)] for v in layer.trainable_variables]
        fixed = [values.get(id(v), v.value) for v in layer.non_trainable_variables]
        given = x.astype(dtype) if real else x
        if cotangent is None:
            cotangent = draw_cotangent(case, layer, trainable, fixed, given, rng)

        def total(parameters, inputs):
            y, state, loss = call(case, layer, parameters, fixed, inputs)
            return keras.ops.sum(y * cotangent.astype(dtype)) + loss, (y, state, loss)

        differentiate = jax.grad(total, argnums=(0, 1) if real else (0,), has_aux=True)
        grads, (y, state, loss) = jax.jit(differentiate)(trainable, given)
        tensors[f"{name}/{short}/y"] = common.assert_dtype(y, dtype)
        tensors[f"{name}/{short}/loss"] = common.assert_dtype(loss, dtype)
        if real:
            tensors[f"{name}/{short}/grad/x"] = common.assert_dtype(grads[1], dtype)
        for variable, grad in zip(layer.trainable_variables, grads[0]):
            tensors[f"{name}/{short}/grad/{variable.name}"] = common.assert_dtype(grad, dtype)
        for variable, value in zip(layer.non_trainable_variables, state):
            if case.training and id(variable) in values:
                tensors[f"{name}/{short}/state/{variable.name}"] = common.assert_dtype(value, dtype)
    mask = None if case.mask is None else np.array(case.mask, bool)
    mask = layer.compute_mask(keras.ops.convert_to_tensor(x), mask)
    if mask is not None:
        tensors[f"{name}/y_mask"] = np.asarray(mask).astype(np.uint8)
    tensors[f"{name}/x"] = x
    tensors[f"{name}/cotangent"] = cotangent
    if case.mask is not None:
        tensors[f"{name}/mask"] = np.array(case.mask, np.uint8)
    for variable, value in zip(layer.weights, weights):
        tensors[f"{name}/weights/{variable.name}"] = value
    metadata[name] = {
        "layer": case.layer,
        "config": config,
        "input_shape": list(case.shape),
        "output_shape": list(y.shape),
        "variables": [v.name for v in layer.weights],
        "trainable": [v.name for v in layer.trainable_variables],
        "training": case.training,
        "supports_masking": masks,
    }


def main():
    (common.HERE / "layers").mkdir(exist_ok=True)
    jax.config.update("jax_disable_most_optimizations", True)  # each function runs once
    for name in sys.argv[1:] or [m.name for m in pkgutil.iter_modules(layer_cases.__path__)]:
        cases = importlib.import_module(f"layer_cases.{name}").CASES
        tensors, metadata = {}, {"cases": [case.name for case in cases]}
        for case in cases:
            run(case, tensors, metadata)
            jax.clear_caches()
        common.write(f"layers/{name}.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
