"""Each founding network trains on a simulated market and says what it found beside what could be found."""

import pandas as pd
import pytest

from pipelines.example import EXAMPLES, run_example
from stockseq.config import Settings
from stockseq.errors import SettingsError
from stockseq.sources.simulated import SimulatedSettings

NOW = pd.Timestamp("2026-11-20T22:00:00Z")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_what_was_found_and_what_could_be(
    name: str, monkeypatch: pytest.MonkeyPatch, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure without its optimum, base rate and interval would mislead."""
    example = EXAMPLES[name]
    quick = example.training.model_copy(update={"epochs": 1})
    small = example.network.model_copy(update={"units": 16})
    monkeypatch.setitem(EXAMPLES, name, type(example)(example.told, small, quick, example.features))
    run_example(settings, NOW, name, market=SimulatedSettings(n_sessions=860, n_tickers=3, seed=1))
    told = capsys.readouterr().out
    for part in ("this network", "optimum, expected", "Base rate", "Next: make demo"):
        assert part in told
    assert ("explained_variance" in told) == (name == "projection-after")


def test_an_unknown_example_is_named_with_the_nearest(settings: Settings) -> None:
    """The user learns what to type."""
    with pytest.raises(SettingsError, match="no example 'conv-besides'; did you mean conv-beside"):
        run_example(settings, NOW, "conv-besides")
