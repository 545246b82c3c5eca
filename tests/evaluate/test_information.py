"""Information coefficients against scipy 1.17.1, session by session."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from stockseq.evaluate.information import daily_information, summarise_information
from stockseq.evaluate.scored import Scored
from tests.evaluate.evaluate_vectors import normals


def panel(n_sessions: int = 20, n_tickers: int = 8) -> Scored:
    n = n_sessions * n_tickers
    days = pd.bdate_range("2024-01-01", periods=n_sessions)
    returns = normals(n, 51)
    return Scored(
        pd.DataFrame(
            {
                "session": np.repeat(days, n_tickers),
                "score": (normals(n, 52) + returns).round(1),
                "realised_return": returns,
            }
        )
    )


def test_each_session_equals_scipy() -> None:
    """Rounded scores tie, so Spearman needs shared ranks."""
    scored = panel()
    daily = daily_information(scored)
    for session, rows in scored.groupby("session"):
        assert daily.loc[session, "ic"] == pytest.approx(pearsonr(rows["score"], rows["realised_return"]).statistic)
        assert daily.loc[session, "rank_ic"] == pytest.approx(
            spearmanr(rows["score"], rows["realised_return"]).statistic
        )


def test_sessions_that_say_nothing_are_left_out() -> None:
    """Four tickers are too few, and one score for all ranks nobody; 0.1 thrice doesn't sum to 0.3."""
    scored = panel()
    days = scored["session"].unique()
    few = scored.drop(index=scored.index[scored["session"] == days[3]][:4])
    few.loc[few["session"] == days[5], "score"] = 0.1
    assert days[[3, 5]].tolist() == [day for day in days if day not in daily_information(Scored(few)).index]


def test_the_summary_is_mean_over_spread() -> None:
    """.1, .2, .3, .6: mean .3, standard deviation (ddof 1) sqrt(.14/3)."""
    summary = summarise_information(pd.Series([0.1, 0.2, 0.3, 0.6]))
    assert summary is not None
    assert summary.mean == pytest.approx(0.3)
    assert summary.ratio == pytest.approx(0.3 / (0.14 / 3) ** 0.5)
    assert summarise_information(pd.Series([0.1])) is None
