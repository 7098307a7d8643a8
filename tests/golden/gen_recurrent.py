"""recurrent.safetensors: outputs, last states and gradients of LSTM and GRU for every option of the
loops: activations, bias, initial states, masks, going backwards, GRU's reset.

Inputs, weights and cotangents are float32 and stored once; the float64 run casts them up.
"""

import common  # first: it chooses the backend
import jax
import keras
import numpy as np

# (name, layer, config as in Keras, input shape with batch, with initial states, with a mask)
CASES = []
for kind in ("LSTM", "GRU"):
    stem = kind.lower()
    CASES += [
        (stem, kind, {"units": 5}, (3, 6, 4), False, False),
        (f"{stem}_one_step", kind, {"units": 3}, (2, 1, 2), True, False),
        (f"{stem}_no_bias", kind, {"units": 5, "use_bias": False}, (3, 4, 2), True, False),
        (f"{stem}_states", kind, {"units": 19}, (7, 5, 3), True, False),
        (f"{stem}_mask", kind, {"units": 4}, (4, 6, 3), True, True),
        (f"{stem}_backwards", kind, {"units": 4, "go_backwards": True}, (3, 5, 3), True, False),
        (f"{stem}_backwards_mask", kind, {"units": 4, "go_backwards": True}, (3, 5, 3), False, True),
        (
            f"{stem}_activations",
            kind,
            {"units": 4, "activation": "softsign", "recurrent_activation": "hard_sigmoid"},
            (3, 4, 3),
            True,
            True,
        ),
    ]
CASES += [
    ("gru_reset_before", "GRU", {"units": 5, "reset_after": False}, (3, 6, 4), True, False),
    ("gru_reset_before_mask", "GRU", {"units": 5, "reset_after": False}, (3, 6, 4), True, True),
    (
        "gru_reset_before_no_bias",
        "GRU",
        {"units": 3, "reset_after": False, "use_bias": False, "go_backwards": True},
        (2, 4, 2),
        False,
        False,
    ),
]


def main():
    tensors, metadata = {}, {"cases": [case[0] for case in CASES]}
    for name, kind, config, shape, with_states, with_mask in CASES:
        rng = common.rng_of(name)
        x = common.normal(rng, shape)
        count = 2 if kind == "LSTM" else 1
        states = [common.normal(rng, (shape[0], config["units"])) for _ in range(count)]
        if not with_states:
            states = [np.zeros_like(state) for state in states]
        mask = rng.integers(0, 3, shape[:2]) > 0 if with_mask else None
        weights, cotangents = None, None
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            # Where Keras's GRU has no bias it takes zeros of JAX's widest float.
            jax.config.update("jax_enable_x64", short == "f64")
            layer = getattr(keras.layers, kind)(
                return_sequences=True, return_state=True, **config
            )
            layer.build(shape)
            names = [v.name for v in layer.trainable_variables]
            fixed = [v.value for v in layer.non_trainable_variables]
            if weights is None:
                weights = [
                    common.normal(rng, tuple(v.shape), 0.5) for v in layer.trainable_variables
                ]
            given = [w.astype(dtype) for w in weights]
            initial = [s.astype(dtype) for s in states]

            def results(values, inputs, initial):
                extra = {"initial_state": list(initial)}
                if mask is not None:
                    extra["mask"] = mask
                return layer.stateless_call(values, fixed, inputs, **extra)[0]

            found = [
                common.assert_dtype(each, dtype) for each in results(given, x.astype(dtype), initial)
            ]
            if cotangents is None:
                cotangents = [common.normal(rng, each.shape) for each in found]

            def total(values, inputs, initial):
                return sum(
                    keras.ops.sum(each * cotangent.astype(dtype))
                    for each, cotangent in zip(results(values, inputs, initial), cotangents)
                )

            grads = jax.grad(total, argnums=(0, 1, 2))(given, x.astype(dtype), initial)
            for i, each in enumerate(found):
                tensors[f"{name}/{short}/out/{i}"] = each
            tensors[f"{name}/{short}/grad/x"] = common.assert_dtype(grads[1], dtype)
            for variable, grad in zip(names, grads[0]):
                tensors[f"{name}/{short}/grad/{variable}"] = common.assert_dtype(grad, dtype)
            for i, grad in enumerate(grads[2] if with_states else []):
                tensors[f"{name}/{short}/grad/state/{i}"] = common.assert_dtype(grad, dtype)
        tensors[f"{name}/x"] = x
        if with_mask:
            tensors[f"{name}/mask"] = mask.astype(np.uint8)
        for i, each in enumerate(cotangents):
            tensors[f"{name}/cotangent/{i}"] = each
        for i, each in enumerate(states if with_states else []):
            tensors[f"{name}/state/{i}"] = each
        for variable, value in zip(names, weights):
            tensors[f"{name}/weights/{variable}"] = value
        metadata[name] = {"layer": kind, "config": config, "variables": names}
    common.write("recurrent.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
