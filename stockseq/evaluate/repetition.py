"""The lag-1 gate: whether a forecast of the return merely repeats the last return that was known, or turns it round."""

from typing import Literal

import numpy as np
import pandas as pd

from stockseq.errors import DataError
from stockseq.results import Result

# More than half of the forecast's order is then the last value's.
LEAST_SHARE = 0.5
# The rank correlation of fewer sessions strays by more than 0.2 by chance.
LEAST_SESSIONS = 20


class Repetition(Result):
    """How closely the expected return follows the last return that was known at the decision.

    A network that is fitted to returns by squared error falls easily for the last value: its curve looks like the
    market's, one session late, and forecasts nothing. The rule: within each ticker, the rank correlation between the
    expected return and the last return known at the decision; where the median ticker's, squared, is at least 0.5, the
    forecast repeats the last value (or turns it round, where the correlation is negative). Squared it is the share of
    the forecast's order that the last value explains, so from 0.5 up there is more of the last value in it than of all
    else. The copy of the sign alone has 0.75 (by hand: the correlation of a sign with uniform ranks is the square root
    of 3/4); the best forecast of the simulated market lies below 0.1. Ranks, because a few wild returns would
    otherwise decide.

    Parameters
    ----------
    correlation : float or None
        Of ranks, within the median ticker.
    share : float or None
        Its square: the part of the forecast's order that the last return explains.
    threshold : float
        From this share on the forecast counts as a repetition.
    repeats : {"last", "reversed"} or None
    n, n_tickers, n_tickers_left_out : int
        Forecasts and tickers judged, and tickers of fewer than 20 sessions, or without a change in either.
    note : str or None
        Why nothing could be judged.
    """

    correlation: float | None
    share: float | None
    threshold: float
    repeats: Literal["last", "reversed"] | None
    n: int
    n_tickers: int
    n_tickers_left_out: int
    note: str | None = None


def last_realised_returns(forecasts: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return, per forecast, its ticker's newest return whose trade had ended before the decision.

    Parameters
    ----------
    forecasts : DataFrame of n rows with ticker, decision_at
    labels : DataFrame with ticker, exit_at, realised_return
        One horizon.

    Returns
    -------
    Series of shape (n,), in the order and with the index of `forecasts`
        Fraction; NaN where no trade of the ticker had ended.

    Examples
    --------
    >>> at = pd.to_datetime(["2024-11-25 14:00", "2024-11-26 14:00"], utc=True)
    >>> labels = pd.DataFrame({"ticker": "A", "exit_at": at + pd.Timedelta(hours=7), "realised_return": [0.01, 0.02]})
    >>> last_realised_returns(pd.DataFrame({"ticker": "A", "decision_at": at}), labels).tolist()
    [nan, 0.01]
    """
    decisions = forecasts[["ticker", "decision_at"]].assign(row=np.arange(len(forecasts))).sort_values("decision_at")
    ended = labels[["ticker", "exit_at", "realised_return"]].sort_values("exit_at")
    last = pd.merge_asof(
        decisions, ended, left_on="decision_at", right_on="exit_at", by="ticker", allow_exact_matches=False
    )
    return last.sort_values("row")["realised_return"].set_axis(forecasts.index)


def find_repetition(forecasts: pd.DataFrame, labels: pd.DataFrame) -> Repetition:
    """Return whether the expected return follows the last known return so closely that it says little else.

    Parameters
    ----------
    forecasts : DataFrame with ticker, decision_at, expected_return
        No NaN.
    labels : DataFrame with ticker, exit_at, realised_return
        One horizon.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> at = pd.date_range("2024-01-01 14:00", periods=30, tz="UTC")
    >>> labels = pd.DataFrame({"ticker": "A", "exit_at": at + pd.Timedelta(hours=7), "realised_return": range(30)})
    >>> copied = pd.DataFrame({"ticker": "A", "decision_at": at, "expected_return": range(30)})
    >>> find_repetition(copied, labels).repeats
    'last'
    """
    missing = [column for column in ("ticker", "decision_at", "expected_return") if column not in forecasts.columns]
    if missing:
        raise DataError(
            f"The lag-1 gate needs the columns {missing} of the forecasts; received {list(forecasts.columns)}."
        )
    rows = forecasts[["ticker", "expected_return"]].assign(last=last_realised_returns(forecasts, labels)).dropna()
    correlations = []
    n_judged = 0
    for _, group in rows.groupby("ticker"):
        if len(group) >= LEAST_SESSIONS and (np.ptp(group[["expected_return", "last"]], axis=0) > 0).all():
            correlations.append(float(group["expected_return"].corr(group["last"], method="spearman")))
            n_judged += len(group)
    median = float(np.median(correlations)) if correlations else None
    share = None if median is None else median**2
    return Repetition(
        correlation=median,
        share=share,
        threshold=LEAST_SHARE,
        repeats=None if median is None or median**2 < LEAST_SHARE else "last" if median > 0 else "reversed",
        n=n_judged,
        n_tickers=len(correlations),
        n_tickers_left_out=int(forecasts["ticker"].nunique()) - len(correlations),
        note=None
        if correlations
        else f"No ticker has {LEAST_SESSIONS} sessions on which forecast and last return change, so whether the "
        "forecast repeats the last value can't be told.",
    )
