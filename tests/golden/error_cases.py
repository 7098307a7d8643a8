"""Mistakes that users of Keras make, by name; gen_error_texts.py asks Keras what it answers.

tests/golden/error_texts_test.cpp makes the same mistakes with Danlu.
"""

import os
import pathlib
import tempfile

import keras
import numpy as np
from keras import layers as L
from keras import losses, metrics, ops
from keras import optimizers as O

ones = lambda *shape: np.ones(shape, "float32")
FOLDER = pathlib.Path(tempfile.mkdtemp())
CASES = {}


def case(name):
    def add(make):
        CASES[name] = make
        return make

    return add


def calls(**made):
    """Cases that call a layer: name = (layer maker, shape of the input)."""
    for name, (make, *shapes) in made.items():
        def run(make=make, shapes=shapes):
            layer = make()
            for shape in shapes:
                layer(ones(*shape))
        CASES[name] = run


def makes(**made):
    CASES.update(made)


# Inputs that do not fit a layer; with two shapes the layer was built for the first.
calls(
    dense_rank=(lambda: L.Dense(2, name="d"), (5,)),
    dense_axis=(lambda: L.Dense(2, name="d"), (2, 4), (2, 5)),
    conv1d_rank=(lambda: L.Conv1D(2, 3, name="c"), (2, 4)),
    conv2d_rank=(lambda: L.Conv2D(2, 3, name="c"), (2, 28, 28)),
    conv2d_channels=(lambda: L.Conv2D(2, 3, name="c"), (1, 8, 8, 3), (1, 8, 8, 1)),
    conv2d_window=(lambda: L.Conv2D(2, 5, name="c"), (1, 4, 4, 1)),
    conv2d_groups=(lambda: L.Conv2D(4, 3, groups=2, name="c"), (1, 8, 8, 3)),
    conv_transpose_rank=(lambda: L.Conv2DTranspose(2, 3, name="c"), (2, 8, 8)),
    depthwise_rank=(lambda: L.DepthwiseConv2D(3, name="c"), (2, 8, 8)),
    separable_rank=(lambda: L.SeparableConv2D(2, 3, name="c"), (2, 8, 8)),
    max_pooling_rank=(lambda: L.MaxPooling2D(name="p"), (2, 28, 28)),
    average_pooling_rank=(lambda: L.AveragePooling1D(2, name="p"), (2, 28)),
    global_pooling_rank=(lambda: L.GlobalAveragePooling2D(name="p"), (2, 28)),
    reshape_size=(lambda: L.Reshape((5,), name="r"), (2, 4)),
    reshape_unknown_size=(lambda: L.Reshape((-1, 3), name="r"), (2, 4)),
    permute_rank=(lambda: L.Permute((2, 1), name="p"), (2, 3, 4, 5)),
    repeat_vector_rank=(lambda: L.RepeatVector(3, name="r"), (2, 3, 4)),
    simple_rnn_rank=(lambda: L.SimpleRNN(3, name="rnn"), (2, 4)),
    lstm_rank=(lambda: L.LSTM(3, name="rnn"), (2, 4)),
    gru_rank=(lambda: L.GRU(3, name="rnn"), (2, 4, 3, 2)),
    conv_lstm_rank=(lambda: L.ConvLSTM2D(2, 3, name="rnn"), (2, 4, 8, 8)),
    bidirectional_rank=(lambda: L.Bidirectional(L.LSTM(3, name="rnn"), name="both"), (2, 4)),
    time_distributed_rank=(lambda: L.TimeDistributed(L.Dense(2), name="steps"), (2,)),
    cropping_too_much=(lambda: L.Cropping1D((3, 2), name="c"), (2, 4, 1)),
    cropping2d_too_much=(lambda: L.Cropping2D(((2, 2), (1, 1)), name="c"), (2, 4, 4, 1)),
    zero_padding_rank=(lambda: L.ZeroPadding2D(name="z"), (2, 4, 4)),
    upsampling_rank=(lambda: L.UpSampling2D(name="u"), (2, 4, 4)),
    spatial_dropout_rank=(lambda: L.SpatialDropout2D(0.5, name="s"), (2, 4, 4)),
    group_normalization_groups=(lambda: L.GroupNormalization(groups=3, name="g"), (2, 4)),
    group_normalization_few=(lambda: L.GroupNormalization(groups=8, name="g"), (2, 4)),
    batch_normalization_axis=(lambda: L.BatchNormalization(axis=1, name="b"), (2, 4, 3), (2, 5, 3)),
    unit_normalization_axis=(lambda: L.UnitNormalization(axis=4, name="u"), (2, 4)),
)


@case("add_shapes")
def _():
    L.Add(name="a")([ones(2, 3), ones(2, 4)])


@case("add_batches")
def _():
    L.Add(name="a")([keras.Input(batch_shape=(2, 3)), keras.Input(batch_shape=(4, 3))])


@case("subtract_three")
def _():
    L.Subtract(name="s")([ones(2, 3)] * 3)


@case("concatenate_shapes")
def _():
    L.Concatenate(name="c")([ones(2, 3, 4), ones(2, 5, 4)])


@case("concatenate_ranks")
def _():
    L.Concatenate(name="c")([ones(2, 3), ones(2, 5, 4)])


@case("dot_three")
def _():
    L.Dot(1, name="d")([ones(2, 3)] * 3)


@case("dot_axes")
def _():
    L.Dot((1, 2), name="d")([ones(2, 3, 4), ones(2, 5, 6)])


@case("attention_inputs")
def _():
    L.Attention(name="a")([ones(2, 3, 4)])


@case("attention_too_many")
def _():
    L.Attention(name="a")([ones(2, 3, 4)] * 4)


@case("multi_head_ranks")
def _():
    L.MultiHeadAttention(2, 3, name="m")(ones(2, 3, 4), ones(2, 3, 4), ones(2, 5, 4))


# Settings that a layer does not take.
makes(
    dense_units=lambda: L.Dense(0, name="d"),
    dense_negative_units=lambda: L.Dense(-3, name="d"),
    einsum_dense_equation=lambda: L.EinsumDense("ab,bc", output_shape=3, name="e")(ones(2, 4)),
    embedding_negative=lambda: L.Embedding(-1, 3, name="e")(ones(2, 2)),
    conv_filters=lambda: L.Conv2D(0, 3, name="c"),
    conv_kernel=lambda: L.Conv2D(4, (3, 0), name="c"),
    conv_kernel_length=lambda: L.Conv2D(4, (3, 3, 3), name="c"),
    conv_strides=lambda: L.Conv2D(4, 3, strides=0, name="c"),
    conv_padding=lambda: L.Conv2D(4, 3, padding="full", name="c"),
    conv_causal=lambda: L.Conv2D(4, 3, padding="causal", name="c"),
    conv_data_format=lambda: L.Conv2D(4, 3, data_format="channels_middle", name="c"),
    conv_filter_groups=lambda: L.Conv2D(5, 3, groups=2, name="c"),
    conv_negative_groups=lambda: L.Conv2D(4, 3, groups=-2, name="c"),
    conv_strides_and_dilation=lambda: L.Conv2D(4, 3, strides=2, dilation_rate=3, name="c"),
    pooling_size=lambda: L.MaxPooling2D(0, name="p"),
    pooling_padding=lambda: L.MaxPooling2D(2, padding="full", name="p")(ones(1, 4, 4, 1)),
    dropout_rate=lambda: L.Dropout(20, name="d"),
    gaussian_dropout_rate=lambda: L.GaussianDropout(1.5, name="d"),
    gaussian_noise=lambda: L.GaussianNoise(-0.5, name="n"),
    alpha_dropout_rate=lambda: L.AlphaDropout(-0.5, name="d"),
    lstm_units=lambda: L.LSTM(0, name="rnn"),
    gru_units=lambda: L.GRU(-2, name="rnn"),
    bidirectional_merge=lambda: L.Bidirectional(L.LSTM(3, name="rnn"), merge_mode="min", name="b"),
    permute_dims=lambda: L.Permute((1, 3), name="p"),
    reshape_two_unknown=lambda: L.Reshape((-1, -1), name="r")(ones(2, 4)),
    cropping_values=lambda: L.Cropping2D(((1, 2, 3), (1, 1)), name="c"),
    zero_padding_negative=lambda: L.ZeroPadding1D(-1, name="z"),
    relu_max_value=lambda: L.ReLU(max_value=-1.0, name="r"),
    relu_slope=lambda: L.ReLU(negative_slope=-0.5, name="r"),
    multi_head_heads=lambda: L.MultiHeadAttention(0, 3, name="m")(ones(2, 3, 4), ones(2, 3, 4)),
    grouped_heads=lambda: L.GroupQueryAttention(3, 4, 3, name="g"),
    attention_score=lambda: L.Attention(score_mode="cosine", name="a"),
    unknown_activation=lambda: L.Dense(2, activation="rleu", name="d"),
    unknown_initializer=lambda: L.Dense(2, kernel_initializer="glorot", name="d"),
    unknown_regularizer=lambda: L.Dense(2, kernel_regularizer="l3", name="d"),
    unknown_constraint=lambda: L.Dense(2, kernel_constraint="small", name="d"),
    unknown_dtype=lambda: L.Dense(2, dtype="float17", name="d"),
    initializer_scale=lambda: keras.initializers.VarianceScaling(scale=-2.0),
    initializer_mode=lambda: keras.initializers.VarianceScaling(mode="fan_all"),
    initializer_distribution=lambda: keras.initializers.VarianceScaling(distribution="cauchy"),
    identity_rank=lambda: keras.initializers.Identity()((2, 3, 4)),
    orthogonal_rank=lambda: keras.initializers.Orthogonal()((3,)),
)


# Graphs.
@case("disconnected_graph")
def _():
    a, b = keras.Input((3,), name="first"), keras.Input((3,), name="second")
    keras.Model(a, L.Add(name="sum")([a, b]), name="net")


@case("duplicate_names")
def _():
    x = keras.Input((3,))
    keras.Model(x, L.Dense(2, name="twin")(L.Dense(3, name="twin")(x)), name="net")


@case("sequential_duplicate_names")
def _():
    keras.Sequential([L.Dense(2, name="twin"), L.Dense(3, name="twin")], name="net")


def two_inputs():
    a, b = keras.Input((3,), name="left"), keras.Input((4,), name="right")
    return keras.Model([a, b], L.Concatenate(name="both")([a, b]), name="net")


def classifier(features=2, **kwargs):
    model = keras.Sequential(
        [keras.Input((features,)), L.Dense(4, activation="relu", name="hidden"),
         L.Dense(3, activation="softmax", name="out")], name="net")
    if kwargs:
        model.compile(**kwargs)
    return model


def compiled(**kwargs):
    return classifier(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **kwargs})


def two_outputs(**kwargs):
    x = keras.Input((3,), name="x")
    model = keras.Model(x, [L.Dense(2, name="label")(x), L.Dense(1, name="score")(x)], name="net")
    model.compile(**{"optimizer": "sgd", **kwargs})
    return model


makes(
    missing_input=lambda: two_inputs()([ones(2, 3)]),
    call_shape=lambda: keras.Model(*(lambda x: (x, L.Dense(2, name="d")(x)))(keras.Input((4,), name="x")), name="net")(ones(2, 5)),
    layer_by_name=lambda: classifier().get_layer("top"),
    layer_by_index=lambda: classifier().get_layer(index=7),
    sequential_shapes=lambda: keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(2, 3, name="c"), L.Flatten(), L.LSTM(3, name="rnn")], name="net"),
    operation_shapes=lambda: keras.Input((3,)) + keras.Input((4,)),
    operation_matmul=lambda: ops.matmul(keras.Input((3, 4)), keras.Input((5, 6))),
    operation_concatenate=lambda: ops.concatenate([keras.Input((3, 4)), keras.Input((3, 5))], axis=1),
    operation_index=lambda: keras.Input((4,))[:, 7],
    operation_indices=lambda: keras.Input((4,))[0, 1, 2],
    operation_expand=lambda: ops.expand_dims(keras.Input((4,)), 5),
    operation_squeeze=lambda: ops.squeeze(keras.Input((4,)), 1),
    operation_transpose=lambda: ops.transpose(keras.Input((4,)), (0, 2, 1)),
    # compile
    unknown_optimizer=lambda: classifier(optimizer="adamm", loss="mse"),
    unknown_loss=lambda: classifier(optimizer="sgd", loss="squared").fit(ones(4, 2), np.zeros(4), verbose=0),
    unknown_metric=lambda: compiled(metrics=["accuracies"]).fit(ones(4, 2), np.zeros(4), verbose=0),
    losses_count=lambda: two_outputs(loss=["mse", "mse", "mse"]).fit(ones(4, 3), [ones(4, 2), ones(4, 1)], verbose=0),
    losses_key=lambda: two_outputs(loss={"labels": "mse"}).fit(ones(4, 3), [ones(4, 2), ones(4, 1)], verbose=0),
    loss_weights_count=lambda: two_outputs(loss=["mse", "mse"], loss_weights=[1.0]).fit(ones(4, 3), [ones(4, 2), ones(4, 1)], verbose=0),
    metrics_count=lambda: two_outputs(loss="mse", metrics=[["mae"], ["mae"], ["mae"]]).fit(ones(4, 3), [ones(4, 2), ones(4, 1)], verbose=0),
    metrics_key=lambda: two_outputs(loss="mse", metrics={"labels": "mae"}).fit(ones(4, 3), [ones(4, 2), ones(4, 1)], verbose=0),
    loss_reduction=lambda: losses.MeanSquaredError(reduction="median"),
    auc_curve=lambda: metrics.AUC(curve="ABC"),
    auc_summation=lambda: metrics.AUC(summation_method="simpson"),
    auc_thresholds=lambda: metrics.AUC(num_thresholds=1),
    precision_thresholds=lambda: metrics.Precision(thresholds=[0.5, 1.5]),
    sensitivity_range=lambda: metrics.SensitivityAtSpecificity(1.5),
    fbeta_average=lambda: metrics.FBetaScore(average="mean"),
    fbeta_beta=lambda: metrics.FBetaScore(beta=-1.0),
    fbeta_threshold=lambda: metrics.FBetaScore(threshold=1.5),
    # fit, evaluate, predict
    fit_uncompiled=lambda: classifier().fit(ones(4, 2), np.zeros(4), verbose=0),
    evaluate_uncompiled=lambda: classifier().evaluate(ones(4, 2), np.zeros(4), verbose=0),
    cardinality=lambda: compiled().fit(ones(4, 2), np.zeros(5), verbose=0),
    cardinality_weights=lambda: compiled().fit(ones(4, 2), np.zeros(4), sample_weight=np.ones(3), verbose=0),
    fit_shape=lambda: compiled().fit(ones(4, 5), np.zeros(4), verbose=0),
    predict_shape=lambda: compiled().predict(ones(4, 5), verbose=0),
    labels_for_rows=lambda: compiled(loss="categorical_crossentropy").fit(ones(4, 2), np.zeros(4), verbose=0),
    rows_for_labels=lambda: compiled().fit(ones(4, 2), np.zeros((4, 3)), verbose=0),
    targets_shape=lambda: compiled(loss="binary_crossentropy").fit(ones(4, 2), np.zeros((4, 2)), verbose=0),
    validation_split=lambda: compiled().fit(ones(4, 2), np.zeros(4), validation_split=0.9, batch_size=2, verbose=0),
    class_and_sample_weight=lambda: compiled().fit(ones(4, 2), np.zeros(4), class_weight={0: 2.0}, sample_weight=np.ones(4), verbose=0),
    class_weight_outputs=lambda: two_outputs(loss="mse").fit(ones(4, 3), [ones(4, 2), ones(4, 1)], class_weight={0: 2.0}, verbose=0),
    outputs_count=lambda: two_outputs(loss=["mse", "mse"]).fit(ones(4, 3), [ones(4, 2)], verbose=0),
    weights_count=lambda: classifier().set_weights([ones(2, 4)]),
    weights_shape=lambda: classifier().set_weights([ones(3, 4), ones(4), ones(4, 3), ones(3)]),
    # optimizers
    clipping_twice=lambda: O.SGD(clipnorm=1.0, clipvalue=1.0),
    ema_momentum=lambda: O.SGD(use_ema=True, ema_momentum=1.5),
    sgd_momentum=lambda: O.SGD(momentum=1.5),
    ftrl_initial=lambda: O.Ftrl(initial_accumulator_value=-0.5),
    ftrl_power=lambda: O.Ftrl(learning_rate_power=0.5),
    ftrl_l1=lambda: O.Ftrl(l1_regularization_strength=-0.5),
    lion_beta=lambda: O.Lion(beta_1=0.0),
    accumulation_steps=lambda: O.SGD(gradient_accumulation_steps=1),
    piecewise_lengths=lambda: O.schedules.PiecewiseConstantDecay([10, 20], [0.1, 0.2]),
    set_learning_rate=lambda: setattr(O.Adam(O.schedules.ExponentialDecay(0.1, 10, 0.9)), "learning_rate", 0.1),
)


# Files.
def saved(model, name):
    path = str(FOLDER / name)
    (model.save_weights if name.endswith("weights.h5") else model.save)(path)
    return path


makes(
    load_missing=lambda: keras.models.load_model("no/such/model.keras"),
    load_suffix=lambda: (FOLDER / "model.zip").write_bytes(b"PK") and keras.models.load_model(str(FOLDER / "model.zip")),
    load_weights_missing=lambda: classifier().load_weights("no/such/model.weights.h5"),
    load_weights_suffix=lambda: classifier().load_weights("model.pickle"),
    save_suffix=lambda: classifier().save("model.zip"),
    save_weights_suffix=lambda: classifier().save_weights("model.hdf"),
    save_weights_unbuilt=lambda: keras.Sequential([L.Dense(3)], name="net").save_weights("model.weights.h5"),
    load_weights_unbuilt=lambda: keras.Sequential([L.Dense(3)], name="net").load_weights(saved(classifier(), "built.weights.h5")),
    weights_of_wider=lambda: classifier().load_weights(saved(classifier(3), "wide.weights.h5")),
    weights_of_fewer_layers=lambda: classifier().load_weights(saved(keras.Sequential([keras.Input((2,)), L.Dense(4, name="hidden")], name="net"), "few.weights.h5")),
    weights_without_bias=lambda: classifier().load_weights(saved(keras.Sequential([keras.Input((2,)), L.Dense(4, use_bias=False, name="hidden"), L.Dense(3, name="out")], name="net"), "bias.weights.h5")),
    unknown_class=lambda: keras.models.model_from_json(classifier().to_json().replace('"class_name": "Dense"', '"class_name": "Densest"', 1)),
    foreign_class=lambda: keras.models.model_from_json(classifier().to_json().replace('"module": "keras.layers", "class_name": "Dense"', '"module": "mine", "class_name": "Dense"', 1)),
    unknown_setting=lambda: keras.models.model_from_json(classifier().to_json().replace('"units": 4', '"units": 4, "wings": 2', 1)),
    lambda_layer=lambda: keras.models.load_model(saved(keras.Sequential([keras.Input((2,)), L.Lambda(lambda x: x * 2, name="twice")]), "lambda.keras")),
)

# Facts that Danlu's text need not have, by case, with the reason.
INPUT = "Danlu shows the whole input, batch included"
WAIVED_IN = {
    "conv2d_window": {"inputs shape": "named `Received`", "kernel shape": "named the window",
                      "(5, 5, 1, 2)": "Danlu shows the window's length on the axis that is too short",
                      "[1 1]": "the dilation is part of the window", "dilation_rate": "the same",
                      "(1, 1)": "Danlu shows the stride along that axis"},
    "reshape_size": {"(4,)": INPUT},
    "reshape_unknown_size": {"(4,)": INPUT},
    "time_distributed_rank": {"input_shape": "named the input"},
    "add_shapes": {"(3,)": INPUT, "(4,)": INPUT},
    "cropping_values": {"1st entry of cropping": "Danlu shows the entry", "1st": "the same"},
    "disconnected_graph": {"is not connected to": "Keras prints an empty path here"},
    "duplicate_names": {"2": "Danlu says two"},
    "operation_matmul": {"x1.shape": "Danlu lists both inputs", "x2.shape": "the same"},
    "operation_concatenate": {"xs": "named the inputs"},
    "operation_index": {"(None, None, None)": "a slice as Python prints it"},
    "losses_count": {"The path:      in the `loss` argument,  .": "a place in a tree", "(2,)": "the same"},
    "metrics_count": {"mae": "the metrics themselves fit"},
    "metrics_key": {"mae": "the metrics themselves fit"},
    "fit_uncompiled": {"compile()": "Danlu shows the call in C++"},
    "evaluate_uncompiled": {"compile()": "Danlu shows the call in C++"},
    "outputs_count": {"*": "a tree as Python prints it"},
    "load_suffix": {"3": "the version of Keras", "load_model()": "about SavedModel",
                    "serving_default": "about SavedModel", ".h5": "the legacy format"},
    "load_weights_suffix": {"3": "the version of Keras"},
    "save_suffix": {"model.export(filepath)": "about SavedModel"},
    "save_weights_unbuilt": {"build()": "Danlu shows the way in C++"},
    "load_weights_unbuilt": {"build()": "Danlu shows the way in C++"},
    "cardinality_weights": {"y": "Danlu names those that differ"},
    "labels_for_rows": {"output": "named the predictions"},
    "rows_for_labels": {"output": "named the predictions"},
    "targets_shape": {"output": "named the predictions"},
    "operation_expand": {"3": "Danlu shows the first and the last axis"},
    "unit_normalization_axis": {"2": "Danlu shows the first and the last axis"},
    "operation_indices": {"(0, 1, 2)": "Danlu shows how many there are"},
    "piecewise_lengths": {"1": "Danlu says one"},
    "set_learning_rate": {"LearningRateSchedule": "Danlu shows the schedule's class"},
    "unknown_class": {"keras.layers.Densest": "Danlu shows the class without Keras's module"},
    "lambda_layer": {"function": "Python's", "safe_mode": "Danlu never runs Python", "False": "the same"},
}
