"""Tests of the first figures of a page."""

import pytest

from stockseq.forecasting.live import LiveRecord
from stockseq.report.tiles import build_strip, build_tiles, live_tiles
from tests.report.conftest import made_up_metrics, scores


def test_accuracy_and_base_rate_lead_the_tiles(build_run) -> None:
    """An accuracy is never shown without what it must beat, its interval and its count."""
    tiles = build_tiles(build_run(scores=scores(0.55, n=200, base_rate=0.51), backtest=None))
    assert [(tile.name, tile.value) for tile in tiles] == [
        ("Accuracy", "55.0%"),
        ("Base rate", "51.0%"),
        ("Forecasts scored", "200"),
        ("p-value of no skill", "< 0.0001"),
    ]
    assert "95% interval" in tiles[0].note


def test_the_account_and_the_optimum_follow(build_run) -> None:
    """Money comes after skill, and the optimum only where the market is simulated."""
    names = [tile.name for tile in build_tiles(build_run())]
    assert names[-2:] == ["Best possible here", "Sharpe after costs"]
    account = made_up_metrics().portfolio.to_dict()
    never_traded = made_up_metrics(optimum=None, portfolio={**account, "n_fills": 0})
    assert build_tiles(build_run(backtest=never_traded))[-1].name == "p-value of no skill"
    few = made_up_metrics(portfolio={**account, "n_returns": 39, "total_return": 0.012})
    tile = build_tiles(build_run(backtest=few))[-1]
    assert (tile.name, tile.value, tile.note) == ("Growth after costs", "+1.2%", "in 39 sessions")


def test_the_strip_has_each_value_on_one_scale() -> None:
    """By hand: from 50 to 57 percent, 55 is at 5/7, 51 at 1/7, and the interval spans 4/7."""
    strip = build_strip(scores(0.55, accuracy_ci=[0.53, 0.57], base_rate=0.51), best=None)
    assert strip is not None
    assert {mark.kind: mark.at for mark in strip.marks} == {
        "base": pytest.approx(100 / 7, abs=0.01),
        "accuracy": pytest.approx(500 / 7, abs=0.01),
    }
    assert strip.width == pytest.approx(400 / 7, abs=0.02)
    assert [name for _, name in strip.ticks] == [f"{tick}%" for tick in range(50, 58)]


def test_without_scores_there_is_no_strip() -> None:
    """A daily run before any training has none."""
    assert build_strip(None, best=None) is None


def test_a_live_record_of_nothing_shows_no_tiles() -> None:
    """Zero forecasts have no accuracy; those of one session have a count and no interval."""
    assert live_tiles(None) == []
    assert live_tiles(LiveRecord(n=0, n_sessions=0, n_late=0, n_open=6, scores=None)) == []
    one_session = live_tiles(LiveRecord(n=20, n_sessions=1, n_late=0, n_open=0, scores=None))
    assert [tile.name for tile in one_session] == ["Made late"]
