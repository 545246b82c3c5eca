"""Bundles that must load: of every kind of network, with layers that packages offer or the user's settings name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import BundleError
from stockseq.models.bundle import load_bundle, save_bundle
from stockseq.models.model import Model
from stockseq.models.network import build_network, input_names
from stockseq.models.settings import NetworkSettings, TrainingSettings
from tests.campaign.case import Case
from tests.campaign.small_store import begin, mornings, stockseq

SHIPPED = "stockseq.layers.after.temporal_attention:TemporalAttention"
NETWORKS: dict[str, dict[str, Any]] = {
    "the plain one": {},
    "an LSTM that reads the text": {"text_reader": "lstm"},
    "no text": {"headlines_per_session": 0},
    "one head": {"heads": ("return",), "relative_head": False, "size_head": False},
    "no mixtures": {"indicator_dimension": 0},
    "two layers before": {"before": "causal_normalisation + temporal_convolution"},
    "variable selection": {"before": "variable_selection", "indicator_dimension": 0},
    "another cell": {"within": "layer_normalised"},
    "a layer after": {"after": "temporal_attention"},
    "a layer after by its module": {"after": SHIPPED},
    "layers of Keras": {"before": "keras.layers:GRU", "before_options": {"units": 2, "return_sequences": True}},
    "a cell of Keras": {"within": "keras.layers:GRUCell"},
}
OWN = "tests.layers.slot_layers:Halve"


def cases() -> list[Case]:
    """Return a case per network, and the mornings after."""
    return [
        *(Case(f"good: {name}", _loads(network)) for name, network in NETWORKS.items()),
        Case("good: the champion on the next morning", _goes_on, short=True),
        Case("good: a layer of one's own loads where the settings name it, and nowhere else", _own_layer),
    ]


def _loads(changes: dict[str, Any]) -> Callable[[Path, int], str]:
    def run(folder: Path, seed: int) -> str:
        saved = _model(changes, seed % 1000)
        loaded = load_bundle(save_bundle(saved, folder / "bundle"))
        assert (loaded.network, loaded.names, loaded.scaler) == (saved.network, saved.names, saved.scaler)
        pairs = zip(saved.networks[0].get_weights(), loaded.networks[0].get_weights(), strict=True)
        assert all((before == after).all() for before, after in pairs)
        return "loads with the same weights"

    return run


def _goes_on(folder: Path, seed: int) -> str:
    data = begin(folder, 1)
    answer = stockseq(folder, "daily", "--now", mornings()[1].isoformat())
    assert answer.status == 0, answer.text
    assert "6 new forecasts" in answer.text, answer.text
    assert len(list((data / "models").glob("2*"))) == 1
    return "6 new forecasts by the same champion"


def _own_layer(folder: Path, seed: int) -> str:
    bundle = save_bundle(_model({"after": OWN}, seed % 1000), folder / "bundle")
    with pytest.raises(BundleError, match="no entry point of an installed package"):
        load_bundle(bundle)
    with pytest.raises(BundleError, match="no entry point of an installed package"):
        load_bundle(bundle, own_layers=["tests.layers.slot_layers:Seeded"])
    assert load_bundle(bundle, own_layers=[OWN]).network.after == OWN
    return "refused by itself, loaded for who names the layer"


def _model(changes: dict[str, Any], seed: int) -> Model:
    """Return an untrained model of three features."""
    network = NetworkSettings(lookback=4, units=2, headlines_per_session=2, tokens_per_headline=3)
    network = NetworkSettings(**(network.model_dump() | changes))
    names = input_names(network, ["momentum", "news_mean", "volume_change"])
    scaler, vocabulary = Scaler((0.5,) * len(names), (1.0,) * len(names)), Vocabulary(("profit", "falls"))
    made = build_network(
        network, n_features=len(names), vocabulary_size=len(vocabulary), seed=seed, names=names, scaler=scaler
    )
    return Model(
        networks=(made,),
        names=names,
        scaler=scaler,
        vocabulary=vocabulary,
        network=network,
        training=TrainingSettings(n_seeds=1, seed=seed),
        trained_through=pd.Timestamp("2024-11-27"),
        median_volatility=0.02,
    )
