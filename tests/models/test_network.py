"""The network has the inputs, the heads and the slots that its settings say."""

import random

import numpy as np
import pytest

from stockseq.dataset.scaling import Scaler
from stockseq.errors import PluginError, SettingsError
from stockseq.layers.backend import keras
from stockseq.layers.headline_embedding import HeadlineEmbedding
from stockseq.models.network import build_network
from stockseq.models.settings import NetworkSettings

SHAPE = {"lookback": 4, "units": 3, "headlines_per_session": 2, "tokens_per_headline": 5, "indicator_dimension": 0}


def build(seed: int = 1, vocabulary_size: int = 10, **settings: object) -> object:
    shaped = NetworkSettings(**(SHAPE | settings))
    return build_network(shaped, n_features=6, vocabulary_size=vocabulary_size, seed=seed)


def test_the_network_reads_indicators_and_text() -> None:
    """The shapes of the design: (batch, lookback, n_features) and (batch, lookback, headlines, tokens)."""
    network = build()
    assert {name: tensor.shape for name, tensor in network.input.items()} == {
        "indicators": (None, 4, 6),
        "text": (None, 4, 2, 5),
    }
    assert {name: tensor.shape for name, tensor in network.output.items()} == dict.fromkeys(
        ("direction", "return", "relative", "size"), (None, 1)
    )


@pytest.mark.parametrize("settings", [{"vocabulary_size": 2}, {"headlines_per_session": 0}])
def test_without_words_there_is_no_text_input(settings: dict[str, int]) -> None:
    """A market without news is forecast from its indicators."""
    assert list(build(**settings).input) == ["indicators"]


def test_the_weights_are_those_of_the_seed() -> None:
    """Whatever else drew random numbers before; another seed gives others."""
    first = build(seed=1).get_weights()
    random.seed(99)
    keras.utils.set_random_seed(98)
    again, other = build(seed=1).get_weights(), build(seed=2).get_weights()
    for left, right in zip(first, again, strict=True):
        np.testing.assert_array_equal(left, right)
    assert any(not np.array_equal(left, right) for left, right in zip(first, other, strict=True))


def test_the_text_joins_the_indicators_per_session() -> None:
    """6 indicators and 4 numbers of text into 3 units: 4 x 3 x (10 + 3 + 1) weights of an LSTM, by hand."""
    lstm = build(embedding_dimension=4).get_layer("lstm")
    assert lstm.count_params() == 4 * 3 * (10 + 3 + 1)


def test_a_layer_before_shapes_what_the_lstm_reads() -> None:
    """Three dimensions go on to the LSTM: 2 features per session, 4 x 3 x (2 + 3 + 1) weights."""
    network = build(before="keras.layers:Dense", before_options={"units": 2})
    assert network.get_layer("lstm").count_params() == 4 * 3 * (2 + 3 + 1)


def test_a_layer_before_that_gives_one_vector_joins_after_the_lstm() -> None:
    """The convolution beside the LSTM is such a layer: 3 units and 10 pooled features reach the heads."""
    network = build(before="keras.layers:GlobalAveragePooling1D")
    assert network.get_layer("direction").count_params() == 3 + 10 + 1


def test_a_cell_within_replaces_the_lstm() -> None:
    """It is given the units of the settings."""
    network = build(within="keras.layers:GRUCell")
    assert network.get_layer("recurrent").cell.units == 3


def test_a_layer_after_shapes_what_the_heads_read() -> None:
    """A projection to 2 dimensions leaves each head 2 weights and a bias."""
    network = build(after="keras.layers:Dense", after_options={"units": 2})
    assert network.get_layer("direction").count_params() == 3


def test_a_layer_that_draws_without_a_seed_draws_the_same() -> None:
    """Keras takes such a seed from Python's global generator."""
    options = {"after": "keras.layers:Dense", "after_options": {"units": 2}}
    for left, right in zip(build(**options).get_weights(), build(**options).get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def plain_network(seed: int) -> object:
    """Write the default network out in Keras' own layers, its seeds counted on from 1,000,003 times the network's."""
    layers, first = keras.layers, 1_000_003 * seed
    indicators = layers.Input((10, 6), name="indicators")
    text = layers.Input((10, 4, 24), dtype="int32", name="text")
    mixed = layers.Dense(4, kernel_initializer=keras.initializers.GlorotUniform(first + 1))(indicators)
    embedded = HeadlineEmbedding(30, 4, seed=first + 2)(text)
    summary = layers.LSTM(
        8,
        kernel_initializer=keras.initializers.GlorotUniform(first + 4),
        recurrent_initializer=keras.initializers.Orthogonal(seed=first + 5),
    )(layers.Concatenate()([mixed, embedded]))
    heads = {"direction": "sigmoid", "return": "linear", "relative": "linear"}
    size = layers.Dense(1, kernel_initializer="zeros")(summary)
    outputs = {"size": size} | {
        head: layers.Dense(1, activation, kernel_initializer=keras.initializers.GlorotUniform(first + place))(summary)
        for place, (head, activation) in enumerate(heads.items(), start=8)
    }
    return keras.Model({"indicators": indicators, "text": text}, outputs)


@pytest.mark.parametrize("seed", [0, 3])
def test_without_layers_in_the_slots_it_is_the_plain_network(seed: int) -> None:
    """Slots, side features and readings may cost nobody anything: forecasts agree to the last bit."""
    network = build_network(NetworkSettings(), n_features=6, vocabulary_size=30, seed=seed)
    draws = np.random.default_rng(seed)
    inputs = {
        "indicators": draws.standard_normal((5, 10, 6)).astype(np.float32),
        "text": draws.integers(0, 30, (5, 10, 4, 24)).astype(np.int32),
    }
    made, expected = network(inputs, training=False), plain_network(seed)(inputs, training=False)
    for head in ("direction", "return", "relative", "size"):
        np.testing.assert_array_equal(made[head], expected[head])


@pytest.mark.parametrize("cell", ["keras.layers:LSTMCell", "news_gate"])
def test_a_cell_begins_as_the_lstm_that_it_replaces(cell: str) -> None:
    """What a layer adds must not be the luck of another draw; the news gate begins with gates that hear no news."""
    draws = np.random.default_rng(0)
    inputs = {
        "indicators": draws.standard_normal((5, 4, 6)).astype(np.float32),
        "text": draws.integers(0, 10, (5, 4, 2, 5)).astype(np.int32),
    }
    made, expected = build_named(within=cell)(inputs, training=False), build_named()(inputs, training=False)
    for head in ("direction", "return", "relative", "size"):
        np.testing.assert_allclose(made[head], expected[head], atol=1e-6)


def test_a_layer_in_a_slot_leaves_the_draws_of_the_rest_alone() -> None:
    """The heads and the text begin with the weights that they have without it."""
    plain, layered = (
        build_named(),
        build_named(before=NORMALISATION, after="keras.layers:Dense", after_options={"units": 3}),
    )
    for part in ("headlines", "lstm", "direction"):
        for one, other in zip(layered.get_layer(part).weights, plain.get_layer(part).weights, strict=True):
            np.testing.assert_array_equal(one, other)


NAMED = ("return_1", "days_closed", "news_mean", "news_decayed_mean", "no_news", "ppo")
SHIPPED = "stockseq.layers."
CONVOLUTION = SHIPPED + "before.temporal_convolution:TemporalConvolution"
NORMALISATION = SHIPPED + "before.causal_normalisation:CausalNormalisation"
ATTENTION = SHIPPED + "after.temporal_attention:TemporalAttention"
PROJECTION = SHIPPED + "after.projection:Projection"
TIME_AWARE = SHIPPED + "within.time_aware_cell:TimeAwareCell"
NEWS_GATE = SHIPPED + "within.news_gate_cell:NewsGateCell"
BRANCH_GATE = SHIPPED + "after.branch_gate:BranchGate"


def build_named(**settings: object) -> object:
    """Build the small network of named features that were scaled from mean 2 and spread 3."""
    shaped = NetworkSettings(**(SHAPE | settings))
    scaler = Scaler((2.0,) * 6, (3.0,) * 6)
    return build_network(shaped, n_features=6, vocabulary_size=10, seed=1, names=NAMED, scaler=scaler)


def test_a_cell_gets_the_feature_that_it_names_unmixed_and_its_scale() -> None:
    """The days stand behind 6 indicators and 4 numbers of text, however the indicators are mixed."""
    network = build_named(within=TIME_AWARE)
    cell = network.get_layer("recurrent").cell
    assert (cell.side, cell.side_centre, cell.side_spread) == (["days_closed"], [2.0], [3.0])
    given = np.zeros((1, 4, 6), np.float32)
    given[..., 1] = [1, 2, 3, 4]
    read = keras.Model(network.input, network.get_layer("recurrent").input)
    rows = read({"indicators": given, "text": np.zeros((1, 4, 2, 5), np.int32)}).numpy()
    assert rows.shape == (1, 4, 11)
    assert rows[0, :, -1].tolist() == [1, 2, 3, 4]


def test_the_side_of_a_layer_after_is_the_session_to_trade() -> None:
    """3 units, 4 numbers of text and 3 news features of the last session go into the gate: (10 + 1) x 8 weights."""
    gate = next(layer for layer in build_named(after=BRANCH_GATE).layers if layer.name.startswith("branch_gate"))
    assert gate.gate_kernel.shape == (10, 8)
    assert gate.side == ["text_1", "text_2", "text_3", "text_4", "news_mean", "news_decayed_mean", "no_news"]


def test_a_layer_that_reads_all_states_is_given_them() -> None:
    """Attention over 4 states of 3 units hands on 6 numbers."""
    network = build_named(after=ATTENTION)
    assert network.get_layer("lstm").output.shape == (None, 4, 3)
    assert network.get_layer("direction").count_params() == 6 + 1


def test_several_layers_of_a_slot_are_passed_in_order() -> None:
    """Normalised first, so that LSTM and convolution read the same; attention's 6 numbers are projected to 2."""
    network = build_named(
        before=f"{NORMALISATION} + {CONVOLUTION}",
        before_options={CONVOLUTION: {"filters": 5}},
        after=f"{ATTENTION} + {PROJECTION}",
        after_options={PROJECTION: {"dimension": 2}},
    )
    # 2 from the projection, 2 pooled steps of 5 filters, and the bias.
    assert network.get_layer("direction").count_params() == 2 + 2 * 5 + 1


RESHAPED = {"before": "keras.layers:Reshape", "before_options": {"target_shape": (5, 2, 4)}}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (RESHAPED, "must return 2 dimensions or 3 dimensions"),
        ({"after": "keras.layers:RepeatVector", "after_options": {"n": 2}}, "must return 2 dimensions with"),
        ({"after": "keras.layers:Conv1D", "after_options": {"filters": 1, "kernel_size": 1}}, "refuses the shape"),
        ({"within": "keras.layers:Dense"}, "must be a recurrent cell"),
        ({"lookback": 2, "before": CONVOLUTION}, "need a lookback of at least 3 sessions, received 2"),
        ({"before": f"{CONVOLUTION} + {NORMALISATION}"}, "which gives one vector per window; name `.*` last"),
        ({"after": f"{PROJECTION} + {ATTENTION}", "after_options": {PROJECTION: {"dimension": 2}}}, "be named first"),
        (
            {"before": f"{NORMALISATION}+{CONVOLUTION}", "before_options": {"filters": 5}},
            "must be given by layer, as before_options",
        ),
        ({"within": TIME_AWARE}, r"can't have its `side`: There is no feature `days_closed`"),
        (
            {"within": NEWS_GATE, "within_options": {"side": ["text"]}, "vocabulary_size": 2},
            "at least one news feature",
        ),
        ({"after": PROJECTION}, "`dimension` must be 1 to 3, received 16"),
        ({"after": "no_such_layer"}, "No plug-in `no_such_layer` in stockseq.layers.after"),
    ],
)
def test_a_layer_that_does_not_fit_its_slot_is_refused(settings: dict[str, object], reason: str) -> None:
    """Before any training, and with the slot's name."""
    with pytest.raises(PluginError, match=reason):
        build(**settings)


def test_a_fixed_name_may_stand_in_a_network_once_only() -> None:
    """Keras would raise a ValueError of its own."""
    named = {"name": "attention"}
    with pytest.raises(PluginError, match=r"Two layers of the network are called `attention`.*hand them to super"):
        build(
            before="keras.layers:Identity",
            before_options=named,
            after="keras.layers:Identity",
            after_options=named,
        )


def test_the_lstm_that_reads_the_text_takes_keras_own_kernel() -> None:
    """Padding stands behind each headline, in the middle of the row, and cuDNN refuses such a mask."""
    text = {"text_reader": "lstm", "headlines_per_session": 2, "tokens_per_headline": 3}
    assert build(**text).get_layer("lstm").use_cudnn is False
    assert build().get_layer("lstm").use_cudnn == "auto"


def test_a_cell_cannot_read_sessions_beside_pooled_steps() -> None:
    """Four sessions pooled to two steps have no days of their own."""
    pooled = {"before": CONVOLUTION, "before_options": {"joined": False}}
    with pytest.raises(PluginError, match=r"reads days_closed of each of 4 sessions.*what comes to it has 2 steps"):
        build_named(within=TIME_AWARE, **pooled)


def test_names_are_as_many_as_features() -> None:
    """A name too few would hand a layer its neighbour's column."""
    with pytest.raises(ValueError, match="have as many names"):
        build_network(NetworkSettings(), n_features=6, vocabulary_size=2, seed=0, names=NAMED[:5])


# The three networks that the project started from: no mixing, no dropout, one head.
BARE = {
    "size_head": False,
    "lookback": 10,
    "headlines_per_session": 0,
    "indicator_dimension": 0,
    "indicator_dropout": 0.0,
    "output_dropout": 0.0,
    "relative_head": False,
}


def graph(network: object) -> list[tuple[str, tuple[int | None, ...], int]]:
    """Return class, output shape and number of weights of each layer, in the order of their names."""
    return sorted((type(each).__name__, tuple(each.output.shape), each.count_params()) for each in network.layers)


def test_the_text_network_is_embedding_lstm_and_sentiment() -> None:
    """By hand: 50 x 8; 4 x 128 x (8 + 128 + 1); and 128 + 7 of sentiment + 1 of a linear head."""
    text = {"text_reader": "lstm", "headlines_per_session": 2, "tokens_per_headline": 12, "embedding_dimension": 8}
    settings = NetworkSettings(**(BARE | text | {"lookback": 1, "units": 128, "heads": ("return",)}))
    network = build_network(settings, n_features=7, vocabulary_size=50, seed=0)
    assert graph(network) == [
        ("Concatenate", (None, 135), 0),
        ("Dense", (None, 1), 136),
        ("Embedding", (None, 24, 8), 400),
        ("Flatten", (None, 7), 0),
        ("InputLayer", (None, 1, 2, 12), 0),
        ("InputLayer", (None, 1, 7), 0),
        ("Reshape", (None, 24), 0),
        ("TransposedLSTM", (None, 128), 70_144),
    ]
    assert network.get_layer("return").activation is keras.activations.linear
    assert network.get_layer("embedding").mask_zero


def test_the_convolution_stands_beside_the_lstm() -> None:
    """By hand: 3 x 6 x 32 + 32; 4 x 64 x (6 + 64 + 1); 5 pooled steps x 32 = 160, and 64 + 160 + 1 of the head."""
    settings = NetworkSettings(**(BARE | {"units": 64, "heads": ("direction",), "before": CONVOLUTION}))
    network = build_network(settings, n_features=6, vocabulary_size=2, seed=0)
    assert graph(network) == [
        ("Concatenate", (None, 224), 0),
        ("Dense", (None, 1), 225),
        ("InputLayer", (None, 10, 6), 0),
        ("TemporalConvolution", (None, 160), 608),
        ("TransposedLSTM", (None, 64), 18_176),
    ]
    convolution = next(each for each in network.layers if type(each).__name__ == "TemporalConvolution").convolution
    assert (convolution.kernel_size, convolution.padding) == ((3,), "causal")
    assert convolution.activation is keras.activations.relu
    assert network.get_layer("direction").activation is keras.activations.sigmoid


def test_the_convolution_feeds_the_lstm() -> None:
    """By hand: 608 as before; 4 x 64 x (32 + 64 + 1) on 5 pooled steps; 64 + 1."""
    feeding = {"before": CONVOLUTION, "before_options": {"joined": False}}
    settings = NetworkSettings(**(BARE | feeding | {"units": 64, "heads": ("direction",)}))
    network = build_network(settings, n_features=6, vocabulary_size=2, seed=0)
    assert graph(network) == [
        ("Dense", (None, 1), 65),
        ("InputLayer", (None, 10, 6), 0),
        ("TemporalConvolution", (None, 5, 32), 608),
        ("TransposedLSTM", (None, 64), 24_832),
    ]


def test_the_projection_stands_after_the_lstm() -> None:
    """By hand: 4 x 64 x (6 + 64 + 1); one matrix of 64 x 16; 16 + 1."""
    settings = NetworkSettings(**(BARE | {"units": 64, "heads": ("direction",), "after": PROJECTION}))
    network = build_network(settings, n_features=6, vocabulary_size=2, seed=0)
    assert graph(network) == [
        ("Dense", (None, 1), 17),
        ("InputLayer", (None, 10, 6), 0),
        ("Projection", (None, 16), 1024),
        ("TransposedLSTM", (None, 64), 18_176),
    ]


def test_a_text_network_without_words_is_refused() -> None:
    """The LSTM would have nothing to read."""
    with pytest.raises(SettingsError, match="`text_reader` is lstm, and the training headlines give no word"):
        build_network(NetworkSettings(text_reader="lstm"), n_features=6, vocabulary_size=2, seed=0)
