"""Samples: the panel rows that have a window behind them and a label before them."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.panel import Panel
from stockseq.dataset.windows import count_windowless, window_ends
from stockseq.schemas import Dropped, Labels, count_dropped

TARGET_LIMIT = 4.0


@dataclass(frozen=True)
class Samples:
    """What a model is fitted on and scored against, aligned and in the order of the panel.

    Parameters
    ----------
    ends : int64 array of shape (n,)
        The panel row on which the sample's window ends: the row of `session` itself.
    ticker : object array of shape (n,)
    session, decision_at, exit_at : datetime64[us] arrays of shape (n,)
        The traded session, and in UTC the decision and the end of the label.
    realised_return : float64 array of shape (n,)
        Fraction.
    up : bool array of shape (n,)
        Whether the realised return is above 0; a return of exactly 0 is not up.
    target : float32 array of shape (n,)
        Realised return over the volatility known at the decision, clipped to +-4; for training only.
    dropped : tuple of Dropped
        Panel rows that are no sample, by ticker and reason.
    """

    ends: npt.NDArray[np.int64]
    ticker: npt.NDArray[np.object_]
    session: npt.NDArray[np.datetime64]
    decision_at: npt.NDArray[np.datetime64]
    exit_at: npt.NDArray[np.datetime64]
    realised_return: npt.NDArray[np.float64]
    up: npt.NDArray[np.bool_]
    target: npt.NDArray[np.float32]
    dropped: tuple[Dropped, ...] = ()

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def n_unmoved(self) -> int:
        """Samples whose return is exactly 0; they count as not up."""
        return int((self.realised_return == 0).sum())

    def on(self, sessions: pd.DatetimeIndex) -> "Samples":
        """Return the samples of these sessions."""
        return self._where(pd.DatetimeIndex(self.session).isin(sessions))

    def known_at(self, decision_at: pd.Timestamp) -> "Samples":
        """Return the samples whose label has ended before `decision_at` (tz-aware): those that may train for it."""
        return self._where(pd.DatetimeIndex(self.exit_at).tz_localize("UTC") < decision_at)

    def _where(self, mask: npt.NDArray[np.bool_]) -> "Samples":
        arrays = {field.name: getattr(self, field.name)[mask] for field in fields(self) if field.name != "dropped"}
        return replace(self, **arrays)


def build_samples(panel: Panel, labels: Labels, *, lookback: int, sessions: pd.DatetimeIndex | None = None) -> Samples:
    """Join the windows of the panel with the labels of their last session.

    Parameters
    ----------
    panel : Panel
    labels : Labels
        One horizon.
    lookback : int
        Rows of a window.
    sessions : DatetimeIndex, optional
        The sessions that a window's span is counted with; see `window_ends`.

    Returns
    -------
    Samples

    Raises
    ------
    ValueError
        If `lookback` is less than 1.

    Examples
    --------
    >>> session = pd.DatetimeIndex(["2024-11-25"]).astype("datetime64[us]")
    >>> at = session.tz_localize("UTC")
    >>> keys = pd.DataFrame({"ticker": ["A"], "session": session, "decision_at": at})
    >>> panel = Panel(keys, np.zeros((1, 1), np.float32), ("momentum",), ((),))
    >>> labels = keys.assign(entry_at=at, exit_at=at, realised_return=0.01, volatility=0.02)
    >>> build_samples(panel, labels, lookback=1).target.tolist()
    [0.5]
    """
    ends = window_ends(panel.keys, lookback, sessions=sessions)
    windows = panel.keys.loc[ends, ["ticker", "session", "decision_at"]].assign(end=ends)
    joined = windows.merge(
        labels[["ticker", "session", "exit_at", "realised_return", "volatility"]], on=["ticker", "session"], how="left"
    )
    labelled = joined["realised_return"].notna()
    unlabelled = joined.loc[~labelled, "ticker"]
    joined = joined[labelled]
    realised = joined["realised_return"].to_numpy(dtype=np.float64)
    scaled = np.clip(realised / joined["volatility"].to_numpy(dtype=np.float64), -TARGET_LIMIT, TARGET_LIMIT)
    return Samples(
        ends=joined["end"].to_numpy(dtype=np.int64),
        ticker=joined["ticker"].to_numpy(dtype=object),
        session=joined["session"].to_numpy(dtype="datetime64[us]"),
        decision_at=_utc(joined["decision_at"]),
        exit_at=_utc(joined["exit_at"]),
        realised_return=realised,
        up=realised > 0,
        target=scaled.astype(np.float32),
        dropped=(
            *count_windowless(panel.keys, lookback, sessions=sessions),
            *count_dropped("samples", unlabelled, "no label"),
        ),
    )


def _utc(instants: pd.Series) -> npt.NDArray[np.datetime64]:
    return pd.DatetimeIndex(instants).tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")
