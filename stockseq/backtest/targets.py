"""Target weights: the share of equity wanted in a ticker from a session on."""

from typing import NewType

import numpy as np
import pandas as pd

from stockseq.backtest.costs import Floats
from stockseq.errors import DataError
from stockseq.schemas import NUMBER, SESSION, TEXT

Targets = NewType("Targets", pd.DataFrame)

TARGETS = {"session": SESSION, "ticker": TEXT, "weight": NUMBER}


def as_targets(frame: pd.DataFrame) -> Targets:
    """Check and order target weights.

    Parameters
    ----------
    frame : DataFrame with session, ticker, weight
        `session` is the session whose auction fills the order; the decision is made on the close before. `weight` is a
        fraction of the equity at that close, negative for a short, 0 for an exit. A ticker that a session doesn't name
        is held.

    Raises
    ------
    DataError
        If a column is missing or of another type, a session or ticker is missing, a weight isn't finite, or a session
        names a ticker twice.

    Examples
    --------
    >>> frame = pd.DataFrame({"session": ["2024-11-29"], "ticker": ["AAA"], "weight": [0.5]})
    >>> as_targets(frame).weight.tolist()
    [0.5]
    """
    missing = [name for name in TARGETS if name not in frame.columns]
    if missing:
        raise DataError(
            f"`Targets` needs the columns {list(TARGETS)}; {missing} missing, received {list(frame.columns)}."
        )
    try:
        targets = frame[list(TARGETS)].astype(TARGETS)
    except (TypeError, ValueError) as error:
        raise DataError(f"`Targets` needs the types {TARGETS}: {error}.") from error
    _refuse(targets, targets[["session", "ticker"]].isna().any(axis=1), "must name a session and a ticker")
    _refuse(targets, ~np.isfinite(targets["weight"]), "must have finite weights (0 to exit, no row to hold)")
    _refuse(targets, targets.duplicated(["session", "ticker"]), "must name a ticker once a session")
    return Targets(targets.sort_values(["session", "ticker"], ignore_index=True))


def target_matrix(targets: Targets, *, sessions: pd.DatetimeIndex, tickers: pd.Index, max_gross: float) -> Floats:
    """Return the weights as an array of shape (n_sessions, n_tickers), NaN where a ticker is held.

    Raises
    ------
    DataError
        If a target's session isn't one of `sessions` or is the first (whose decision would lie before them), or a
        session's weights exceed `max_gross` in sum.
    """
    rows = sessions.get_indexer(pd.DatetimeIndex(targets["session"]))
    _refuse(
        targets,
        pd.Series(rows < 1),
        f"must lie on the sessions after {sessions[0].date()}, the first decision, up to {sessions[-1].date()}",
    )
    gross = targets["weight"].abs().groupby(targets["session"]).sum()
    above = gross[gross > max_gross * (1 + 1e-9)]
    if len(above):
        raise DataError(
            f"The weights of a session may sum to {max_gross} in absolute value; {len(above)} of {len(gross)} sessions "
            f"exceed it, first {above.index[0].date()} with {above.iloc[0]:.6g}. "
            "Lower the weights or raise `max_gross`."
        )
    matrix = np.full((len(sessions), len(tickers)), np.nan)
    matrix[rows, tickers.get_indexer(pd.Index(targets["ticker"]))] = targets["weight"]
    return matrix


def _refuse(targets: pd.DataFrame, broken: "pd.Series[bool]", expected: str) -> None:
    if broken.any():
        row = targets[broken].iloc[0]
        raise DataError(
            f"`Targets` {expected}; {int(broken.sum())} of {len(targets)} rows do not, first {row['ticker']} on "
            f"{row['session']}: weight {row['weight']}."
        )
