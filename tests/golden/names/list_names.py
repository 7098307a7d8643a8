"""names.json: the public functions of keras.ops and keras.random with their signatures."""

import inspect
import json

import setting  # first: it chooses the backend
import keras

FAMILIES = ("numpy", "nn", "math", "core", "linalg", "image", "einops")


def signature_of(function):
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        parameters.append(str(parameter.replace(annotation=inspect.Parameter.empty)))
    return f"({', '.join(parameters)})"


def functions(module):
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if not name.startswith("_") and callable(value) and not inspect.isclass(value):
            yield name, value


def main():
    families = {family: {} for family in (*FAMILIES, "random")}
    for name, function in functions(keras.ops):
        families[function.__module__.removeprefix("keras.src.ops.")][name] = function
    families["image"].update(functions(keras.ops.image))
    families["linalg"].update(functions(keras.ops.linalg))
    families["random"].update(functions(keras.random))
    # What keras.ops shares with keras.ops.linalg is listed where its source stands.
    for name in list(families["linalg"]):
        if any(name in families[other] for other in ("numpy", "math")):
            del families["linalg"][name]
    content = {
        "keras": keras.__version__,
        "families": {
            family: {name: signature_of(function) for name, function in sorted(found.items())}
            for family, found in families.items()
        },
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (setting.HERE / "names.json").write_text(text + "\n")
    print({family: len(found) for family, found in families.items()})


if __name__ == "__main__":
    main()
