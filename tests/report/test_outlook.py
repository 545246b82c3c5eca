"""Tests of the next session's forecasts as shown."""

import pandas as pd
import pytest

from stockseq.report.outlook import MOST_HEADLINES, MOST_TICKERS, build_outlook


def forecasts(probabilities: list[float], **columns: list[object]) -> pd.DataFrame:
    """One session's forecasts."""
    tickers = [f"T{number}" for number in range(len(probabilities))]
    session = pd.Timestamp("2024-11-29")
    at = pd.Timestamp("2024-11-29 14:00", tz="UTC")
    made = {"decision_at": at, "made_at": at, "late": False, "expected_return": 0.0, "spread": float("nan")}
    return pd.DataFrame({"ticker": tickers, "session": session, "probability_up": probabilities, **made, **columns})


def test_the_likeliest_to_rise_stands_first() -> None:
    """The order of a reader who looks for the strongest view."""
    outlook = build_outlook(forecasts([0.48, 0.56]))
    assert outlook is not None
    assert [row.probability for row in outlook.rows] == ["56.0%", "48.0%"]


@pytest.mark.parametrize(
    ("probability", "start", "width"), [(0.55, 50.0, 25.0), (0.45, 25.0, 25.0), (0.5, 50.0, 0.0), (0.6, 50.0, 50.0)]
)
def test_bars_grow_from_one_half_over_ten_percent_each_way(probability: float, start: float, width: float) -> None:
    """By hand: 5 % off one half is half of the half bar."""
    outlook = build_outlook(forecasts([probability]))
    assert outlook is not None
    assert (outlook.rows[0].bar_start, outlook.rows[0].bar_width) == (pytest.approx(start), pytest.approx(width))


def test_bars_reach_further_in_steps_of_five_percent_where_a_forecast_does() -> None:
    """By hand: 63 % needs 15 % each way."""
    outlook = build_outlook(forecasts([0.63]))
    assert outlook is not None
    assert outlook.reach == ("35%", "65%")


def test_late_forecasts_are_marked_and_counted() -> None:
    """A late forecast must never pass for one made in time."""
    outlook = build_outlook(forecasts([0.6, 0.5], late=[False, True]))
    assert outlook is not None
    assert [row.late for row in outlook.rows] == [False, True]
    assert outlook.n_late == 1


def test_headlines_beyond_the_limit_are_counted() -> None:
    """Each ticker shows its first headlines and how many there were."""
    headline = (pd.Timestamp("2024-11-29 12:00", tz="UTC"), "Orders rise", "https://example.org", 0.4)
    outlook = build_outlook(forecasts([0.6], headlines=[[headline] * 20]))
    assert outlook is not None
    assert (len(outlook.rows[0].headlines), outlook.rows[0].n_headlines) == (MOST_HEADLINES, 20)


def test_tickers_beyond_the_limit_are_counted() -> None:
    """A page of thousands of rows helps nobody."""
    outlook = build_outlook(forecasts([0.5] * (MOST_TICKERS + 5)))
    assert outlook is not None
    assert (len(outlook.rows), outlook.n_hidden) == (MOST_TICKERS, 5)


def test_no_forecasts_give_no_outlook() -> None:
    """A backtest has no next session."""
    assert build_outlook(None) is None
    assert build_outlook(forecasts([])) is None


def test_the_spread_over_seeds_is_shown_where_there_is_one() -> None:
    """One network has no spread, and a column of dashes says nothing."""
    assert [build_outlook(forecasts([0.5], spread=[spread])).has_spread for spread in (0.01, float("nan"))] == [
        True,
        False,
    ]
