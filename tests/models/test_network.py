"""The network has the inputs, the heads and the slots that its settings say."""

import random

import numpy as np
import pytest

from stockseq.errors import PluginError
from stockseq.layers.backend import keras
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
        ("direction", "return", "relative"), (None, 1)
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


RESHAPED = {"before": "keras.layers:Reshape", "before_options": {"target_shape": (5, 2, 4)}}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (RESHAPED, "must return 2 dimensions or 3 dimensions"),
        ({"after": "keras.layers:RepeatVector", "after_options": {"n": 2}}, "must return 2 dimensions with"),
        ({"after": "keras.layers:Conv1D", "after_options": {"filters": 1, "kernel_size": 1}}, "refuses the shape"),
        ({"within": "keras.layers:Dense"}, "must be a recurrent cell"),
    ],
)
def test_a_layer_that_does_not_fit_its_slot_is_refused(settings: dict[str, object], reason: str) -> None:
    """Before any training, and with the slot's name."""
    with pytest.raises(PluginError, match=reason):
        build(**settings)
