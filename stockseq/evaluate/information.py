"""The information coefficient: how forecasts and returns of one session line up over the tickers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.evaluate.rows import require_rows
from stockseq.evaluate.scored import Scored
from stockseq.evaluate.significance import newey_west_mean, overlap_lag

LEAST_TICKERS = 5


@dataclass(frozen=True)
class Information:
    """Mean over sessions of the coefficient, its ratio to its spread, and the Newey-West t of the mean.

    `ratio` is mean over standard deviation (ddof 1), not annualised; it and `t` are None where the spread is 0.
    """

    mean: float
    ratio: float | None
    t: float | None
    n_sessions: int


def daily_information(scored: Scored, *, least_tickers: int = LEAST_TICKERS) -> pd.DataFrame:
    """Return Pearson's (`ic`) and Spearman's (`rank_ic`) correlation of score and realised return per session.

    Parameters
    ----------
    scored : Scored
        `score` and `realised_return` are used.
    least_tickers : int, default=5
        Of a session that counts.

    Returns
    -------
    DataFrame indexed by session, ascending, with ic, rank_ic
        Without the sessions of fewer than `least_tickers`, or on which scores or returns were all the same.

    References
    ----------
    Grinold & Kahn (1999), Active Portfolio Management; microsoft/qlib, `calc_ic`. Equal to scipy 1.17.1 `pearsonr` and
    `spearmanr`, session by session.

    Examples
    --------
    >>> rows = {"session": pd.Timestamp("2024-11-25"), "score": [1, 2, 3, 4, 5], "realised_return": [2, 4, 6, 8, 90]}
    >>> daily_information(pd.DataFrame(rows)).round(4).to_numpy().tolist()
    [[0.7474, 1.0]]
    """
    numbers = scored[["score", "realised_return"]].astype("float64")
    grouped = numbers.groupby(scored["session"])
    varied = (grouped.max() > grouped.min()).all(axis=1) & (grouped.size() >= least_tickers)
    usable = scored["session"].map(varied)
    numbers, sessions = numbers[usable], scored.loc[usable, "session"]
    ranks = numbers.groupby(sessions).rank()
    return pd.DataFrame({"ic": _correlation(numbers, sessions), "rank_ic": _correlation(ranks, sessions)})


def summarise_information(daily: pd.Series, *, horizon: int = 0) -> Information | None:
    """Return the summary of one daily coefficient; None for fewer than two sessions, ValueError where one is missing.

    The t is Newey and West's; trades of a longer `horizon` overlap, and its lag grows with it.

    Examples
    --------
    >>> summarise_information(pd.Series([0.1, 0.3])).mean
    0.2
    """
    if len(daily) < 2:
        return None
    values = daily.to_numpy(dtype=np.float64)
    require_rows(numbers={"daily": values})
    spread = float(values.std(ddof=1))
    tested = newey_west_mean(values, lag=overlap_lag(len(values), horizon))
    return Information(
        mean=float(values.mean()),
        ratio=None if tested is None else float(values.mean() / spread),
        t=None if tested is None else tested.t,
        n_sessions=len(values),
    )


def _correlation(numbers: pd.DataFrame, sessions: pd.Series) -> pd.Series:
    # In units of the session's largest value, or squares of tiny returns would vanish and those of huge ones overflow.
    scaled = numbers / numbers.abs().groupby(sessions).transform("max")
    centred = scaled - scaled.groupby(sessions).transform("mean")
    score, realised = centred["score"], centred["realised_return"]
    products = pd.DataFrame({"both": score * realised, "score": score**2, "realised": realised**2})
    sums = products.groupby(sessions).sum()
    return (sums["both"] / (sums["score"] * sums["realised"]) ** 0.5).clip(-1.0, 1.0)
