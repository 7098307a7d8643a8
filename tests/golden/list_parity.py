"""parity.json: the names of Keras's vocabulary around networks, by family, from the installed Keras."""

import inspect
import json

import common  # first: it chooses the backend
import keras

# family -> its module; a family has a module's classes or, of activations, its functions.
FAMILIES = {
    "layers": keras.layers,
    "losses": keras.losses,
    "metrics": keras.metrics,
    "optimizers": keras.optimizers,
    "schedules": keras.optimizers.schedules,
    "initializers": keras.initializers,
    "activations": keras.activations,
    "regularizers": keras.regularizers,
    "constraints": keras.constraints,
}
# What one derives from, and the ways to and from configs.
BASES = {
    "Layer", "Wrapper", "Loss", "Metric", "Optimizer", "LearningRateSchedule", "Initializer",
    "Regularizer", "Constraint", "serialize", "deserialize", "get",
}  # fmt: skip


def names_of(family, module):
    """Each object once, under its own name where it is exported so; without preprocessing layers."""
    wanted = inspect.isfunction if family == "activations" else inspect.isclass
    found = {}
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if name.startswith("_") or name in BASES or not wanted(value):
            continue
        if family != "activations" and not name[0].isupper():
            continue
        if ".preprocessing." in value.__module__:
            continue
        if id(value) not in found or name == value.__name__:
            found[id(value)] = name
    return sorted(found.values(), key=str.lower)


def main():
    families = {family: names_of(family, module) for family, module in FAMILIES.items()}
    text = json.dumps({"keras": keras.__version__, "families": families}, indent=1)
    (common.HERE / "parity.json").write_text(text + "\n", encoding="utf-8")
    for family, names in families.items():
        print(family, len(names), " ".join(names))


if __name__ == "__main__":
    main()
