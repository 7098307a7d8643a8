"""mixed.safetensors: layers, losses and short trainings under the policies of 16-bit floats.

Every layer class of layer_cases and sequence_cases, once and once more with `training` or masks
where there is such a case, under each of POLICIES. The inputs are float32, so what a layer casts
shows. Numbers of 16 bits are stored as the float32 they are, their dtypes in the metadata, with
their distance from what the policy float32 gives: a policy's own error, by which a test can tell
what is close.

mixed_training.safetensors: models written as JSON, trained for some steps under POLICIES and
float64: losses, the scale of the loss where there is one, and the weights afterwards.
"""

import importlib
import pkgutil
import sys

import common  # first: it chooses the backend
import gen_layers
import gen_sequence
import jax
import keras
import layer_cases
import numpy as np
import sequence_cases
from keras import layers as L
from keras.src import backend

# JAX makes no orthogonal matrices of 16 bits. All weights are given, so nothing is lost.
keras.initializers.Orthogonal.__call__ = lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)


def dot_product_attention(query, key, value, bias=None, mask=None, scale=None, is_causal=False, **_):
    """As jax.nn.dot_product_attention, which multiplies no float16 on the CPU: logits and softmax are
    float32."""
    assert bias is None and key.shape[2] == query.shape[2]
    jnp = jax.numpy
    logits = jnp.einsum("BTNH,BSNH->BNTS", query.astype("float32"), key.astype("float32"))
    allowed = jnp.ones(logits.shape, bool) if mask is None else mask
    if is_causal:
        allowed &= jnp.tril(jnp.ones(logits.shape[-2:], bool))
    logits = jnp.where(allowed, logits * (scale or query.shape[-1] ** -0.5), -0.7 * 3.4e38)
    return jnp.einsum("BNTS,BSNH->BTNH", jax.nn.softmax(logits).astype(key.dtype), value)


keras.src.backend.nn.dot_product_attention = dot_product_attention

POLICIES = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")
STEPS = 8


def use(policy):
    common.use("float32")
    keras.config.set_dtype_policy(policy)


def as_sequence_case(case):
    """A case of layer_cases in the form of those of sequence_cases."""
    given = {k: gen_layers.as_keras(v) for k, v in case.config.items() if not callable(v)}

    def build(layers):
        made = {k: v() for k, v in case.config.items() if callable(v)}
        return getattr(layers, case.layer)(**given, **made)

    made = sequence_cases.Case(case.name, build, [case.shape])
    made.draw = lambda i, rng: case.draw(case.name, case.shape, rng)
    made.arguments = {"training": True} if case.training else {}
    made.masks = [] if case.mask is None else [np.array(case.mask, bool)]
    return made


def chosen():
    """The first case of each class, and the first one with training, masks or arguments."""
    seen = set()
    for module in pkgutil.iter_modules(layer_cases.__path__):
        for case in importlib.import_module(f"layer_cases.{module.name}").CASES:
            key = case.layer, case.training, case.mask is not None
            if case.layer in ("Lambda", "InputLayer") or key in seen or "extreme" in case.name:
                continue
            seen.add(key)
            yield as_sequence_case(case)
    use("float32")
    for family in sequence_cases.FAMILIES.values():
        for case in family():
            key = type(case.build(L)).__name__, bool(case.masks), str(case.arguments)
            if key not in seen:
                seen.add(key)
                yield case


def compute(case, policy, weights, cotangents, inputs):
    """Outputs, losses, state and gradients under a policy; weights and cotangents where missing."""
    use(policy)
    rng = common.rng_of(f"{case.name} weights")
    layer = case.build(L)
    args, keywords = case.arrange([keras.ops.convert_to_tensor(x) for x in inputs])
    layer(*args, **keywords, **case.arguments)  # builds it
    if weights is None:
        weights = gen_layers.draw_weights(layer, rng)
    for variable, value in zip(layer.weights, weights):
        variable.assign(value)
    params = [v.value for v in layer.trainable_variables]
    fixed = [v.value for v in layer.non_trainable_variables]
    real = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]

    def total(values, floats):
        mixed = list(inputs)
        for i, x in zip(real, floats):
            mixed[i] = x
        given = [keras.ops.convert_to_tensor(x) for x in mixed]
        for x, mask in zip(given, case.masks):
            if mask is not None:
                backend.set_keras_mask(x, keras.ops.convert_to_tensor(mask))
        args, keywords = case.arrange(given)
        tensors = {k: keras.ops.convert_to_tensor(v) for k, v in case.tensors.items()}
        mapping = [*zip(layer.trainable_variables, values), *zip(layer.non_trainable_variables, fixed)]
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
            ys = keras.tree.flatten(layer(*args, **keywords, **tensors, **case.arguments))
            parts = [keras.ops.cast(part, "float32") for part in layer.losses]
        state = [scope.get_current_value(v) for v in layer.non_trainable_variables]
        loss = sum(parts, jax.numpy.zeros((), "float32"))
        products = [keras.ops.cast(y, "float32") * c for y, c in zip(ys, cotangents or ())]
        return sum(map(keras.ops.sum, products), loss), (ys, state, loss)

    if cotangents is None:
        specs = jax.eval_shape(lambda: total(params, [inputs[i] for i in real])[1][0])
        cotangents = [common.normal(rng, y.shape) for y in specs]
    differentiate = jax.jit(jax.grad(total, argnums=(0, 1), has_aux=True))
    (grads, input_grads), (ys, state, loss) = differentiate(params, [inputs[i] for i in real])
    found = {f"y/{i}": y for i, y in enumerate(ys)} | {"loss": loss}
    found |= {f"grad/x/{i}": g for i, g in zip(real, input_grads)}
    of = {id(v): g for v, g in zip(layer.trainable_variables, grads)}
    after = {id(v): s for v, s in zip(layer.non_trainable_variables, state)}
    for i, variable in enumerate(layer.weights):
        if id(variable) in of:
            found[f"grad/w/{i}"] = of[id(variable)]
        elif case.arguments.get("training"):
            found[f"state/{i}"] = after[id(variable)]
    return layer, weights, cotangents, {k: np.asarray(v) for k, v in found.items()}


def distance(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    norm = np.linalg.norm(b)
    return float(np.linalg.norm(a - b) / (norm if norm > 0 else 1.0))


def run(case, tensors, metadata):
    name, rng = case.name, common.rng_of(case.name)
    inputs = [case.draw(i, rng) for i in range(len(case.inputs))]
    layer, weights, cotangents, exact = compute(case, "float32", None, None, inputs)
    config = gen_sequence.plain(layer.get_config())
    kind = type(layer).__name__
    about = {"layer": kind, "name": gen_sequence.EXPORTED.get(kind, kind), "config": config}
    about["inputs"] = len(inputs)
    about["weights"] = len(weights)
    about["masks"], about["arguments"] = len(case.masks), case.arguments
    about["tensors"] = list(case.tensors)
    for policy in POLICIES:
        found = compute(case, policy, weights, cotangents, inputs)[3]
        about[policy] = {}
        for key, value in found.items():
            if not np.isfinite(value.astype(np.float64)).all():
                raise ValueError(f"{name}: {key} is not finite under {policy}")
            tensors[f"{name}/{policy}/{key}"] = value.astype(np.float32)
            about[policy][key] = [value.dtype.name, distance(value, exact[key])]
    for kind, arrays in (("x", inputs), ("w", weights), ("cotangent", cotangents)):
        for i, array in enumerate(arrays):
            tensors[f"{name}/{kind}/{i}"] = array
    for i, mask in enumerate(case.masks):
        if mask is not None:
            tensors[f"{name}/mask/{i}"] = np.asarray(mask, np.uint8)
    for key, value in case.tensors.items():
        tensors[f"{name}/tensor/{key}"] = np.asarray(value).astype(np.uint8)
    metadata["cases"].append(name)
    metadata[name] = about


LOSSES = (
    ("MeanSquaredError", "real"),
    ("MeanAbsoluteError", "real"),
    ("LogCosh", "real"),
    ("Huber", "real"),
    ("BinaryCrossentropy", "chances"),
    ("CategoricalCrossentropy", "distribution"),
    ("SparseCategoricalCrossentropy", "labels"),
    ("KLDivergence", "distribution"),
    ("CosineSimilarity", "real"),
)


def run_losses(tensors, metadata):
    """Losses of 16-bit predictions, which Keras brings to float32 first."""
    use("float32")
    metadata["losses"] = []
    for kind, data in LOSSES:
        rng = common.rng_of(f"loss {kind}")
        pred = common.normal(rng, (6, 4))
        true = common.normal(rng, (6, 4))
        if data == "chances":
            pred, true = rng.uniform(0.1, 0.9, (6, 4)), (true > 0).astype(np.float32)
        elif data != "real":
            pred = np.exp(pred) / np.exp(pred).sum(-1, keepdims=True)
            true = np.exp(true) / np.exp(true).sum(-1, keepdims=True)
        if data == "labels":
            true = true.argmax(-1).astype(np.int32)
        for dtype in ("bfloat16", "float16"):
            given = jax.numpy.asarray(pred).astype(dtype)
            loss = getattr(keras.losses, kind)()
            value, grad = jax.value_and_grad(lambda p: loss(true, p))(given)
            name = f"loss/{kind}/{dtype}"
            tensors[f"{name}/pred"] = np.asarray(given).astype(np.float32)
            tensors[f"{name}/true"] = true
            tensors[f"{name}/value"] = common.assert_dtype(value, "float32")
            tensors[f"{name}/grad"] = common.assert_dtype(grad, dtype).astype(np.float32)
            metadata["losses"].append([kind, dtype])


def images():
    x = keras.Input((8, 8, 2), name="x")
    y = L.Conv2D(6, 3, padding="same", use_bias=False, name="conv")(x)
    y = L.ReLU(name="relu")(L.BatchNormalization(momentum=0.8, name="batch")(y))
    y = L.DepthwiseConv2D(3, name="depthwise")(y)
    y = L.GroupNormalization(3, name="group")(L.MaxPooling2D(2, name="pool")(y))
    y = L.Activation("silu", name="silu")(y)
    y = L.Dense(3, "softmax", name="classes")(L.GlobalAveragePooling2D(name="mean")(y))
    return keras.Model(x, y, name="images"), "sparse_categorical_crossentropy"


def texts():
    x = keras.Input((5,), dtype="int32", name="x")
    y = L.Embedding(9, 4, mask_zero=True, name="words")(x)
    y = L.LSTM(5, return_sequences=True, name="lstm")(y)
    y = L.GRU(4, name="gru")(y)
    return keras.Model(x, L.Dense(3, name="out")(y), name="texts"), "mse"


def attention():
    x = keras.Input((5,), dtype="int32", name="x")
    y = L.LayerNormalization(name="first")(L.Embedding(9, 6, name="words")(x))
    # Without biases: a key's has no gradient but rounding, of which Adam makes steps.
    heads = L.MultiHeadAttention(2, 3, use_bias=False, name="attention")
    y = L.Add(name="add")([y, heads(y, y, use_causal_mask=True)])
    y = L.LayerNormalization(name="second")(y)
    y = L.Conv1D(4, 2, activation="gelu", name="conv")(y)
    y = L.SimpleRNN(4, name="rnn")(y)
    return keras.Model(x, L.Dense(3, name="out")(y), name="attention"), "mse"


def one_in_full():
    """A layer with a policy of its own."""
    x = keras.Input((4,), name="x")
    y = L.Dense(6, "tanh", name="hidden")(x)
    y = L.Dense(5, "tanh", dtype="float32", name="full")(y)
    y = L.Dense(5, "relu", dtype="mixed_float16", name="half")(y)
    return keras.Model(x, L.Dense(3, name="out", dtype="float32")(y), name="one_in_full"), "mse"


O = keras.optimizers
# The squares that Adam keeps are nothing in float16.
FOR_ADAM = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float64")
# name: (model, policies, optimizer)
TRAININGS = {
    "images": (images, (*POLICIES, "float64"), lambda: O.SGD(0.1, momentum=0.9)),
    "texts": (texts, FOR_ADAM, lambda: O.Adam(0.01)),
    "texts_sgd": (texts, ("float16",), lambda: O.SGD(0.05, momentum=0.9)),
    "attention": (attention, FOR_ADAM, lambda: O.AdamW(0.01)),
    "attention_sgd": (attention, ("float16",), lambda: O.SGD(0.01)),
    "one_in_full": (one_in_full, FOR_ADAM, lambda: O.RMSprop(0.01)),
    # The gradients of the first steps are infinite, and the scale grows again every other step.
    "overflow": (
        images,
        ("mixed_float16",),
        lambda: O.LossScaleOptimizer(O.SGD(0.1), initial_scale=2.0**22, dynamic_growth_steps=2),
    ),
    "overflow_adam": (
        texts,
        ("mixed_float16",),
        lambda: O.LossScaleOptimizer(O.Adam(0.01), initial_scale=2.0**24, dynamic_growth_steps=3),
    ),
}


def train(name, policy, tensors):
    build, _, optimizer = TRAININGS[name]
    use(policy)
    model, loss = build()
    first = [common.uniform_weights(700 + i, w.shape, 0.5) for i, w in enumerate(model.weights)]
    for i, (variable, value) in enumerate(zip(model.weights, first)):
        positive = "variance" in variable.name or "gamma" in variable.name
        first[i] = np.abs(value) + np.float32(0.5) if positive else value
        tensors[f"{name}/first/{i}"] = first[i]
    model.set_weights(first)
    rng = common.rng_of(name)
    shape = (6, *model.inputs[0].shape[1:])
    whole = model.inputs[0].dtype == "int32"
    x = rng.integers(0, 9, shape).astype(np.int32) if whole else common.normal(rng, shape)
    sparse = loss.startswith("sparse")
    y = rng.integers(0, 3, (6,)).astype(np.int32) if sparse else common.normal(rng, (6, 3))
    tensors[f"{name}/x"], tensors[f"{name}/y"] = x, y
    given = optimizer()
    about = {"model": model.to_json(), "loss": loss, "given": keras.saving.serialize_keras_object(given)}
    model.compile(given, loss)
    losses, scales = [], []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y)))
        scale = getattr(model.optimizer, "dynamic_scale", None)
        scales.append(None if scale is None else float(scale))
    for i, value in enumerate(model.weights):
        tensors[f"{name}/{policy}/weights/{i}"] = np.asarray(value.value).astype(np.float64)
    return about | {
        "losses": losses,
        "scales": scales,
        "optimizer": type(model.optimizer).__name__,
        "dtypes": [backend.standardize_dtype(w.dtype) for w in model.weights],
    }


def write_trainings():
    tensors, metadata = {}, {"cases": list(TRAININGS), "steps": STEPS}
    for name, (_, policies, _) in TRAININGS.items():
        metadata[name] = {policy: train(name, policy, tensors) for policy in policies}
    common.write("mixed_training.safetensors", tensors, metadata)


def write_layers():
    tensors, metadata = {}, {"cases": []}
    run_losses(tensors, metadata)
    for case in list(chosen()):
        jax.config.update("jax_disable_most_optimizations", True)  # each function runs once
        run(case, tensors, metadata)
        jax.clear_caches()
    common.write("mixed.safetensors", tensors, metadata)


if __name__ == "__main__":
    # Where Keras's GRU has no bias it takes zeros of JAX's widest float.
    jax.config.update("jax_enable_x64", False)
    parts = sys.argv[1:] or ["layers", "training"]
    if "layers" in parts:
        write_layers()
    jax.config.update("jax_disable_most_optimizations", False)
    jax.config.update("jax_enable_x64", True)
    if "training" in parts:
        write_trainings()
