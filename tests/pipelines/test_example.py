"""Each founding network trains on a simulated market and says what it found beside what could be found."""

from dataclasses import replace

import pytest

from pipelines.example import run_example
from stockseq.config import Settings
from stockseq.errors import SettingsError
from stockseq.models.examples import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_what_was_found_and_what_could_be(
    name: str, monkeypatch: pytest.MonkeyPatch, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure without its optimum, base rate and interval would mislead."""
    example = EXAMPLES[name]
    quick = example.training.model_copy(update={"epochs": 1})
    small = example.network.model_copy(update={"units": 16})
    monkeypatch.setitem(EXAMPLES, name, replace(example, network=small, training=quick))
    run_example(settings, name, n_sessions=860, n_tickers=3)
    printed = capsys.readouterr().out
    for part in ("this network", "optimum, expected", "Base rate", "Next: make demo"):
        assert part in printed
    assert ("explained_variance" in printed) == (name == "projection-after")


def test_an_unknown_example_is_named_with_the_nearest(settings: Settings) -> None:
    """The user learns what to type."""
    with pytest.raises(SettingsError, match="no example 'conv-besides'; did you mean conv-beside"):
        run_example(settings, "conv-besides")
