"""functional.json: configs of functional graphs, with the order of their layers and weights."""

import json

import common  # first: it chooses the backend
import keras
from keras import layers


def chain():
    x = keras.Input((8,), name="x")
    y = layers.Dense(4, activation="relu", name="hidden")(x)
    return keras.Model(x, layers.Dense(2, name="top")(y), name="chain")


def shared():
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    twice = layers.Dense(4, name="twice")
    left, right = twice(a), twice(b)
    deep = layers.Dense(8, name="deep")(right)
    return keras.Model([a, b], [left, twice(deep), layers.Dense(1, name="end")(deep)], name="shared")


def diamond():
    x = keras.Input((6,), name="x")
    unused = keras.Input((3,), name="unused")
    top = layers.Dense(3, name="top")
    short = layers.Dense(6, name="short")(x)
    long = layers.Activation("tanh", name="act")(layers.Dense(6, name="long")(x))
    return keras.Model([unused, x], [top(long), layers.Reshape((2, 3), name="r")(short)], name="diamond")


def nested():
    x = keras.Input((5,), name="outer_x")
    inner = chain_of(5)
    first = inner(x)
    second = inner(layers.Dense(5, name="back")(first))
    stack = keras.Sequential([keras.Input((2,)), layers.Dense(3, name="s1"), layers.Dense(2, name="s2")],
                             name="stack")
    return keras.Model(x, [stack(second), first], name="nested")


def chain_of(width):
    x = keras.Input((width,), name="inner_x")
    return keras.Model(x, layers.Dense(2, name="inner_d")(x), name="inner")


def cut():
    x = keras.Input((8,), name="x")
    middle = layers.Dense(4, name="hidden")(x)
    y = layers.Dense(2, name="top")(layers.Dense(4, name="second")(middle))
    return keras.Model(middle, y, name="cut")


cases = []
for make in (chain, shared, diamond, nested, cut):
    common.use("float32")
    model = make()
    cases.append(
        {
            "config": model.get_config(),
            "layers": [layer.name for layer in model.layers],
            "weights": [list(w.shape) for w in model.weights],
            "outputs": list(model.output_names),
        }
    )
text = json.dumps(cases, indent=1)
(common.HERE / "functional.json").write_text(text + "\n")
