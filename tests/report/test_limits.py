"""Tests of the sentences on what a run could not show."""

import pandas as pd
import pytest

from stockseq.report.limits import limitations


@pytest.mark.parametrize("source", ["yahoo", "files", "stocknet"])
def test_real_tickers_come_with_a_survivorship_statement(build_run, source: str) -> None:
    """A universe chosen today flatters every result before today."""
    assert "survivorship" in limitations(build_run(settings={"source": source}))[0]


def test_a_simulated_market_says_that_it_is_one(build_run) -> None:
    """Skill on a planted signal must not be taken for skill on stocks."""
    assert "nothing about any real stock" in limitations(build_run(settings={"source": "simulated"}))[0]


def test_the_number_of_trials_is_stated(build_run) -> None:
    """The best of many configurations looks good by chance."""
    assert any(sentence.startswith("46 configurations") for sentence in limitations(build_run(metrics={"trials": 46})))
    # A daily run may come before any backtest; its model was still one of those that training compared.
    for metrics in ({}, {"trials": 0}):
        assert any("is not known" in sentence for sentence in limitations(build_run(metrics=metrics)))


def test_an_accuracy_too_good_to_be_true_is_doubted(build_run) -> None:
    """On daily moves more than 55 % points to a leak, unless the market is simulated and its optimum known."""
    metrics = {"forecast": {"accuracy": 0.56}}
    real = build_run(metrics=metrics, manifest={"sources": ["yahoo"]})
    assert any("leak" in sentence for sentence in limitations(real))
    assert not any("leak" in sentence for sentence in limitations(build_run(metrics=metrics)))


def test_survivorship_is_told_by_where_the_bars_came_from(build_run) -> None:
    """A store filled from files and run under the default settings is no Yahoo universe."""
    told = limitations(build_run(manifest={"sources": ["files"]}, settings={"source": "yahoo"}))
    assert told[0].startswith("The tickers were chosen by whoever made the files")


def test_forecasts_without_an_outcome_are_counted(build_run) -> None:
    """Rows that no figure shows are named with their number."""
    rows = pd.DataFrame({"realised_return": [0.1, None, None]})
    assert any(sentence.startswith("2 of 3 out-of-sample") for sentence in limitations(build_run(out_of_sample=rows)))


def test_the_runs_own_limitations_are_kept(build_run) -> None:
    """A recipe knows what it did not do."""
    assert (
        limitations(build_run(limitations=["Short sales were not simulated."]))[-1] == "Short sales were not simulated."
    )


def test_what_could_not_be_scored_is_told(build_run) -> None:
    """The scores say in words why a number is missing."""
    notes = ["Every row went up, so no test of direction is possible."]
    assert notes[0] in limitations(build_run(metrics={"forecast": {"notes": notes}}))
