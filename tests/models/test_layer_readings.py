"""What layers learnt is read from the model, and layers begin from its training windows."""

import json
from typing import Any

import numpy as np
import pytest

from stockseq.errors import PluginError
from stockseq.layers.backend import keras
from stockseq.models.fitting import FitJob, fit_network
from stockseq.models.layer_readings import read_layers, read_network
from stockseq.models.matrix import Matrix
from stockseq.models.model import Model
from stockseq.models.network import build_network
from stockseq.models.settings import NetworkSettings
from stockseq.models.training import fit_model
from stockseq.models.training_targets import Targets
from tests.models.model_rows import FAST, SMALL, TinyMarket

PROJECTION = "stockseq.layers.after.projection:Projection"
LAYERS = {
    "before": "stockseq.layers.before.sentiment_decay:SentimentDecay",
    "before_options": {"side": ["text"]},
    "after": "stockseq.layers.after.temporal_attention:TemporalAttention",
}


def test_each_network_is_read_by_the_names_of_its_layers(market: TinyMarket) -> None:
    """A half-life for both numbers of the text vector, a weight for each of three sessions, for either seed."""
    settings = NetworkSettings(**(SMALL.model_dump() | LAYERS))
    model = fit_model(market.panel, market.samples, market.fold, network=settings, training=FAST)
    readings = read_layers(model, market.panel, market.samples.on(market.fold.test).ends)
    assert len(readings) == 2
    for each in readings:
        assert list(each) == ["SentimentDecay", "TemporalAttention"]
        assert list(each["SentimentDecay"]) == ["half_life_text_1", "half_life_text_2"]
        attention = each["TemporalAttention"]["attention"]
        assert len(attention) == SMALL.lookback
        assert sum(attention) == pytest.approx(1.0, abs=1e-6)
    json.dumps(readings, allow_nan=False)


def test_a_model_without_layers_has_no_readings(model: Model, market: TinyMarket) -> None:
    """One empty mapping per seed, and nothing is computed for it."""
    assert read_layers(model, market.panel, market.samples.ends) == [{}, {}]


@keras.saving.register_keras_serializable(package="tests")
class ReadsNothing(keras.layers.Layer):
    """Its reading is no number."""

    def call(self, values: object) -> object:
        return values

    def readings(self, inputs: object) -> dict[str, float]:
        return {"nothing": float("nan")}


@keras.saving.register_keras_serializable(package="tests")
class ReadsItsMean(keras.layers.Layer):
    """Halves what comes, and reads the mean of it."""

    def call(self, values: Any) -> Any:
        return values / 2

    def readings(self, inputs: Any) -> dict[str, float]:
        return {"mean": float(keras.ops.mean(inputs))}


def test_a_reading_that_is_no_number_is_refused() -> None:
    """It would reach metrics.json, where no NaN may stand."""
    settings = SMALL.model_copy(update={"after": f"{__name__}:ReadsNothing"})
    network = build_network(settings, n_features=3, vocabulary_size=2, seed=0)
    with pytest.raises(PluginError, match="ReadsNothing must read finite numbers"):
        read_network(network, {"indicators": np.zeros((2, 3, 3), np.float32)})


def test_two_layers_of_one_class_are_read_apart() -> None:
    """By hand: the first reads 0.5 and passes half of it on to the second; neither takes the other's place."""
    inputs = keras.Input((1,))
    network = keras.Model(inputs, ReadsItsMean()(ReadsItsMean()(inputs)))
    readings = read_network(network, np.full((2, 1), 0.5, np.float32))
    assert readings == {"ReadsItsMean": {"mean": 0.5}, "ReadsItsMean 2": {"mean": 0.25}}


def test_a_layer_that_starts_from_data_sees_the_training_windows() -> None:
    """By numpy 2.4: the principal axes of the untrained LSTM's outputs, whose learning rate is next to nothing."""
    settings = SMALL.model_copy(
        update={"after": PROJECTION, "after_options": {"dimension": 2, "start": "pca"}, "headlines_per_session": 0}
    )
    rows = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    ends = np.arange(2, 40)
    targets = Targets(ends, np.ones((38, 4), np.float32), np.ones((38, 4), np.float32))
    none = Targets(ends[:0], np.ones((0, 4), np.float32), np.ones((0, 4), np.float32))
    training = FAST.model_copy(update={"epochs": 1, "learning_rate": 1e-9})
    fitted = fit_network(FitJob(Matrix(rows, None, 3), targets, none, settings, training, 2, 0))
    network = build_network(settings, n_features=3, vocabulary_size=2, seed=0)
    windows = np.stack([rows[end - 2 : end + 1] for end in ends])
    states = keras.Model(network.input, network.get_layer("lstm").output)({"indicators": windows}).numpy()
    values, axes = np.linalg.eigh(np.cov(states.T.astype(np.float64)))
    kernel = next(weight for weight in fitted.weights if weight.shape == (4, 2))
    for column, axis in zip(kernel.T, axes[:, np.argsort(values)[::-1]].T, strict=False):
        assert abs(float(column @ axis)) == pytest.approx(1.0, abs=1e-4)
