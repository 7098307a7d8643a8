"""Cases of layers of KerasHub that Keras's core lacks.

They come from the package keras-hub itself. Its `__init__` imports TensorFlow Text, which none of
them needs, so it is passed over.
"""

import importlib
import importlib.util
import sys
import types

import numpy as np

from sequence_cases import Case, lengths

SHAPE = (3, 5, 4)


def hub(name):
    """The class of this name, as `keras_hub.layers` exports it."""
    if "keras_hub" not in sys.modules:
        package = types.ModuleType("keras_hub")
        found = importlib.util.find_spec("keras_hub")
        package.__path__ = list(found.submodule_search_locations)
        sys.modules["keras_hub"] = package
    snake = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
    return getattr(importlib.import_module(f"keras_hub.src.layers.modeling.{snake}"), name)


def positions():
    def case(kind, suffix="", shape=SHAPE, arguments=None, **config):
        name = "_".join(filter(None, [kind.lower(), suffix, *config]))
        return Case(
            name,
            lambda L: hub(kind)(**config),
            [shape],
            arguments=arguments or {},
            float32_inside=kind == "RotaryEmbedding",
        )

    yield case("SinePositionEncoding")
    yield case("SinePositionEncoding", max_wavelength=50, shape=(2, 7, 5))
    yield case("SinePositionEncoding", "start", arguments={"start_index": 3})
    yield case("RotaryEmbedding")
    yield case("RotaryEmbedding", "heads", shape=(2, 5, 3, 6))
    yield case("RotaryEmbedding", "start", arguments={"start_index": 3})
    yield case("RotaryEmbedding", scaling_factor=2.5, max_wavelength=100)
    yield case("RotaryEmbedding", "dynamic", rope_type="dynamic", scaling_factor=2.5)
    yarn = {"rope_type": "yarn", "scaling_factor": 4.0}
    yield case("RotaryEmbedding", "yarn", shape=(2, 5, 16), **yarn)
    yield case("RotaryEmbedding", "yarn", shape=(2, 5, 16), truncate=False, beta_fast=8.0, **yarn)
    yield case("RotaryEmbedding", denominator_dim=8)
    yield case("RotaryEmbedding", shape=(2, 3, 5, 4), sequence_axis=2)
    yield case("RotaryEmbedding", shape=(2, 4, 3, 5), feature_axis=1, sequence_axis=-1)
    yield case("PositionEmbedding", sequence_length=7)
    yield case("PositionEmbedding", "start", sequence_length=9, arguments={"start_index": 3})
    sizes = {"vocabulary_size": 6, "sequence_length": 9, "embedding_dim": 4}
    tokens = ("int", 6, (3, 5))
    both = "TokenAndPositionEmbedding"
    yield case(both, shape=tokens, **sizes)
    yield case(both, "start", shape=tokens, arguments={"start_index": 3}, mask_zero=True, **sizes)
    yield case(both, "untied", shape=tokens, tie_weights=False, embeddings_initializer="zeros", **sizes)


def transformers():
    def case(kind, suffix, shapes, masks=(), tensors=None, arguments=None, **config):
        return Case(
            "_".join(filter(None, [kind.lower(), suffix, *config])),
            lambda L: hub(kind)(6, 2, **config),
            list(shapes),
            "positional",
            list(masks),
            arguments or {},
            tensors or {},
            not (config.get("dropout") or "return_attention_scores" in (arguments or {})),
        )

    encoder, decoder = "TransformerEncoder", "TransformerDecoder"
    padding = lengths(5, 3, 1)
    seen = np.random.default_rng(0).random((3, 5, 5)) < 0.7
    seen[:, :, 0] = True
    for config in ({}, {"normalize_first": True, "activation": "gelu", "dropout": 0.2}):
        yield case(encoder, "", [SHAPE], **config)
        yield case(encoder, "mask", [SHAPE], [padding], **config)
        both = {"padding_mask": padding, "attention_mask": seen}
        yield case(encoder, "both", [SHAPE], tensors=both, **config)
        scores = {"return_attention_scores": True}
        yield case(encoder, "scores", [SHAPE], tensors=both, arguments=scores, **config)
        yield case(decoder, "", [SHAPE], **config)
        yield case(decoder, "free", [SHAPE], arguments={"use_causal_mask": False}, **config)
        two = [SHAPE, (3, 6, 4)]
        yield case(decoder, "cross", two, **config)
        yield case(decoder, "cross_masks", two, [padding, lengths(4, 6, 2, time=6)], **config)
        every = {
            "decoder_padding_mask": padding,
            "decoder_attention_mask": seen,
            "encoder_padding_mask": lengths(4, 6, 2, time=6),
        }
        yield case(decoder, "cross_padding", two, tensors=every, **config)
    yield case(encoder, "epsilon", [(2, 3, 6)], layer_norm_epsilon=0.1, kernel_initializer="he_normal")


FAMILIES = {"positions": positions, "transformers": transformers}
