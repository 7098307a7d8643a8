"""functional_summary*.txt: Keras's own tables of a functional model, byte for byte."""

import common  # first: it chooses the backend
import keras
from gen_text import summary_text
from keras import layers


def functional():
    common.use("float32")
    p = keras.Input((3,), name="p")
    q = keras.Input((4,), name="q")
    inner = keras.Model(
        [p, q],
        [
            layers.Dense(5, name="left")(p),
            layers.Dense(6, name="a_layer_with_a_rather_long_name_that_wraps")(q),
        ],
        name="inner",
    )
    a = keras.Input((3,), name="a")
    b = keras.Input((4,), name="b")
    shared = layers.Dense(3, activation="tanh", name="shared")
    x, y = inner([shared(shared(a)), b])
    z = layers.Dense(2, name="score")(x)
    w = layers.Dropout(0.5, name="thin")(layers.Dense(1000, name="wide")(y))
    return keras.Model([a, b], [z, w], name="two_branches")


def chain():
    common.use("float32")
    x = keras.Input((7,), name="x")
    y = layers.Dense(3, name="first")(x)
    return keras.Model(x, layers.Dense(1, name="second")(y), name="chain")


def main():
    for name, options in {
        "": {},
        "_nested": {"expand_nested": True},
        "_trainable": {"expand_nested": True, "show_trainable": True},
        "_short": {"line_length": 70},
        "_range": {"layer_range": ["shared", "sco.*"]},
    }.items():
        model = functional()
        if name == "_trainable":
            model.get_layer("inner").get_layer("left").trainable = False
        path = common.HERE / f"functional_summary{name}.txt"
        path.write_text(summary_text(model, **options))
    (common.HERE / "functional_summary_chain.txt").write_text(summary_text(chain()))


if __name__ == "__main__":
    main()
