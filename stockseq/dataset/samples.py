"""Samples: the windows that have a label."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.windows import Windows, as_utc
from stockseq.schemas import Dropped, Labels, count_dropped

TARGET_LIMIT = 4.0


@dataclass(frozen=True, kw_only=True)
class Samples(Windows):
    """What a model is fitted on and scored against: windows with what was realised after them.

    Parameters
    ----------
    exit_at : datetime64[us] array of shape (n,)
        The end of the label, in UTC.
    realised_return : float64 array of shape (n,)
        Fraction.
    realised_variance : float64 array of shape (n,)
        Of the log return of the trade; NaN where it is not known.
    up : bool array of shape (n,)
        Whether the realised return is above 0; a return of exactly 0 is not up.
    target : float32 array of shape (n,)
        Realised return over the trade's volatility known at the decision, clipped to +-4; for training only.
    dropped : tuple of Dropped
        Panel rows that are no sample, by ticker and reason.
    """

    exit_at: npt.NDArray[np.datetime64]
    realised_return: npt.NDArray[np.float64]
    realised_variance: npt.NDArray[np.float64]
    up: npt.NDArray[np.bool_]
    target: npt.NDArray[np.float32]
    dropped: tuple[Dropped, ...] = ()

    @property
    def n_unmoved(self) -> int:
        """Samples whose return is exactly 0; they count as not up."""
        return int((self.realised_return == 0).sum())

    def ended_before(self, decision_at: pd.Timestamp) -> "Samples":
        """Return the samples whose label ended before `decision_at` (tz-aware): those that may train for it."""
        return self.where(np.asarray(pd.DatetimeIndex(self.exit_at).tz_localize("UTC") < decision_at))


def build_samples(windows: Windows, labels: Labels) -> Samples:
    """Join the windows with the labels of their sessions.

    Parameters
    ----------
    windows : Windows
    labels : Labels
        One horizon.

    Returns
    -------
    Samples
        In the order of the windows; those without a label are counted in `dropped`.

    Examples
    --------
    >>> from stockseq.dataset.panel import Panel
    >>> from stockseq.dataset.windows import build_windows
    >>> session = pd.DatetimeIndex(["2024-11-25"]).astype("datetime64[us]")
    >>> at = session.tz_localize("UTC")
    >>> keys = pd.DataFrame({"ticker": ["A"], "session": session, "decision_at": at})
    >>> panel = Panel(keys, np.zeros((1, 1), np.float32), ("momentum",), ((),))
    >>> labels = keys.assign(entry_at=at, exit_at=at, realised_return=0.01, realised_variance=1e-4)
    >>> build_samples(build_windows(panel, np.array([0.02]), lookback=1), labels).target.tolist()
    [0.5]
    """
    keys = pd.DataFrame({"ticker": windows.ticker, "session": windows.session}).astype({"ticker": "str"})
    outcome = ["exit_at", "realised_return", "realised_variance"]
    joined = keys.merge(labels[["ticker", "session", *outcome]], on=["ticker", "session"], how="left")
    labelled = joined["realised_return"].notna().to_numpy()
    those, outcomes = windows.where(labelled), joined[labelled]
    realised = outcomes["realised_return"].to_numpy(dtype=np.float64)
    return Samples(
        ends=those.ends,
        ticker=those.ticker,
        session=those.session,
        decision_at=those.decision_at,
        volatility=those.volatility,
        exit_at=as_utc(outcomes["exit_at"]),
        realised_return=realised,
        realised_variance=outcomes["realised_variance"].to_numpy(dtype=np.float64),
        up=realised > 0,
        target=np.clip(realised / those.volatility, -TARGET_LIMIT, TARGET_LIMIT).astype(np.float32),
        dropped=(*windows.dropped, *count_dropped("samples", joined.loc[~labelled, "ticker"], "no label")),
    )
