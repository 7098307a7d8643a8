"""optimizers.safetensors: variables after each of ten steps on given gradients, and the slots at the
end; schedules.json: the rates of schedules."""

import json

import common  # first: it chooses the backend
import keras
import numpy as np

STEPS = 10
SHAPES = {"a": (4, 3), "b": (3,), "c": (2, 5)}
SGD, ADAM = {"learning_rate": 0.1}, {"learning_rate": 0.01}
CLIPS = {"clipnorm": 1.0}, {"clipvalue": 0.5}, {"global_clipnorm": 1.0}

# (name, class, config): `exclude`, `inner`, `map` and `default` are no arguments, see optimizer_of.
CASES = [
    ("sgd", "SGD", SGD),
    ("sgd_default", "SGD", {}),
    ("sgd_momentum", "SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    ("sgd_nesterov", "SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    *((f"sgd_{next(iter(clip))}", "SGD", {**SGD, **clip}) for clip in CLIPS),
    ("sgd_momentum_global_clipnorm", "SGD", {**SGD, "momentum": 0.9, "global_clipnorm": 1.0}),
    ("sgd_loss_scale_factor", "SGD", {**SGD, "loss_scale_factor": 16.0}),
    ("sgd_accumulated", "SGD", {**SGD, "gradient_accumulation_steps": 2}),
    ("adam", "Adam", {}),
    ("adam_learning_rate", "Adam", {"learning_rate": 0.05}),
    ("adam_betas", "Adam", {**ADAM, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    ("adam_amsgrad", "Adam", {"learning_rate": 0.05, "amsgrad": True}),
    *((f"adam_{next(iter(clip))}", "Adam", {**ADAM, **clip}) for clip in CLIPS),
    ("adam_weight_decay", "Adam", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("adam_ema", "Adam", {**ADAM, "use_ema": True, "ema_momentum": 0.8}),
    (
        "adam_ema_overwrites",
        "Adam",
        {**ADAM, "use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
    ),
    ("adam_accumulated", "Adam", {**ADAM, "gradient_accumulation_steps": 3}),
    (
        "adam_everything",
        "Adam",
        {
            **ADAM,
            "amsgrad": True,
            "weight_decay": 0.1,
            "clipnorm": 1.0,
            "use_ema": True,
            "ema_momentum": 0.9,
            "ema_overwrite_frequency": 2,
            "gradient_accumulation_steps": 2,
        },
    ),
    ("adamw", "AdamW", {}),
    ("adamw_decay", "AdamW", {"learning_rate": 0.1, "weight_decay": 0.2}),
    ("adamw_exclude", "AdamW", {"learning_rate": 0.1, "weight_decay": 0.2, "exclude": ["b"]}),
    ("rmsprop", "RMSprop", {}),
    ("rmsprop_momentum", "RMSprop", {**ADAM, "rho": 0.8, "momentum": 0.9, "epsilon": 1e-5}),
    ("rmsprop_centered", "RMSprop", {**ADAM, "centered": True, "momentum": 0.5}),
    ("adagrad", "Adagrad", {}),
    ("adagrad_initial", "Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5}),
    ("adadelta", "Adadelta", {}),
    ("adadelta_rate", "Adadelta", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-4}),
    ("adamax", "Adamax", {}),
    ("adamax_betas", "Adamax", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9}),
    ("nadam", "Nadam", {}),
    ("nadam_betas", "Nadam", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.95}),
    ("nadam_accumulated", "Nadam", {**ADAM, "gradient_accumulation_steps": 2}),
    ("adafactor", "Adafactor", {}),
    ("adafactor_rate", "Adafactor", {"learning_rate": 0.5, "clip_threshold": 0.5}),
    ("adafactor_decay", "Adafactor", {"beta_2_decay": -0.5, "relative_step": False}),
    ("ftrl", "Ftrl", {}),
    (
        "ftrl_regularized",
        "Ftrl",
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.2,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.1,
        },
    ),
    ("ftrl_power", "Ftrl", {"learning_rate": 0.1, "learning_rate_power": -0.7}),
    ("lion", "Lion", {}),
    ("lion_decay", "Lion", {"learning_rate": 0.01, "beta_1": 0.8, "weight_decay": 0.1}),
    ("lamb", "Lamb", {}),
    ("lamb_decay", "Lamb", {"learning_rate": 0.05, "beta_1": 0.8, "weight_decay": 0.1}),
    ("muon", "Muon", {}),
    ("muon_plain", "Muon", {"learning_rate": 0.05, "nesterov": False, "rms_rate": None}),
    ("muon_excluded", "Muon", {"learning_rate": 0.05, "exclude_layers": ["^c"], "ns_steps": 3}),
    ("schedule_free", "ScheduleFreeAdamW", {}),
    (
        "schedule_free_warmup",
        "ScheduleFreeAdamW",
        {"learning_rate": 0.05, "beta_1": 0.8, "warmup_steps": 4, "weight_decay": 0.1},
    ),
    (
        "loss_scale",
        "LossScaleOptimizer",
        {"initial_scale": 4.0, "dynamic_growth_steps": 3, "inner": ("SGD", {**SGD, "momentum": 0.9})},
    ),
    (
        "multi",
        "MultiOptimizer",
        {
            "map": {"a": ("Adam", ADAM), "[bc]": ("SGD", {**SGD, "momentum": 0.9, "global_clipnorm": 1.0})},
            "default": ("RMSprop", {}),
        },
    ),
    (
        "multi_default",
        "MultiOptimizer",
        {
            "map": {"b.*": ("AdamW", {**ADAM, "use_ema": True})},
            "default": ("Lion", {"loss_scale_factor": 2.0}),
            "loss_scale_factor": 16.0,
            "name": "two",
        },
    ),
    ("scheduled", "SGD", {"learning_rate": ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 6})}),
]
POISONED = {"loss_scale": 4}  # this step's first gradient of `b` is infinite

SCHEDULES = [
    ("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.5}),
    ("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"decay_steps": 5, "decay_rate": 1.5}),
    ("InverseTimeDecay", {"decay_steps": 5, "decay_rate": 1.5, "staircase": True}),
    ("PolynomialDecay", {"decay_steps": 10}),
    ("PolynomialDecay", {"decay_steps": 9, "end_learning_rate": 0.02, "power": 2.0}),
    ("PolynomialDecay", {"decay_steps": 6, "power": 0.5, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [4, 11], "values": [0.1, 0.05, 0.01]}),
    ("PiecewiseConstantDecay", {"boundaries": [8], "values": [0.1, 0.3]}),
    ("CosineDecay", {"decay_steps": 12}),
    ("CosineDecay", {"decay_steps": 12, "alpha": 0.1}),
    ("CosineDecay", {"decay_steps": 12, "warmup_target": 0.5, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"first_decay_steps": 3}),
    ("CosineDecayRestarts", {"first_decay_steps": 4, "t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1}),
    ("CosineDecayRestarts", {"first_decay_steps": 2, "t_mul": 1.5, "m_mul": 0.9}),
]
SCHEDULE_STEPS = 21


def schedule_of(kind, config):
    if "PiecewiseConstant" not in kind:
        config = {"initial_learning_rate": 0.1, **config}
    return getattr(keras.optimizers.schedules, kind)(**config)


def optimizer_of(kind, config):
    config = dict(config)
    excluded = config.pop("exclude", None)
    inner = config.pop("inner", None)
    if isinstance(config.get("learning_rate"), tuple):
        config["learning_rate"] = schedule_of(*config["learning_rate"])
    made = getattr(keras.optimizers, kind)
    if "map" in config:
        optimizers = {key: optimizer_of(*given) for key, given in config.pop("map").items()}
        default = optimizer_of(*config.pop("default"))
        return made(keras.optimizers.OptimizerMap(default, optimizers), **config)
    optimizer = made(optimizer_of(*inner), **config) if inner else made(**config)
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    return optimizer


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


def apply(optimizer, grads, variables):
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.apply(grads, variables)
        return
    # On JAX its `apply` leaks tracers; Keras's own training loop uses the pure function, too.
    if not optimizer.built:
        optimizer.build(variables)
    values = [[v.value for v in group] for group in (optimizer.variables, variables)]
    new_values, new_own = optimizer.stateless_apply(values[0], grads, values[1])
    for variable, value in zip(variables + optimizer.variables, new_values + new_own):
        variable.assign(value)


def run(name, kind, config, start, gradients, dtype):
    """The optimizer after all steps, and the variables after each."""
    optimizer = optimizer_of(kind, config)
    variables = [keras.Variable(start[k].astype(dtype), name=k) for k in SHAPES]
    rows = {key: [] for key in SHAPES}
    for step in range(STEPS):
        grads = [gradients[k][step].astype(dtype) for k in SHAPES]
        if POISONED.get(name) == step:
            grads[1] = np.where(np.arange(grads[1].size) == 0, np.inf, grads[1]).astype(dtype)
        apply(optimizer, [keras.ops.convert_to_tensor(g) for g in grads], variables)
        for key, variable in zip(SHAPES, variables):
            rows[key].append(common.assert_dtype(variable.value, dtype))
    return optimizer, rows


def write_schedules():
    cases = []
    for kind, config in SCHEDULES:
        case = {"class_name": kind, "rates": {}}
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            schedule = schedule_of(kind, config)
            case["rates"][short] = [float(schedule(step)) for step in range(SCHEDULE_STEPS)]
            case["config"] = schedule.get_config()
        cases.append(case)
    (common.HERE / "schedules.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")


def main():
    start, gradients = inputs()
    tensors = {f"start/{k}": v for k, v in start.items()}
    tensors |= {f"gradients/{k}": v for k, v in gradients.items()}
    metadata = {"cases": [c[0] for c in CASES], "variables": list(SHAPES), "steps": STEPS}
    for name, kind, config in CASES:
        for short, dtype in common.DTYPES.items():
            common.use(dtype)
            optimizer, rows = run(name, kind, config, start, gradients, dtype)
            if short == "f64":  # which does not round the rate
                get_config = optimizer.get_config()
            for key, values in rows.items():
                tensors[f"{name}/{short}/{key}"] = np.array(values, dtype)
            for i, slot in enumerate(optimizer.variables):
                tensors[f"{name}/{short}/slots/{i}"] = np.asarray(slot.value, np.float64)
        metadata[name] = {
            "optimizer": kind,
            "config": {k: v for k, v in config.items() if k not in ("exclude", "inner", "map", "default")},
            "get_config": get_config,
            "exclude": config.get("exclude", []),
            "poisoned": POISONED.get(name),
            "slots": [slot.name for slot in optimizer.variables],
        }
    common.write("optimizers.safetensors", tensors, metadata)
    write_schedules()


if __name__ == "__main__":
    main()
