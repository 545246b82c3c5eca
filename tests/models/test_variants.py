"""A variant is the plain network but for what it says."""

from typing import Any

import pytest

from stockseq.config import load_settings
from stockseq.errors import SettingsError
from stockseq.models.settings import NetworkSettings
from stockseq.models.variants import FAMILY, AblationSettings, Variant


def test_the_options_of_the_plain_networks_layer_are_not_handed_to_another() -> None:
    """A temporal attention of dimension 4 would be judged that nobody declared."""
    plain = NetworkSettings(after="projection", after_options={"dimension": 4})
    assert Variant(network={"after": "temporal_attention"}).applied_to(plain).after_options == {}
    assert Variant(network={"units": 4}).applied_to(plain).after_options == {"dimension": 4}


def test_a_layer_of_the_plain_network_is_judged_by_leaving_it_out() -> None:
    """One that has earned its place must be able to lose it."""
    variant = Variant(without=("within", "text"))
    network = variant.applied_to(NetworkSettings(within="news_gate", within_options={"side": ["news_mean"]}))
    assert (network.within, network.within_options, network.headlines_per_session) == (None, {}, 0)
    assert variant.component == "text input and layer within"


@pytest.mark.parametrize("name", FAMILY)
def test_each_variant_of_the_default_family_changes_the_default_network(name: str) -> None:
    """A variant without effect would cost the others a part of their evidence."""
    variant = FAMILY[name]
    assert "sentiment" in variant.without or variant.applied_to(NetworkSettings()) != NetworkSettings()
    assert AblationSettings().family is FAMILY


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"x": {"network": {"lookback": 5}}}, "all variants see the same windows"),
        ({"plain": {}}, "neither plain nor best_pair"),
        ({"x": {"without": ["prices"]}}, "'text', 'sentiment', 'before'"),
        ({"x": {}}, "x does neither"),
        ({"x": {"network": {"afterr": "projection"}}}, "no setting `afterr`; did you mean `after`"),
        ({"x": {"network": {"units": 0}}}, "ablation.variants.x"),
    ],
)
def test_a_family_that_makes_no_sense_is_refused_with_the_settings(declared: dict[str, Any], sentence: str) -> None:
    """Each says what is wrong, before anything runs."""
    with pytest.raises(SettingsError, match=sentence):
        load_settings(overrides={"ablation.variants": declared})
