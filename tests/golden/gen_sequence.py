"""sequence_FAMILY.safetensors: layers with several inputs, outputs, masks or other call arguments.

Each case is a layer as Keras makes it, called once. The file has its config, its inputs and masks,
its weights in Keras's order, every output with its mask, and the gradients of the sum over all
outputs times their cotangents for every input and trainable weight.
"""

import sys

import common  # first: it chooses the backend
import hub_cases
import jax
import keras
import numpy as np
import sequence_cases
from keras import layers as L
from keras import tree
from keras.src import backend


NOT_COMPARED = ("module", "registered_name", "build_config", "quantization_config")
EXPORTED = {"GroupedQueryAttention": "GroupQueryAttention"}


def plain(value):
    """A config as JSON has it, with the dtype policies that a layer is made with by their names."""
    if isinstance(value, dict):
        if value.get("class_name") == "DTypePolicy":
            return value["config"]["name"]
        return {k: plain(v) for k, v in value.items() if k not in NOT_COMPARED}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def call(case, layer, params, fixed, inputs):
    """Outputs and their masks, flat; `inputs` may be traced."""
    inputs = [keras.ops.convert_to_tensor(x) for x in inputs]
    for x, mask in zip(inputs, case.masks):
        if mask is not None:
            backend.set_keras_mask(x, keras.ops.convert_to_tensor(mask))
    arguments = {k: keras.ops.convert_to_tensor(v) for k, v in case.tensors.items()}
    given, keywords = case.arrange(inputs)
    mapping = [*zip(layer.trainable_variables, params), *zip(layer.non_trainable_variables, fixed)]
    with keras.StatelessScope(state_mapping=mapping):
        outputs = layer(*given, **keywords, **arguments, **case.arguments)
    flat = tree.flatten(outputs)
    return flat, [backend.get_keras_mask(y) for y in flat]


def run(case, tensors, metadata):
    name, rng = case.name, common.rng_of(case.name)
    inputs = [case.draw(i, rng) for i in range(len(case.inputs))]
    weights = cotangents = None
    for short, dtype in common.DTYPES.items():
        common.use(dtype)
        # Where Keras's GRU has no bias it takes zeros of JAX's widest float.
        jax.config.update("jax_enable_x64", short == "f64")
        given = [x.astype(dtype) if x.dtype.kind == "f" else x for x in inputs]
        layer = case.build(L)
        args, keywords = case.arrange([keras.ops.convert_to_tensor(x) for x in given])
        layer(*args, **keywords, **case.arguments)  # builds it
        if weights is None:
            weights = [common.normal(rng, tuple(v.shape), 0.5) for v in layer.weights]
        for variable, value in zip(layer.weights, weights):
            variable.assign(value.astype(dtype))
        params = [v.value for v in layer.trainable_variables]
        fixed = [v.value for v in layer.non_trainable_variables]
        if cotangents is None:
            specs = jax.eval_shape(lambda: call(case, layer, params, fixed, given)[0])
            cotangents = [common.normal(rng, y.shape) for y in specs]
        real = [i for i, x in enumerate(given) if x.dtype.kind == "f"]

        def total(values, floats):
            mixed = list(given)
            for i, x in zip(real, floats):
                mixed[i] = x
            ys, masks = call(case, layer, values, fixed, mixed)
            products = [keras.ops.sum(y * c.astype(dtype)) for y, c in zip(ys, cotangents)]
            return sum(products), (ys, masks)

        gradients = jax.jit(jax.value_and_grad(total, argnums=(0, 1), has_aux=True))
        (_, (outputs, masks)), (grads, input_grads) = gradients(params, [given[i] for i in real])
        for i, y in enumerate(outputs):
            tensors[f"{name}/{short}/y/{i}"] = common.assert_dtype(y, dtype)
        for i, grad in zip(real, input_grads):
            tensors[f"{name}/{short}/grad/x/{i}"] = common.assert_dtype(grad, dtype)
        trainable = {id(v): g for v, g in zip(layer.trainable_variables, grads)}
        for i, variable in enumerate(layer.weights):
            if id(variable) in trainable:
                tensors[f"{name}/{short}/grad/w/{i}"] = common.assert_dtype(
                    trainable[id(variable)], dtype
                )
    for i, x in enumerate(inputs):
        tensors[f"{name}/x/{i}"] = x
    for i, w in enumerate(weights):
        tensors[f"{name}/w/{i}"] = w
    for i, c in enumerate(cotangents):
        tensors[f"{name}/cotangent/{i}"] = c
    for i, mask in enumerate(case.masks):
        if mask is not None:
            tensors[f"{name}/mask/{i}"] = np.asarray(mask, np.uint8)
    if case.arguments.get("return_attention_scores"):
        masks = masks[:1]  # on the scores there is what Keras's softmax was masked with
    for i, mask in enumerate(masks):
        if mask is not None:
            tensors[f"{name}/y_mask/{i}"] = np.asarray(mask).astype(np.uint8)
    for key, value in case.tensors.items():
        tensors[f"{name}/tensor/{key}"] = np.asarray(value).astype(np.uint8)
    metadata[name] = {
        "layer": type(layer).__name__,
        "name": EXPORTED.get(type(layer).__name__, type(layer).__name__),
        "config": plain(layer.get_config()),
        "inputs": len(inputs),
        "outputs": len(outputs),
        "weights": [v.name for v in layer.weights],
        "masks": len(case.masks),
        "arguments": case.arguments,
        "tensors": list(case.tensors),
        "float32_inside": case.float32_inside,
    }


FAMILIES = {**sequence_cases.FAMILIES, **hub_cases.FAMILIES}


def main(families):
    for family in families or FAMILIES:
        cases = list(FAMILIES[family]())
        if len({case.name for case in cases}) != len(cases):
            raise ValueError(f"{family} has two cases of one name")
        tensors, metadata = {}, {"cases": [case.name for case in cases]}
        for case in cases:
            run(case, tensors, metadata)
        common.write(f"sequence_{family}.safetensors", tensors, metadata)


if __name__ == "__main__":
    main(sys.argv[1:])
