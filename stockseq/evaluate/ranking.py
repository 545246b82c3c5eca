"""Whether forecasts rank the tickers of a session: rank IC, quintiles, and the spread between the outer two."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.errors import DataError
from stockseq.evaluate.information import daily_information
from stockseq.evaluate.scored import KEY, Scored, as_scored
from stockseq.evaluate.significance import MeanOverTime, mean_over_time, overlap_lag
from stockseq.results import Result

# A rank among fewer says little, and their quintiles would be single tickers.
LEAST_TICKERS = 10
N_GROUPS = 5
# What ranks, the first that a forecaster names.
SCORES = ("relative", "expected_return", "probability_up")


class RankingScores(Result):
    """How well one model's forecasts rank the tickers of each session.

    Fractions throughout, never NaN: what can't be computed is None. Tests are those of
    `mean_over_time`; p is one-sided, for a skill above 0.

    Parameters
    ----------
    score : str
        The column that ranks: `relative`, or where it is empty `expected_return`, or else `probability_up`.
    horizon : int
        Sessions from entry to exit of the label's trade; 0 is open to close.
    lag : int
        Sessions of autocorrelation that the tests allow for.
    n, n_left_out : int
        Forecasts in sessions that count; and those in others, or without a score.
    n_sessions, n_sessions_left_out : int
        Sessions of at least ten tickers whose scores and returns differ, and the others.
    rank_ic, rank_ic_ci, rank_ic_t, rank_ic_p
        Spearman's correlation of score and return within a session, ties averaged: mean, 95 % interval, test.
    icir : float or None
        Its mean over its standard deviation (ddof 1), not annualised.
    share_positive : float or None
        Sessions in which it is above 0.
    n_quintile_sessions : int
        Sessions in which no quintile is empty; ties stay together, so a score of few values fills few of them.
    quintile_returns : tuple of 5 floats or None
        Mean return of each quintile from the lowest score to the highest, mean over sessions.
    spread, spread_ci, spread_t, spread_p
        Return of the top quintile less that of the bottom one.
    monotony : float or None
        Spearman's correlation of `quintile_returns` with 1 to 5: 1 where each quintile earns more than the one below.
    """

    score: str
    horizon: int
    lag: int
    n: int
    n_left_out: int
    n_sessions: int
    n_sessions_left_out: int
    rank_ic: float | None = None
    rank_ic_ci: tuple[float, float] | None = None
    rank_ic_t: float | None = None
    rank_ic_p: float | None = None
    icir: float | None = None
    share_positive: float | None = None
    n_quintile_sessions: int = 0
    quintile_returns: tuple[float, ...] | None = None
    spread: float | None = None
    spread_ci: tuple[float, float] | None = None
    spread_t: float | None = None
    spread_p: float | None = None
    monotony: float | None = None


def score_ranking(frame: pd.DataFrame, *, horizon: int) -> RankingScores:
    """Return how well the forecasts of one model rank the tickers of each session.

    Parameters
    ----------
    frame : DataFrame of n rows
        `session`, `ticker`, `realised_return` (fraction), `probability_up`, and where there are such `relative` and
        `expected_return`.
    horizon : int
        Sessions from entry to exit of the label's trade: trades of more than one overlap.

    Raises
    ------
    DataError
        If a column or an outcome is missing, a key repeats, or there are fewer than two sessions.
    ValueError
        If `horizon` is negative.

    References
    ----------
    Grinold & Kahn (1999), Active Portfolio Management; Newey & West (1987), Econometrica 55(3); Patton & Timmermann
    (2010), Journal of Financial Economics 98(3), for monotony over sorted groups.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": np.repeat(pd.bdate_range("2024-01-01", periods=3), 10)})
    >>> rows["ticker"], rows["relative"] = list("ABCDEFGHIJ") * 3, np.tile(np.arange(10.0), 3)
    >>> rows["probability_up"], rows["realised_return"] = 0.5, rows["relative"] / 100
    >>> scores = score_ranking(rows, horizon=0)
    >>> scores.rank_ic, round(scores.spread, 6), scores.monotony
    (1.0, 0.08, 1.0)
    """
    column = ranking_column(frame)
    daily, scored = _daily(frame, column)
    counted = scored["session"].isin(daily.index)
    n_sessions = len(daily)
    figures: dict[str, object] = {
        "score": column,
        "horizon": horizon,
        "lag": overlap_lag(len(daily), horizon),
        "n": int(counted.sum()),
        "n_left_out": len(frame) - int(counted.sum()),
        "n_sessions": n_sessions,
        "n_sessions_left_out": int(frame["session"].nunique()) - n_sessions,
    }
    if n_sessions:
        values = daily["rank_ic"].to_numpy()
        figures |= {"rank_ic": float(values.mean()), "share_positive": float((values > 0).mean())}
        figures |= _test("rank_ic", values, horizon)
        if n_sessions > 1 and figures["rank_ic_t"] is not None:
            figures["icir"] = float(values.mean() / values.std(ddof=1))
    return RankingScores.model_validate({**figures, **_quintiles(daily.dropna(), horizon)})


def ranking_column(frame: pd.DataFrame) -> str:
    """Return the column by which a forecaster ranks: the first of relative, expected_return, probability_up that is
    there and not empty.

    Examples
    --------
    >>> ranking_column(pd.DataFrame({"relative": [float("nan")], "expected_return": [0.01]}))
    'expected_return'
    """
    for column in SCORES:
        if column in frame.columns and frame[column].notna().any():
            return column
    raise DataError(f"A ranking needs a score in one of the columns {list(SCORES)}; received {list(frame.columns)}.")


def daily_ranks(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what each session's ranking was worth, as a figure draws it, summed up over time.

    Parameters
    ----------
    frame : DataFrame
        As `score_ranking` takes it.

    Returns
    -------
    DataFrame indexed by session, ascending
        `rank_ic`, `quintile_1` to `quintile_5` (mean return, fraction), and `spread`, the last of them less the first;
        NaN for a quintile that has no ticker. Without the sessions that `score_ranking` leaves out.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": np.repeat(pd.bdate_range("2024-01-01", periods=2), 10)})
    >>> rows["ticker"], rows["probability_up"] = list("ABCDEFGHIJ") * 2, np.tile(np.arange(10) / 10, 2)
    >>> rows["realised_return"] = rows["probability_up"] / 100
    >>> daily_ranks(rows)["spread"].round(6).tolist()
    [0.008, 0.008]
    """
    return _daily(frame, ranking_column(frame))[0]


def tabulate_quintiles(frame: pd.DataFrame, *, horizon: int) -> pd.DataFrame:
    """Return the mean return of each quintile with its 95 % interval, a row each: what a bar chart draws.

    Parameters
    ----------
    frame, horizon
        As for `score_ranking`.

    Returns
    -------
    DataFrame
        Index 1 (lowest score) to 5; `mean_return`, `low`, `high`, fractions, over the sessions in which no quintile is
        empty; NaN without two such sessions.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": np.repeat(pd.bdate_range("2024-01-01", periods=2), 10)})
    >>> rows["ticker"], rows["probability_up"] = list("ABCDEFGHIJ") * 2, np.tile(np.arange(10) / 10, 2)
    >>> rows["realised_return"] = rows["probability_up"] / 100
    >>> tabulate_quintiles(rows, horizon=0)["mean_return"].round(6).tolist()
    [0.0005, 0.0025, 0.0045, 0.0065, 0.0085]
    """
    daily = daily_ranks(frame).dropna()
    rows = []
    for group in range(1, N_GROUPS + 1):
        values = daily[f"quintile_{group}"].to_numpy(dtype=np.float64)
        interval = _test("mean", values, horizon)["mean_ci"] if len(values) else None
        low, high = interval if isinstance(interval, tuple) else (math.nan, math.nan)
        rows.append((float(values.mean()) if len(values) else math.nan, low, high))
    return pd.DataFrame(
        rows, index=pd.RangeIndex(1, N_GROUPS + 1, name="quintile"), columns=["mean_return", "low", "high"]
    )


def compare_rankings(a: pd.DataFrame, b: pd.DataFrame, *, horizon: int) -> MeanOverTime | None:
    """Test, two-sided, that two models rank alike: the mean difference of their rank ICs, session by session.

    Parameters
    ----------
    a, b : DataFrame
        As `score_ranking` takes them; the sessions that count for both are compared.
    horizon : int

    Returns
    -------
    MeanOverTime, or None for fewer than two such sessions or no spread
        The mean is the first model's rank IC less the second's.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": np.repeat(pd.bdate_range("2024-01-01", periods=2), 10)})
    >>> rows["ticker"], rows["probability_up"] = list("ABCDEFGHIJ") * 2, np.tile(np.arange(10) / 10, 2)
    >>> rows["realised_return"] = rows["probability_up"] / 100
    >>> compare_rankings(rows, rows, horizon=0) is None
    True
    """
    pairs = daily_ranks(a)[["rank_ic"]].join(daily_ranks(b)["rank_ic"], how="inner", rsuffix="_b")
    if len(pairs) < 2:
        return None
    differences = (pairs["rank_ic"] - pairs["rank_ic_b"]).to_numpy(dtype=np.float64)
    return mean_over_time(differences, horizon=horizon)


def _daily(frame: pd.DataFrame, column: str) -> tuple[pd.DataFrame, Scored]:
    """Return the table of `daily_ranks`, and the rows that have a score."""
    needed = [*KEY, "probability_up", "realised_return"]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataError(f"A ranking needs the columns {missing}; received {list(frame.columns)}.")
    rows = frame.loc[frame[column].notna(), needed]
    scored = as_scored(rows.assign(expected_return=frame[column]))
    daily = daily_information(scored, least_tickers=LEAST_TICKERS)[["rank_ic"]]
    rows = scored[scored["session"].isin(daily.index)]
    by_session = rows.groupby("session")["score"]
    # The average rank of a tie decides for all of it, so that no order of the tickers does.
    groups = np.ceil(by_session.rank() * N_GROUPS / by_session.transform("size"))
    means = rows.groupby([rows["session"], groups])["realised_return"].mean().unstack()
    means = means.reindex(columns=np.arange(1.0, N_GROUPS + 1)).reindex(daily.index)
    means.columns = pd.Index([f"quintile_{group}" for group in range(1, N_GROUPS + 1)])
    spread = means[f"quintile_{N_GROUPS}"] - means["quintile_1"]
    return daily.join(means).assign(spread=spread), scored


def _quintiles(daily: pd.DataFrame, horizon: int) -> dict[str, object]:
    from scipy import stats

    if not len(daily):
        return {}
    returns = tuple(float(daily[f"quintile_{group}"].mean()) for group in range(1, N_GROUPS + 1))
    values = daily["spread"].to_numpy(dtype=np.float64)
    varied = len(set(returns)) > 1
    return {
        "n_quintile_sessions": len(daily),
        "quintile_returns": returns,
        "spread": float(values.mean()),
        # The library leaves rounding on a correlation of 1.
        "monotony": round(float(stats.spearmanr(range(N_GROUPS), returns).statistic), 12) if varied else None,
        **_test("spread", values, horizon),
    }


def _test(name: str, values: npt.NDArray[np.float64], horizon: int) -> dict[str, object]:
    """Return the interval, t and one-sided p of a mean over sessions, each None where there is no noise."""
    test = mean_over_time(values, horizon=horizon)
    figures = (None, None, None) if test is None else (test.ci, test.t, test.p_above)
    return dict(zip((f"{name}_ci", f"{name}_t", f"{name}_p"), figures, strict=True))
