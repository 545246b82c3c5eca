"""Rank IC, quintiles and their spread, by hand and against scipy 1.17.1 and statsmodels 0.15.0."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from stockseq.errors import DataError
from stockseq.evaluate.ranking import (
    compare_rankings,
    daily_ranks,
    ranking_column,
    score_ranking,
    tabulate_quintiles,
)
from stockseq.evaluate.significance import mean_over_time, newey_west_mean, overlap_lag
from tests.evaluate.evaluate_vectors import normals

# Ten tickers' scores in units of rank, and returns in percent: the quintiles earn 1, 3, 2, 5 and 4 %.
BY_HAND = {
    "relative": [float(place) for place in range(10)],
    "realised_return": [0.00, 0.02, 0.03, 0.03, 0.01, 0.03, 0.05, 0.05, 0.03, 0.05],
}
TICKERS = list("ABCDEFGHIJ")


def days(n: int) -> pd.DatetimeIndex:
    return pd.bdate_range("2024-01-01", periods=n)


def by_hand(n_sessions: int = 3) -> pd.DataFrame:
    """Return the ten tickers of `BY_HAND`, the returns of each session 1 % above those of the one before."""
    rows = [
        pd.DataFrame({"session": day, "ticker": TICKERS, **BY_HAND}).assign(
            realised_return=lambda part, number=number: part["realised_return"] + 0.01 * number
        )
        for number, day in enumerate(days(n_sessions))
    ]
    return pd.concat(rows, ignore_index=True).assign(probability_up=0.5)


def noisy(n_sessions: int = 40, n_tickers: int = 15, *, seed: int = 61) -> pd.DataFrame:
    n = n_sessions * n_tickers
    returns = normals(n, seed) / 100
    return pd.DataFrame(
        {
            "session": np.repeat(days(n_sessions), n_tickers),
            "ticker": [f"T{number}" for number in range(n_tickers)] * n_sessions,
            "probability_up": 0.5,
            "relative": (normals(n, seed + 1) + 20 * returns).round(1),
            "realised_return": returns,
        }
    )


def test_quintiles_spread_and_monotony_by_hand() -> None:
    """Sessions differ by 1 % in level: the quintiles earn 2, 4, 3, 6, 5 % on average, the spread is 3 % in each.

    Ranks 1 3 2 5 4 of the five: squared differences sum to 4, so Spearman is 1 - 6 * 4 / 120 = .8.
    """
    scores = score_ranking(by_hand(), horizon=0)
    assert scores.quintile_returns == pytest.approx((0.02, 0.04, 0.03, 0.06, 0.05))
    assert scores.spread == pytest.approx(0.03)
    assert scores.monotony == pytest.approx(0.8)
    assert (scores.n, scores.n_sessions, scores.n_quintile_sessions) == (30, 3, 3)
    # A spread that never changes leaves no noise to measure it against.
    assert (scores.spread_t, scores.spread_p, scores.spread_ci) == (None, None, None)
    assert daily_ranks(by_hand())["quintile_4"].tolist() == pytest.approx([0.05, 0.06, 0.07])


def test_a_tie_stays_together() -> None:
    """Two tickers share every place of five, in whatever order they stand; three share the top of the second case."""
    rows = by_hand().assign(relative=np.tile(np.repeat(np.arange(5.0), 2), 3))
    assert daily_ranks(rows)["spread"].tolist() == pytest.approx([0.03] * 3)
    shuffled = rows.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(daily_ranks(shuffled), daily_ranks(rows))
    # Ranks 1 to 7 and thrice 9: three in the fifth group, none but number 7 in the fourth.
    tied = by_hand().assign(relative=np.tile([0, 1, 2, 3, 4, 5, 6, 7, 7, 7], 3))
    assert daily_ranks(tied)["quintile_5"].iloc[0] == pytest.approx((0.05 + 0.03 + 0.05) / 3)
    assert daily_ranks(tied)["quintile_4"].iloc[0] == pytest.approx(0.05)


def test_a_score_of_two_values_ranks_but_has_no_quintiles() -> None:
    """Ranks 3 and 8 of ten: groups 2 and 4, and nothing at the ends."""
    scores = score_ranking(by_hand().assign(relative=np.tile([0.0] * 5 + [1.0] * 5, 3)), horizon=0)
    assert scores.rank_ic is not None
    assert (scores.n_quintile_sessions, scores.spread, scores.quintile_returns, scores.monotony) == (0,) + (None,) * 3


def test_each_session_equals_scipy_and_the_mean_statsmodels() -> None:
    """Rounded scores tie; lag floor(4 * .4^(2/9)) = 3, or 2 * 4 = 8 where trades of 5 sessions overlap."""
    rows = noisy()
    daily = daily_ranks(rows)["rank_ic"]
    for session, of_session in rows.groupby("session"):
        expected = stats.spearmanr(of_session["relative"], of_session["realised_return"]).statistic
        assert daily[session] == pytest.approx(expected)
    # Of five trades that overlap, by hand: (1 + 2 (.8 * 8 + .6 * 7 + .4 * 6 + .2 * 5) / 9) / 5.
    for horizon, lag, counted in ((0, 3, 1.0), (1, 3, 1.0), (5, 8, 37 / 45)):
        fitted = OLS(daily.to_numpy(), np.ones(40)).fit(cov_type="HAC", cov_kwds={"maxlags": lag})
        scores = score_ranking(rows, horizon=horizon)
        assert scores.lag == lag
        assert scores.rank_ic == pytest.approx(fitted.params[0])
        assert scores.rank_ic_t == pytest.approx(fitted.tvalues[0])
        # Kiefer and Vogelsang's 95 % quantile of t for a lag in proportion to T (2005, table 1).
        share = (lag + 1) / 40
        critical = 1.6449 + 2.1859 * share + 0.3142 * share**2 - 0.3427 * share**3
        critical /= counted**0.5
        rejected = mean_over_time(daily.to_numpy() - daily.mean() + 1.05 * critical * fitted.bse[0], horizon=horizon)
        passed = mean_over_time(daily.to_numpy() - daily.mean() + 0.95 * critical * fitted.bse[0], horizon=horizon)
        assert rejected is not None
        assert passed is not None
        assert rejected.p_above < 0.05 < passed.p_above
    assert scores.icir == pytest.approx(daily.mean() / daily.std(ddof=1))
    assert scores.share_positive == pytest.approx((daily > 0).mean())


def test_newey_and_wests_t_of_the_reference() -> None:
    """Bartlett's weights, no small-sample correction: statsmodels 0.15.0."""
    values = np.array([0.03, -0.01, 0.02, 0.05, -0.02, 0.01, 0.04, 0.0, 0.02, -0.01])
    found = {lag: newey_west_mean(values, lag=lag) for lag in (0, 1, 3)}
    assert [found[lag].t for lag in found] == pytest.approx([1.8744368524, 2.4967703225, 3.6055512755])  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("n_sessions", "horizon", "lag"), [(250, 0, 4), (250, 1, 4), (250, 5, 8), (1818, 1, 7), (1818, 21, 40), (2, 5, 1)]
)
def test_the_lag_is_the_greater_of_the_rule_and_of_the_overlap(n_sessions: int, horizon: int, lag: int) -> None:
    """By hand: 4 * 2.5^(2/9) = 4.9, 4 * 18.18^(2/9) = 7.6; 2 (h - 1); and a lag of T sessions has no pairs."""
    assert overlap_lag(n_sessions, horizon) == lag


def test_sessions_that_say_nothing_are_left_out_and_counted() -> None:
    """Nine tickers, one score for all, and a ticker that names no score."""
    rows = by_hand(5)
    first, second, third = days(5)[:3]
    rows = rows.drop(index=rows.index[rows["session"] == first][:1])
    rows.loc[rows["session"] == second, "relative"] = 0.3
    rows.loc[rows["session"] == third, "relative"] = np.nan
    scores = score_ranking(rows, horizon=0)
    assert (scores.n_sessions, scores.n_sessions_left_out) == (2, 3)
    assert (scores.n, scores.n_left_out) == (20, 29)


@pytest.mark.parametrize("relative", [{}, {"relative": np.nan}])
def test_without_a_relative_forecast_the_expected_return_ranks_or_else_the_probability(relative: dict) -> None:
    """And the result says which."""
    rows = noisy().rename(columns={"relative": "expected_return"}).assign(**relative)
    assert score_ranking(rows, horizon=0).score == "expected_return"
    assert score_ranking(rows, horizon=0).rank_ic == score_ranking(noisy(), horizon=0).rank_ic
    assert ranking_column(rows.assign(expected_return=np.nan)) == "probability_up"


def test_nothing_to_rank_is_none() -> None:
    """One score for all in every session: a record without figures, not a NaN."""
    scores = score_ranking(by_hand().assign(relative=0.0), horizon=0)
    assert (scores.rank_ic, scores.rank_ic_t, scores.icir, scores.n_sessions) == (None, None, None, 0)
    assert scores.from_dict(scores.to_dict()) == scores


def test_a_return_that_is_missing_is_an_error() -> None:
    """As in every other score."""
    rows = noisy()
    rows.loc[3, "realised_return"] = np.nan
    with pytest.raises(DataError, match="realised_return"):
        score_ranking(rows, horizon=0)
    with pytest.raises(DataError, match="columns"):
        score_ranking(rows.drop(columns="ticker"), horizon=0)
    with pytest.raises(ValueError, match="horizon"):
        score_ranking(noisy(), horizon=-1)


def test_two_rankings_are_compared_session_by_session() -> None:
    """The second knows nothing of the last ten sessions: 30 are shared."""
    rows, other = noisy(), noisy().assign(relative=normals(600, 99))
    shared = other[other["session"] < days(40)[30]]
    differences = (daily_ranks(rows)["rank_ic"] - daily_ranks(shared)["rank_ic"]).dropna()
    test = compare_rankings(rows, shared, horizon=5)
    assert test is not None
    assert test.n == 30
    expected = newey_west_mean(differences.to_numpy(), lag=8)
    assert expected is not None
    assert (test.mean, test.t) == (expected.estimate, expected.t)
    assert compare_rankings(rows, rows, horizon=0) is None


def test_the_table_of_quintiles_is_that_of_the_scores() -> None:
    """The mean lies within its interval."""
    table = tabulate_quintiles(noisy(), horizon=0)
    assert tuple(table["mean_return"]) == pytest.approx(score_ranking(noisy(), horizon=0).quintile_returns)
    assert (table["low"] < table["mean_return"]).all()
    assert (table["mean_return"] < table["high"]).all()
    assert tabulate_quintiles(by_hand().assign(relative=0.0), horizon=0).isna().all(axis=None)
