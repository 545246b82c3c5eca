"""The figures of rank and size: drawn where there is something to draw, with the numbers by hand."""

import numpy as np
import pandas as pd
import pytest

from stockseq.evaluate.size import score_size
from stockseq.report.rank_and_size import ranking_figures, size_figures


def forecasts(n_tickers: int, n_sessions: int) -> pd.DataFrame:
    """Forecasts that rank perfectly: ticker k of each session earns k basis points and is ranked k."""
    sessions = pd.bdate_range("2024-01-01", periods=n_sessions)
    ranks = np.tile(np.arange(float(n_tickers)), n_sessions)
    return pd.DataFrame(
        {
            "session": np.repeat(sessions, n_tickers),
            "ticker": np.tile([f"T{number:02d}" for number in range(n_tickers)], n_sessions),
            "probability_up": 0.5,
            "relative": ranks,
            "realised_return": ranks / 1e4,
        }
    )


def sized(n_tickers: int, n_sessions: int) -> pd.DataFrame:
    """Intervals of which every fourth session breaks the inner one, and every eighth the outer one too."""
    rows = forecasts(n_tickers, n_sessions)
    number = rows["session"].rank(method="dense").astype(int)
    outside = np.where(number % 8 == 0, 0.05, np.where(number % 4 == 0, 0.03, 0.0))
    sigma = 0.01 + rows["relative"] / 1e3
    bounds = {"low_80": -0.02, "high_80": 0.02, "low_95": -0.04, "high_95": 0.04}
    return rows.assign(realised_return=outside, sigma=sigma, realised_variance=sigma**2, **bounds)


def test_ranking_needs_sessions_of_enough_tickers() -> None:
    """Nine tickers are too few to rank, and nineteen sessions to draw."""
    assert ranking_figures(forecasts(9, 40), horizon=0) == []
    assert ranking_figures(forecasts(10, 19), horizon=0) == []


def test_quintiles_and_cumulative_ic_of_a_perfect_ranking() -> None:
    """By hand: two tickers a fifth, so .5, 2.5, ... 8.5 basis points; a rank IC of 1 a session sums to 20."""
    quintiles, cumulative = ranking_figures(forecasts(10, 20), horizon=0)
    assert quintiles.plot.data[0]["y"] == pytest.approx([0.5, 2.5, 4.5, 6.5, 8.5])
    assert "The lowest fifth earned +0.005% a trade, the highest +0.085%" in quintiles.summary
    assert cumulative.plot.data[0]["y"][-1] == pytest.approx(20.0)
    assert cumulative.summary == "The mean rank IC of 20 sessions is +1.000; it was above 0 in 100.0% of them."


def test_a_run_without_sizes_draws_none() -> None:
    """Runs of before 0.3, and forecasters that name no size."""
    assert size_figures(forecasts(10, 20), None) == []


def test_the_fan_is_of_the_ticker_of_median_size_and_counts_what_fell_outside() -> None:
    """By hand: of 16 sessions four leave the inner interval, two of them the outer one; of 11 tickers T05 is median."""
    rows = sized(11, 16)
    fan, coverage, sizes = size_figures(rows, score_size(rows, horizon=0))
    assert fan.title == "Intervals and outcomes of T05"
    assert fan.summary == "Of the last 16 outcomes 4 lie outside the 80% interval and 2 outside the 95% interval."
    assert (
        coverage.summary
        == "By year, 80% intervals held 75.0% to 75.0% and 95% intervals held 87.5% to 87.5% of outcomes."
    )
    assert sizes.summary.startswith("The smallest forecasts average 1.00% and 1.00% happened")
