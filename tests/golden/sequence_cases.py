"""What gen_sequence.py computes: layers, the shapes of their inputs, masks and arguments."""

import dataclasses
import typing

import numpy as np


@dataclasses.dataclass
class Case:
    name: str
    build: typing.Callable  # keras.layers -> layer
    inputs: list  # shapes; ("int", limit, shape) for whole numbers
    style: str = "list"
    masks: list = dataclasses.field(default_factory=list)
    arguments: dict = dataclasses.field(default_factory=dict)
    tensors: dict = dataclasses.field(default_factory=dict)
    float32_inside: bool = False  # Keras computes in float32 in between, whatever the dtype

    def draw(self, i, rng):
        spec = self.inputs[i]
        if spec[0] == "int":
            return rng.integers(0, spec[1], spec[2]).astype(np.int32)
        return rng.standard_normal(spec).astype(np.float32)

    def arrange(self, xs):
        """Positional and keyword arguments as the layer's `call` has them."""
        if self.style == "rnn":
            return (xs[0],), {"initial_state": xs[1:]} if len(xs) > 1 else {}
        if self.style == "cell":
            return (xs[0], xs[1:]), {}
        if self.style == "positional":
            return tuple(xs), {}
        return (xs if len(xs) > 1 or self.style == "always_list" else xs[0],), {}


def lengths(*counts, time=5):
    """A mask of sequences that end: true in front."""
    return np.arange(time)[None, :] < np.asarray(counts)[:, None]


# Sequences that end, one that begins late, and one with a hole.
RAGGED = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 1, 0]], bool)
SHAPE = (3, 5, 4)


def recurrent():
    def case(kind, suffix="", states=0, masks=(), tensors=None, **config):
        name = "_".join(filter(None, [kind.lower(), suffix, *config]))
        return Case(
            name,
            lambda L: getattr(L, kind)(6, **config),
            [SHAPE] + [(3, 6)] * states,
            "rnn",
            list(masks),
            tensors=tensors or {},
        )

    everything = {"return_sequences": True, "return_state": True}
    for kind, states in (("SimpleRNN", 1), ("LSTM", 2), ("GRU", 1)):
        yield case(kind)
        yield case(kind, return_sequences=True)
        yield case(kind, return_sequences=True, go_backwards=True, use_bias=False)
        yield case(kind, "state", states=states, **everything)
        yield case(kind, "state", states=states, return_state=True, go_backwards=True)
        yield case(kind, "unrolled", unroll=True, **everything)
        yield case(kind, activation="relu")
        yield case(kind, "mask", masks=[RAGGED])
        yield case(kind, "mask", states=states, masks=[RAGGED], **everything)
        yield case(kind, "mask_argument", states=states, tensors={"mask": RAGGED}, **everything)
        yield case(kind, "mask", masks=[RAGGED], go_backwards=True, **everything)
        yield case(
            kind, "mask", masks=[RAGGED], return_sequences=True, zero_output_for_mask=True
        )
        yield case(kind, dropout=0.3, recurrent_dropout=0.2)
        yield case(
            kind,
            "rules",
            kernel_regularizer="l2",
            recurrent_regularizer="l1",
            bias_regularizer="l1l2",
            kernel_constraint="max_norm",
            recurrent_constraint="non_neg",
            bias_constraint="unit_norm",
            kernel_initializer="he_normal",
            recurrent_initializer="glorot_normal",
            bias_initializer="ones",
        )
    for kind in ("LSTM", "GRU"):
        yield case(kind, activation="softplus", recurrent_activation="hard_sigmoid")
        yield case(kind, "mask", masks=[RAGGED], activation="softsign", return_sequences=True)
    yield case("LSTM", unit_forget_bias=False)
    yield case("GRU", reset_after=False, return_sequences=True)
    yield case("GRU", reset_after=False, use_bias=False)
    yield case("GRU", "mask", masks=[RAGGED], reset_after=False, go_backwards=True)


def cells():
    for kind, states in (("SimpleRNNCell", 1), ("LSTMCell", 2), ("GRUCell", 1)):
        for config in ({}, {"use_bias": False, "activation": "elu"}):
            yield Case(
                "_".join([kind.lower(), *config]),
                lambda L, kind=kind, config=config: getattr(L, kind)(6, **config),
                [(3, 4)] + [(3, 6)] * states,
                "cell",
            )
        yield Case(
            f"rnn_{kind.lower()}",
            lambda L, kind=kind: L.RNN(getattr(L, kind)(6), return_sequences=True, return_state=True),
            [SHAPE] + [(3, 6)] * states,
            "rnn",
            [RAGGED],
        )
    yield Case("grucell_before", lambda L: L.GRUCell(6, reset_after=False), [(3, 4), (3, 6)], "cell")
    yield Case(
        "rnn_backwards", lambda L: L.RNN(L.SimpleRNNCell(6), go_backwards=True), [SHAPE], "rnn"
    )
    stack = lambda L: L.StackedRNNCells([L.LSTMCell(6), L.GRUCell(4), L.SimpleRNNCell(5)])  # noqa: E731
    yield Case("rnn_stacked", lambda L: L.RNN(stack(L), return_sequences=True), [SHAPE], "rnn")
    yield Case("rnn_stacked_state", lambda L: L.RNN(stack(L), return_state=True), [SHAPE], "rnn")
    yield Case(
        "rnn_stacked_mask",
        lambda L: L.RNN(stack(L), return_sequences=True),
        [SHAPE],
        "rnn",
        [RAGGED],
    )
    yield Case(
        "stackedrnncells",
        lambda L: L.StackedRNNCells([L.GRUCell(6), L.SimpleRNNCell(5)]),
        [(3, 4), (3, 6), (3, 5)],
        "cell",
    )


def wrappers():
    def bidirectional(name, make, states=0, masks=(), tensors=None, **config):
        return Case(
            f"bidirectional_{name}",
            lambda L: L.Bidirectional(make(L), **config),
            [SHAPE] + [(3, 6)] * states,
            "rnn",
            list(masks),
            tensors=tensors or {},
        )

    for mode in ("concat", "sum", "mul", "ave", None):
        yield bidirectional(f"{mode}", lambda L: L.GRU(6), merge_mode=mode)
        yield bidirectional(
            f"{mode}_sequences_mask",
            lambda L: L.LSTM(6, return_sequences=True, return_state=True),
            4,
            [RAGGED],
            merge_mode=mode,
        )
    yield bidirectional(
        "mask_argument",
        lambda L: L.LSTM(6, return_sequences=True, return_state=True),
        4,
        tensors={"mask": RAGGED},
    )
    yield bidirectional("simple", lambda L: L.SimpleRNN(6, return_sequences=True))
    yield bidirectional("mask", lambda L: L.LSTM(6), masks=[RAGGED])
    yield Case(
        "bidirectional_backward_layer",
        lambda L: L.Bidirectional(
            L.LSTM(6, return_sequences=True),
            backward_layer=L.GRU(4, return_sequences=True, go_backwards=True),
        ),
        [SHAPE],
        "rnn",
        [RAGGED],
    )
    yield Case(
        "bidirectional_rnn",
        lambda L: L.Bidirectional(L.RNN(L.GRUCell(6), return_sequences=True, go_backwards=True),
            backward_layer=L.RNN(L.LSTMCell(6), return_sequences=True),
            merge_mode="sum"),
        [SHAPE],
        "rnn",
    )
    yield Case("timedistributed", lambda L: L.TimeDistributed(L.Dense(3, activation="tanh")), [SHAPE])
    yield Case("timedistributed_mask", lambda L: L.TimeDistributed(L.Dense(3)), [SHAPE], masks=[RAGGED])
    yield Case("timedistributed_rank4", lambda L: L.TimeDistributed(L.Dense(2)), [(2, 3, 5, 4)])
    yield Case("timedistributed_lstm", lambda L: L.TimeDistributed(L.LSTM(3)), [(2, 3, 5, 4)])


def merging():
    kinds = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    other = np.array([[1, 1, 0, 0, 1], [1, 1, 1, 1, 0], [0, 0, 1, 0, 1]], bool)
    third = np.array([[0, 1, 0, 0, 1], [1, 1, 1, 1, 0], [0, 0, 1, 0, 1]], bool)
    for kind in kinds:
        name, three = kind.lower(), kind != "Subtract"
        make = lambda L, kind=kind: getattr(L, kind)()  # noqa: E731
        yield Case(name, make, [SHAPE] * (3 if three else 2))
        yield Case(f"{name}_broadcast", make, [SHAPE, (3, 1, 4)])
        yield Case(f"{name}_ranks", make, [(3, 4), SHAPE])
        yield Case(f"{name}_masks", make, [SHAPE] * 2, masks=[RAGGED, other])
        yield Case(f"{name}_one_mask", make, [SHAPE] * 2, masks=[None, other])
        if three:
            yield Case(f"{name}_three_masks", make, [SHAPE] * 3, masks=[RAGGED, other, third])
            yield Case(f"{name}_two_of_three", make, [SHAPE] * 3, masks=[RAGGED, None, third])
    for axis in (-1, 1, 2):
        make = lambda L, axis=axis: L.Concatenate(axis=axis)  # noqa: E731
        shapes = [SHAPE, (3, 2, 4) if axis == 1 else (3, 5, 2)]
        length = shapes[1][1]
        yield Case(f"concatenate_{axis}", make, shapes)
        yield Case(f"concatenate_{axis}_masks", make, shapes, masks=[RAGGED, other[:, :length]])
        yield Case(f"concatenate_{axis}_one_mask", make, shapes, masks=[None, other[:, :length]])
    yield Case("concatenate_0", lambda L: L.Concatenate(axis=0), [SHAPE, (2, 5, 4)])
    yield Case("concatenate_three", lambda L: L.Concatenate(), [(3, 2), (3, 4), (3, 1)])
    for name, axes, shapes in (
        ("matrix", 1, [(3, 4), (3, 4)]),
        ("last", -1, [(3, 4), (3, 5, 4)]),
        ("rank3", 2, [SHAPE, (3, 2, 4)]),
        ("pair", (1, 2), [(3, 4, 5), (3, 2, 4)]),
        ("rank4", (2, 1), [(3, 2, 4, 5), (3, 4, 2, 2)]),
        ("vector", (1, 2), [(3, 4), (3, 2, 4)]),
    ):
        yield Case(f"dot_{name}", lambda L, axes=axes: L.Dot(axes), shapes)
    yield Case("dot_normalize", lambda L: L.Dot(2, normalize=True), [SHAPE, (3, 2, 4)])
    yield Case("dot_masks", lambda L: L.Dot(2), [SHAPE, SHAPE], masks=[RAGGED, other])


def attention():
    query, value = (3, 5, 4), (3, 6, 4)
    query_mask, value_mask = RAGGED, lengths(4, 6, 1, time=6)
    for kind in ("Attention", "AdditiveAttention"):
        name = kind.lower()
        configs = [("", {})]
        if kind == "Attention":
            concat = {"score_mode": "concat"}
            configs += [("scale", {"use_scale": True}), ("concat", concat)]
            configs += [("concat_scale", {"use_scale": True, **concat})]
        else:
            configs += [("unscaled", {"use_scale": False})]
        for suffix, config in configs:
            make = lambda L, kind=kind, config=config: getattr(L, kind)(**config)  # noqa: E731
            stem = "_".join(filter(None, [name, suffix]))
            yield Case(stem, make, [query, value])
            yield Case(f"{stem}_key", make, [query, (3, 6, 3), value])
            for arguments in ({}, {"use_causal_mask": True}, {"return_attention_scores": True}):
                yield Case(
                    "_".join([stem, "masks", *arguments]),
                    make,
                    [query, value, value],
                    masks=[query_mask, value_mask, None],
                    arguments=arguments,
                )
        make = lambda L, kind=kind: getattr(L, kind)(dropout=0.5)  # noqa: E731
        yield Case(f"{name}_dropout", make, [query, value], arguments={"use_causal_mask": True})
        yield Case(f"{name}_query_mask", make, [query, value], masks=[query_mask, None])


def multi_head_attention():
    query, value = (2, 5, 4), (2, 6, 4)
    masks = [lengths(5, 3), lengths(4, 6, time=6)]
    blind = np.ones((2, 5, 6), bool)
    blind[0, 2] = blind[1, :, 0] = False  # one query of the first sample sees nothing
    heads = blind[:, None, :, :] & np.tri(5, 6, 3, dtype=bool)

    def cases(stem, build):
        def case(suffix, inputs=(query, value), masks=(), arguments=None, tensors=None, **config):
            return Case(
                f"{stem}_{suffix}",
                lambda L: build(L, **config),
                list(inputs),
                "positional",
                list(masks),
                arguments or {},
                tensors or {},
                # jax.nn.dot_product_attention has float32 logits.
                not (config.get("dropout") or "return_attention_scores" in (arguments or {})),
            )

        scores, causal = {"return_attention_scores": True}, {"use_causal_mask": True}
        yield case("self", [query, query])
        yield case("cross")
        yield case("key", [query, (2, 6, 4), (2, 6, 3)])
        yield case("no_bias", use_bias=False)
        yield case("causal", [query, query], arguments=causal)
        yield case("causal_cross", arguments=causal)
        yield case("scores", arguments=scores)
        yield case("causal_scores", [query, query], arguments={**causal, **scores})
        yield case("masks", masks=masks)
        yield case("masks_causal", masks=masks, arguments=causal)
        yield case("masks_scores", masks=masks, arguments={**causal, **scores})
        yield case("masks_key", [query, value, value], [*masks, lengths(6, 2, time=6)])
        yield case("attention_mask", tensors={"attention_mask": blind})
        yield case("attention_mask_scores", tensors={"attention_mask": blind}, arguments=scores)
        yield case("attention_mask_dropout", tensors={"attention_mask": blind}, dropout=0.3)
        yield case("all_masks", masks=masks, tensors={"attention_mask": blind}, arguments=causal)
        yield case("heads_mask", tensors={"attention_mask": heads})
        yield case("window", sliding_window=2)
        yield case("window_causal_mask", masks=masks, sliding_window=3, arguments=causal)
        yield case("gate", use_gate=True)
        yield case(
            "rules",
            kernel_initializer="he_normal",
            kernel_regularizer="l2",
            bias_regularizer="l1",
            kernel_constraint="max_norm",
            bias_constraint="non_neg",
        )

    def plain(L, **config):
        return L.MultiHeadAttention(num_heads=2, key_dim=3, **config)

    yield from cases("mha", plain)
    scores = {"return_attention_scores": True}
    yield Case(
        "mha_value_dim",
        lambda L: L.MultiHeadAttention(2, 3, value_dim=5, output_shape=7, use_gate=True),
        [query, value],
        "positional",
        arguments=scores,
    )
    yield Case("mha_axes", lambda L: plain(L, attention_axes=(2,)), [(2, 3, 5, 4)] * 2, "positional")
    yield Case("mha_both_axes", plain, [(2, 3, 2, 4), (2, 3, 2, 4)], "positional")
    yield Case(
        "mha_output_shape",
        lambda L: plain(L, output_shape=(2, 5)),
        [query, value],
        "positional",
        float32_inside=True,
    )

    def grouped(L, **config):
        return L.GroupQueryAttention(3, 4, 2, **config)

    yield from cases("gqa", grouped)


def conv_lstm():
    small = (2, 3, 7, 3), (2, 3, 6, 5, 2), (2, 2, 4, 5, 3, 2)
    first = (2, 3, 3, 7), (2, 3, 2, 6, 5), (2, 2, 2, 4, 5, 3)
    for rank in (1, 2, 3):

        def case(suffix="", shapes=small, rank=rank, **config):
            return Case(
                "_".join(filter(None, [f"convlstm{rank}d", suffix, *config])),
                lambda L: getattr(L, f"ConvLSTM{rank}D")(3, 3 if rank < 3 else 2, **config),
                [shapes[rank - 1]],
                "rnn",
            )

        yield case()
        yield case(return_sequences=True, padding="same", return_state=True)
        if rank < 3:
            yield case(return_sequences=True, strides=2, padding="same", go_backwards=True)
            yield case(dilation_rate=2, padding="same", use_bias=False)
            yield case(activation="relu", recurrent_activation="hard_sigmoid")
            yield case(unit_forget_bias=False, dropout=0.2, recurrent_dropout=0.3)


def embeddings():
    tokens, vectors = ("int", 7, (3, 4)), (3, 4, 5)
    for config in (
        {},
        {"tie_weights": False, "embeddings_regularizer": "l2", "embeddings_constraint": "max_norm"},
        {"mask_zero": True, "logit_soft_cap": 1.5, "embeddings_initializer": "he_normal"},
    ):
        name = "_".join(["reversible", *config])
        make = lambda L, config=config: L.ReversibleEmbedding(7, 5, **config)  # noqa: E731
        yield Case(name, make, [tokens])
        yield Case(f"{name}_back", make, [vectors], arguments={"reverse": True})
    yield Case("reversible_back_rank2", make, [(3, 5)], arguments={"reverse": True})


FAMILIES = {
    "embeddings": embeddings,
    "recurrent": recurrent,
    "cells": cells,
    "wrappers": wrappers,
    "merging": merging,
    "attention": attention,
    "heads": multi_head_attention,
    "conv_lstm": conv_lstm,
}
